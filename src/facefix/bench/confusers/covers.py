"""Something moves in front of the face: a hand of the person's own skin, or a printed thing.

Both are drawn from a signed distance in coordinates of their own (units of the face, +y towards the wrist), so that
edges are as soft as a lens makes them, with a rounded shading and a shadow on what lies behind. They come in from
outside, linger before the face and leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults.apply import Frame
from facefix.bench.faults.face_frame import FaceFrame, Field, face_frame, steady
from facefix.bench.faults.timing import swell, wander
from facefix.types import Span

Draw = Callable[[Field, Field, NDArray[np.float32]], tuple[Field, NDArray[np.float32]]]
"""Own coordinates x, y (h, w) and the person's skin colour (3,) -> distance to the edge, negative inside, and colours."""

_BONES = (
    # from, to, radius at either end: forearm, palm, four fingers, thumb
    ((0.0, 0.9), (0.1, 4.0), 0.36, 0.50), ((0.0, 0.15), (0.0, 0.75), 0.44, 0.38),
    ((-0.33, 0.0), (-0.42, -0.78), 0.125, 0.095), ((-0.11, -0.05), (-0.13, -0.98), 0.135, 0.10),
    ((0.12, -0.05), (0.14, -0.92), 0.13, 0.10), ((0.34, 0.03), (0.42, -0.62), 0.115, 0.085),
    ((-0.36, 0.55), (-0.82, -0.02), 0.15, 0.11),
)  # fmt: skip
_SKIN = np.array([188.0, 144.0, 122.0], np.float32)


