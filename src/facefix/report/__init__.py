"""What facefix found and did, for machines (`schema`) and people (`table`)."""
