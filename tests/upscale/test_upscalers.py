from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from facefix.errors import ModelError
from facefix.models import zoo
from facefix.upscale import SCALES, UPSCALERS

FETCHED = {"general"}
"""Needs weights that do not come with facefix."""


def pictures(height: int = 30, width: int = 42) -> np.ndarray:
    """(2, height, width, 3) halves of a face and of a book shelf."""
    photo = skimage.data.astronaut().astype(np.float32) / 255
    parts = [photo[60:180, 150:318], photo[10:130, 340:508]]
    return np.stack([cv2.resize(p, (width, height), interpolation=cv2.INTER_AREA) for p in parts])


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(-10 * np.log10(np.square(a - b).mean()))


@pytest.mark.parametrize("name", sorted(set(UPSCALERS) - FETCHED))
@pytest.mark.parametrize("scale", SCALES)
def test_every_upscaler_keeps_the_contract(name: str, scale: int) -> None:
    upscaler, small = UPSCALERS[name].load("cpu"), pictures()
    before = small.copy()
    large = upscaler.enlarge(small, scale)
    assert large.shape == (2, scale * 30, scale * 42, 3)
    assert large.dtype == np.float32
    assert 0 <= large.min() <= large.max() <= 1
    np.testing.assert_array_equal(small, before)
    np.testing.assert_array_equal(upscaler.enlarge(small, scale), large)
    np.testing.assert_allclose(upscaler.enlarge(small[:1], scale)[0], large[0], atol=3 / 255)
    for one, source in zip(large, small, strict=True):
        # Faithful: shrunken again it is what it was made from, and nothing has moved.
        again = cv2.resize(one, (42, 30), interpolation=cv2.INTER_AREA)
        assert psnr(again, source) > 28
        assert psnr(again[:, 1:], source[:, :-1]) < psnr(again, source) - 3


@pytest.mark.parametrize("name", ["realesrgan", "animevideo"])
def test_networks_are_sharper_than_interpolation(name: str) -> None:
    small = pictures()
    plain, drawn = (UPSCALERS[n].load("cpu").enlarge(small, 4) for n in ("lanczos", name))
    steep = [np.percentile(np.abs(np.diff(p, axis=2)), 98) for p in (plain, drawn)]
    assert steep[1] > 1.15 * steep[0]


def test_pictures_of_one_pixel_are_enlarged() -> None:
    grey = np.full((1, 1, 1, 3), 0.5, np.float32)
    for name in ("lanczos", "animevideo"):
        large = UPSCALERS[name].load("cpu").enlarge(grey, 2)
        assert large.shape == (1, 2, 2, 3)
        np.testing.assert_allclose(large, 0.5, atol=0.1)


def test_missing_weights_are_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(zoo.MODELS_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(zoo, "cache_folder", lambda: tmp_path)
    with pytest.raises(ModelError, match=r"realesr-general-x4v3\.pth is not installed; \w+"):
        UPSCALERS["general"].load("cpu")
