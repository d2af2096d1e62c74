"""Held-out faces, clean and damaged, as the network and its teacher are tried on them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults import waxy
from facefix.faces import align
from facefix.faces.mesh import topology
from facefix.types import Span
from mesh import collect, damage

Picture = NDArray[np.uint8]

FACE_PX = 256
SIDE_PX = round(FACE_PX / (align.FACE_WIDTH_SHARE * collect.ZOOM))
"""Side of a trial picture, in which a face is 256 px wide from ear to ear."""
EVERY_NTH_FRAME = 5
BLUR_PX, CRF, WAX, COVERED = 3.0, 40, 0.9, 0.25
CONDITIONS = ("clean", "blurred", "compressed", "waxy", "occluded")
STILLS, NOISY_FRAMES, NOISE = 24, 12, 8.0
"""For jitter: portraits, frames of each, standard deviation of the noise in 0..255."""


def faces(data: Path, run: Path) -> tuple[NDArray[np.uint8], NDArray[np.float32], list[str]]:
    """Held-out pictures (N, S, S, 3), the detector's points in them (N, 5, 2), and each one's group."""
    rows = json.loads((run / "crops.json").read_text())
    held = [r for r in rows if r["held_out"] and not (r["clip"] and r["frame"] % EVERY_NTH_FRAME)]
    pictures, points = [], []
    scale = SIDE_PX / collect.SIDE_PX
    shift = (scale - 1) / 2
    for name in dict.fromkeys(r["name"] for r in held):
        mine = {r["frame"]: r for r in held if r["name"] == name}
        for index, rgb in _source(data, name, mine):
            matrix = np.array(mine[index]["matrix"]) * scale
            matrix[:, 2] += shift
            pictures.append(np.round(align.crop(rgb, matrix, SIDE_PX).pixels * 255).astype(np.uint8))
            points.append(np.array(mine[index]["points"]) * scale + shift)
    return np.stack(pictures), np.array(points, np.float32), [r["group"] for r in held]


def _source(data: Path, name: str, wanted: dict[int, dict]):
    for ending in ("jpg", "png", "webp", "jpeg"):
        path = data / "faces" / f"{name}.{ending}"
        if path.exists():
            yield 0, np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])
            return
    with av.open(str(data / "real_clips" / f"{name}.mp4")) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index in wanted:
                yield index, frame.to_ndarray(format="rgb24")


def damaged(condition: str, pictures: Picture, points: NDArray[np.float32], meshes: NDArray[np.float32]) -> Picture:
    """(N, S, S, 3) of (N, S, S, 3): the same faces under one of `CONDITIONS`."""
    out = []
    for i, (picture, five, mesh) in enumerate(zip(pictures, points, meshes, strict=True)):
        rng = np.random.default_rng([7, i])
        if condition == "blurred":
            picture = damage.blur(picture, BLUR_PX)
        elif condition == "compressed":
            picture = compressed(picture)
        elif condition == "waxy":
            # Six frames before and after: the fault has swelled to its full strength.
            picture = next(waxy.inject([picture], five[None], WAX, i, Span(-6, 7)))
        elif condition == "occluded":
            picture = occluded(picture, mesh, pictures[rng.integers(len(pictures))], rng)
        out.append(picture)
    return np.stack(out)


def compressed(picture: Picture) -> Picture:
    """The third frame of a still in H.264 at `CRF`."""
    file = io.BytesIO()
    side = picture.shape[0] // 2 * 2
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": str(CRF), "preset": "medium"})
        stream.width = stream.height = side
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            container.mux(
                stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:side, :side]), format="rgb24"))
            )
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        last = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)][-1]
    out = picture.copy()
    out[:side, :side] = last
    return out


def occluded(picture: Picture, mesh: NDArray[np.float32], other: Picture, rng: np.random.Generator) -> Picture:
    """Things put in front until they hide a quarter of the face's area."""
    side = picture.shape[0]
    hull = np.zeros((side, side), np.uint8)
    cv2.fillPoly(hull, [mesh[list(topology.OVAL), :2].astype(np.int32)], 1)
    face = hull > 0
    covered = np.zeros((side, side), np.float32)
    for _ in range(60):
        share = covered[face].mean()
        if share > COVERED - 0.02:
            break
        centre = mesh[rng.integers(topology.SKIN_POINTS), :2]
        mask = damage.cover(side, centre, FACE_PX * rng.uniform(0.12, 0.3), rng)
        if np.maximum(covered, mask)[face].mean() > COVERED + 0.03:
            continue
        thing = damage.filling(picture, other, rng)
        picture = (picture + (thing.astype(np.float32) - picture) * mask[..., None]).astype(np.uint8)
        covered = np.maximum(covered, mask)
    return picture


def trembling(pictures: Picture, chosen: list[int]) -> Picture:
    """(len(chosen) * NOISY_FRAMES, S, S, 3): each chosen still several times, with fresh noise."""
    rng = np.random.default_rng(11)
    noisy = [
        np.clip(pictures[i] + rng.normal(0, NOISE, pictures[i].shape), 0, 255) for i in chosen for _ in range(NOISY_FRAMES)
    ]
    return np.stack(noisy).astype(np.uint8)
