"""Cut every face of clips out, frame by frame, aligned: what `sequences.py` injects faults into.

    python scripts/geometry/tracks.py RUN/tracks CLIP...

RUN/tracks/CLIP__ID.npz: crops (T, SIDE_PX, SIDE_PX, 3) RGB of one face, the matrices that cut them out of the pictures, its
five points in them, its pose.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from facefix.errors import FacefixError
from facefix.faces import align, pose
from facefix.faces.detectors import DETECTORS
from facefix.media import colour, decode, probe
from facefix.pipeline import analysing
from facefix.pipeline.progress import silent
from facefix.types import Face, Pixels, Span, Track

SIDE_PX = 256
SECONDS = 6.0
_SHORTEST, _SMALLEST_PX = 24, 48


def cut(path: Path, folder: Path, seconds: float) -> None:
    """The faces of a clip's first seconds that are followed long enough and are not too small."""
    clip = probe.probe(path)
    rate = float(clip.video.rate or 25)
    detector = next(iter(DETECTORS.values())).load("cpu")
    _, tracks, decoder = analysing.find(clip, Span(0, round(seconds * rate)), detector, silent)
    tracks = [t for t in tracks if len(t.span) >= _SHORTEST and np.median([align.face_px(f) for f in t.faces]) >= _SMALLEST_PX]
    rows: dict[int, list] = {track.id: [] for track in tracks}
    for frame in decode.Decoder(clip, Span(0, decoder.decoded)):
        seen = [(track, face) for track in tracks if (face := track.at(frame.index)) is not None]
        rgb = colour.to_rgb(frame, clip) if seen else None
        for track, face in seen:
            assert rgb is not None
            rows[track.id].append(_row(rgb, face))
    for track in tracks:
        save(folder / f"{path.stem}__{track.id}.npz", track, rows[track.id], rate)


def _row(rgb: Pixels, face: Face) -> tuple:
    matrix = align.transform(face.points, SIDE_PX)
    pixels = np.round(align.crop(rgb, matrix, SIDE_PX, face.frame).pixels * 255).astype(np.uint8)
    turned = pose.pose(face.points)
    return pixels, matrix, align.apply(matrix, face.points), (turned.yaw, turned.pitch, turned.roll), align.face_px(face)


def save(path: Path, track: Track, rows: list[tuple], rate: float) -> None:
    crops, matrices, points, poses, sizes = (np.stack(column) for column in zip(*rows, strict=True))
    np.savez(
        path, crops=crops, matrix=matrices.astype(np.float32), points=points.astype(np.float32), pose=poses.astype(np.float32),
        face_px=sizes, fps=rate,
    )  # fmt: skip
    print(f"{path.name}: {len(track.span)} frames, {np.median(sizes):.0f} px", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for path in options.clips:
        try:
            cut(path, options.folder, options.seconds)
        except FacefixError as error:
            print(error)


if __name__ == "__main__":
    main()
