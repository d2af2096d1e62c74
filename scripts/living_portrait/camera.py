"""Draw one frame: turn the head by its relief, set it before the scene, look with the camera, add grain."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from living_portrait.expression import express, move_points
from living_portrait.performance import Moment
from living_portrait.texture import FIVE_POINTS, HEAD_BOX, TEXTURE_SCALE, Layers, grid

WIDTH_PX, HEIGHT_PX = 1280, 720
PIVOT = np.array([225.0, 138.0, -6.0])
"""Top of the neck in portrait pixels: what the head turns about."""
CAMERA_DISTANCE = 1100.0
_LIGHT = np.array([-0.48, -0.40, 0.78])
_BACKDROP_ZOOM, _BACKDROP_CENTRE = 2.60, (256.0, 139.5)


def draw(layers: Layers, moment: Moment, seed: int, frame: int) -> NDArray[np.uint8]:
    """(720, 1280, 3) RGB. `seed` and `frame` fix the film grain."""
    y, x = np.mgrid[:HEIGHT_PX, :WIDTH_PX].astype(np.float32)
    x, y = x - (WIDTH_PX - 1) / 2, y - (HEIGHT_PX - 1) / 2
    picture = _draw_scene(layers, moment, x, y)
    px = x / moment.zoom + moment.look_at[0] - moment.sway_px[0]
    py = y / moment.zoom + moment.look_at[1] - moment.sway_px[1]
    source_x, source_y = _turned_back(layers, moment)
    # the inverse turn is smooth: known per portrait pixel, interpolated per output pixel
    qx, qy = (_lookup(v, px - HEAD_BOX[0], py - HEAD_BOX[1]) for v in (source_x, source_y))
    face = express(layers.head, moment.expression)
    s = TEXTURE_SCALE
    tx, ty = (((q - edge + 0.5) * s - 0.5).astype(np.float32) for q, edge in zip((qx, qy), HEAD_BOX[:2], strict=True))
    colour = cv2.remap(face, tx, ty, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.remap(layers.alpha, tx, ty, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)[..., None]
    colour *= _lookup(_shading(layers, moment), qx - HEAD_BOX[0], qy - HEAD_BOX[1])[..., None]
    picture += alpha * (colour - picture)
    return _expose(picture, moment, np.random.default_rng([seed, frame]))


def locate(layers: Layers, moment: Moment) -> NDArray[np.float32]:
    """(5, 2): the five points in output pixels, exact: the same turn and camera as the picture."""
    points = move_points(FIVE_POINTS, moment.expression)
    x, y = grid()
    at = [points[:, 1] - HEAD_BOX[1], points[:, 0] - HEAD_BOX[0]]
    dx, dy = _turn(layers, moment, x, y)
    moved = points + np.stack([ndimage.map_coordinates(d, at, order=1) for d in (dx, dy)], -1)
    centre = np.array([(WIDTH_PX - 1) / 2, (HEIGHT_PX - 1) / 2])
    return ((moved + moment.sway_px - moment.look_at) * moment.zoom + centre).astype(np.float32)


def _lookup(field: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    at = np.stack([x, y], -1).astype(np.float32)
    return cv2.remap(field, at, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _draw_scene(layers: Layers, moment: Moment, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Body at full speed, backdrop slower: parallax, blended where the backdrop is out of focus anyway."""
    near_x = x / moment.zoom + moment.look_at[0] - moment.sway_px[0]
    near_y = y / moment.zoom + moment.look_at[1] - moment.sway_px[1]
    zoom = _BACKDROP_ZOOM + 0.55 * (moment.zoom - _BACKDROP_ZOOM)
    far_x = x / zoom + _BACKDROP_CENTRE[0] + 0.5 * (moment.look_at[0] - _BACKDROP_CENTRE[0])
    far_y = y / zoom + _BACKDROP_CENTRE[1] + 0.5 * (moment.look_at[1] - _BACKDROP_CENTRE[1])
    px, py = near_x, near_y
    for _ in range(4):
        weight = cv2.GaussianBlur(_lookup(layers.body_weight, px, py), (0, 0), 4)
        px, py = far_x + weight * (near_x - far_x), far_y + weight * (near_y - far_y)
    s = TEXTURE_SCALE
    map_x, map_y = (((v + 0.5) * s - 0.5).astype(np.float32) for v in (px, py))
    return cv2.remap(layers.scene, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


def _rotation(moment: Moment) -> NDArray[np.float64]:
    """Image axes: x right, y down, z towards the camera."""
    a, b, c = np.radians([moment.yaw_deg, moment.pitch_deg, moment.roll_deg])
    yaw = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    pitch = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    roll = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return roll @ yaw @ pitch


def _turn(
    layers: Layers, moment: Moment, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far each portrait pixel of HEAD_BOX moves, seen in perspective; zero at rest and at the collar."""
    rest = np.stack([x, y, layers.relief.astype(np.float64)], -1) - PIVOT
    turned = rest @ _rotation(moment).T
    moved = [p[..., :2] / (1 - p[..., 2:] / CAMERA_DISTANCE) for p in (turned, rest)]
    shift = (moved[0] - moved[1]) * layers.attachment[..., None]
    return shift[..., 0], shift[..., 1]


def _turned_back(layers: Layers, moment: Moment) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each pixel of HEAD_BOX the portrait pixel that lands there: the turn inverted by fixed-point steps.

    The relief's slope stays below 2.4, so for turns under 20 degrees the step is a contraction: no fold, no tear.
    """
    x, y = grid()
    dx, dy = (d.astype(np.float32) for d in _turn(layers, moment, x, y))
    left, top = HEAD_BOX[:2]
    qx, qy = x.astype(np.float32), y.astype(np.float32)
    for _ in range(30):
        step_x, step_y = _lookup(dx, qx - left, qy - top), _lookup(dy, qx - left, qy - top)
        qx = (0.3 * qx + 0.7 * (x - step_x)).astype(np.float32)
        qy = (0.3 * qy + 0.7 * (y - step_y)).astype(np.float32)
    return qx, qy


def _shading(layers: Layers, moment: Moment) -> NDArray[np.float32]:
    """Gain per pixel of HEAD_BOX: the light stays where it is while the head turns under it."""
    smooth = ndimage.gaussian_filter(layers.relief.astype(np.float64), 3)
    slope_y, slope_x = np.gradient(smooth)
    normal = np.stack([-slope_x, -slope_y, np.ones_like(slope_x)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    turned = normal @ _rotation(moment).T
    before, after = (0.6 + 0.4 * np.clip(n @ _LIGHT, 0, 1) for n in (normal, turned))
    return (1 + (after / before - 1) * layers.attachment).astype(np.float32)


def _expose(picture: NDArray[np.float32], moment: Moment, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Light, then film grain: mostly luma, a little larger than a pixel, strongest in the mid-tones."""
    picture = picture * np.array(moment.light, np.float32)
    luma = rng.standard_normal(picture.shape[:2]).astype(np.float32)
    luma = cv2.GaussianBlur(luma, (0, 0), 0.7)
    chroma = cv2.GaussianBlur(rng.standard_normal(picture.shape).astype(np.float32), (0, 0), 1.2)
    level = np.clip(picture.mean(-1, keepdims=True) / 255, 0, 1)
    strength = 0.45 + 2.2 * np.sqrt(level * (1 - level))
    grain = (3.4 * luma[..., None] + 1.6 * chroma) * strength * 0.75
    return np.clip(np.rint(picture + grain), 0, 255).astype(np.uint8)
