"""Keeps the process as small for a long clip as for a short one, where the C library alone would not."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Parameters of glibc's mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGE = 600 << 10
"""Bytes: above the 256 x 256 motion fields of which a repair makes hundreds a second, below a picture of 640 x 360."""
_TRIM = 1 << 26
_LARGEST_REUSED = 16 << 20
"""Bytes: above all that a repair makes of a crop of 512 x 512, below a picture of 4K."""
_TRIM_REUSED = 1 << 28
_FRAMES = 64


def keep_large_blocks_apart() -> None:
    """Make glibc give large blocks, pictures above all, pages of their own and take these back at once.

    By itself it raises that size with the first picture that is freed, and from then on cuts pictures from the heap.
    There the few small objects a frame leaves behind (a face's points) settle in the holes, so that the next picture
    does not fit: 1.3 MB of heap were lost per frame of 1280x720. Other systems, and musl, are left as they are.
    """
    # Fresh pages for every block cost a network as much time as its sums; in pages of 2 MB, which torch takes where it is asked
    # so before its first block, a quarter of that. Whoever has set it knows better.
    if sys.platform.startswith("linux"):
        os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    _set(_LARGE, _TRIM)


@contextmanager
def large_blocks_reused() -> Iterator[Callable[[], None]]:
    """A context in which glibc cuts all but the largest blocks from its heap, and keeps for the next what is freed.

    A render makes and drops hundreds of crops of 3 MB a frame, whose fresh pages took a third of its CPU time; a network's
    layers are as large. Afterwards large blocks are kept apart as before.

    Gives what is to be called after every frame: every `_FRAMES` of them it has the pages returned that lie free between blocks
    in use, which glibc does not do by itself.
    """
    done = 0

    def frame_done() -> None:
        nonlocal done
        done += 1
        if done % _FRAMES == 0:
            _give_holes_back()

    _set(_LARGEST_REUSED, _TRIM_REUSED)
    try:
        yield frame_done
    finally:
        keep_large_blocks_apart()
        _give_holes_back()


def _give_holes_back() -> None:
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _set(large: int, trim: int) -> None:
    mallopt = _of_glibc("mallopt")
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, large)
        mallopt(_TRIM_THRESHOLD, trim)


def _of_glibc(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
