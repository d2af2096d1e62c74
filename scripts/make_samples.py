"""Make the clips under samples/: a living head, its damaged twin, and the labels of the damage.

    python scripts/make_samples.py [-o samples]

The head is the NASA portrait that scikit-image ships (public domain), turned, blinking and talking by
`living_portrait`; the damage comes from `facefix.bench.faults`. Nothing is downloaded; the same versions of
numpy, OpenCV, SciPy and x264 write the same clips.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import tee
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from facefix.bench.faults import FAULTS
from facefix.types import Span
from living_portrait.camera import HEIGHT_PX, WIDTH_PX, draw, locate
from living_portrait.performance import FRAME_RATE, FRAMES, perform
from living_portrait.texture import build_layers
from living_portrait.voice import SAMPLE_RATE, sing

SEED = 7
DAMAGE = (
    ("warp", Span(20, 36), 0.65, 6),
    ("flicker", Span(48, 66), 0.65, 7),
    ("waxy", Span(78, 96), 0.7, 7),
    ("drift", Span(106, 144), 0.7, 2),
)
"""(mode, frames, severity, seed): at least 0.4 s of clean footage between any two."""

SHORT = Span(14, 38)
"""What the small sample shows of the damaged clip, at half its size."""
CRF, SHORT_CRF = 18, 18
_AAC_FRAME = 1024

Frame = NDArray[np.uint8]


class ClipWriter:
    """H.264 (yuv420p, BT.709, limited range) and AAC stereo in an MP4, frame by frame."""

    def __init__(self, path: Path, width: int, height: int, crf: int, sound: NDArray[np.float32]) -> None:
        self._path, self._part = path, path.with_suffix(".part")
        self._container = av.open(str(self._part), "w", format="mp4", options={"movflags": "+faststart"})
        # x264's output depends on its number of threads: name it.
        options = {"crf": str(crf), "preset": "slow", "tune": "grain", "threads": "2"}
        video = self._container.add_stream("libx264", rate=Fraction(FRAME_RATE), options=options)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, FRAME_RATE)
        context = video.codec_context
        context.color_primaries = context.color_trc = context.colorspace = 1
        context.color_range = ColorRange.MPEG
        self._video = video
        self._audio = self._container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
        self._audio.bit_rate = 96_000
        self._sound, self._frames = sound, 0

    def write(self, pixels: Frame) -> None:
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame = frame.reformat(
            format="yuv420p",
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            dst_colorspace=Colorspace.ITU709,
        )
        frame.pts, frame.time_base = self._frames, Fraction(1, FRAME_RATE)
        self._frames += 1
        self._container.mux(self._video.encode(frame))

    def close(self) -> None:
        """Sound after the picture: the muxer interleaves; both last the same."""
        for start in range(0, self._sound.shape[1], _AAC_FRAME):
            block = np.ascontiguousarray(self._sound[:, start : start + _AAC_FRAME])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
            self._container.mux(self._audio.encode(frame))
        self._container.mux(self._video.encode(None))
        self._container.mux(self._audio.encode(None))
        self._container.close()
        self._part.replace(self._path)


def damage(clean: Iterable[Frame], points: NDArray[np.float32]) -> Iterator[Frame]:
    """The clean frames with every fault of DAMAGE in its span."""
    frames: Iterable[Frame] = clean
    for mode, span, severity, seed in DAMAGE:
        frames = FAULTS[mode].inject(frames, points, severity, seed, span)
    return iter(frames)


def labels(points: NDArray[np.float32]) -> dict[str, Any]:
    """What is wrong where in each damaged clip, and where the face truly is."""
    return {
        "schema": 1,
        "clips": {
            "astronaut_damaged.mp4": _clip_labels(Span(0, FRAMES), points, 1.0, "astronaut_clean.mp4"),
            "astronaut_short.mp4": _clip_labels(SHORT, points, 0.5, None),
        },
    }


def _clip_labels(shown: Span, points: NDArray[np.float32], scale: float, truth: str | None) -> dict[str, Any]:
    faults = [
        {
            "mode": mode,
            "start": max(span.start, shown.start) - shown.start,
            "end": min(span.end, shown.end) - shown.start,
            "severity": severity,
            "regions": list(FAULTS[mode].regions(seed)),
        }
        for mode, span, severity, seed in DAMAGE
        if span.start < shown.end and span.end > shown.start
    ]
    # Pixel centres are whole numbers, so halving a picture moves its coordinates by a quarter pixel.
    seen = (points[shown.start : shown.end] + 0.5) * scale - 0.5
    return {
        "frames": len(shown),
        "width": round(WIDTH_PX * scale),
        "height": round(HEIGHT_PX * scale),
        "truth": truth,
        "faults": faults,
        "points": np.round(seen.astype(np.float64), 2).tolist(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the clips under samples/.")
    parser.add_argument("-o", "--out", type=Path, default=Path(__file__).parents[1] / "samples")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    layers, moments = build_layers(SEED), perform(SEED)
    points = np.stack([locate(layers, moment) for moment in moments])
    sound, short_sound = sing(SEED, 0, FRAMES), sing(SEED, SHORT.start, len(SHORT))
    clean = ClipWriter(out / "astronaut_clean.mp4", WIDTH_PX, HEIGHT_PX, CRF, sound)
    damaged = ClipWriter(out / "astronaut_damaged.mp4", WIDTH_PX, HEIGHT_PX, CRF, sound)
    short = ClipWriter(out / "astronaut_short.mp4", WIDTH_PX // 2, HEIGHT_PX // 2, SHORT_CRF, short_sound)

    drawn, copy = tee(draw(layers, moment, SEED, t) for t, moment in enumerate(moments))
    for t, (before, after) in enumerate(zip(drawn, damage(copy, points), strict=True)):
        clean.write(before)
        damaged.write(after)
        if t in SHORT:
            short.write(cv2.resize(after, (WIDTH_PX // 2, HEIGHT_PX // 2), interpolation=cv2.INTER_AREA))
    for writer in (clean, damaged, short):
        writer.close()
    (out / "astronaut_faults.json").write_text(json.dumps(labels(points)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
