"""Clean clips to inject faults into: which they are, whose part they belong to, and where the face is in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from facefix import pipeline
from facefix.errors import InputError, OutputError
from facefix.files import clips_in, is_folder
from facefix.media import colour, decode, probe
from facefix.settings import Settings
from facefix.types import ClipInfo, Span

Part = Literal["fit", "held-out"]
PARTS: tuple[Part, ...] = ("fit", "held-out")

FACE_PX = 300
"""Larger faces are scaled down to this: that hides what compression did to the clip, so that it is truly clean."""
_CACHE_VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class CleanClip:
    """The first seconds of a clip and the face that is longest and largest in them."""

    info: ClipInfo
    rate: Fraction
    points: NDArray[np.float32]
    """(frames, 5, 2) the face's five points, source pixels, as the product follows them; NaN where it is not there."""
    face_px: float
    """Median size of the face in the source, px."""

    @property
    def frames(self) -> int:
        return len(self.points)

    @property
    def present(self) -> Span:
        """Frames from the first to the last that show the face."""
        known = np.flatnonzero(np.isfinite(self.points).all(axis=(1, 2)))
        return Span(int(known[0]), int(known[-1]) + 1)

    def scale(self, face_px: int = FACE_PX) -> float:
        """By what the picture is scaled for a face of at most that size; never up."""
        return min(1.0, face_px / self.face_px)

    def points_at(self, face_px: int = FACE_PX) -> NDArray[np.float32]:
        """(frames, 5, 2) the points in the pictures of `pictures(face_px)`."""
        scale = self.scale(face_px)
        # Pixel centres are whole numbers, the corner of the picture lies at (-0.5, -0.5).
        return ((self.points + 0.5) * scale - 0.5).astype(np.float32)

    def pictures(self, face_px: int = FACE_PX) -> Iterator[NDArray[np.uint8]]:
        """(H, W, 3) uint8 RGB frames, decoded on the way, scaled, of even sides.

        Raises:
            InputError: the clip cannot be read any more.
        """
        scale = self.scale(face_px)
        for frame in decode.Decoder(self.info, Span(0, self.frames)):
            eight = colour.eight_bits(colour.to_rgb(frame, self.info))
            if scale < 1:
                eight = cv2.resize(eight, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            height, width = eight.shape[0] // 2 * 2, eight.shape[1] // 2 * 2
            yield np.ascontiguousarray(eight[:height, :width], np.uint8)


def clips_of(folder: Path, part: str = "all") -> dict[Part, tuple[Path, ...]]:
    """The clips under a folder by the part they belong to: those of "fit", of "held-out", or of "all" parts that have some.

    Raises:
        InputError: there is no such folder, or it or that part of it holds no clip.
    """
    if not is_folder(folder):
        raise InputError(f"{folder}: is no folder; name a folder of clean clips.")
    every = clips_in(folder)
    wanted: list[Part] = [name for name in PARTS if part in ("all", name)]
    parts: dict[Part, tuple[Path, ...]] = {
        name: tuple(clip for clip in every if part_of(clip, folder) == name) for name in wanted
    }
    if not any(parts.values()):
        raise InputError(
            f"{folder}: none of its {len(every)} clips belongs to the part {part!r}; try another part or more clips."
        )
    return {name: found for name, found in parts.items() if found}


def part_of(clip: Path, folder: Path) -> Part:
    """Which half of a folder a clip belongs to, by a hash of the person's name, so that it never changes sides.

    A sub-folder is taken for a person with several clips; a clip in the folder itself for a person of its own.
    """
    inside = clip.relative_to(folder)
    person = inside.parts[0] if len(inside.parts) > 1 else inside.stem
    return PARTS[hashlib.sha256(f"part of {person}".encode()).digest()[0] % 2]


def load(path: Path, seconds: float, cache: Path | None = None) -> CleanClip:
    """Find the face of a clip's first seconds; taken from `cache`, a folder, where it was found before.

    Raises:
        InputError: the clip cannot be read or shows no face.
        OutputError: the cache cannot be written.
    """
    info = probe.probe(path)
    rate = info.video.rate or Fraction(25)
    count = max(1, round(seconds * rate))
    kept = cache / f"{path.stem}_{_key(path, count)}.npz" if cache is not None else None
    if kept is not None and kept.is_file():
        with np.load(kept) as stored:
            return CleanClip(info, rate, stored["points"], float(stored["face_px"]))
    points, face_px = _followed(path, count)
    if kept is not None:
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez(kept, points=points, face_px=face_px)
        except OSError as error:
            raise OutputError(f"{kept}: the cache cannot be written ({error.strerror}); name another folder.") from error
    return CleanClip(info, rate, points, face_px)


def _followed(path: Path, count: int) -> tuple[NDArray[np.float32], float]:
    analysis = pipeline.analyse(path, Settings(range=f"0-{count}"))
    if not analysis.diagnoses:
        raise InputError(f"{path}: no face in its first {count} frames; leave the clip out.")
    best = max(analysis.diagnoses, key=lambda d: len(d.track.span) * d.median_face_px)
    points = np.full((len(analysis.span), 5, 2), np.nan, np.float32)
    for face in best.track.faces:
        points[face.frame] = face.points
    return points, float(best.median_face_px)


def _key(path: Path, count: int) -> str:
    about = path.stat()
    facts = f"{_CACHE_VERSION} {path.absolute()} {about.st_size} {about.st_mtime_ns} {count}"
    return hashlib.sha256(facts.encode(errors="surrogateescape")).hexdigest()[:16]
