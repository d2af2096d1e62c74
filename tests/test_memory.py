"""Pictures must not be cut from the heap, where what a frame leaves behind would break the holes."""

import ctypes
import subprocess
import sys

import pytest

_PROGRAM = """
import ctypes
import numpy as np
from facefix.memory import keep_large_blocks_apart, large_blocks_reused

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")]
    _fields_ += [(name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

library = ctypes.CDLL(None)
library.mallinfo2.restype = Info

def apart():
    for _ in range(3):
        np.ones((720, 1280, 3), np.uint8)
    pictures = [np.ones((720, 1280, 3), np.uint8) for _ in range(4)]
    return library.mallinfo2().hblkhd

keep_large_blocks_apart()
numbers = [apart()]
with large_blocks_reused():
    numbers.append(apart())
numbers += [apart(), library.mallinfo2().fordblks]
print(*numbers)
"""
_PICTURES = 4 * 720 * 1280 * 3


@pytest.fixture(scope="module")
def numbers() -> list[int]:
    """Bytes that lie apart: before, while and after large blocks are reused; and of the heap that is free then."""
    if not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "mallinfo2"):
        pytest.skip("glibc's allocator")
    run = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True)
    return [int(word) for word in run.stdout.split()]


def test_pictures_get_pages_of_their_own(numbers: list[int]) -> None:
    assert numbers[0] >= _PICTURES


def test_while_large_blocks_are_reused_they_come_from_the_heap_which_is_given_back_afterwards(numbers: list[int]) -> None:
    _, reused, after, free = numbers
    assert reused < _PICTURES / 4
    assert after >= _PICTURES
    assert free < _PICTURES / 4
