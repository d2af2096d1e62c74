"""Decoding on a graphics card (NVDEC), where there is one, FFmpeg has a way to it and the card takes the clip.

Pictures come back to main memory in the card's layout of planes (nv12, p010); they are put into the clip's own without loss by
who asked. Whoever relies on it must be ready for `Unfit` at any picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import av
from av.codec.hwaccel import HWAccel
from av.error import FFmpegError

_card: ContextVar[int | None] = ContextVar("card that decodes", default=None)
"""Clips are opened deep inside the stages: as an argument the card would pass through all of them."""


class Unfit(Exception):
    """The card does not decode this clip, or not any further. Its text is for logs."""


@contextmanager
def on_card(number: int | None) -> Iterator[None]:
    """Let that CUDA card decode while this lasts, in this thread and those that see its context; None: the CPU."""
    token = _card.set(number)
    try:
        yield
    finally:
        _card.reset(token)


def card() -> int | None:
    """The card that is to decode; None: the CPU."""
    return _card.get()


def pictures(path: Path, stream: int, card: int) -> Iterator[av.VideoFrame]:
    """All pictures of the stream of that index in presentation order, decoded by that card.

    Raises:
        Unfit: before the first one or after any.
    """
    try:
        way = HWAccel("cuda", card, allow_software_fallback=False)
        with av.open(path, metadata_errors="replace", hwaccel=way) as container:
            video = container.streams[stream]
            assert isinstance(video, av.VideoStream)
            if not video.codec_context.is_hwaccel:
                raise Unfit(f"no decoder of a card for {video.codec_context.name}")
            for picture in container.decode(video):
                if picture.width > 0 and picture.height > 0 and picture.planes:
                    yield picture
    except (FFmpegError, OSError, RuntimeError, ValueError, IndexError) as error:
        raise Unfit(str(error)) from error
