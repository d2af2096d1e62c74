"""Faces: where they are (`detectors`), who is who over time (`track`), how they are turned (`pose`), whose they are
(`identity`), and how to bring one to a fixed square (`align`)."""
