"""Pictures must not be cut from the heap, where what a frame leaves behind would break the holes."""

import ctypes
import subprocess
import sys

import pytest

_PROGRAM = """
import ctypes
import numpy as np
from facefix.memory import keep_large_blocks_apart

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")]
    _fields_ += [(name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

library = ctypes.CDLL(None)
library.mallinfo2.restype = Info
keep_large_blocks_apart()
for _ in range(3):
    np.ones((720, 1280, 3), np.uint8)
pictures = [np.ones((720, 1280, 3), np.uint8) for _ in range(4)]
print(library.mallinfo2().hblkhd)
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="glibc's allocator"
)
def test_pictures_get_pages_of_their_own() -> None:
    run = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    assert int(run.stdout) >= 4 * 720 * 1280 * 3
