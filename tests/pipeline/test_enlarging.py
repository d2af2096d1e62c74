from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import torch
from tests.clips import LOSSLESS_HEVC, Recipe, moving, number_in, write_clip
from tests.plans import plan_for

from facefix import compose, pipeline
from facefix.faces import align
from facefix.media import colour, decode, probe
from facefix.models import devices
from facefix.pipeline.enlarging import Enlarger, scaled
from facefix.settings import Settings
from facefix.types import ClipInfo, Frame, Patch, Span
from facefix.upscale import UPSCALERS

SIDE = 128
LEFT, TOP, FACE = 20, 12, 48
"""Where the crop lies in the source, px: its 128 px show 48 of the source's."""
TRANSFORM = np.float32([[SIDE / FACE, 0, -LEFT * SIDE / FACE], [0, SIDE / FACE, -TOP * SIDE / FACE]])


def opened(path: Path, pictures: list[np.ndarray] | None = None, recipe: Recipe | None = None) -> tuple[ClipInfo, list[Frame]]:
    clip = probe.probe(write_clip(path, pictures, recipe))
    return clip, list(decode.Decoder(clip))


def enlarger(clip: ClipInfo, scale: int = 2, upscaler: str = "lanczos") -> Enlarger:
    return Enlarger(clip, Settings(scale=scale, upscaler=upscaler, device="cpu"), Span(0, 4))


def sharpness(picture: np.ndarray) -> float:
    return float(np.abs(np.diff(picture.astype(np.float32), axis=1)).mean())


