"""What the skin reader is trained on."""
