"""Measuring facefix against known truth: faults injected into clean footage, and what was undone of them."""
