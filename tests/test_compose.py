import cv2
import numpy as np
import pytest

from facefix import compose
from facefix.types import Patch


def _patch(side: int = 64, *, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0), value: float = 26 / 255) -> Patch:
    mask = np.zeros((side, side), np.float32)
    cv2.circle(mask, (side // 2, side // 2), side // 4, 1.0, -1)
    transform = np.array([[scale, 0, -shift[0] * scale], [0, scale, -shift[1] * scale]], np.float32)
    return Patch(0, np.full((side, side, 3), value, np.float32), mask, transform)


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(20, 200, (120, 160, 3), dtype=np.uint8)


def test_adds_the_residual_inside_and_nothing_outside(picture: np.ndarray) -> None:
    out, box = compose.add(picture, [_patch(shift=(40, 30))])
    assert box is not None
    x0, y0, x1, y1 = box
    outside = np.ones(picture.shape[:2], bool)
    outside[y0:y1, x0:x1] = False
    assert np.array_equal(out[outside], picture[outside])
    centre = (slice(55, 69), slice(65, 79))
    assert np.all(out[centre].astype(int) - picture[centre] == 26)
    # The circle's radius is 16 px: nothing beyond it may have changed, box or no box.
    y, x = np.mgrid[0:120, 0:160]
    far = np.hypot(x - 72, y - 62) > 18
    assert np.array_equal(out[far], picture[far])


def test_sixteen_bits_and_scale(picture: np.ndarray) -> None:
    deep = picture.astype(np.uint16) * 257
    out, _ = compose.add(deep, [_patch(side=128, scale=2.0, shift=(40, 30))])
    assert out.dtype == np.uint16
    assert abs(int(out[62, 72, 0]) - int(deep[62, 72, 0]) - 26 * 257) <= 1


def test_a_zero_residual_changes_no_pixel_and_the_input_is_never_written_to(picture: np.ndarray) -> None:
    kept = picture.copy()
    out, _ = compose.add(picture, [_patch(value=0.0)])
    assert np.array_equal(out, kept)
    compose.add(picture, [_patch(value=0.5)])
    assert np.array_equal(picture, kept)


def test_a_patch_outside_the_picture_does_nothing(picture: np.ndarray) -> None:
    out, box = compose.add(picture, [_patch(shift=(1000, 0))])
    assert out is picture
    assert box is None


def test_a_patch_over_the_border_is_cut(picture: np.ndarray) -> None:
    out, box = compose.add(picture, [_patch(shift=(-32, -32))])
    assert box is not None
    assert box[:2] == (0, 0)
    assert not np.array_equal(out, picture)
