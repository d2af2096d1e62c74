"""What the geometry reader is trained on."""