def hand(pixels: Iterable[Frame], points: NDArray[np.float32], seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames; in `span` a hand passes before the lower half of the face."""
    rng = np.random.default_rng([seed, 31])
    bend, tone, spots = rng.uniform(-0.15, 0.15, len(_BONES)), rng.uniform(0.82, 1.02), rng.standard_normal((2, 6))

    def draw(x: Field, y: Field, skin: NDArray[np.float32]) -> tuple[Field, NDArray[np.float32]]:
        distance, relief = np.full_like(x, 9.0), np.zeros_like(x)
        for (start, end, wide, narrow), turn in zip(_BONES, bend, strict=True):
            towards = (end[0] + turn * (start[1] - end[1]) * (end[1] < 0), end[1])
            away, radius = _bone(x, y, start, towards, wide, narrow)
            # A finger in front hides what lies behind it; its own roundness shades it, dark at its rims.
            inside = np.clip(-away / radius, 0, 1)
            relief = np.where(away < 0, np.maximum(relief, np.sqrt(1 - (1 - inside) ** 2)), relief)
            distance = np.minimum(distance, away)
        mottle = sum(np.sin(5 * (a * x + b * y) + 3 * k) for k, (a, b) in enumerate(spots.T)) / 18
        light = tone * (0.50 + 0.54 * relief - 0.10 * np.clip(y, -0.5, 1) + 0.1 * mottle)
        # Light that has been through skin is red: shaded flesh loses blue before it loses red.
        return distance.astype(np.float32), (skin * light[..., None] ** np.array([0.8, 1.05, 1.15])).astype(np.float32)

    return _pass_by(pixels, points, span, rng, draw, low=(0.15, 0.75), tilt=0.5)


def thing(pixels: Iterable[Frame], points: NDArray[np.float32], seed: int, span: Span) -> Iterator[Frame]:
    """Yield (H, W, 3) uint8 RGB frames; in `span` a printed, slightly glossy thing passes before the face."""
    rng = np.random.default_rng([seed, 32])
    half, corner = rng.uniform([0.4, 0.55], [0.8, 1.0]), rng.uniform(0.04, 0.25)
    colours = rng.uniform(25, 230, (3, 3)).astype(np.float32)
    colours = 0.45 * colours + 0.55 * colours.mean(-1, keepdims=True)
    stripes, print_knots = rng.uniform(3, 9), rng.random((9, 7)).astype(np.float32)

    def draw(x: Field, y: Field, skin: NDArray[np.float32]) -> tuple[Field, NDArray[np.float32]]:
        del skin
        qx, qy = np.abs(x) - half[0] + corner, np.abs(y) - half[1] + corner
        distance = np.hypot(np.maximum(qx, 0), np.maximum(qy, 0)) + np.minimum(np.maximum(qx, qy), 0) - corner
        at = ((x / half[0] + 1) * 3).astype(np.float32), ((y / half[1] + 1) * 4).astype(np.float32)
        text = cv2.remap(print_knots, *at, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE) > 0.6
        band = np.sin(stripes * (y + 0.3 * x)) > 0.55
        colour = np.where(text[..., None], colours[1], np.where(band[..., None], colours[2], colours[0]))
        gloss = 26 * np.exp(-(((x + 0.6 * y - 0.1) / 0.22) ** 2)) - 14 * y
        return distance.astype(np.float32), (colour + gloss[..., None]).astype(np.float32)

    return _pass_by(pixels, points, span, rng, draw, low=(-0.35, 0.6), tilt=0.9)


def _pass_by(
    pixels: Iterable[Frame], points: NDArray[np.float32], span: Span, rng: np.random.Generator, draw: Draw,
    low: tuple[float, float], tilt: float,
) -> Iterator[Frame]:  # fmt: skip
    """Walk over the frames; in those of `span` lay the thing over the picture on its way in, there and out."""
    place = np.array([rng.uniform(-0.45, 0.45), rng.uniform(*low)])
    come = np.array([rng.choice([-1.0, 1.0]) * rng.uniform(1.2, 3.0), rng.uniform(2.6, 3.4)])
    near = swell(span, max(2, len(span) // 3))
    sway = 0.10 * wander(rng, len(span), 2, 4.0)
    way = place + sway + (1 - near)[:, None] * come
    turn = rng.uniform(-tilt, tilt) + 0.08 * wander(rng, len(span), 1, 5.0)[:, 0] - 0.12 * (1 - near) * np.sign(come[0])
    calm, last = steady(np.asarray(points, np.float32)), None
    for index, frame in enumerate(pixels):
        if np.isfinite(calm[index]).all():
            last = calm[index]
        if index not in span or last is None:
            yield frame
            continue
        t = index - span.start
        face = face_frame(last, *frame.shape[:2])
        speed = way[min(t + 1, len(way) - 1)] - way[max(t - 1, 0)]
        yield _laid_over(frame, face, way[t], turn[t], speed / 4, draw)


def _laid_over(
    frame: Frame, face: FaceFrame, place: NDArray[np.float64], turn: float, smear: NDArray[np.float64], draw: Draw
) -> Frame:
    """The picture behind a thing at `place` (face coordinates), turned by `turn` rad, blurred over +-`smear` units."""
    height, width = frame.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    u = ((x - face.centre[0]) * face.right[0] + (y - face.centre[1]) * face.right[1]) / face.unit_px
    v = ((x - face.centre[0]) * face.down[0] + (y - face.centre[1]) * face.down[1]) / face.unit_px
    skin, soft = _skin_colour(face, frame), 1.2 / face.unit_px + 0.008
    du, dv = u - place[0], v - place[1]
    own_x, own_y = np.cos(turn) * du + np.sin(turn) * dv, np.cos(turn) * dv - np.sin(turn) * du
    distance, painted = draw(own_x.astype(np.float32), own_y.astype(np.float32), skin)
    alpha = np.clip(0.5 - distance / (2 * soft), 0, 1)
    layer = _moved(np.dstack([alpha[..., None] * painted, alpha]).astype(np.float32), face, smear)
    colour, cover = layer[..., :3], layer[..., 3]
    moved = np.array([[1, 0, 0.07 * face.unit_px], [0, 1, 0.12 * face.unit_px]])
    shadow = cv2.GaussianBlur(cv2.warpAffine(cover, moved, (width, height)), (0, 0), max(1.0, 0.10 * face.unit_px))
    behind = frame * (1 - 0.4 * shadow)[..., None]
    return np.clip(np.rint(behind * (1 - cover)[..., None] + colour), 0, 255).astype(np.uint8)


def _moved(layer: NDArray[np.float32], face: FaceFrame, smear: NDArray[np.float64]) -> NDArray[np.float32]:
    """(H, W, 4) the mean of a layer over +-`smear` units of its way."""
    way = face.unit_px * (smear[0] * face.right + smear[1] * face.down)
    # A copy every few pixels; more would not show.
    steps = int(np.clip(np.hypot(*way) / 2, 1, 12))
    if steps == 1:
        return layer
    total = np.zeros_like(layer)
    for share in np.linspace(-1, 1, steps):
        shift = np.array([[1, 0, share * way[0]], [0, 1, share * way[1]]])
        total += cv2.warpAffine(layer, shift, layer.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    return (total / steps).astype(np.float32)


def _skin_colour(face: FaceFrame, frame: Frame) -> NDArray[np.float32]:
    """(3,) the brighter cheek's median colour."""
    marks = face.landmarks
    seen = []
    for cheek in (0.45 * marks[0] + 0.55 * marks[3], 0.45 * marks[1] + 0.55 * marks[4]):
        x, y = np.rint(face.centre + face.unit_px * (cheek[0] * face.right + cheek[1] * face.down)).astype(int)
        radius = max(2, round(0.08 * face.unit_px))
        patch = frame[max(0, y - radius) : max(0, y + radius), max(0, x - radius) : max(0, x + radius)].reshape(-1, 3)
        if len(patch):
            seen.append(np.median(patch, axis=0))
    return np.asarray(max(seen, key=lambda c: float(c.sum())) if seen else _SKIN, np.float32)


def _bone(
    x: Field, y: Field, start: tuple[float, float], end: tuple[float, float], wide: float, narrow: float
) -> tuple[Field, Field]:
    """Distance to a rounded cone, negative inside, and its radius there."""
    ax, ay = end[0] - start[0], end[1] - start[1]
    along = np.clip(((x - start[0]) * ax + (y - start[1]) * ay) / (ax * ax + ay * ay), 0, 1)
    radius = wide + (narrow - wide) * along
    away = np.hypot(x - start[0] - along * ax, y - start[1] - along * ay) - radius
    return away.astype(np.float32), radius.astype(np.float32)
