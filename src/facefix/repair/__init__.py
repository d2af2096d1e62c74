"""What changes a face: restorers, fusion over time, detail, and how strongly. Works on aligned crops."""
