"""Keeps the process as small for a long clip as for a short one, where the C library alone would not."""

from __future__ import annotations

import ctypes
import os
import sys

# Parameters of glibc's mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGE = 600 << 10
"""Bytes: above the 256 x 256 motion fields of which a repair makes hundreds a second, below a picture of 640 x 360."""
_TRIM = 1 << 26


def keep_large_blocks_apart() -> None:
    """Make glibc give large blocks, pictures above all, pages of their own and take these back at once.

    By itself it raises that size with the first picture that is freed, and from then on cuts pictures from the heap.
    There the few small objects a frame leaves behind (a face's points) settle in the holes, so that the next picture
    does not fit: 1.3 MB of heap were lost per frame of 1280x720. Other systems, and musl, are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return
    # Fresh pages for every block cost a network as much time as its sums; in pages of 2 MB, which torch takes where it is asked
    # so before its first block, a quarter of that. Whoever has set it knows better.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _TRIM)
