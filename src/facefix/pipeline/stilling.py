"""Single frames of a render, before and after, at full quality: `--frames`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from facefix.errors import SettingsError
from facefix.files import still_path, write_bytes
from facefix.media import colour, decode, stills
from facefix.ranges import parse_frames
from facefix.types import ClipInfo, Frame, Pixels, Span

_SIDES = ("before", "after")


def resolve_frames(words: Sequence[str], clip: ClipInfo, span: Span) -> tuple[int, ...]:
    """`--frames` in frames of this clip, each once; times are rounded to the nearest frame at the average rate.

    Raises:
        SettingsError: one of them does not lie in `span`.
    """
    rate = clip.video.rate or 25
    found = [round(one.seconds * rate) if one.seconds is not None else one.frame or 0 for one in parse_frames(words)]
    for word, frame in zip(words, found, strict=True):
        if frame not in span:
            raise SettingsError(f"--frames {word}: is frame {frame}, and {clip.path} is worked on in {span.start}-{span.end}.")
    return tuple(sorted(set(found)))


class Stills:
    """Collects the wanted frames of a render in a folder, and delivers them when it is accepted."""

    def __init__(self, clip: ClipInfo, out: Path, frames: Sequence[int]) -> None:
        """out: the result, beside which they go. frames: of the clip."""
        self._clip, self._out, self._frames = clip, out, frozenset(frames)

    @property
    def places(self) -> list[Path]:
        """Where they go."""
        return [still_path(self._out, index, side) for index in sorted(self._frames) for side in _SIDES]

    @contextmanager
    def folder(self, kept: Path | None) -> Iterator[Path]:
        """A context with the folder to collect them in: `kept`, where broken-off work is gone on with, else a passing one."""
        if kept is not None or not self._frames:
            yield kept or Path()
            return
        with tempfile.TemporaryDirectory(prefix="facefix-stills-") as folder:
            yield Path(folder)

    def keep(self, folder: Path, frame: Frame, result: Frame | Pixels) -> None:
        """Keep a frame and what was made of it, where it is wanted. Raises OutputError."""
        if frame.index not in self._frames:
            return
        before = colour.to_rgb(frame, self._clip)
        after = result if not isinstance(result, Frame) else before if result is frame else colour.to_rgb(result, self._clip)
        for side, pixels in zip(_SIDES, (before, after), strict=True):
            write_bytes(_kept(folder, frame.index, side), stills.png(pixels))

    def deliver(self, folder: Path) -> None:
        """Bring what was kept to its place. Raises OutputError."""
        for index in sorted(self._frames):
            for side in _SIDES:
                if (kept := _kept(folder, index, side)).exists():
                    write_bytes(still_path(self._out, index, side), kept.read_bytes())

    def untouched(self, folder: Path) -> None:
        """Keep the wanted frames of a clip of which nothing is made."""
        if self._frames:
            for frame in decode.Decoder(self._clip, Span(min(self._frames), max(self._frames) + 1)):
                self.keep(folder, frame, frame)


def _kept(folder: Path, index: int, side: str) -> Path:
    return folder / f"still_{index:06}_{side}.png"
