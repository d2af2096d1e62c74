"""Pixels -> signals (`measure`), signals -> findings (`modes`), findings -> verdict (`verdict`)."""
