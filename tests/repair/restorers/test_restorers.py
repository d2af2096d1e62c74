from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from tests.repair.faces import face

from facefix.bench.faults import VARIANTS
from facefix.faces import align
from facefix.models import zoo
from facefix.repair.restorers import RESTORERS
from facefix.repair.restorers.realesrgan import RealEsrgan, input_px
from facefix.types import Span


@pytest.mark.parametrize("name", list(RESTORERS))
def test_every_restorer_keeps_the_contract(name: str) -> None:
    spec = RESTORERS[name]
    assert spec.name == name
    if not zoo.installed(spec.files):
        pytest.skip(f"{name} was not fetched")
    restorer = spec.load("cpu")
    crops = np.stack([cv2.GaussianBlur(face(), (0, 0), 1.5), face()])
    before = crops.copy()
    first, again = restorer.restore(crops, source_px=96), restorer.restore(crops, source_px=96)
    assert first.shape == crops.shape
    assert first.dtype == np.float32
    assert 0 <= first.min() <= first.max() <= 1
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(crops, before)
    # The same face: no restorer may move or repaint it.
    small = [cv2.resize(picture[0], (32, 32), interpolation=cv2.INTER_AREA) for picture in (first, crops)]
    assert np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1] > 0.97


def aligned() -> tuple[np.ndarray, np.ndarray]:
    """(256, 256, 3) a sound face as the clip has it, and its five points."""
    five = np.float32([[203.3, 101.0], [247.5, 102.7], [223.5, 125.0], [202.8, 139.0], [244.3, 140.3]])
    matrix = align.transform(five, 256)
    return np.rint(align.crop(skimage.data.astronaut(), matrix, 256).pixels * 255).astype(np.uint8), align.apply(matrix, five)


def test_unwaxing_makes_soft_faces_sharp_and_leaves_small_ones() -> None:
    clean = aligned()[0].astype(np.float32) / 255
    soft = cv2.GaussianBlur(clean, (0, 0), 1.8)
    small = cv2.resize(cv2.resize(clean, (110, 110), interpolation=cv2.INTER_AREA), (256, 256), interpolation=cv2.INTER_LINEAR)
    restored = RESTORERS["unwaxing"].load("cpu").restore(np.stack([soft, small]), source_px=[256, 110])
    assert np.square(restored[0] - clean).mean() < 0.7 * np.square(soft - clean).mean()
    assert np.square(restored[1] - small).mean() < 10 ** (-40 / 10)


def test_unwaxing_takes_wax_off_and_leaves_sound_faces() -> None:
    clean, five = aligned()
    (waxy,) = VARIANTS["waxy"].inject([clean], five[None], 0.7, 1, Span(-20, 20))
    crops = np.stack([waxy, clean]).astype(np.float32) / 255
    restored = RESTORERS["unwaxing"].load("cpu").restore(crops, source_px=256)
    errors = np.square(restored - crops[1]).mean((1, 2, 3))
    assert errors[0] < 0.8 * np.square(crops[0] - crops[1]).mean()
    assert errors[1] < 10 ** (-40 / 10)


def test_realesrgan_gives_a_soft_face_edges() -> None:
    blurred = cv2.GaussianBlur(face(), (0, 0), 2)
    restored = RESTORERS["realesrgan"].load("cpu").restore(blurred[None], source_px=256)[0]
    steep = [np.percentile(np.abs(cv2.Laplacian(picture, cv2.CV_32F)), 90) for picture in (blurred, restored, face())]
    assert steep[0] * 1.5 < steep[1]


def test_the_networks_side_follows_the_face_in_few_steps() -> None:
    sides = [input_px(px) for px in range(10, 1000, 10)]
    assert sides == sorted(sides)
    assert len(set(sides)) <= 4


def test_a_crop_smaller_than_the_networks_side_is_not_enlarged_first() -> None:
    import torch

    seen = []

    class Spy(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(tuple(x.shape))
            return torch.nn.functional.interpolate(x, scale_factor=4)

    crop = face()[:64, :64].copy()
    RealEsrgan(Spy()).restore(crop[None], source_px=900)
    assert max(seen[0][2:]) <= 64