def oval() -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), np.float32)
    cv2.ellipse(mask, (SIDE // 2, SIDE // 2), (50, 56), 0, 0, 360, 1.0, -1)
    return mask


@pytest.fixture(scope="module")
def face(tmp_path_factory: pytest.TempPathFactory) -> tuple[ClipInfo, Frame, Patch, np.ndarray]:
    """A clip whose face is soft, one frame of it, a repair that knows it in full, and the truth at twice the size."""
    truth = cv2.resize(skimage.data.astronaut()[20:212, 110:398], (192, 128), interpolation=cv2.INTER_AREA)
    small = cv2.resize(truth, (96, 64), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), 2.0)
    path = tmp_path_factory.mktemp("face") / "face.mkv"
    clip, frames = opened(path, [soft] * 4, Recipe(codec="ffv1", pixel_format="bgr0", options={}))
    before = colour.to_rgb(frames[0], clip)
    wanted = align.crop(truth, scaled(TRANSFORM, 2), SIDE).pixels
    feathered = cv2.GaussianBlur(oval(), (0, 0), 4)
    residual = feathered[..., None] * (wanted - align.crop(before, TRANSFORM, SIDE).pixels)
    return clip, frames[0], Patch(0, residual, (feathered > 0).astype(np.float32), TRANSFORM), truth


@pytest.mark.parametrize(("pixel_format", "dtype"), [("yuv420p", np.uint8), ("yuv420p10le", np.uint16)])
def test_a_clean_frame_gets_exactly_what_the_upscaler_gives(tmp_path: Path, pixel_format: str, dtype: type) -> None:
    options = LOSSLESS_HEVC if pixel_format.endswith("10le") else {"crf": "0"}
    codec = "libx265" if pixel_format.endswith("10le") else "libx264"
    clip, frames = opened(tmp_path / "a.mp4", moving(4), Recipe(codec=codec, pixel_format=pixel_format, options=options))
    one = enlarger(clip)
    assert one.size == (192, 128)
    for frame in frames:
        (made,) = one.frames([(frame, [])])
        assert not made.repaired
        pixels = made.pixels
        before = colour.to_rgb(frame, clip)
        top = np.iinfo(dtype).max
        (own,) = UPSCALERS["lanczos"].load("cpu").enlarge((before / np.float32(top)).astype(np.float32)[None], 2)
        assert pixels.dtype == dtype
        np.testing.assert_array_equal(pixels, np.rint(own * np.float32(top)).astype(dtype))
        np.testing.assert_array_equal(one.interpolated(frame), pixels)


def test_a_face_is_pasted_with_the_detail_of_its_repair(face: tuple[ClipInfo, Frame, Patch, np.ndarray]) -> None:
    clip, frame, patch, truth = face
    (made,) = enlarger(clip).frames([(frame, [patch])])
    pixels = made.pixels
    assert made.repaired
    repaired, _ = compose.add(colour.to_rgb(frame, clip), [patch])
    (plain,) = UPSCALERS["lanczos"].load("cpu").enlarge(repaired.astype(np.float32)[None] / 255, 2)
    inside = np.s_[2 * TOP + 30 : 2 * (TOP + FACE) - 30, 2 * LEFT + 30 : 2 * (LEFT + FACE) - 30]
    assert sharpness(pixels[inside]) > 1.15 * sharpness(plain[inside] * 255)
    errors = [np.square(p[inside].astype(np.float32) - truth[inside]).mean() for p in (plain * 255, pixels)]
    assert errors[1] < 0.5 * errors[0]
    # Elsewhere nothing is pasted.
    far = np.ones(pixels.shape[:2], bool)
    far[2 * TOP : 2 * (TOP + FACE), 2 * LEFT : 2 * (LEFT + FACE)] = False
    np.testing.assert_array_equal(pixels[far], np.rint(plain[far] * 255).astype(np.uint8))


def test_a_repair_without_finer_detail_keeps_that_of_the_upscaler(face: tuple[ClipInfo, Frame, Patch, np.ndarray]) -> None:
    clip, frame, _, _ = face
    glow = cv2.GaussianBlur(oval(), (0, 0), 9)
    patch = Patch(0, 0.1 * glow[..., None].repeat(3, 2), (glow > 0).astype(np.float32), TRANSFORM)
    (made,) = enlarger(clip, upscaler="animevideo").frames([(frame, [patch])])
    repaired, _ = compose.add(colour.to_rgb(frame, clip), [patch])
    (own,) = UPSCALERS["animevideo"].load("cpu").enlarge(repaired.astype(np.float32)[None] / 255, 2)
    assert np.abs(made.pixels - np.rint(own * 255)).mean() < 0.05


def test_a_crop_no_finer_than_the_source_is_left_to_the_upscaler(face: tuple[ClipInfo, Frame, Patch, np.ndarray]) -> None:
    clip, frame, patch, _ = face
    coarse = Patch(0, patch.residual, patch.mask, np.float32([[1, 0, 10], [0, 1, 20]]))
    (made,) = enlarger(clip).frames([(frame, [coarse])])
    repaired, _ = compose.add(colour.to_rgb(frame, clip), [coarse])
    (own,) = UPSCALERS["lanczos"].load("cpu").enlarge(repaired.astype(np.float32)[None] / 255, 2)
    np.testing.assert_array_equal(made.pixels, np.rint(own * 255).astype(np.uint8))


@pytest.mark.parametrize("scale", [2, 4])
def test_a_scaled_transform_shows_the_same_crop(scale: int) -> None:
    small = cv2.GaussianBlur(skimage.data.astronaut()[:64, 100:196], (0, 0), 3)
    large = cv2.resize(small, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    crops = [align.crop(p, t, SIDE).pixels for p, t in ((small, TRANSFORM), (large, scaled(TRANSFORM, scale)))]
    assert float(np.abs(crops[0] - crops[1]).max()) < 2 / 255


def test_frames_are_calmed_only_where_something_is_added(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    still = cv2.resize(skimage.data.coffee()[:200, :300], (96, 64), interpolation=cv2.INTER_AREA).astype(np.float32)
    noisy = [np.clip(still + random.normal(0, 2, still.shape), 0, 255).astype(np.uint8) for _ in range(4)]
    clip, frames = opened(tmp_path / "a.mkv", noisy, Recipe(codec="ffv1", pixel_format="bgr0", options={}))
    one = enlarger(clip, upscaler="animevideo")
    first, again = [], []
    for pictures in (first, again):
        one.restart()
        pictures += [made.pixels for made in one.frames((frame, []) for frame in frames)]
    np.testing.assert_array_equal(first, again)
    one.restart()
    (alone,) = one.frames([(frames[3], [])])
    assert np.abs(alone.pixels.astype(int) - first[3]).mean() > 0.02


def test_several_devices_share_the_frames_and_give_what_one_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, frames = opened(tmp_path / "a.mp4", moving(7))
    asked: list[str] = []

    def resolve(device: str) -> torch.device:
        asked.append(device)
        return torch.device("cpu")

    one, _ = enlarger(clip, upscaler="animevideo"), monkeypatch.setattr(devices, "resolve", resolve)
    both = Enlarger(clip, Settings(scale=2, upscaler="animevideo", device="cuda:0,cuda:1"), Span(0, 7))
    assert asked == ["cuda:0", "cuda:1"]
    treated = [(frame, []) for frame in frames]
    expected, made = list(one.frames(treated)), list(both.frames(treated))
    assert [m.frame.index for m in made] == list(range(7))
    for a, b in zip(expected, made, strict=True):
        np.testing.assert_array_equal(a.pixels, b.pixels)


def test_who_stops_early_leaves_no_thread(tmp_path: Path) -> None:
    clip, frames = opened(tmp_path / "a.mp4", moving(7))
    before = threading.active_count()
    running = enlarger(clip).frames((frame, []) for frame in frames)
    assert next(running).frame.index == 0
    running.close()
    assert threading.active_count() == before


def test_a_render_in_segments_is_enlarged_too_and_other_sizes_are_not_taken_for_it(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", moving(60))
    workspace = pipeline.Workspace(tmp_path / "renders", tmp_path / "analyses")
    for scale in (4, 2):
        settings = Settings(scale=scale, upscaler="lanczos", device="cpu", compare=True)
        out = tmp_path / f"x{scale}.mp4"
        report = pipeline.render(plan_for(clip, 60), out, settings=settings, workspace=workspace)
        assert (report.frames, report.size, report.upscaler) == (60, (96 * scale, 64 * scale), "lanczos")
        info = probe.probe(out)
        assert info.video.display_size == report.size
        assert [number_in(colour.to_rgb(f, info)) for f in decode.Decoder(info)] == [n % 16 for n in range(60)]
    width, height = probe.probe(tmp_path / "x2_compare.mp4").video.display_size
    assert width == 384 and height > 128
