"""Whether the features of a face are torn, dragged or bent, as a single frame shows it."""
