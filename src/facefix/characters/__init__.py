"""Who is who between clips, and how alike one person stays. Numbers only: the looks come from `pipeline`."""
