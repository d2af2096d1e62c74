"""RGB and back: the declared matrix and range, and not one sample touched without need."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from facefix.media.colour import as_coded, effective_matrix, eight_bits, to_rgb, upright, write_back
from facefix.media.planes import canonical_name, components, layout_of
from facefix.types import ClipInfo, ColourTags, Frame, VideoInfo

_WEIGHTS = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 6: (0.299, 0.114), 7: (0.212, 0.087), 9: (0.2627, 0.0593)}

FORMATS = [
    "yuv420p", "yuv422p", "yuv444p", "yuvj420p", "yuv440p", "nv12", "nv21", "yuva420p",
    "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv444p12le", "p010le", "p210le",
    "gbrp", "gbrp10le", "rgb24", "bgr24", "rgba", "bgr0", "rgb48le", "gray", "gray10le",
]  # fmt: skip


def _clip(width: int, height: int, pixel_format: str, tags: ColourTags, rotation: int = 0) -> ClipInfo:
    bits = 8 if "1" not in pixel_format.replace("nv12", "").replace("nv21", "") else 10
    video = VideoInfo(
        0,
        "ffv1",
        None,
        width,
        height,
        pixel_format,
        bits,
        Fraction(1, 25),
        Fraction(25),
        None,
        None,
        rotation,
        None,
        tags,
    )
    return ClipInfo(Path("clip.mkv"), "matroska", video, 0, 0, None)


def _frame(pixel_format: str, width: int, height: int, *, seed: int = 0, smooth: bool = True) -> Frame:
    """A picture of the format whose samples keep clear of the ends of their range."""
    layout = layout_of(pixel_format)
    assert layout is not None
    picture = av.VideoFrame(width, height, pixel_format)
    for plane in picture.planes:
        np.frombuffer(plane, np.uint8)[:] = 0
    rng = np.random.default_rng(seed)
    for number, view in enumerate(components(picture, layout)):
        h, w = view.shape
        y, x = np.mgrid[0:h, 0:w] / max(h, w)
        phase = rng.uniform(0, 6, 2)
        wave = np.sin(4 * x + phase[0]) * np.cos(3 * y + phase[1]) if smooth else rng.uniform(-1, 1, (h, w))
        reach = 0.1 if number and layout.kind == "yuv" else 0.2
        view[:] = np.rint((0.5 + reach * wave) * layout.peak).astype(layout.dtype) << layout.shift
    return Frame(0, 0, 1, picture)


def _samples(frame: Frame) -> list[np.ndarray]:
    layout = layout_of(frame.picture.format.name)
    assert layout is not None
    return [view.copy() for view in components(frame.picture, layout)]


def _white(pixels: np.ndarray) -> int:
    return 255 if pixels.dtype == np.uint8 else 65535


@pytest.mark.parametrize("matrix", sorted(_WEIGHTS))
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", ["yuv444p", "yuv444p10le", "yuv444p12le"])
def test_equations_of_the_declared_matrix_and_range(name: str, full: bool, matrix: int) -> None:
    frame = _frame(name, 48, 40, smooth=False)
    clip = _clip(48, 40, name, ColourTags(matrix=matrix, range=2 if full else 1))
    kr, kb = _WEIGHTS[matrix]
    layout = layout_of(name)
    assert layout is not None
    y, u, v = (samples.astype(np.float64) for samples in _samples(frame))
    unit, middle = 1 << (layout.bits - 8), 1 << (layout.bits - 1)
    y = y / layout.peak if full else (y - 16 * unit) / (219 * unit)
    u, v = ((c - middle) / (layout.peak if full else 224 * unit) for c in (u, v))
    red, blue = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    green = (y - kr * red - kb * blue) / (1 - kr - kb)
    pixels = to_rgb(frame, clip)
    error = pixels / _white(pixels) - np.clip(np.stack([red, green, blue], axis=-1), 0, 1)
    assert np.abs(error).max() < (0.55 if layout.bits == 8 else 0.02) / 255


def test_unspecified_is_guessed_as_players_do() -> None:
    unspecified = ColourTags()
    assert effective_matrix(unspecified, 1280, 720) == 1
    assert effective_matrix(unspecified, 720, 1280) == 1
    assert effective_matrix(unspecified, 720, 576) == 6
    assert effective_matrix(ColourTags(matrix=9), 720, 576) == 9
    # Unspecified range is limited, unless the format says otherwise.
    limited, full = _frame("yuv444p", 16, 16), _frame("yuvj444p", 16, 16)
    as_limited = to_rgb(limited, _clip(16, 16, "yuv444p", ColourTags(matrix=1, range=1)))
    assert np.array_equal(to_rgb(limited, _clip(16, 16, "yuv444p", ColourTags(matrix=1))), as_limited)
    as_full = to_rgb(limited, _clip(16, 16, "yuv444p", ColourTags(matrix=1, range=2)))
    assert np.array_equal(to_rgb(full, _clip(16, 16, "yuvj444p", ColourTags(matrix=1))), as_full)
    assert not np.array_equal(as_limited, as_full)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
def test_writing_back_nothing_changes_nothing(name: str, size: tuple[int, int]) -> None:
    frame, clip = _frame(name, *size, smooth=False), _clip(*size, name, ColourTags(matrix=1, range=1))
    pixels = to_rgb(frame, clip)
    after = write_back(frame, clip, pixels, pixels.copy())
    assert all(np.array_equal(a, b) for a, b in zip(_samples(frame), _samples(after), strict=True))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
def test_a_patch_reads_back_and_leaves_the_rest_alone(name: str, size: tuple[int, int], rotation: int) -> None:
    frame, clip = _frame(name, *size), _clip(*size, name, ColourTags(matrix=1, range=1), rotation)
    before_samples = _samples(frame)
    before = to_rgb(frame, clip)
    assert before.shape[:2] == clip.video.display_size[::-1]
    white, (height, width) = _white(before), before.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    # Touches the right and lower edges of the displayed picture, with odd corners and a soft rim.
    depth_px = np.minimum(x - width + 31, y - height + 27)
    inside = np.clip(depth_px / 8, 0, 1)[..., None]
    colour = np.float32([1, 1, 1] if name.startswith("gray") else [0.9, -0.5, 0.6])
    after = before + np.rint(inside * colour * white * 0.1).astype(np.int64)
    after = np.clip(after, 0, white).astype(before.dtype)

    written = write_back(frame, clip, before, after)
    _assert_only_changed_samples_differ(
        before_samples, frame, written, as_coded((before != after).any(axis=2).astype(np.uint8), rotation)
    )
    error = np.abs(to_rgb(written, clip).astype(np.float64) - after)[depth_px >= 10] / white * 255
    assert error.max() <= 2
    assert error.mean() < 0.6


def _assert_only_changed_samples_differ(before: list[np.ndarray], frame: Frame, written: Frame, changed: np.ndarray) -> None:
    layout = layout_of(frame.picture.format.name)
    assert layout is not None
    assert all(np.array_equal(a, b) for a, b in zip(before, _samples(frame), strict=True)), "the source was written to"
    for number, (old, new) in enumerate(zip(before, _samples(written), strict=True)):
        mask = changed.astype(bool)
        if number and layout.kind == "yuv":
            block_y, block_x = 1 << layout.sub_y, 1 << layout.sub_x
            mask = np.pad(mask, ((0, -mask.shape[0] % block_y), (0, -mask.shape[1] % block_x)))
            mask = mask.reshape(old.shape[0], block_y, old.shape[1], block_x).any(axis=(1, 3))
        assert np.array_equal(old[~mask], new[~mask])
        assert (old[mask] != new[mask]).mean() > 0.5


@pytest.mark.parametrize("codec", ["h264", "ffv1"])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_box_gives_what_the_whole_picture_gives(rotation: int, codec: str) -> None:
    frame, clip = _frame("yuv420p", 64, 48, smooth=False), _clip(64, 48, "yuv420p", ColourTags(matrix=6), rotation)
    clip = dataclasses.replace(clip, video=dataclasses.replace(clip.video, codec=codec))
    before = to_rgb(frame, clip)
    x0, y0, x1, y1 = 7, 11, 30, 41
    after = before.copy()
    after[y0:y1, x0:x1] = 255 - after[y0:y1, x0:x1]
    whole = write_back(frame, clip, before, after)
    part = write_back(frame, clip, before[y0:y1, x0:x1], after[y0:y1, x0:x1], (x0, y0, x1, y1))
    assert all(np.array_equal(a, b) for a, b in zip(_samples(whole), _samples(part), strict=True))
    hinted = write_back(frame, clip, before, after, (x0, y0, x1, y1))
    assert all(np.array_equal(a, b) for a, b in zip(_samples(whole), _samples(hinted), strict=True))


def test_what_eight_bits_cannot_say_survives_a_change() -> None:
    """Out-of-range samples (here luma below black) keep their distance under a change elsewhere in colour space."""
    frame, clip = _frame("yuv444p", 16, 16), _clip(16, 16, "yuv444p", ColourTags(matrix=1, range=1))
    layout = layout_of("yuv444p")
    assert layout is not None
    for view, value in zip(components(frame.picture, layout), (10, 128, 128), strict=True):
        view[:] = value
    before = to_rgb(frame, clip)
    assert before.max() == 0
    written = write_back(frame, clip, before, before + np.uint8(51))
    assert np.all(_samples(written)[0] == 10 + round(51 / 255 * 219))


def test_a_box_that_does_not_fit_is_refused() -> None:
    frame, clip = _frame("yuv420p", 64, 48), _clip(64, 48, "yuv420p", ColourTags())
    pixels = to_rgb(frame, clip)
    with pytest.raises(ValueError, match="outside"):
        write_back(frame, clip, pixels, pixels, (0, 0, 65, 48))
    with pytest.raises(ValueError, match="fit"):
        write_back(frame, clip, pixels[:10], pixels[:10])


def test_upright_turns_clockwise_and_back() -> None:
    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    assert np.array_equal(upright(pixels, 90), np.rot90(pixels, -1))
    for rotation in (0, 90, 180, 270):
        assert np.array_equal(as_coded(upright(pixels, rotation), rotation), pixels)
        assert upright(pixels, rotation).flags.c_contiguous


def test_every_canonical_format_has_a_layout() -> None:
    for name in ("yuyv422", "pal8", "monow", "ya8", "uyvy422", "bayer_rggb8", "x2rgb10le", "nv12", "yuv420p16be"):
        assert layout_of(canonical_name(name)) is not None


def test_tags_survive_write_back() -> None:
    frame, clip = _frame("yuv420p", 64, 48), _clip(64, 48, "yuv420p", ColourTags())
    frame.picture.colorspace, frame.picture.color_range, frame.picture.pict_type = 9, 1, 1
    frame = dataclasses.replace(frame, index=7, pts=123, duration=9)
    before = to_rgb(frame, clip)
    written = write_back(frame, clip, before, before // 2)
    assert (written.index, written.pts, written.duration) == (7, 123, 9)
    assert (written.picture.colorspace, written.picture.color_range) == (9, 1)
    assert written.picture.pict_type == 0


@pytest.mark.parametrize("codec", ["h264", "ffv1"])
def test_chroma_of_a_change_is_averaged_where_the_codec_sites_it(codec: str) -> None:
    frame, clip = _frame("yuv420p", 16, 16), _clip(16, 16, "yuv420p", ColourTags(matrix=1, range=1))
    clip = dataclasses.replace(clip, video=dataclasses.replace(clip.video, codec=codec))
    before = np.full((16, 16, 3), 100, np.uint8)
    after = before.copy()
    after[:, 7:] = (100, 100, 150)
    changed = _samples(write_back(frame, clip, before, after))[1].astype(int) - _samples(frame)[1]
    full = round(50 / 255 * (1 - 0.0722) / (2 * (1 - 0.0722)) * 224)
    assert np.all(changed[:, :3] == 0)
    # Column 7 is the right one of sample 3, whose centre is column 6 (left) or 6.5 (middle).
    assert np.all(abs(changed[:, 3] - full * (0.25 if codec == "h264" else 0.5)) <= 1)
    assert np.all(abs(changed[:, 4] - full) <= 1)


def test_eight_bits_are_the_upper_ones_and_what_has_eight_is_itself() -> None:
    deep = np.array([[[0, 255, 256], [32768, 65280, 65535]]], np.uint16)
    assert eight_bits(deep).tolist() == [[[0, 0, 1], [128, 255, 255]]]
    shallow = np.zeros((2, 2, 3), np.uint8)
    assert eight_bits(shallow) is shallow
