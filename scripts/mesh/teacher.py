"""Label faces with MediaPipe FaceMesh (Apache-2.0), the teacher. Runs in an environment of its own:

    python3.11 -m venv TEACHER && TEACHER/bin/pip install mediapipe==0.10.21
    TEACHER/bin/python scripts/mesh/teacher.py crops.npy labels.npz [--views 4] [--part 0/2]
    TEACHER/bin/python scripts/mesh/teacher.py --topology topology.json

labels.npz holds `meshes`, (N, V, 478, 3) float32: x, y in crop pixels, the centre of the top-left pixel being (0, 0), z in
the same unit, away from the viewer; NaN where no face was found. View 0 is the picture as it is, 1 its mirror picture
(brought back to the picture's own x, but left and right points still swapped), 2 and 3 the picture turned by 12 degrees
either way and resized by 0.9 and 1.1 (brought back): their mean trembles less than any of them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import mediapipe as mp
import numpy as np

TURNS = ((12.0, 0.9), (-12.0, 1.1))
"""Degrees and scale of views 2 and 3."""


def label(network, rgb: np.ndarray) -> np.ndarray:
    """(478, 3) points in pixels of the picture, or NaN."""
    found = network.process(np.ascontiguousarray(rgb)).multi_face_landmarks
    if not found:
        return np.full((478, 3), np.nan, np.float32)
    height, width = rgb.shape[:2]
    points = np.array([(p.x, p.y, p.z) for p in found[0].landmark]) * (width, height, width)
    return (points - (0.5, 0.5, 0)).astype(np.float32)


def views(network, rgb: np.ndarray, count: int) -> np.ndarray:
    """(count, 478, 3): see the head of this file."""
    side = rgb.shape[0]
    out = [label(network, rgb)]
    if count > 1:
        mirrored = label(network, rgb[:, ::-1])
        mirrored[:, 0] = side - 1 - mirrored[:, 0]
        out.append(mirrored)
    centre = ((side - 1) / 2, (side - 1) / 2)
    for angle, scale in TURNS[: max(0, count - 2)]:
        matrix = cv2.getRotationMatrix2D(centre, angle, scale)
        turned = label(
            network, cv2.warpAffine(rgb, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        )
        back = cv2.invertAffineTransform(matrix)
        turned[:, :2] = turned[:, :2] @ back[:, :2].T + back[:, 2]
        turned[:, 2] /= scale
        out.append(turned.astype(np.float32))
    return np.stack(out)


def topology() -> dict[str, list[list[int]]]:
    """The teacher's directed connection sets, sorted, by name."""
    module = mp.solutions.face_mesh
    sets = {name: getattr(module, name) for name in dir(module) if name.startswith("FACEMESH_")}
    return {name: sorted(map(list, pairs)) for name, pairs in sets.items() if not isinstance(pairs, int)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("crops", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--views", type=int, default=4, choices=(1, 2, 3, 4))
    parser.add_argument("--part", default="0/1", help="K/M: only every Mth crop, from the Kth; the others are NaN")
    parser.add_argument("--sequence", type=int, default=0, help="crops come in clips of so many frames: track through each")
    parser.add_argument("--topology", type=Path)
    options = parser.parse_args()
    if options.topology:
        options.topology.write_text(json.dumps(topology()))
        return
    crops = np.load(options.crops, mmap_mode="r")
    part, parts = map(int, options.part.split("/"))
    meshes = np.full((len(crops), options.views, 478, 3), np.nan, np.float32)
    settings = {"max_num_faces": 1, "refine_landmarks": True, "min_detection_confidence": 0.2}
    length = options.sequence or len(crops)
    for first in range(0, len(crops), length):
        with mp.solutions.face_mesh.FaceMesh(static_image_mode=not options.sequence, **settings) as network:
            for i in range(first + part, min(first + length, len(crops)), parts):
                meshes[i] = views(network, crops[i], options.views)
    np.savez(options.out, meshes=meshes)
    print(f"{options.out}: {int(np.isnan(meshes[part::parts, 0, 0, 0]).sum())} of {len(meshes[part::parts])} without a face")


if __name__ == "__main__":
    main()
