"""What skin looks like, and whether skin looks like that."""
