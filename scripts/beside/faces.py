"""Other expressions for portraits: everybody smiles into a camera, and who has only seen smiles calls a scowl torn.

What a face in motion does beyond its usual shape is done by another face: its mesh is moved by as much, its picture after it,
and the folds that come with it, as expression ratio images have them (Liu, Shan and Zhang, SIGGRAPH 2001): how much brighter
each piece of skin is than usual, beside what lies around it. A mouth drawn aside without a fold beside it is a warp. Lips and
lids stretch a little where teeth and eyes were never seen; all of it is symmetric or not as people are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy import float32
from numpy.random import Generator
from numpy.typing import NDArray

from facefix.faces.mesh import framing, shape, topology
from facefix.faces.mesh.mesher import Mesher
from facefix.repair import placing
from mesh.data import depth
from mesh.turn import turn

Picture = NDArray[np.uint8]
_SURE = 0.85
"""Of its own usual confidence, below which a mesh of a track says nothing."""
_MAX_YAW = 40.0
_GAINS = (0.5, 1.5), (1.0, 2.6)
_PLAIN = 0.4
"""Of the draws, those that take the second of the gains: who pulls faces goes much further than who talks."""
_LARGEST = 0.22
"""Eye distances that a point may go."""
_ONE_SIDED = 0.25
"""Of draws, that have one half of the face do this and the other that: winks, and mouths drawn aside."""
_DRAWN_ASIDE = 0.6
"""Of winks."""
_SEAM = 0.12
"""Over which the halves meet, eye distances from the middle."""
_SHARED = 0.3
"""Of draws, that mix what two people do."""


_LIDS = (
    ((246, 161, 160, 159, 158, 157, 173), (7, 163, 144, 145, 153, 154, 155), (247, 30, 29, 27, 28, 56, 190)),
    ((466, 388, 387, 386, 385, 384, 398), (249, 390, 373, 374, 380, 381, 382), (467, 260, 259, 257, 258, 286, 414)),
)
"""Of each eye: points of the upper lid, of the lower one below them, of the fold above."""
_RAISED, _FOLLOWS = 0.25, 0.45
"""Shares of the way that lids meet above the lower one, and that the fold goes with the lid."""


_PARTS = (topology.OVAL, topology.LEFT_EYE, topology.RIGHT_EYE, topology.INNER_LIPS)
_ATLAS_PX = 128
_FRAMED = 2.2, (0.0, 0.43)
"""Eye distances that the side of an atlas spans, and where its centre lies in the usual face."""
_FOLD = 0.06
"""Side's share: brightness that varies over more than some of that is light, and no fold."""
_DEEPEST = 0.5
"""Of a fold, natural logarithm of brightness."""
_SKIN_ALONE = 0.05
"""Of a track, root mean square of its strongest folds: beyond that they are hair, glasses, shadows that pass."""
_FOLDED = 0.5
"""Of draws, at least, of a track that has folds."""
_FOLDS_PER_TRACK = 40


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """What one face does in one moment."""

    shift: NDArray[float32]
    """(478, 3), in eye distances of an unturned face."""
    folds: NDArray[float32]
    """(`_ATLAS_PX`, `_ATLAS_PX`) logarithm of brightness, on `atlas`."""

    def __mul__(self, share: float | NDArray[float32]) -> Expression:
        """share: of all of it, or of the two halves: 1 left, 0 right, of every point."""
        if isinstance(share, np.ndarray):
            return Expression(self.shift * share, self.folds * _half(share))
        return Expression(self.shift * float32(share), self.folds * float32(share))

    def __add__(self, other: Expression) -> Expression:
        return Expression(self.shift + other.shift, self.folds + other.folds)

    def mirrored(self) -> Expression:
        return Expression(self.shift[topology.MIRROR] * float32([-1, 1, 1]), self.folds[:, ::-1])


