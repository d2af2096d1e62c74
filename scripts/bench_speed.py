#!/usr/bin/env python3
"""Frames per second of facefix and of per-frame GFPGAN on the same clip, in the same run, and their ratio.

    python scripts/bench_speed.py
    python scripts/bench_speed.py CLIP --frames 8 --device cpu

Timed are (a) facefix: the render of a damaged 1280x720 clip of one face, encoding included, and both passes together, as
diagnosed, over all frames of the clip, those that need no repair among them; and (b) `gfpgan.GFPGANer.enhance(picture,
paste_back=True)` once a frame, as scripts use it, on a few frames of the clip, decoding and encoding left out.

GFPGANer's constructor downloads weights. So its parts are built by `facefix.models.gfpganer`, with the classes and arguments
of that constructor and random weights, which take as long: RetinaFace with a ResNet-50 on the whole picture, GFPGANv1Clean
(channel multiplier 2) on the aligned 512 px crop, ParseNet on its result, alignment and pasting. Random weights find no
face: RetinaFace runs in full, but its class heads are made to say "no face" (random ones call thousands of boxes faces, and
sorting those takes longer than the network), and the five points that facefix found are put in the place of its answer, so
that exactly one face is restored in every frame. Loading networks is not timed for (b); for (a) it is, wherever it happens.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from facefix import pipeline
from facefix.media import colour, decode, probe
from facefix.models import gfpganer
from facefix.settings import Settings
from facefix.types import Analysis

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "astronaut_damaged.mp4"
TIMES = 10
"""How many times as fast as the rival facefix is to be."""
Points = NDArray[np.float32]


def by_facefix(clip: Path, settings: Settings) -> tuple[float, float, int, Analysis]:
    """Seconds of the analysis and of the render, frames that the plan treats, and the analysis."""
    since = time.perf_counter()
    analysis = pipeline.analyse(clip, settings)
    plan = pipeline.plan(analysis, settings)
    analysed = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="facefix-speed-") as folder:
        pipeline.render(plan, Path(folder) / "out.mp4", settings=settings)
    rendered = time.perf_counter()
    treated = {frame for t in plan.treatments for frame in range(t.span.start, t.span.end)}
    return analysed - since, rendered - analysed, len(treated), analysis


def by_gfpgan(pictures: list[NDArray[np.uint8]], points: list[Points], device: str) -> list[float]:
    """Seconds of each frame. pictures: (H, W, 3) uint8 RGB."""
    torch.manual_seed(0)
    rival = gfpganer.build(device)
    detector = rival.face_helper.face_det
    for head in detector.ClassHead:
        # Pairs of "no face" and "face", one for each anchor box.
        head.conv1x1.weight.data.zero_()
        head.conv1x1.bias.data[0::2], head.conv1x1.bias.data[1::2] = 10.0, -10.0
    detect, spent = detector.detect_faces, []
    for number, (picture, five) in enumerate(zip(pictures, points, strict=True)):
        answer = np.concatenate([five.min(0), five.max(0), [1.0], five.ravel()])[None]

        def found(*words: Any, answer: NDArray[np.float64] = answer, **more: Any) -> NDArray[np.float64]:
            detect(*words, **more)
            return answer

        detector.detect_faces = found
        bgr = np.ascontiguousarray(picture[..., ::-1])
        since = time.perf_counter()
        _, restored, _ = rival.enhance(bgr, paste_back=True)
        # The first frame warms up.
        spent += [time.perf_counter() - since] if number else []
        assert len(restored) == 1
    return spent


def chosen(clip: Path, analysis: Analysis, count: int) -> tuple[list[NDArray[np.uint8]], list[Points]]:
    """Pictures spread over the clip, one more than `count`, and the points of the face that is there longest."""
    track = max((d.track for d in analysis.diagnoses), key=lambda track: len(track.span))
    faces = {face.frame: face.points for face in track.faces}
    known = sorted(faces)
    wanted = [known[i] for i in np.linspace(0, len(known) - 1, count + 1).round().astype(int)]
    info = probe.probe(clip)
    pictures = {frame.index: colour.to_rgb(frame, info) for frame in decode.Decoder(info) if frame.index in wanted}
    return [pictures[i].astype(np.uint8) for i in wanted], [faces[i] for i in wanted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--frames", type=int, default=4, help="that GFPGANer is timed on (default 4)")
    parser.add_argument("--device", default="cpu", help="of both (default cpu)")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    analysed, rendered, treated, analysis = by_facefix(asked.clip, Settings(device=asked.device))
    both = analysis.frames / (analysed + rendered)
    print(f"{asked.clip.name}: {analysis.frames} frames, {treated} of them treated; {torch.get_num_threads()} threads")
    print(f"facefix, analysis       {analysis.frames / analysed:6.2f} frames/s")
    print(f"facefix, render         {analysis.frames / rendered:6.2f} frames/s")
    print(f"facefix, both passes    {both:6.2f} frames/s", flush=True)
    spent = by_gfpgan(*chosen(asked.clip, analysis, asked.frames), asked.device)
    rival = 1 / float(np.median(spent))
    times = f"median of {len(spent)} frames, {min(spent):.2f} to {max(spent):.2f} s each"
    print(f"GFPGANer.enhance        {rival:6.2f} frames/s  ({times})")
    print(f"render / GFPGANer       {analysis.frames / rendered / rival:6.1f} times (aim {TIMES})")
    print(f"both passes / GFPGANer  {both / rival:6.1f} times (aim {TIMES})")


if __name__ == "__main__":
    main()
