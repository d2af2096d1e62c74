"""Learn the mean face and what tells people apart from meshes: faces/mesh/shape.py's model.

    python scripts/fit_shape.py RUN [--out models/shape.safetensors] [--weights models/mesh.safetensors]

RUN is the folder of train_mesh.py. Meshes are what the network says, not the teacher, of training faces as they are and
turned by up to 35 degrees in the picture, so that what turning leaves behind counts as one person's own spread, as do the
expressions of clips and of portraits taken twice. Then prints how well held-out faces are told apart.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

from facefix.faces.mesh import framing, topology
from facefix.faces.mesh.mesher import Mesher
from facefix.faces.mesh.shape import ShapeModel, difference, similarity
from mesh import data
from mesh.augment import cut
from mesh.turn import turn

Floats = NDArray[np.float64]

TURNS = (-35.0, -18.0, 18.0, 35.0)
NODS = (6.0, -8.0, 8.0, -6.0)
DIRECTIONS = 40
SHRINKAGE = 0.05
"""Of the spread within a person, toward the same in every direction."""


def meshes_of(mesher: Mesher, faces: data.Faces, reliefs: NDArray[np.float32] | None) -> tuple[Floats, NDArray[np.int64]]:
    """Meshes (M, 478, 3) of the faces, and of turned copies where reliefs are given; which face each one is of."""
    side = framing.SIDE_PX
    found, owner, crops = [], [], []

    def flush() -> None:
        if crops:
            found.append(mesher.run(np.stack(crops).astype(np.float32) / 255)[0])
            crops.clear()

    for i in range(len(faces)):
        views = [(None, faces.meshes[i])]
        if reliefs is not None and not faces.rows[i]["clip"]:
            size = faces.crops.shape[1]
            views += [turn(reliefs[i], faces.meshes[i], size, a, b) for a, b in zip(TURNS, NODS, strict=True)]
        for where, mesh in views:
            matrix = framing.matrix(framing.five_points(mesh))
            crops.append(cut(faces.crops[i], where, None, matrix))
            owner.append(i)
        if len(crops) > 48:
            flush()
    flush()
    assert all(c.shape == (side, side, 3) for c in crops)
    return np.concatenate(found).astype(np.float64), np.array(owner)


def average(meshes: Floats) -> Floats:
    """The mean face, (478, 3), symmetric: each mesh laid on it by its rigid points (generalised Procrustes).

    It starts from the mean of the meshes as they are turned, so it looks the way people look in portraits.
    """
    rigid, (right, left) = list(topology.RIGID), topology.OUTER_CORNERS
    mean = (meshes - meshes[:, rigid].mean(1, keepdims=True)).mean(0)
    for _ in range(5):
        mean = mean + mean[topology.MIRROR] * [-1, 1, 1]
        mean /= np.linalg.norm(mean[right] - mean[left])
        mean = np.mean([laid(mesh, mean) for mesh in meshes], 0)
    mean = mean + mean[topology.MIRROR] * [-1, 1, 1]
    return mean / np.linalg.norm(mean[right] - mean[left])


def laid(mesh: Floats, mean: Floats) -> Floats:
    rigid = list(topology.RIGID)
    place = similarity(mean[rigid], mesh[rigid])
    return (mesh - place.shift) @ place.rotation / place.scale


def separate(shapes: Floats, people: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Directions (DIRECTIONS, 1434) by which people differ, one person's spread being 1 in each; the spread (478,).

    shapes: (M, 478, 3) less the mean face. Linear discriminant analysis in the principal directions.
    """
    flat = shapes.reshape(len(shapes), -1)
    centres = np.stack([flat[people == p].mean(0) for p in np.unique(people)])
    index = np.searchsorted(np.unique(people), people)
    inner = flat - centres[index]
    several = np.bincount(index)[index] > 1
    weight = 1 / np.sqrt(np.bincount(index)[index][several] - 1.0)  # every person counts alike, many frames or few
    inner = inner[several] * weight[:, None]
    _, _, axes = np.linalg.svd(centres - centres.mean(0), full_matrices=False)
    axes = axes[: min(150, len(axes))]
    within = (inner @ axes.T).T @ (inner @ axes.T) / (weight**2).sum()
    within += SHRINKAGE * np.trace(within) / len(within) * np.eye(len(within))
    values, vectors = np.linalg.eigh(within)
    whiten = vectors / np.sqrt(values) @ vectors.T
    _, _, best = np.linalg.svd((centres - centres.mean(0)) @ axes.T @ whiten, full_matrices=False)
    directions = best[:DIRECTIONS] @ whiten @ axes
    spread = np.sqrt((inner**2).reshape(len(inner), 478, 3).sum(2).sum(0) / (weight**2).sum())
    return directions, spread


