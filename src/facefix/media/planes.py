"""Samples of a picture as numpy views: which pixel formats facefix speaks and where their samples lie.

A pixel format is described once, here; `colour` and `encode` read it. Formats outside the table (packed YUV,
palettes, Bayer ...) are brought to their nearest relative inside it by `canonical_name` right after decoding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

import av
import cv2
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Interpolation
from numpy.typing import NDArray

Samples = NDArray[Any]
"""(h, w) strided view of one component of a picture, uint8 or (little or big endian) uint16."""

_PLANAR_YUV = re.compile(r"yuv(?P<variant>[aj]?)(?P<sub>4\d\d)p(?:(?P<bits>\d+)(?P<end>le|be))?$")
_PLANAR_RGB = re.compile(r"gbr(?P<alpha>a?)p(?:(?P<bits>\d+)(?P<end>le|be))?$")
_GRAY = re.compile(r"gray(?:(?P<bits>\d+)(?P<end>le|be))?$")
_SEMI_PLANAR = re.compile(r"p(?P<sub>[024])(?P<bits>1[026])(?P<end>le|be)$")
_PACKED_DEEP_RGB = re.compile(r"(?P<order>rgb|bgr|rgba|bgra)(?:48|64)(?P<end>le|be)$")

# Right shifts of chroma width and height against luma, by the name of the subsampling.
_SUBSAMPLING = {"420": (1, 1), "422": (1, 0), "444": (0, 0), "440": (0, 1), "411": (2, 0), "410": (2, 2)}
_NV = {"nv12": ("420", False), "nv21": ("420", True), "nv16": ("422", False), "nv24": ("444", False)}
_PACKED_RGB = {"rgb24", "bgr24", "rgba", "bgra", "argb", "abgr", "rgb0", "bgr0", "0rgb", "0bgr"}

# Formats without a layout of their own -> the format that loses least. `yuyv422` and its like only move samples.
_RELATIVES = {
    "yuyv422": "yuv422p",
    "uyvy422": "yuv422p",
    "yvyu422": "yuv422p",
    "uyyvyy411": "yuv411p",
    "nv42": "yuv444p",
    "y210le": "yuv422p10le",
    "v30xle": "yuv444p10le",
    "xv30le": "yuv444p10le",
    "x2rgb10le": "gbrp10le",
    "x2bgr10le": "gbrp10le",
    "ayuv64le": "yuva444p16le",
    "ya8": "gray",
    "monow": "gray",
    "monob": "gray",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a pixel format stores its samples."""

    kind: Literal["yuv", "rgb", "gray"]
    bits: int
    """Significant bits of a sample."""
    shift: int
    """Zero bits below the significant ones (p010 keeps its 10 bits at the top of 16)."""
    sub_x: int
    sub_y: int
    """log2 of the chroma subsampling; 0, 0 for rgb and gray."""
    full_range: bool | None
    """True or False where the format itself says so, None where the stream's tag decides."""
    alpha: bool
    dtype: np.dtype[Any]
    places: tuple[tuple[int, int, int], ...]
    """(plane, offset, step) in samples of Y, Cb, Cr or R, G, B (or just Y)."""

    @property
    def peak(self) -> int:
        """Largest value of a sample."""
        return (1 << self.bits) - 1


def _dtype(bits: int, endian: str | None) -> np.dtype[Any]:
    return np.dtype(np.uint8) if bits <= 8 else np.dtype(">u2" if endian == "be" else "<u2")


def layout_of(name: str) -> Layout | None:
    """The layout of the pixel format called `name` by libavutil, None where facefix has none."""
    if match := _PLANAR_YUV.match(name):
        bits = int(match["bits"] or 8)
        sub_x, sub_y = _SUBSAMPLING[match["sub"]]
        full = True if match["variant"] == "j" else None
        places = ((0, 0, 1), (1, 0, 1), (2, 0, 1))
        return Layout("yuv", bits, 0, sub_x, sub_y, full, match["variant"] == "a", _dtype(bits, match["end"]), places)
    if match := _PLANAR_RGB.match(name):
        bits = int(match["bits"] or 8)
        places = ((2, 0, 1), (0, 0, 1), (1, 0, 1))
        return Layout("rgb", bits, 0, 0, 0, True, bool(match["alpha"]), _dtype(bits, match["end"]), places)
    if match := _GRAY.match(name):
        bits = int(match["bits"] or 8)
        # libswscale reads gray as full range whatever the tags say.
        return Layout("gray", bits, 0, 0, 0, True, False, _dtype(bits, match["end"]), ((0, 0, 1),))
    return _interleaved_layout(name)


def _interleaved_layout(name: str) -> Layout | None:
    """Layouts that keep several components in one plane."""
    if name in _NV:
        sub, swapped = _NV[name]
        chroma = ((1, 1, 2), (1, 0, 2)) if swapped else ((1, 0, 2), (1, 1, 2))
        return Layout("yuv", 8, 0, *_SUBSAMPLING[sub], None, False, np.dtype(np.uint8), ((0, 0, 1), *chroma))
    if match := _SEMI_PLANAR.match(name):
        bits = int(match["bits"])
        sub = {"0": "420", "2": "422", "4": "444"}[match["sub"]]
        places = ((0, 0, 1), (1, 0, 2), (1, 1, 2))
        return Layout("yuv", bits, 16 - bits, *_SUBSAMPLING[sub], None, False, _dtype(16, match["end"]), places)
    deep = _PACKED_DEEP_RGB.match(name)
    if deep or name in _PACKED_RGB:
        order = deep["order"] if deep else name.removesuffix("24")
        places = tuple((0, order.index(component), len(order)) for component in "rgb")
        bits = 16 if deep else 8
        return Layout("rgb", bits, 0, 0, 0, True, "a" in order, _dtype(bits, deep["end"] if deep else None), places)
    return None


