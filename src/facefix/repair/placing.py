"""Warp anchors onto the face as it is now, and say where their shape would put its features.

Piecewise affine over the mesh's triangles, near ones over far ones; eyes, mouth and what lies around the mesh follow smoothly.
Maps are made on a coarse grid and enlarged: a triangle is several pixels wide.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.types import Placed

Floats = NDArray[np.float32]
Triangles = NDArray[np.int32]
Seen = NDArray[np.int32]
"""(GRID_PX, GRID_PX) index of the triangle seen in each cell of a crop, -1 for none."""

GRID_PX = 96
_NO_MAP = np.empty(0, np.float32)
"""x and y come in one map."""
_SUBPIXEL_BITS = 4
_EDGE_ON = 0.35
"""Cosine to the viewer below which skin of an anchor is seen too obliquely to be trusted in full."""
HOLE = 0.6
"""Trust in what the triangles do not cover but border on: eyes, mouth, hair line, ears."""
_FURTHEST = 0.05
"""The guide's longest shift as a share of the crop's side: beyond it is an open mouth, not a wrong shape."""
_REACH = 0.07
"""How far beyond the mesh that trust lasts, as a share of the crop's side."""


def place(
    anchor: Floats, anchor_mesh: Floats, mesh: Floats, triangles: Triangles, trust: float = 1.0, seen: Seen | None = None
) -> Placed:
    """Move the anchor's pixels to where the damaged crop has the same piece of skin.

    anchor: (S, S, 3) RGB 0..1. anchor_mesh, mesh: (P, 3) crop pixels of the anchor and of the damaged crop, z larger away
    from the viewer. triangles: (T, 3) point indices, clockwise on the screen where they face the viewer. trust: 0..1, the
    anchor's own worth, multiplied into the coverage. seen: `drawn` of `mesh`, where there is one.
    """
    side = anchor.shape[0]
    where, known = source_map(mesh, anchor_mesh, triangles, side, seen)
    pixels = fetched(anchor, enlarged(where, side))
    inside = np.clip((side / 2 - np.abs(where - (side - 1) / 2).max(-1)) / 3, 0, 1)
    coverage = cv2.resize(trust * known * inside, (side, side), interpolation=cv2.INTER_LINEAR)
    return Placed(np.clip(pixels, 0, 1).astype(np.float32), np.clip(coverage, 0, 1).astype(np.float32))


def moved(pixels: Floats, mesh: Floats, wanted: Floats, triangles: Triangles, weight: Floats) -> Floats:
    """The crop (S, S, 3) with the face's points brought from `mesh` to `wanted`, (P, 3) crop pixels each.

    weight: (S, S) 0..1, the share of the way that each place goes; away from the mesh nothing moves.
    """
    side = pixels.shape[0]
    where, known = source_map(wanted, mesh, triangles, side)
    at = places(side)
    here = np.asarray((where - at) * np.clip(known / HOLE, 0, 1)[..., None], np.float32)
    shift = enlarged(here, side) * weight[..., None]
    pixel = np.arange(side, dtype=np.float32)
    shift[..., 0] += pixel
    shift[..., 1] += pixel[:, None]
    return fetched(pixels, shift)


def guide(anchor_meshes: Sequence[Floats], mesh: Floats, triangles: Triangles, side: int) -> Floats:
    """(GRID_PX, GRID_PX, 2) where, as the anchors' shape has it, each place's content now lies: shift x, y in crop pixels.

    The anchors' meshes are fitted to the measured one by rotation, scale and shift in space; point by point their median is
    the shape the person should have in this pose. Expression is in it too: whoever reads the guide must judge. Zero without
    anchors.
    """
    if not anchor_meshes:
        return np.zeros((GRID_PX, GRID_PX, 2), np.float32)
    expected = np.median(np.stack([fit(m, mesh) for m in anchor_meshes]), axis=0).astype(np.float32)
    where, known = source_map(expected, mesh, triangles, side)
    shift = np.clip(where - places(side), -_FURTHEST * side, _FURTHEST * side)
    return (shift * np.clip(known / HOLE, 0, 1)[..., None]).astype(np.float32)


def fit(moving: Floats, fixed: Floats, rounds: int = 3) -> Floats:
    """(P, 3) `moving` under the rotation, scale and shift that lay it best on `fixed`; points far off lose their say."""
    weight = np.ones(len(fixed))
    out = moving
    for _ in range(rounds):
        share = (weight / weight.sum())[:, None]
        a, b = (moving * share).sum(0), (fixed * share).sum(0)
        from_a, from_b = moving - a, fixed - b
        u, strengths, vt = np.linalg.svd(from_a.T @ (from_b * share))
        sign = np.array([1, 1, np.sign(np.linalg.det(u @ vt)) or 1.0])
        scale = (strengths * sign).sum() / max(float((from_a**2 * share).sum()), 1e-9)
        out = scale * from_a @ ((u * sign) @ vt) + b
        off = np.linalg.norm(out - fixed, axis=1)
        weight = 1 / (1 + (off / max(float(np.median(off)), 1e-6)) ** 2)
    return out.astype(np.float32)


def apart(moving: Floats, fixed: Floats) -> float:
    """Mean distance along x and y, in pixels of `fixed`, of two meshes' points: how unlike pose and expression are."""
    return float(np.abs(fit(moving, fixed, rounds=1) - fixed)[:, :2].mean())


