"""What happens to pictures of faces on the way: blur, compression, noise, darkness, wax, colour, and things in front.

Pictures are (S, S, 3) uint8 RGB; strengths suit a face about 0.65 S wide with S = 128, and scale with S.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Mask = NDArray[np.float32]


def blur(picture: Picture, sigma: float) -> Picture:
    return cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.1))


def motion(picture: Picture, length: float, angle: float) -> Picture:
    """Smeared along a line of `length` px at `angle` radians."""
    side = int(length) // 2 * 2 + 3
    kernel = np.zeros((side, side), np.float32)
    middle = side // 2
    reach = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    a, b = np.round(middle - reach).astype(int), np.round(middle + reach).astype(int)
    cv2.line(kernel, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), 1.0)
    return cv2.filter2D(picture, -1, kernel / kernel.sum())


def jpeg(picture: Picture, quality: int) -> Picture:
    packed = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(packed, cv2.IMREAD_COLOR_RGB)


def coarse(picture: Picture, factor: float) -> Picture:
    """Shrunk `factor` times and enlarged again."""
    side = picture.shape[0]
    small = cv2.resize(picture, (max(8, round(side / factor)),) * 2, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (side, side), interpolation=cv2.INTER_LINEAR)


def noise(picture: Picture, sigma: float, rng: Generator) -> Picture:
    """sigma in 0..255."""
    grain = rng.standard_normal(picture.shape[:2] + (3 if rng.random() < 0.5 else 1,), np.float32) * sigma
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def wax(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Smoothed between edges; strength 0..1."""
    size = picture.shape[0] / 128
    if rng.random() < 0.35:
        return cv2.medianBlur(picture, 2 * max(1, round((1 + 2 * strength) * size)) + 1)
    out = cv2.bilateralFilter(picture, round((5 + 6 * strength) * size) | 1, 20 + 60 * strength, (2 + 4 * strength) * size)
    return cv2.GaussianBlur(out, (0, 0), (0.3 + 0.5 * strength) * size)


def light(picture: Picture, rng: Generator) -> Picture:
    """Gain, contrast, gamma and tint at random; now and then dark, or without colour, or lit from one side."""
    values = picture.astype(np.float32) / 255
    gamma = np.exp(rng.normal(0, 0.25))
    gain = np.exp(rng.normal(0, 0.15, 3) * 0.5 + rng.normal(0, 0.15))
    if rng.random() < 0.15:
        gain, gamma = gain * rng.uniform(0.15, 0.5), gamma * rng.uniform(1, 1.4)
    if rng.random() < 0.1:
        values = np.repeat(values.mean(2, keepdims=True), 3, 2)
    if rng.random() < 0.15:
        ramp = np.linspace(-1, 1, picture.shape[0], dtype=np.float32)
        angle = rng.uniform(0, 2 * np.pi)
        side = np.cos(angle) * ramp[None, :] + np.sin(angle) * ramp[:, None]
        values = values * (1 + rng.uniform(0.2, 0.6) * side)[..., None]
    out = np.clip(values, 0, 1) ** gamma * gain + rng.normal(0, 0.04)
    return np.clip(out * 255, 0, 255).astype(np.uint8)


def cover(side: int, centre: NDArray[np.float32], radius: float, rng: Generator) -> Mask:
    """(side, side) 0..1: a blob, a bar, fingers or strands, about `radius` px large, near `centre`."""
    mask = np.zeros((side, side), np.uint8)
    kind = rng.choice(["blob", "box", "bar", "fingers", "strands"], p=[0.3, 0.15, 0.15, 0.25, 0.15])
    angle = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])

    def point(place: NDArray) -> tuple[int, int]:
        return int(np.clip(place[0], -4000, 4000)), int(np.clip(place[1], -4000, 4000))

    if kind == "blob":
        turns = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        reach = radius * np.clip(rng.normal(1, 0.25, 14), 0.4, 1.6) * np.where(np.arange(14) % 2, 1, rng.uniform(0.7, 1))
        outline = centre + (np.stack([np.cos(turns), np.sin(turns) * rng.uniform(0.5, 1)], 1) * reach[:, None])
        cv2.fillPoly(mask, [outline.astype(np.int32)], 255)
        mask = cv2.GaussianBlur(mask, (0, 0), radius * 0.12 + 0.5)
        mask = np.where(mask > 127, 255, 0).astype(np.uint8)
    elif kind == "box":
        box = cv2.boxPoints(
            ((float(centre[0]), float(centre[1])), (radius * 2, radius * rng.uniform(0.6, 2)), np.degrees(angle))
        )
        cv2.fillPoly(mask, [box.astype(np.int32)], 255)
    elif kind == "bar":
        cv2.line(
            mask, point(centre - along * side), point(centre + along * side), 255, max(2, int(radius * rng.uniform(0.3, 1)))
        )
    elif kind == "fingers":
        width = max(3, int(radius * rng.uniform(0.3, 0.5)))
        for i in range(rng.integers(2, 5)):
            tip = centre + across * (i - 1.5) * width * 1.15 + along * rng.normal(0, 0.15) * radius
            cv2.line(mask, point(tip), point(tip - along * radius * 2 + across * rng.normal(0, width)), 255, width)
        cv2.circle(mask, point(centre - along * radius * 2), int(radius * 1.1), 255, -1)
    else:
        for _ in range(rng.integers(3, 12)):
            start = centre + rng.normal(0, radius, 2)
            middle, end = start + along * radius * 2 + rng.normal(0, radius * 0.4, 2), start + along * radius * 4
            pull = np.linspace(0, 1, 12)[:, None]
            curve = (1 - pull) ** 2 * (2 * start - middle) + 2 * pull * (1 - pull) * middle + pull**2 * end
            cv2.polylines(mask, [curve.astype(np.int32)], False, 255, max(1, int(rng.uniform(0.02, 0.12) * radius)))
    return cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.4, 1.2)).astype(np.float32) / 255


def filling(picture: Picture, other: Picture, rng: Generator) -> Picture:
    """What the thing in front looks like: skin or another colour of the picture, a piece of another picture, or plain."""
    side = picture.shape[0]
    kind = rng.random()
    if kind < 0.5:
        size = int(other.shape[0] * rng.uniform(0.25, 0.9))
        x, y = rng.integers(0, other.shape[0] - size + 1, 2)
        piece = np.rot90(other[y : y + size, x : x + size], rng.integers(4))
        return cv2.resize(np.ascontiguousarray(piece), (side, side), interpolation=cv2.INTER_LINEAR)
    if kind < 0.85:
        x, y = rng.integers(side // 4, side * 3 // 4, 2)
        colour = picture[y, x].astype(np.float32) * rng.uniform(0.7, 1.2)
    else:
        colour = rng.uniform(0, 255, 3)
    rough = cv2.resize(rng.standard_normal((6, 6), np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    return np.clip(colour + (rough * rng.uniform(2, 18))[..., None], 0, 255).astype(np.uint8)
