from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from facefix.errors import SettingsError
from facefix.models import devices, zoo
from facefix.upscale import UPSCALERS, choosing
from facefix.upscale.choosing import choose, lines_on_flats


def drawing(seed: int = 0) -> np.ndarray:
    """(360, 640, 3) outlined blobs on a shaded sky, compressed."""
    random = np.random.default_rng(seed)
    picture = np.full((360, 640, 3), (150, 190, 230), np.float32) * np.linspace(1, 0.85, 360, dtype=np.float32)[:, None, None]
    picture = picture.astype(np.uint8)
    for _ in range(12):
        middle = (int(random.integers(0, 640)), int(random.integers(0, 360)))
        axes = (int(random.integers(15, 110)), int(random.integers(15, 80)))
        colour = tuple(int(c) for c in random.integers(40, 250, 3))
        cv2.ellipse(picture, middle, axes, 20, 0, 360, colour, -1, cv2.LINE_AA)
        cv2.ellipse(picture, middle, axes, 20, 0, 360, (20, 20, 25), 2, cv2.LINE_AA)
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, [1, 85])[1], 1), np.uint8)


def photos() -> list[np.ndarray]:
    return [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea(), skimage.data.rocket()]


def test_drawings_are_told_from_photos() -> None:
    lines = [lines_on_flats(drawing(seed)) for seed in range(4)]
    filmed = [lines_on_flats(photo) for photo in photos()]
    assert min(lines) > choosing._DRAWN > 1.5 * max(filmed)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_picture_of_nothing_is_no_drawing(grey: int) -> None:
    assert lines_on_flats(np.full((200, 300, 3), grey, np.uint8)) == 0


@pytest.mark.parametrize(
    ("kind", "pictures", "general", "name"),
    [
        ("cuda", photos(), False, "realesrgan"),
        ("cuda", [drawing()], False, "anime"),
        ("cpu", photos(), False, "animevideo"),
        ("cpu", photos(), True, "general"),
        ("cpu", [drawing()], True, "animevideo"),
        ("cpu", [], False, "animevideo"),
    ],
)
def test_what_auto_means(
    kind: str, pictures: list, general: bool, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Device:
        type = kind

    monkeypatch.setattr(devices, "resolve", lambda device: Device())
    monkeypatch.setenv(zoo.MODELS_DIR_VARIABLE, str(tmp_path))
    monkeypatch.setattr(zoo, "cache_folder", lambda: tmp_path / "cache")
    if general:
        (tmp_path / UPSCALERS["general"].files[0]).write_bytes(b"")
    assert choose(pictures, kind) == name


def test_one_drawn_frame_of_three_makes_no_drawing() -> None:
    class Device:
        type = "cuda"

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(devices, "resolve", lambda device: Device())
        assert choose([drawing(), *photos()[:2]], "cuda") == "realesrgan"


def test_a_device_that_is_not_there_is_told() -> None:
    with pytest.raises(SettingsError, match="cuda:99"):
        choose([], "cuda:99")
