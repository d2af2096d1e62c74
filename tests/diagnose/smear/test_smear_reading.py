from __future__ import annotations

import numpy as np
import pytest

from facefix.bench.faults import VARIANTS
from facefix.diagnose.looks import Looks
from facefix.diagnose.smear.network import SIDE_PX, seen
from facefix.diagnose.smear.reading import Reader
from facefix.faces import align
from facefix.faces.detectors import DETECTORS
from facefix.types import Span

CUT_PX = 256


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    """An astronaut's face, (CUT_PX, CUT_PX, 3) RGB uint8."""
    rgb = pytest.importorskip("skimage.data").astronaut()
    points = next(iter(DETECTORS.values())).load("cpu").detect([rgb], [0])[0][0].points
    return np.round(align.crop(rgb, align.transform(points, CUT_PX), CUT_PX).pixels * 255).astype(np.uint8)


def smeared(crop: np.ndarray, severity: float, seed: int) -> np.ndarray:
    points = ((align.FFHQ_TEMPLATE + 0.5) * CUT_PX / align.TEMPLATE_PX - 0.5).astype(np.float32)
    return next(iter(VARIANTS["warp-smear"].inject([crop], points[None], severity, seed, Span(-20, 20))))


def as_input(crop: np.ndarray) -> np.ndarray:
    return crop.astype(np.float32) / 255


def test_light_and_contrast_are_no_features(crop: np.ndarray) -> None:
    one, other = seen(as_input(crop)), seen(0.5 * as_input(crop) + 0.1)
    assert one.shape == (3, SIDE_PX, SIDE_PX)
    assert np.abs(one - other).max() < 1e-3


def test_a_dragged_half_is_told_from_a_sound_face(crop: np.ndarray) -> None:
    bad = np.stack([seen(as_input(smeared(crop, 0.9, seed))) for seed in range(6)])
    sound, *told = Reader("cpu").judge(np.concatenate([seen(as_input(crop))[None], bad]))
    assert np.median(told) > sound + 0.3


def test_a_track_is_looked_at_now_and_then(crop: np.ndarray) -> None:
    reader, track = Reader("cpu"), Looks(2)
    for frame in range(20):
        reader.look(track, as_input(smeared(crop, 0.9, 1) if frame >= 10 else crop))
    told = reader.read(track)
    assert told.shape == (20,) and len(track.told) == 10
    assert told[16] > told[4]