@dataclass(frozen=True, slots=True, eq=False)
class Expressions:
    """What the faces of several tracks do."""

    tracks: list[list[Expression]]
    """Of each track, beyond its own median."""
    left: NDArray[float32]
    """(478, 1) 1 in the picture's left half of a face, 0 in the right."""
    folded: list[int]
    """Tracks that show folds."""

    def draw(self, rng: Generator, shut: tuple[float, float] = (0.0, 0.0)) -> Expression:
        """One, plain ones more often than faint ones, stronger or weaker, as it was or mirrored.

        shut: how far each eye is, 0..1, that in the picture's left half first.
        """
        out = self._one(rng)
        if rng.random() < _SHARED:
            out = (out + self._one(rng)) * 0.7
        if rng.random() < _ONE_SIDED:
            out = out * (1 - self.left) + self._one(rng) * self.left
        if shut[0] != shut[1] and rng.random() < _DRAWN_ASIDE:
            # Who winks draws cheek and mouth up on the same side.
            out = out * (self.left if shut[0] > shut[1] else 1 - self.left)
        reach = np.linalg.norm(out.shift, axis=-1).max()
        held = out * min(1.0, _LARGEST / max(float(reach), 1e-6))
        return Expression(held.shift, np.clip(held.folds, -_DEEPEST, _DEEPEST))

    def _one(self, rng: Generator) -> Expression:
        some = self.folded if rng.random() < _FOLDED else range(len(self.tracks))
        track = self.tracks[int(rng.choice(some))]
        some = [track[i] for i in rng.integers(len(track), size=3)]
        most = max(some, key=lambda one: float(np.abs(one.shift).mean())) * rng.uniform(*_GAINS[rng.random() < _PLAIN])
        return most.mirrored() if rng.random() < 0.5 else most


def expressions(run: Path) -> Expressions:
    """Of the tracks in RUN/tracks and their clean meshes, which `scripts/geometry/sequences.py` left in RUN/clean."""
    model, found = shape.load(), []
    for path in sorted((run / "clean").glob("*.npz")):
        with np.load(path) as row:
            meshes, sure = row["meshes"], row["confidence"].mean(1)
        placed = [model.place(mesh) for mesh in meshes]
        seen = np.flatnonzero((sure >= _SURE * np.median(sure)) & (np.abs([p.pose.yaw for p in placed]) < _MAX_YAW))
        if len(seen) < 8:
            continue
        unturned = np.stack([model.canonical(meshes[i], placed[i]) for i in seen])
        shifts = (unturned - np.median(unturned, 0)).astype(float32)
        with np.load(run / "tracks" / path.name) as row:
            lit = np.stack([_on_atlas(row_crop, meshes[i]) for i, row_crop in zip(seen, row["crops"][seen], strict=True)])
        folds = _folds(lit)
        if float(np.sqrt((folds**2).mean((1, 2))).max()) > _SKIN_ALONE:
            folds = np.zeros_like(folds)
        kept = np.unique(np.linspace(0, len(seen) - 1, min(len(seen), _FOLDS_PER_TRACK)).astype(int))
        found.append([Expression(shifts[k], folds[k]) for k in kept])
    across = model.mean[:, :1] - model.mean[:, 0].mean()
    folded = [k for k, track in enumerate(found) if any(one.folds.any() for one in track)]
    return Expressions(found, (1 / (1 + np.exp(across / _SEAM * 4))).astype(float32), folded)


@cache
def atlas() -> NDArray[float32]:
    """(478, 3) the usual face, unturned, in the pixels of an atlas."""
    span, centre = _FRAMED
    flat = (shape.load().mean - [*centre, 0.0]) * (_ATLAS_PX / span)
    return (flat + [(_ATLAS_PX - 1) / 2, (_ATLAS_PX - 1) / 2, 0.0]).astype(float32)


def _half(left: NDArray[float32]) -> NDArray[float32]:
    """(`_ATLAS_PX`,) of columns, what a share of points (478, 1) that only goes by x is."""
    order = np.argsort(atlas()[:, 0])
    return np.interp(np.arange(_ATLAS_PX), atlas()[order, 0], left[order, 0]).astype(float32)


def _on_atlas(crop: Picture, mesh: NDArray[float32]) -> NDArray[float32]:
    """(`_ATLAS_PX`, `_ATLAS_PX`) logarithm of the brightness of a face's skin."""
    small = cv2.resize(crop, (_ATLAS_PX, _ATLAS_PX), interpolation=cv2.INTER_AREA)
    lit = np.log(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(float32) + 8)[..., None]
    share = _ATLAS_PX / crop.shape[0]
    own = (mesh + [0.5, 0.5, 0]) * [share, share, share] - [0.5, 0.5, 0]
    where, _ = placing.source_map(atlas(), own.astype(float32), topology.TRIANGLES, _ATLAS_PX)
    return placing.fetched(lit, placing.enlarged(where, _ATLAS_PX)).reshape(_ATLAS_PX, _ATLAS_PX)


