from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from facefix.bench.faults import VARIANTS
from facefix.diagnose.looks import Looks
from facefix.diagnose.skin.bands import CHANNELS, MAP_PX, SIDE_PX, bands
from facefix.diagnose.skin.reading import Reader
from facefix.errors import ModelError
from facefix.faces import align
from facefix.faces.detectors import DETECTORS
from facefix.types import Span


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    """An astronaut's face, (256, 256, 3) RGB uint8."""
    rgb = pytest.importorskip("skimage.data").astronaut()
    points = next(iter(DETECTORS.values())).load("cpu").detect([rgb], [0])[0][0].points
    return np.round(align.crop(rgb, align.transform(points, SIDE_PX), SIDE_PX).pixels * 255).astype(np.uint8)


def waxed(crop: np.ndarray, severity: float) -> np.ndarray:
    points = ((align.FFHQ_TEMPLATE + 0.5) * SIDE_PX / align.TEMPLATE_PX - 0.5).astype(np.float32)
    return next(iter(VARIANTS["waxy"].inject([crop], points[None], severity, 0, Span(-20, 20))))


def as_input(*crops: np.ndarray) -> np.ndarray:
    return np.stack(crops).astype(np.float32) / 255


def test_bands_tell_fine_from_coarse(crop: np.ndarray) -> None:
    seen, soft = (bands(picture) for picture in as_input(crop, cv2.GaussianBlur(crop, (0, 0), 1.2)))
    assert seen.shape == (CHANNELS, MAP_PX, MAP_PX)
    lost = (seen - soft).mean((1, 2))
    assert lost[0] > lost[1] > lost[2] > abs(lost[4])
    assert np.abs(bands(cv2.resize(as_input(crop)[0], (512, 512))) - seen)[2:].mean() < 0.05


def test_wax_is_told_from_skin_and_from_blur(crop: np.ndarray) -> None:
    blurred = cv2.GaussianBlur(crop, (0, 0), 1.5)
    pictures = as_input(crop, waxed(crop, 0.5), waxed(crop, 0.9), blurred)
    sound, mild, bad, soft = Reader("cpu").judge(np.stack([bands(picture) for picture in pictures]))
    assert sound < mild < bad
    assert bad > 0.5
    assert soft < bad - 0.2


def test_a_mirrored_face_is_told_as_it_is(crop: np.ndarray) -> None:
    waxy = waxed(crop, 0.6)
    told = Reader("cpu").judge(np.stack([bands(picture) for picture in as_input(waxy, waxy[:, ::-1])]))
    assert abs(told[0] - told[1]) < 0.01


def test_a_track_is_looked_at_now_and_then(crop: np.ndarray) -> None:
    reader, track = Reader("cpu"), Looks(3)
    for frame in range(20):
        reader.look(track, as_input(waxed(crop, 0.9) if frame >= 10 else crop)[0])
    told = reader.read(track)
    assert told.shape == (20,)
    assert len(track.told) == 7
    assert told[15] > told[3] + 0.3
    assert reader.read(Looks(3)).shape == (0,)


def test_foreign_weights_are_told(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"something": torch.zeros(3)}, path)
    with pytest.raises(ModelError, match=r"other\.safetensors"):
        Reader("cpu", path)
