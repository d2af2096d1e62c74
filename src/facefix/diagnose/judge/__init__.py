"""A network that compares a face with other frames of its shot and says how bad each failure is."""
