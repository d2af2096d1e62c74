"""Clean crops of people and their meshes, in one table: what the truth and the anchors of training pairs are taken from.

Reads what `scripts/mesh/collect.py` cut out, with its split into people and clips to train on and held out. Portraits get a
few turned and bent copies of themselves, because an anchor is never the same picture. Frames of a clip that show somebody
else than most of it, or the same person badly drawn, are left out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.faces import align, identity
from facefix.faces.mesh.mesher import Mesher
from mesh.augment import bend
from mesh.data import depth
from mesh.turn import turn

SIDE_PX = 192
"""Of the crops that the network is trained on: 512-template crops, shrunk."""
COPIES = 4
"""Turned copies of a portrait."""
TEMPLATE = ((align.FFHQ_TEMPLATE + 0.5) * SIDE_PX / align.TEMPLATE_PX - 0.5).astype(np.float32)
"""(5, 2) where an aligned face's points lie in a crop."""
STRANGE = 0.4
"""Identity distance to the mean of a clip from which on a frame shows somebody else: generated people change."""
_AT_ONCE = 16


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """N clean crops, portraits' turned copies included."""

    crops: NDArray[np.uint8]
    """(N, SIDE_PX, SIDE_PX, 3) RGB."""
    meshes: NDArray[np.float32]
    """(N, 478, 3) crop pixels, by our own network."""
    source: NDArray[np.int32]
    """(N,) row of the collected crops that each comes from."""
    group: NDArray[np.int32]
    """(N,) the same number for the same clip or person."""
    original: NDArray[np.bool_]
    """(N,) not a turned copy."""
    clip: NDArray[np.bool_]
    held_out: NDArray[np.bool_]


def collected(folder: Path) -> tuple[NDArray[np.uint8], list[dict]]:
    """Crops and rows as `scripts/mesh/collect.py` wrote them, into the folder or into several in it."""
    several = sorted(path.parent for path in folder.glob("*/crops.npy"))
    if not several:
        return np.load(folder / "crops.npy", mmap_mode="r"), json.loads((folder / "crops.json").read_text())
    crops, rows = zip(*map(collected, several), strict=True)
    return np.concatenate(crops), [row for some in rows for row in some]


def cut(crop: NDArray[np.uint8], points: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The SIDE_PX crop that the points (5, 2) align, and the points in it."""
    matrix = align.transform(points, SIDE_PX)
    pixels = align.crop(crop, matrix, SIDE_PX).pixels
    return np.round(pixels * 255).astype(np.uint8), align.apply(matrix, points)


def turned(crop: NDArray[np.uint8], mesh: NDArray[np.float32], rng: np.random.Generator, count: int) -> NDArray[np.uint8]:
    """(count, S, S, 3): the face from other sides, a little bent, as another expression or another lens would."""
    relief, out = depth(mesh, SIDE_PX), []
    for _ in range(count):
        yaw, pitch = np.clip(rng.normal(0, [11, 6]), -28, 28)
        where, _ = turn(relief, mesh, SIDE_PX, float(yaw), float(pitch))
        bent = where + bend(SIDE_PX, rng) * 0.5 if rng.random() < 0.6 else where
        field = cv2.resize(bent.astype(np.float32), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR)
        seen = cv2.remap(crop, field[..., 0], field[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        out.append(seen)
    return np.stack(out)


def measure(mesher: Mesher, crops: NDArray[np.uint8], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 478, 3) meshes of crops (N, S, S, 3) around points (N, 5, 2) or (5, 2)."""
    fives = np.broadcast_to(points, (len(crops), 5, 2))
    return mesher.meshes(list(crops), fives).points


def known(crops: NDArray[np.uint8], rows: list[dict], clips: NDArray[np.int64]) -> list[int]:
    """Those rows of clips whose face is the one that most of its clip shows."""
    judge, looks = identity.Identity(), {}
    for i in clips:
        looks[int(i)] = judge.embed(identity.chip(np.array(crops[i]), np.array(rows[i]["points"], np.float32))[None])[0]
    kept = []
    for group in dict.fromkeys(rows[i]["group"] for i in clips):
        mine = [int(i) for i in clips if rows[i]["group"] == group]
        usual = np.median([looks[i] for i in mine], 0)
        kept += [i for i in mine if identity.distance(looks[i], usual) < STRANGE]
    return kept


def gather(folder: Path, mesher: Mesher, most_portraits: int, seed: int) -> People:
    """Cut, turn and measure everybody. Takes a while; keep the result with `save`."""
    big, rows = collected(folder)
    names = {name: i for i, name in enumerate(dict.fromkeys(row["group"] for row in rows))}
    clip = np.array([row["clip"] for row in rows])
    familiar = known(big, rows, np.flatnonzero(clip))
    print(f"{len(familiar)} of {clip.sum()} frames of clips show who most of their clip shows")
    portraits = np.random.default_rng(seed).permutation(np.flatnonzero(~clip))
    # The two pictures of one person stay together: neutral and smiling are anchors for each other.
    pairs = [i for i in portraits if rows[i]["group"] != rows[i]["name"]]
    chosen = pairs + [i for i in portraits if rows[i]["group"] == rows[i]["name"]][: most_portraits - len(pairs)]
    order = [*familiar, *(int(i) for i in chosen)]
    crops, meshes, source, original = [], [], [], []

    def add(some: NDArray[np.uint8], which: list[int], first: bool) -> NDArray[np.float32]:
        found = measure(mesher, some, TEMPLATE)
        crops.append(some)
        meshes.append(found)
        source.extend(which)
        original.extend([first] * len(some))
        return found

    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        found = add(np.stack([cut(big[i], np.array(rows[i]["points"]))[0] for i in some]), some, True)
        for i, crop, mesh in zip(some, crops[-1], found, strict=True):
            if not rows[i]["clip"]:
                add(turned(crop, mesh, np.random.default_rng([seed, i]), COPIES), [i] * COPIES, False)
        if start // _AT_ONCE % 20 == 0:
            print(f"{start} of {len(order)}", flush=True)
    at = np.array(source, np.int32)
    group = np.array([names[rows[i]["group"]] for i in source], np.int32)
    held = np.array([row["held_out"] for row in rows])
    # A turned copy lies beside its portrait in the list of pictures, but is cut from it as it is.
    return People(np.concatenate(crops), np.concatenate(meshes), at, group, np.array(original), clip[at], held[at])


_FIELDS = ("crops", "meshes", "source", "group", "original", "clip", "held_out")


def save(people: People, folder: Path) -> None:
    for name in _FIELDS:
        np.save(folder / f"people_{name}.npy", getattr(people, name))


def load(folder: Path) -> People:
    return People(*(np.load(folder / f"people_{name}.npy", mmap_mode="r") for name in _FIELDS))
