"""RGB out of a picture and back into it, in the matrix and range that the stream declares.

Out: libswscale with full chroma interpolation and accurate rounding (within 0.51/255 of the equations of ITU-T
H.273, 2.5 ms for 1280x720 on one core). Back: by difference. `write_back` takes the pixels before and after, sends
their *difference* through the same matrix and adds it to the samples, so what did not change stays bit-identical
and what lies below 8-bit precision or outside the RGB cube survives under the change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from facefix.media.matrices import (
    SWS_ACCURATE,
    SWS_BILINEAR,
    SWS_FULL_CHROMA_OUT,
    code_scales,
    effective_matrix,
    is_full_range,
    is_left_sited,
    luma_weights,
    swscale_matrix,
)
from facefix.media.planes import Layout, Samples, components, duplicate, layout_of, plane_rows
from facefix.types import ClipInfo, ColourTags, Frame, Pixels

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels of the displayed picture; x1 and y1 exclusive."""

_EXACT = SWS_BILINEAR | SWS_FULL_CHROMA_OUT | SWS_ACCURATE


def to_rgb(frame: Frame, clip: ClipInfo) -> Pixels:
    """The picture as it is displayed: (H, W, 3) RGB, contiguous, rotated upright.

    uint8 0..255 for sources of 8 bits, uint16 0..65535 above. The caller may write to it.
    """
    picture: av.VideoFrame = frame.picture
    layout = layout_of(picture.format.name)
    deep = picture.format.components[0].bits > 8
    tags = clip.video.colour
    full = layout is None or is_full_range(tags, layout)
    rgb = picture.reformat(
        # Not rgb48le: libswscale (FFmpeg 8.1) gets its green wrong wherever chroma is interpolated vertically.
        format="gbrp16le" if deep else "rgb24",
        src_colorspace=swscale_matrix(effective_matrix(tags, picture.width, picture.height), picture),
        src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=_EXACT,
        threads=1,
    )
    pixels = rgb.to_ndarray()
    if deep and layout is not None:
        pixels = _stretched(pixels, layout, full)
    return upright(pixels, clip.video.rotation)


def _stretched(pixels: Pixels, layout: Layout, full: bool) -> Pixels:
    """libswscale's 16-bit white made 65535: it shifts samples up instead of scaling them (checked with FFmpeg 8.1)."""
    if layout.kind != "yuv":
        return pixels
    white = (layout.peak << (16 - layout.bits)) if full else 255 << 8
    return cv2.multiply(pixels, np.full(4, 65535 / white), dtype=cv2.CV_16U)


