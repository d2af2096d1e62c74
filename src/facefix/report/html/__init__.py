"""Pages that open offline by double-click: one file each, with style, scripts and pictures in it."""