def source_map(
    target: Floats, source: Floats, triangles: Triangles, side: int, seen: Seen | None = None
) -> tuple[Floats, Floats]:
    """For each cell of a grid over the target crop: where in the source crop its content lies, and how surely.

    Returns (GRID_PX, GRID_PX, 2) x, y in pixels of a crop of `side`, and (GRID_PX, GRID_PX) 0..1: 1 on skin that the source
    shows squarely, less where it turns away, falling to 0 away from the mesh. seen: `drawn` of `target`, where there is one.
    """
    at = places(side)
    index = drawn(target, triangles, side) if seen is None else seen
    known = index >= 0
    base = _similarity(target, source)
    away = at @ base[:2] + base[2] - at
    if not known.any():
        return (at + away).astype(np.float32), np.zeros(known.shape, np.float32)
    found = _moved(at[known], target, source, triangles[index[known]])
    off = np.zeros_like(at)
    # A mesh may be wild; no honest correspondence lies further off than this.
    off[known] = np.clip(found - away[known], -0.12 * side, 0.12 * side)
    coverage = np.zeros(known.shape, np.float32)
    coverage[known] = np.clip(_facing(source, triangles)[index[known]] / _EDGE_ON, 0, 1)
    gap = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, 5) / GRID_PX
    coverage = np.where(known, coverage, HOLE * np.exp(-((gap / _REACH) ** 2)))
    shift = away + _spread(off, known)
    soft = cv2.GaussianBlur(coverage.astype(np.float32), (0, 0), 0.8)
    return (at + shift).astype(np.float32), soft.astype(np.float32, copy=False)


def fetched(picture: Floats, where: Floats) -> Floats:
    """(S, S, C) whose every pixel is fetched from `where` (S, S, 2), x and y, in a picture of the same shape."""
    at = np.ascontiguousarray(where, np.float32)
    return np.asarray(cv2.remap(picture, at, _NO_MAP, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101), np.float32)


def enlarged(field: Floats, side: int) -> Floats:
    """(side, side, C) of a (GRID_PX, GRID_PX, C) field."""
    large = cv2.resize(field, (side, side), interpolation=cv2.INTER_LINEAR)
    return large.astype(np.float32, copy=False)


def places(side: int) -> Floats:
    """(GRID_PX, GRID_PX, 2) x, y of the cells' centres, pixels of a crop of `side`."""
    at = ((np.arange(GRID_PX) + 0.5) * side / GRID_PX - 0.5).astype(np.float32)
    return np.stack(np.meshgrid(at, at), -1)


def drawn(mesh: Floats, triangles: Triangles, side: int) -> Seen:
    """Which triangles of a mesh are seen: half the work of a map, for those who lay several pictures on one mesh."""
    picture = np.zeros((GRID_PX, GRID_PX), np.int32)
    toward = np.flatnonzero(_facing(mesh, triangles) > 0)
    far_first = toward[np.argsort(-mesh[triangles[toward], 2].mean(1))]
    flat = (mesh[:, :2] + 0.5) * GRID_PX / side - 0.5
    corners = np.round(flat[triangles] * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    for number in far_first.tolist():
        cv2.fillConvexPoly(picture, corners[number], number + 1, shift=_SUBPIXEL_BITS)
    return picture - 1


def _facing(mesh: Floats, triangles: Triangles) -> Floats:
    """(T,) 1 looks straight at the viewer, 0 edge-on, below 0 turned away."""
    corners = mesh[triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return (normal[:, 2] / np.maximum(np.linalg.norm(normal, axis=1), 1e-9)).astype(np.float32)


def _moved(at: Floats, target: Floats, source: Floats, corners: Triangles) -> Floats:
    """(N, 2) how far places (N, 2) that lie in the triangles with those corners, (N, 3) point indices, move from target to
    source: a mean of how far the corners do, and so never further than one of them. A cell's centre may lie a little outside
    of its triangle, and from there the affine map of one that is seen edge-on leads anywhere."""
    a, b = target[corners, :2].astype(np.float64), source[corners, :2].astype(np.float64)
    edges, to = a[:, 1:] - a[:, :1], at - a[:, 0]
    area = edges[:, 0, 0] * edges[:, 1, 1] - edges[:, 0, 1] * edges[:, 1, 0]
    area = np.where(np.abs(area) < 1e-3, 1e-3, area)
    second = (to[:, 0] * edges[:, 1, 1] - to[:, 1] * edges[:, 1, 0]) / area
    third = (to[:, 1] * edges[:, 0, 0] - to[:, 0] * edges[:, 0, 1]) / area
    shares = np.clip(np.stack([1 - second - third, second, third], -1), 0, 1)
    shares /= shares.sum(1, keepdims=True)
    return ((b - a) * shares[..., None]).sum(1).astype(np.float32)


def _similarity(target: Floats, source: Floats) -> Floats:
    """(3, 2) rows x, y and 1 of target places to source places: what lies far from the mesh moves with the head."""
    a, b = (m[:, :2].astype(np.float64) @ [1, 1j] for m in (target, source))
    a_mean, b_mean = a.mean(), b.mean()
    turn = np.vdot(a - a_mean, b - b_mean) / max(np.vdot(a - a_mean, a - a_mean).real, 1e-9)
    shift = b_mean - turn * a_mean
    return np.array([[turn.real, turn.imag], [-turn.imag, turn.real], [shift.real, shift.imag]], np.float32)


def _spread(field: Floats, known: NDArray[np.bool_]) -> Floats:
    """A field known in places, carried on around them, fading to nothing far away."""
    weight = known.astype(np.float32)
    out, have = field * weight[..., None], weight.copy()
    for sigma in (1.5, 5.0, 14.0):
        total = cv2.GaussianBlur(weight, (0, 0), sigma)
        mean = cv2.GaussianBlur(field * weight[..., None], (0, 0), sigma) / (total + 0.02)[..., None]
        take = (1 - have) * np.clip(total / 0.25, 0, 1)
        out, have = out + mean * take[..., None], have + take
    return out
