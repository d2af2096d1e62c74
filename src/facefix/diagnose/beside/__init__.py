"""A face beside other looks of it: whether its features are torn, dragged or bent, and whether it is still itself."""
