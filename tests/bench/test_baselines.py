"""What facefix is compared with: every face of every frame, and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from skimage import data

from facefix.bench import baselines
from facefix.bench.baselines import BASELINES, Gfpgan, PerFrame, RealEsrganAsItIs
from facefix.errors import ModelError, SettingsError
from facefix.faces.detectors import DETECTORS
from facefix.models import gfpganer, zoo


class _Brighter:
    """A restorer that notes what it was told."""

    def __init__(self) -> None:
        self.source_px: list[float] = []

    def restore(self, crops: np.ndarray, source_px: float) -> np.ndarray:
        self.source_px.append(source_px)
        return np.clip(crops + 0.2, 0, 1).astype(np.float32)


def test_every_face_is_restored_in_full_and_nothing_beside_it() -> None:
    picture = np.ascontiguousarray(data.astronaut()[:300, 80:380])
    before = picture.copy()
    detector, restorer = next(iter(DETECTORS.values())).load("cpu"), _Brighter()
    done = PerFrame(detector, restorer).enhance(picture)
    assert np.array_equal(picture, before) and done.shape == picture.shape and done.dtype == np.uint8
    assert len(restorer.source_px) == 1 and 100 < restorer.source_px[0] < 400
    face = detector.detect([picture], [0])[0][0]
    x, y = np.round(face.points.mean(0)).astype(int)
    rise = done.astype(int) - picture
    assert np.median(rise[y - 5 : y + 5, x - 5 : x + 5]) == pytest.approx(51, abs=2)
    assert not rise[:20].any() and not rise[-60:].any()


def test_real_esrgan_is_fed_the_face_as_large_as_it_is() -> None:
    class Network:
        def enlarge(self, small: np.ndarray) -> np.ndarray:
            sides.append(small.shape[0])
            return np.repeat(np.repeat(small, 4, 0), 4, 1) + 0.5

    sides: list[int] = []
    restorer = RealEsrganAsItIs(Network())  # pyright: ignore[reportArgumentType]
    crop = np.full((1, 256, 256, 3), 0.25, np.float32)
    for source_px in (20, 130, 900):
        assert restorer.restore(crop, source_px) == pytest.approx(np.full_like(crop, 0.75))
    assert restorer.restore(crop + 0.7, 130).max() == 1
    assert sides == [64, 128, 256, 128]


def test_a_frame_without_a_face_comes_back_as_it_is() -> None:
    picture = np.full((96, 96, 3), 127, np.uint8)
    done = PerFrame(next(iter(DETECTORS.values())).load("cpu"), _Brighter()).enhance(picture)
    assert np.array_equal(done, picture)


def test_gfpganer_is_handed_blue_first_and_gives_red_first() -> None:
    class Rival:
        def enhance(self, bgr: np.ndarray, paste_back: bool) -> tuple[list, list, np.ndarray]:
            assert paste_back and bgr[0, 0].tolist() == [3, 2, 1]
            return [], [], bgr

    picture = np.tile(np.array([1, 2, 3], np.uint8), (4, 4, 1))
    assert np.array_equal(Gfpgan(Rival()).enhance(picture), picture)


def test_the_input_is_always_among_them() -> None:
    assert baselines.loaded([]) == {}
    (name,) = baselines.loaded(["none", "none"])
    assert name == "none"
    with pytest.raises(SettingsError, match="choose from none, realesrgan, realesrgan-shrunk, gfpgan"):
        baselines.loaded(["magic"])


def test_gfpgan_asks_for_its_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(zoo.MODELS_DIR_VARIABLE, str(tmp_path))
    monkeypatch.setattr(zoo, "cache_folder", lambda: tmp_path)
    with pytest.raises(ModelError, match=f"{gfpganer.RESTORER} is not installed"):
        BASELINES["gfpgan"].load("cpu")


def test_each_is_registered_under_its_own_name() -> None:
    assert all(name == spec.name and spec.describe.endswith(".") for name, spec in BASELINES.items())