def auc(same: Floats, other: Floats) -> float:
    """Chance that a pair of one person differs less than a pair of two."""
    ranks = np.argsort(np.argsort(np.concatenate([same, other]))) + 1
    higher = ranks[len(same) :].sum() - len(other) * (len(other) + 1) / 2
    return float(higher / (len(same) * len(other)))


def pairs(vectors: NDArray[np.float32], people: list[str], skip: list[str] | None = None) -> tuple[Floats, Floats]:
    """Differences of all pairs of one person and of two. Pairs that share a key of `skip` are left out."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    gap = 1 - unit @ unit.T
    names = np.array(people)
    same = names[:, None] == names[None]
    use = np.triu(np.ones_like(same), 1)
    if skip is not None:
        use &= np.array(skip)[:, None] != np.array(skip)[None]
    return gap[same & use], gap[~same & use]


def report(model: ShapeModel, mesher: Mesher, held: data.Faces) -> None:
    """Verification on held-out clips, frame against frame, and on held-out portraits taken twice or turned."""
    groups = [row["group"] for row in held.rows]
    clips = np.array([row["clip"] for row in held.rows])
    meshes, _ = meshes_of(mesher, held.pick(clips), None)
    vectors = np.stack([model.identify(model.canonical(m)) for m in meshes])
    same, other = pairs(vectors, [g for g, c in zip(groups, clips, strict=True) if c])
    print(f"held-out clips, frame against frame: AUC {auc(same, other):.3f}, difference {same.mean():.2f} / {other.mean():.2f}")

    portraits = held.pick(~clips)
    reliefs = np.stack([data.depth(mesh) for mesh in portraits.meshes])
    meshes, owner = meshes_of(mesher, portraits, reliefs)
    vectors = np.stack([model.identify(model.canonical(m)) for m in meshes])
    names = [portraits.rows[i]["group"] for i in owner]
    same, other = pairs(vectors, names)
    print(f"turned portraits, held out: AUC {auc(same, other):.3f}, difference {same.mean():.2f} / {other.mean():.2f}")
    frontal = np.flatnonzero(np.diff(owner, prepend=-1) > 0)
    some = [k for k in frontal if names[k].startswith("london")]
    same, other = pairs(vectors[some], [names[k] for k in some])
    print(f"the same person neutral and smiling ({len(same)} pairs): AUC {auc(same, other):.3f}")
    near = [difference(vectors[k], vectors[k + 4]) for k in frontal if k + 4 < len(vectors) and owner[k + 4] == owner[k]]
    print(f"yaw 0 against 35 of one face: {np.mean(near):.2f}; two people: {other.mean():.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    from safetensors.numpy import save_file

    cv2.setNumThreads(1)
    mesher = Mesher("auto", options.weights)
    folder = options.run / "data"
    faces = data.shrink(data.load(folder))
    held, train = faces.pick(faces.held_out), faces.pick(~faces.held_out)
    meshes, owner = meshes_of(mesher, train, np.load(folder / "relief.npy"))
    mean = average(meshes[::5])
    names = [train.rows[i]["group"] for i in owner]
    people = np.unique(names, return_inverse=True)[1]
    directions, spread = separate(np.stack([laid(m, mean) for m in meshes]) - mean, people)
    model = ShapeModel(mean, directions, spread)
    print(f"{len(meshes)} meshes of {len(set(names))} persons and clips")
    report(model, mesher, held)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        arrays = {"mean": mean, "identity": directions, "noise": spread}
        save_file({k: np.ascontiguousarray(v, dtype=np.float32) for k, v in arrays.items()}, options.out)
        print(f"{options.out}: {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
