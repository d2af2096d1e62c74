"""Crops of faces with and without features that are torn, dragged or bent."""