def eight_bits(pixels: Pixels) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 of uint8, which is given back itself, or uint16."""
    return pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)


def upright(pixels: Pixels, rotation: int) -> Pixels:
    """Coded orientation -> displayed: turned clockwise by `rotation` degrees."""
    turns = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    turned = cv2.rotate(pixels, turns[rotation]) if rotation else pixels
    return np.ascontiguousarray(turned)


def as_coded(pixels: Pixels, rotation: int) -> Pixels:
    """Displayed orientation -> coded: the inverse of `upright`."""
    return upright(pixels, -rotation % 360)


def write_back(frame: Frame, clip: ClipInfo, before: Pixels, after: Pixels, box: Box | None = None) -> Frame:
    """A new frame in which the pixels that differ between `before` and `after` have changed by that difference.

    before, after: (h, w, 3) of `to_rgb`'s dtype: the whole displayed picture, or the part `box` of it alone. A box
    with whole pictures says where to look, which saves time: outside it they must be equal. A luma sample whose
    pixel is equal in both, and a chroma sample all of whose pixels are equal, stay bit-identical. `frame` is not
    written to; it is returned itself where nothing differs.

    Raises ValueError where the shapes or the box do not fit the picture.
    """
    width, height = clip.video.display_size
    box = box or (0, 0, width, height)
    x0, y0, x1, y1 = box
    if not (0 <= x0 <= x1 <= width and 0 <= y0 <= y1 <= height):
        raise ValueError(f"box {box} lies outside the picture of {width}x{height}")
    if before.shape[:2] == after.shape[:2] == (height, width):
        before, after = before[y0:y1, x0:x1], after[y0:y1, x0:x1]
    if before.shape != after.shape or before.shape[:2] != (y1 - y0, x1 - x0) or before.dtype != after.dtype:
        raise ValueError(f"before {before.shape} and after {after.shape} do not fit the box {box}")
    changed = (before != after).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not rows.size:
        return frame
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    part = np.s_[top:bottom, left:right]
    shown: Box = (x0 + int(left), y0 + int(top), x0 + int(right), y0 + int(bottom))
    rotation = clip.video.rotation
    picture = duplicate(frame.picture)
    layout = layout_of(picture.format.name)
    if layout is None:
        raise ValueError(f"pixel format {picture.format.name} was not made canonical when it was decoded")
    mask = as_coded(changed[part].astype(np.uint8), rotation).astype(bool)
    coded = _coded_box(shown, rotation, width, height)
    old, new = as_coded(before[part], rotation), as_coded(after[part], rotation)
    views = components(picture, layout)
    if layout.kind == "rgb":
        _put_rgb(views, layout, new, mask, coded)
    else:
        _add_yuv(views, layout, clip, _difference(old, new), mask, coded)
    return replace(frame, picture=picture)


def _coded_box(box: Box, rotation: int, width: int, height: int) -> Box:
    """A box of the displayed picture (width x height) in coded coordinates."""
    x0, y0, x1, y1 = box
    if rotation == 90:
        return y0, width - x1, y1, width - x0
    if rotation == 180:
        return width - x1, height - y1, width - x0, height - y0
    if rotation == 270:
        return height - y1, x0, height - y0, x1
    return box


def _difference(old: Pixels, new: Pixels) -> NDArray[np.float32]:
    """(h, w, 3), -1..1."""
    white = np.float32(255 if old.dtype == np.uint8 else 65535)
    return np.asarray((new.astype(np.float32) - old.astype(np.float32)) / white, np.float32)


def _put_rgb(views: tuple[Samples, ...], layout: Layout, new: Pixels, mask: NDArray[np.bool_], box: Box) -> None:
    x0, y0, x1, y1 = box
    white = 255 if new.dtype == np.uint8 else 65535
    for number, view in enumerate(views):
        values = new[..., number]
        if layout.peak != white:
            values = np.rint(values.astype(np.float32) * (layout.peak / white))
        target = view[y0:y1, x0:x1]
        target[mask] = values[mask].astype(layout.dtype)


def _add_yuv(
    views: tuple[Samples, ...],
    layout: Layout,
    clip: ClipInfo,
    difference: NDArray[np.float32],
    mask: NDArray[np.bool_],
    box: Box,
) -> None:
    x0, y0, x1, y1 = box
    video = clip.video
    matrix = effective_matrix(video.colour, video.width, video.height)
    luma_scale, _, chroma_scale, _ = code_scales(layout, is_full_range(video.colour, layout))
    luma, cb, cr = _luma_and_chroma(difference, matrix)
    _add(views[0][y0:y1, x0:x1], luma * luma_scale, mask, layout)
    if layout.kind == "gray":
        return
    step_x, step_y = 1 << layout.sub_x, 1 << layout.sub_y
    around = (y0 % step_y, -y1 % step_y, x0 % step_x, -x1 % step_x)
    touched = _blocks_with_any(mask, around, step_y, step_x)
    rows, columns = touched.shape
    place = np.s_[y0 // step_y : y0 // step_y + rows, x0 // step_x : x0 // step_x + columns]
    sited = is_left_sited(video.codec)
    for view, chroma in ((views[1], cb), (views[2], cr)):
        wide = _aligned(chroma * np.float32(chroma_scale), around, y1 == video.height, x1 == video.width)
        _add(view[place], _chroma_grid(wide, layout, sited, at_left_edge=x0 == 0), touched, layout)


def _aligned(
    chroma: NDArray[np.float32], around: tuple[int, int, int, int], at_bottom: bool, at_right: bool
) -> NDArray[np.float32]:
    """Differences of a box widened to whole chroma samples.

    Outside the box nothing changed, so zeros are exact there; beyond the picture's edge the last pixel is repeated.
    """
    above, below, left, right = around
    inner = cv2.copyMakeBorder(chroma, above, 0, left, 0, cv2.BORDER_CONSTANT)
    lower = cv2.copyMakeBorder(inner, 0, below, 0, 0, cv2.BORDER_REPLICATE if at_bottom else cv2.BORDER_CONSTANT)
    outer = cv2.copyMakeBorder(lower, 0, 0, 0, right, cv2.BORDER_REPLICATE if at_right else cv2.BORDER_CONSTANT)
    return np.asarray(outer, np.float32)


def _luma_and_chroma(rgb: NDArray[np.float32], matrix: int) -> tuple[NDArray[np.float32], ...]:
    """Y in the unit of `rgb`, Cb and Cr in -0.5..0.5 of it: the equations of ITU-T H.273, section 8.3."""
    kr, kb = luma_weights(matrix)
    red, green, blue = cv2.split(rgb)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    return (
        np.asarray(luma, np.float32),
        np.asarray((blue - luma) / (2 * (1 - kb)), np.float32),
        np.asarray((red - luma) / (2 * (1 - kr)), np.float32),
    )


def _add(target: Any, amount: NDArray[np.float32], mask: NDArray[np.bool_], layout: Layout) -> None:
    """Add `amount` (in units of a significant sample step) to the samples of `target` under `mask`."""
    values = (target[mask] >> layout.shift).astype(np.float32) + amount[mask]
    whole = np.clip(np.rint(values), 0, layout.peak).astype(layout.dtype)
    target[mask] = whole << layout.shift


def _blocks_with_any(mask: NDArray[np.bool_], around: tuple[int, int, int, int], step_y: int, step_x: int) -> NDArray[np.bool_]:
    """Chroma samples at least one of whose pixels is set; `around` aligns the mask to whole samples."""
    wide = np.pad(mask, (around[:2], around[2:]))
    rows, columns = wide.shape[0] // step_y, wide.shape[1] // step_x
    return np.asarray(wide.reshape(rows, step_y, columns, step_x).any(axis=(1, 3)))


def _chroma_grid(chroma: NDArray[np.float32], layout: Layout, left_sited: bool, *, at_left_edge: bool) -> NDArray[np.float32]:
    """Full-resolution chroma, its first pixel at the start of a sample, brought to the chroma grid.

    A sample in the middle of its pixels is their mean; one over the left column of two is the (1, 2, 1)/4 average
    around it, which reaches one pixel to the left: the first one again at the picture's edge, else zero.
    """
    step_x, step_y = 1 << layout.sub_x, 1 << layout.sub_y
    if step_x == step_y == 1:
        return chroma
    tent = left_sited and step_x == 2
    across = np.array([0.25, 0.5, 0.25], np.float32) if tent else np.full(step_x, 1 / step_x, np.float32)
    down = np.full(step_y, 1 / step_y, np.float32)
    border = cv2.BORDER_REPLICATE if at_left_edge else cv2.BORDER_CONSTANT
    anchor = (1 if tent else 0, 0)
    averaged = cv2.sepFilter2D(chroma, -1, across, down, anchor=anchor, borderType=border)
    return np.asarray(averaged[::step_y, ::step_x], np.float32)


def from_rgb(pixels: Pixels, pixel_format: str, tags: ColourTags, codec: str) -> av.VideoFrame:
    """A picture of `pixel_format` that shows `pixels`: (H, W, 3) RGB, uint8 or uint16, in coded orientation.

    Written in the matrix and range of `tags`, rounded to the nearest sample, chroma sited as `codec` has it.
    Raises ValueError for a format without a layout.
    """
    layout = layout_of(pixel_format)
    if layout is None:
        raise ValueError(f"no layout is known for the pixel format {pixel_format}")
    height, width = pixels.shape[:2]
    picture = av.VideoFrame(width, height, pixel_format)
    if layout.alpha:
        for plane in picture.planes:
            # Opaque where nothing else is written.
            plane_rows(plane, np.dtype(np.uint8))[:] = 255
    views = components(picture, layout)
    if layout.kind == "rgb":
        _put_rgb(views, layout, pixels, np.ones((height, width), np.bool_), (0, 0, width, height))
        return picture
    scale_y, black, scale_c, middle = code_scales(layout, is_full_range(tags, layout))
    white = np.float32(255 if pixels.dtype == np.uint8 else 65535)
    luma, *chromas = _luma_and_chroma(np.asarray(pixels / white, np.float32), effective_matrix(tags, width, height))
    _put(views[0], luma * scale_y + black, layout)
    for view, chroma in zip(views[1:], chromas, strict=False):
        _put(view, _chroma_grid(chroma, layout, is_left_sited(codec), at_left_edge=True) * scale_c + middle, layout)
    return picture


def _put(target: Any, values: NDArray[np.float32], layout: Layout) -> None:
    target[:] = np.clip(np.rint(values), 0, layout.peak).astype(layout.dtype) << layout.shift
