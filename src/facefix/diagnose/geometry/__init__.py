"""What a face's mesh does over a shot, and whether faces do that."""