def _folds(lit: NDArray[float32]) -> NDArray[float32]:
    """(N, `_ATLAS_PX`, `_ATLAS_PX`) of a track's, without what is usual, without light, and without eyes and mouths."""
    unusual = lit - np.median(lit, 0)
    skin = _skin()
    large = _FOLD * _ATLAS_PX
    around = cv2.GaussianBlur(skin, (0, 0), large) + 1e-3
    flat = np.stack([one - cv2.GaussianBlur(one * skin, (0, 0), large) / around for one in unusual])
    return np.clip(flat * skin, -_DEEPEST, _DEEPEST).astype(float32)


@cache
def _skin() -> NDArray[float32]:
    """(`_ATLAS_PX`, `_ATLAS_PX`) 1 on skin, falling to 0 at eyes, inner lips and the face's edge."""
    out = np.zeros((_ATLAS_PX, _ATLAS_PX), float32)
    outline = [np.round(atlas()[list(part), :2]).astype(np.int32) for part in _PARTS]
    cv2.fillPoly(out, outline[:1], 1.0)
    cv2.fillPoly(out, outline[1:], 0.0)
    return cv2.GaussianBlur(cv2.erode(out, np.ones((5, 5))), (0, 0), 2)


def lidded(mesh: NDArray[float32], shut: tuple[float, float]) -> NDArray[float32]:
    """(478, 3) with eyes shut so far, 0..1 each: the lids meet, skin that lies above is drawn down."""
    out = mesh.copy()
    for share, (upper, lower, fold) in zip(shut, _LIDS, strict=True):
        gap = mesh[list(lower)] - mesh[list(upper)]
        out[list(lower)] -= share * _RAISED * gap
        out[list(upper)] += share * (1 - _RAISED) * gap
        out[list(fold)] += share * _FOLLOWS * gap
    return out


def posed(
    picture: Picture,
    points: NDArray[float32],
    made: Expression | None,
    turned: tuple[float, float],
    shut: tuple[float, float],
    mesher: Mesher,
) -> tuple[Picture, NDArray[float32]]:
    """(S, S, 3) the face as it makes that expression, then turned; and its five points (5, 2) then.

    turned: yaw, pitch in degrees; both 0 leave it as it is. shut: how far each eye is, 0..1.
    """
    side = picture.shape[0]
    mesh = mesher.meshes([picture], points[None]).points[0]
    now = mesh
    if made is not None:
        placed = shape.load().place(mesh)
        now = (mesh + placed.scale * made.shift.astype(np.float64) @ placed.rotation.T).astype(float32)
        picture = _folded(picture, mesh, made.folds)
    if any(shut):
        now = lidded(now, shut)
    if now is not mesh:
        everywhere = np.ones((side, side), float32)
        moved = placing.moved(picture.astype(float32) / 255, mesh, now, topology.TRIANGLES, everywhere)
        picture = np.clip(np.rint(moved * 255), 0, 255).astype(np.uint8)
    if any(turned):
        where, now = turn(depth(now, side), now, side, *turned)
        field = cv2.resize(where, (side, side), interpolation=cv2.INTER_LINEAR)
        picture = cv2.remap(picture, field[..., 0], field[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    moved_by = framing.five_points(now) - framing.five_points(mesh)
    return picture, (points + moved_by).astype(float32)


def _folded(picture: Picture, mesh: NDArray[float32], folds: NDArray[float32]) -> Picture:
    """(S, S, 3) with the folds of an atlas where the mesh (478, 3) has them."""
    side = picture.shape[0]
    large = cv2.resize(folds, (side, side), interpolation=cv2.INTER_LINEAR)
    share = side / _ATLAS_PX
    there = ((atlas() + [0.5, 0.5, 0]) * share - [0.5, 0.5, 0]).astype(float32)
    where, known = placing.source_map(mesh, there, topology.TRIANGLES, side)
    here = placing.fetched(large[..., None], placing.enlarged(where, side)).reshape(side, side, 1)
    sure = cv2.resize(np.clip(known / placing.HOLE - 1, 0, 1) * 1.0, (side, side))[..., None]
    return np.clip(np.rint(picture * np.exp(here * np.minimum(1, 2 * sure))), 0, 255).astype(np.uint8)
