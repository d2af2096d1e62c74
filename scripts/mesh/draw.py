"""Contact sheet of the mesh network on clips: a row per clip, a column per frame, points coloured by confidence.

python scripts/mesh/draw.py DATA/ai_clips sheet.png [--weights W] [--frames 6] [--only NAME,NAME]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.faces import align
from facefix.faces.detectors import DETECTORS
from facefix.faces.mesh import topology
from facefix.faces.mesh.mesher import Mesher

TILE_PX = 224
FIT = 0.85
"""Zoom of a tile in the FFHQ crop."""

Picture = NDArray[np.uint8]


def spread_frames(path: Path, count: int) -> list[tuple[int, Picture]]:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return [(int(i), frames[i]) for i in np.linspace(0, len(frames) - 1, count).astype(int)]


def tile(rgb: Picture, points: NDArray[np.float32], mesh: NDArray[np.float32], confidence: NDArray[np.float32]) -> Picture:
    """The face with its rings drawn in and its points from red (unsure) to green (sure)."""
    matrix = align.transform(points, TILE_PX)
    centre = (TILE_PX - 1) / 2
    matrix[:, :2] *= FIT
    matrix[:, 2] = (matrix[:, 2] - centre) * FIT + centre
    scale = 2
    picture = np.round(align.crop(rgb, matrix, TILE_PX).pixels * 255).astype(np.uint8)
    picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    at = (align.apply(matrix, mesh[:, :2]) + 0.5) * scale
    for ring in (topology.OVAL, topology.RIGHT_EYE, topology.LEFT_EYE, topology.OUTER_LIPS, topology.INNER_LIPS):
        cv2.polylines(picture, [np.round(at[list(ring)]).astype(np.int32)], True, (255, 255, 255), 1, cv2.LINE_AA)
    for (x, y), sure in zip(at, confidence, strict=True):
        cv2.circle(picture, (int(x), int(y)), 1, (int(255 * (1 - sure)), int(255 * sure), 0), -1)
    cv2.putText(picture, f"{confidence.mean():.2f}", (6, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 0), 1, cv2.LINE_AA)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--only", help="names of clips, without their ending")
    options = parser.parse_args()
    mesher, detector = Mesher("auto", options.weights), next(iter(DETECTORS.values())).load("cpu")
    names = options.only.split(",") if options.only else sorted(p.stem for p in options.clips.glob("*.mp4"))
    rows = []
    for name in names:
        line = []
        for index, rgb in spread_frames(options.clips / f"{name}.mp4", options.frames):
            face = max(detector.detect([rgb], [index])[0], key=align.face_px, default=None)
            if face is None:
                line.append(np.zeros((TILE_PX * 2, TILE_PX * 2, 3), np.uint8))
                continue
            answer = mesher.meshes([rgb], face.points[None])
            line.append(tile(rgb, face.points, answer.points[0], answer.confidence[0]))
        cv2.putText(line[0], name, (6, TILE_PX * 2 - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 0), 1, cv2.LINE_AA)
        rows.append(np.hstack(line))
    cv2.imwrite(str(options.out), np.vstack(rows)[..., ::-1])
    print(f"{options.out}: {len(rows)} clips")


if __name__ == "__main__":
    main()