def canonical_name(name: str) -> str:
    """`name` itself where it has a layout, else the format to convert such pictures to before anything else."""
    if layout_of(name) is not None:
        return name
    return _RELATIVES.get(name, "rgb24")


def components(picture: av.VideoFrame, layout: Layout) -> tuple[Samples, ...]:
    """Writable views of Y, Cb, Cr or R, G, B (or just Y), cropped to the picture. Alpha is left out."""
    views = []
    for number, (plane_index, offset, step) in enumerate(layout.places):
        chroma = layout.kind == "yuv" and number > 0
        width = -(-picture.width >> layout.sub_x) if chroma else picture.width
        height = -(-picture.height >> layout.sub_y) if chroma else picture.height
        rows = plane_rows(picture.planes[plane_index], layout.dtype)
        views.append(rows[:height, offset : offset + step * width : step])
    return tuple(views)


def alpha(picture: av.VideoFrame) -> Samples | None:
    """Writable view of the opacity of a picture, cropped to it; None where its format has none."""
    name = picture.format.name
    layout = layout_of(name)
    if layout is None or not layout.alpha:
        return None
    *others, last = picture.planes
    rows = plane_rows(last, layout.dtype)
    if others:
        return rows[: picture.height, : picture.width]
    # Packed: the letters of the name are the order of the samples.
    step, offset = layout.places[0][2], name.index("a")
    return rows[: picture.height, offset : offset + step * picture.width : step]


def enlarge_alpha(source: av.VideoFrame, target: av.VideoFrame) -> None:
    """Give `target`, of another size and perhaps format, the opacity of `source`; without one it stays as it is."""
    old, new = alpha(source), alpha(target)
    from_layout, to_layout = layout_of(source.format.name), layout_of(target.format.name)
    if old is None or new is None or from_layout is None or to_layout is None:
        return
    values = cv2.resize(old.astype(np.float32), new.shape[::-1], interpolation=cv2.INTER_LINEAR)
    new[:] = np.rint(values * (to_layout.peak / from_layout.peak)).astype(to_layout.dtype)


def plane_rows(plane: Any, dtype: np.dtype[Any]) -> Samples:
    """A plane with its padding, (h, line_size / itemsize)."""
    return np.frombuffer(plane, dtype).reshape(-1, plane.line_size // dtype.itemsize)


def duplicate(picture: av.VideoFrame) -> av.VideoFrame:
    """A picture of one's own, equal in every sample and tag; `pict_type` is cleared, so that encoders choose it."""
    name = picture.format.name
    copy = _with_properties(picture) or av.VideoFrame(picture.width, picture.height, name)
    for source, target in zip(picture.planes, copy.planes, strict=True):
        from_rows, to_rows = plane_rows(source, np.dtype(np.uint8)), plane_rows(target, np.dtype(np.uint8))
        used = min(from_rows.shape[1], to_rows.shape[1])
        to_rows[:, :used] = from_rows[:, :used]
    copy.colorspace, copy.color_range = picture.colorspace, picture.color_range
    copy.color_primaries, copy.color_trc = picture.color_primaries, picture.color_trc
    copy.pts, copy.dts, copy.duration = picture.pts, picture.dts, picture.duration
    if picture.time_base is not None:
        copy.time_base = picture.time_base
    copy.pict_type = 0
    return copy


def padded(picture: av.VideoFrame, odd_x: int, odd_y: int) -> av.VideoFrame:
    """The picture with `odd_x` more columns and `odd_y` more lines (0 or 1), the last ones repeated."""
    layout = layout_of(picture.format.name)
    if not (odd_x or odd_y) or layout is None:
        return picture
    wide = av.VideoFrame(picture.width + odd_x, picture.height + odd_y, picture.format.name)
    for source, target in zip(components(picture, layout), components(wide, layout), strict=True):
        below, right = target.shape[0] - source.shape[0], target.shape[1] - source.shape[1]
        target[:] = cv2.copyMakeBorder(np.ascontiguousarray(source), 0, below, 0, right, cv2.BORDER_REPLICATE)
    return wide


def _with_properties(picture: av.VideoFrame) -> av.VideoFrame | None:
    """A picture of the same format that carries the side data and chroma siting of `picture`; samples are junk.

    PyAV hands on a frame's properties only in a conversion, so one is provoked: a change of range, whose result
    the caller overwrites. Formats without a range (RGB) come back unconverted: None.
    """
    if picture.format.name.startswith("yuvj"):
        return None
    try:
        other = picture.reformat(
            src_color_range=ColorRange.MPEG,
            dst_color_range=ColorRange.JPEG,
            interpolation=Interpolation.POINT,
            threads=1,
        )
    except (FFmpegError, ValueError):
        return None
    return None if other is picture else other
