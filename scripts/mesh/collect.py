"""Cut faces out of portraits and clips, to be labelled by the teacher and trained on.

    python scripts/mesh/collect.py DATA OUT            # DATA holds faces/ and real_clips/, or others by --clips
    TEACHER/bin/python scripts/mesh/teacher.py OUT/crops.npy OUT/labels.npz

Writes OUT/crops.npy, (N, 320, 320, 3) uint8 RGB, upright, the face about 0.42 of the side wide, and OUT/crops.json, a
row per crop: name of the picture or clip, frame, group, held_out, matrix (source pixels -> crop pixels), five points of the
detector in crop pixels. A group is a person or a clip; it is trained on or held out as a whole, by a hash of its name.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from facefix.faces import align
from facefix.faces.detectors import DETECTORS
from facefix.types import Face

SIDE_PX = 320
ZOOM = 0.8
"""Of the FFHQ crop: room for turning and shifting the face inside what was cut out."""
HELD_OUT_SHARE = 0.10
HELD_OUT_CLIPS = 5
FRAMES_PER_CLIP = 110
LEFT_OUT = frozenset({"videoretalking_3"})
"""Held out by its name, but its person is trained on in speech_a: neither trained on nor tried."""

Picture = NDArray[np.uint8]


def crop_matrix(points: NDArray[np.float32], size: int = SIDE_PX, zoom: float = ZOOM) -> NDArray[np.float32]:
    """(2, 3) source pixels -> crop pixels: the FFHQ crop, zoomed about its centre."""
    matrix = align.transform(points, size)
    centre = (size - 1) / 2
    matrix[:, :2] *= zoom
    matrix[:, 2] = (matrix[:, 2] - centre) * zoom + centre
    return matrix


def group_of(name: str) -> str:
    """The person: `london_012_smiling` and `london_012_neutral` are one."""
    return name.rpartition("_")[0] if name.startswith("london_") else name


def position(name: str) -> float:
    """0..1, evenly spread, the same on every machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2**64


def portraits(folder: Path, every: int) -> Iterator[tuple[str, int, Picture]]:
    for path in sorted(folder.iterdir())[::every]:
        picture = cv2.imread(str(path))
        if picture is not None:
            yield path.stem, 0, picture[..., ::-1]


def frames(path: Path, count: int) -> Iterator[tuple[str, int, Picture]]:
    """`count` frames of a clip, evenly spread."""
    with av.open(str(path)) as container:
        total = container.streams.video[0].frames
        wanted = set(np.linspace(0, total - 1, min(count, total)).astype(int).tolist())
        for index, frame in enumerate(container.decode(video=0)):
            if index in wanted:
                yield path.stem, index, frame.to_ndarray(format="rgb24")


def largest(faces: list[Face]) -> Face | None:
    return max(faces, key=align.face_px, default=None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--clips", default="real_clips", help="their folder in DATA")
    parser.add_argument("--frames", type=int, default=FRAMES_PER_CLIP, help="of each clip")
    parser.add_argument("--every", type=int, default=1, help="portraits are taken every so manieth")
    parser.add_argument("--least-px", type=float, default=0, help="of a face")
    parser.add_argument("--sure", type=float, default=0, help="what the detector must be")
    parser.add_argument("--held-clips", type=int, default=HELD_OUT_CLIPS, help="how many are held out")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    clips = sorted((options.data / options.clips).glob("*.mp4"))
    held_clips = {p.stem for p in sorted(clips, key=lambda p: position(p.stem))[: options.held_clips]}
    clips = [p for p in clips if p.stem not in LEFT_OUT]
    sources = [portraits(options.data / "faces", options.every), *(frames(p, options.frames) for p in clips)]
    detector = next(iter(DETECTORS.values())).load("cpu")
    rows, crops = [], []
    for source in sources:
        for name, index, picture in source:
            face = largest(detector.detect([np.ascontiguousarray(picture)], [index])[0])
            if face is None or face.score < options.sure or align.face_px(face) < options.least_px:
                print(f"{name} {index}: no such face")
                continue
            matrix = crop_matrix(face.points)
            crop = align.crop(picture, matrix, SIDE_PX)
            crops.append(np.round(crop.pixels * 255).astype(np.uint8))
            group = group_of(name)
            is_clip = name in {p.stem for p in clips}
            held = name in held_clips if is_clip else position(group) < HELD_OUT_SHARE
            points = align.apply(matrix, face.points)
            rows.append(
                {"name": name, "frame": index, "group": group, "clip": is_clip, "held_out": held,
                 "score": face.score, "face_px": align.face_px(face), "matrix": matrix.tolist(), "points": points.tolist()}
            )  # fmt: skip
        print(f"{rows[-1]['name'] if rows else 'nobody'}: {len(rows)} crops", flush=True)
    np.save(options.out / "crops.npy", np.stack(crops))
    (options.out / "crops.json").write_text(json.dumps(rows))
    print(f"{sum(r['held_out'] for r in rows)} of {len(rows)} held out, clips {', '.join(sorted(held_clips - LEFT_OUT))}")


if __name__ == "__main__":
    main()
