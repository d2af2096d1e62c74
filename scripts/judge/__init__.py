"""Training pairs for the network that compares a face with other frames of its shot."""
