"""Pictures as PNG files."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from facefix.media.png import png


def _read(content: bytes) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_every_bit_is_kept(kind) -> None:
    pixels = np.random.default_rng(0).integers(0, np.iinfo(kind).max + 1, (20, 30, 3)).astype(kind)
    read = _read(png(pixels))
    assert read.dtype == kind and np.array_equal(read, pixels)


@pytest.mark.parametrize(("aspect", "size"), [(Fraction(4, 3), (40, 20)), (Fraction(1, 2), (30, 40)), (Fraction(1), (30, 20))])
def test_pixels_become_square(aspect: Fraction, size: tuple[int, int]) -> None:
    pixels = np.full((20, 30, 3), (10, 120, 240), np.uint8)
    read = _read(png(pixels, aspect))
    assert read.shape[1::-1] == size
    assert (read == (10, 120, 240)).all()
