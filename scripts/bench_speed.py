#!/usr/bin/env python3
"""Frames per second of facefix and of per-frame GFPGAN on the same clip, in the same run, and their ratio.

    python scripts/bench_speed.py
    python scripts/bench_speed.py CLIP --frames 8 --device cpu
    python scripts/bench_speed.py --device cuda --frames 32

Timed are (a) facefix: the render of a damaged 1280x720 clip of one face, encoding included, and both passes together, as
diagnosed, over all frames of the clip, those that need no repair among them; and (b) `gfpgan.GFPGANer.enhance(picture,
paste_back=True)` once a frame, as scripts use it, on a few frames of the clip, decoding and encoding left out.

GFPGANer's constructor downloads weights. So its parts are built by `facefix.models.gfpganer`, with the classes and arguments
of that constructor and random weights, which take as long: RetinaFace with a ResNet-50 on the whole picture, GFPGANv1Clean
(channel multiplier 2) on the aligned 512 px crop, ParseNet on its result, alignment and pasting. Random weights find no
face: RetinaFace runs in full, but its class heads are made to say "no face" (random ones call thousands of boxes faces, and
sorting those takes longer than the network), and the five points that facefix found are put in the place of its answer, so
that exactly one face is restored in every frame. Loading networks is not timed for (b); for (a) it is, wherever it happens.
On a busy machine believe the seconds of CPU rather than those of the clock.

With a CUDA device two more tables follow: faces per second of the restorer `gfpgan` - crops in main memory in, restored ones
out - beside the bare network (batches that lie on the card already, recorded as a CUDA graph: the card's ceiling) and beside
GFPGANer.enhance; and where the time goes in a render of the clip at twice its size by Real-ESRGAN x4plus, as `--profile`
prints it: the stage at work for nearly all of the time is the limit. Weights of GFPGAN are random there too.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from facefix import pipeline
from facefix.errors import FacefixError
from facefix.faces import align
from facefix.media import colour, decode, probe
from facefix.models import basicsr_adapter, checkpoints, devices, gfpganer, graphs, tensors, zoo
from facefix.pipeline.profiling import profiled
from facefix.repair.restorers import gfpgan
from facefix.settings import Settings
from facefix.types import Analysis

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "astronaut_damaged.mp4"
TIMES = 10
"""How many times as fast as the rival facefix is to be."""
_OF_CEILING, _OF_RIVAL = 0.6, 4
_FACES = 128
"""That a card's restorer is timed on."""
Points = NDArray[np.float32]


@dataclass(frozen=True)
class Spent:
    """What a piece of work took."""

    wall_s: float
    cpu_s: float
    """Of all threads: hardly changes when other work keeps the machine busy."""


@contextlib.contextmanager
def timed(into: list[Spent]) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    into.append(Spent(time.perf_counter() - wall, time.process_time() - cpu))


def by_facefix(clip: Path, settings: Settings) -> tuple[list[Spent], int, Analysis]:
    """The analysis and the render, frames that the plan treats, and what was found."""
    spent: list[Spent] = []
    with timed(spent):
        analysis = pipeline.analyse(clip, settings)
        plan = pipeline.plan(analysis, settings)
    with tempfile.TemporaryDirectory(prefix="facefix-speed-") as folder, timed(spent):
        pipeline.render(plan, Path(folder) / "out.mp4", settings=settings)
    treated = {frame for t in plan.treatments for frame in range(t.span.start, t.span.end)}
    return spent, len(treated), analysis


def by_gfpgan(pictures: list[NDArray[np.uint8]], points: list[Points], device: str) -> list[Spent]:
    """Each frame but the first, which warms up. pictures: (H, W, 3) uint8 RGB."""
    torch.manual_seed(0)
    rival = gfpganer.build(device)
    detector = rival.face_helper.face_det
    for head in detector.ClassHead:
        # Pairs of "no face" and "face", one for each anchor box.
        head.conv1x1.weight.data.zero_()
        head.conv1x1.bias.data[0::2], head.conv1x1.bias.data[1::2] = 10.0, -10.0
    detect, spent = detector.detect_faces, list[Spent]()
    for picture, five in zip(pictures, points, strict=True):
        answer = np.concatenate([five.min(0), five.max(0), [1.0], five.ravel()])[None]

        def found(*words: Any, answer: NDArray[np.float64] = answer, **more: Any) -> NDArray[np.float64]:
            detect(*words, **more)
            return answer

        detector.detect_faces = found
        bgr = np.ascontiguousarray(picture[..., ::-1])
        # As torch has it by itself, which facefix does not.
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=False, allow_tf32=True), timed(spent):
            _, restored, _ = rival.enhance(bgr, paste_back=True)
        assert len(restored) == 1
    return spent[1:]


def restored(device: str, crops: NDArray[np.float32]) -> tuple[float, float]:
    """Faces per second of the bare network and of the restorer as facefix runs it. crops: (N, S, S, 3) RGB 0..1."""
    random = basicsr_adapter.gfpgan().eval().requires_grad_(False)
    with mock.patch.object(checkpoints, "load", lambda *words: random), mock.patch.object(zoo, "checked", Path):
        restorer = gfpgan.Gfpgan(device)
    target, size = devices.resolve(device), restorer.batch
    bare = graphs.Replayed(restorer.forward) if target.type == "cuda" else restorer.forward
    given = tensors.planes(np.stack([cv2.resize(crop, (gfpgan.SIDE_PX,) * 2) for crop in crops[:size]]), target)

    def settle() -> None:
        if target.type == "cuda":
            torch.cuda.synchronize(target)

    def run(times: int) -> float:
        settle()
        began = time.perf_counter()
        with torch.inference_mode():
            for _ in range(times):
                bare(given)
        settle()
        return times * len(given) / (time.perf_counter() - began)

    rounds = max(1, len(crops) // size)
    run(3 if target.type == "cuda" else 0)
    ceiling = run(rounds)
    if target.type == "cuda":
        restorer.restore(crops[: 4 * size], 300)
    began = time.perf_counter()
    restorer.restore(crops, 300)
    return ceiling, len(crops) / (time.perf_counter() - began)


def print_restorer(device: str, crops: NDArray[np.float32], rival: float) -> None:
    """rival: faces per second of GFPGANer.enhance."""
    ceiling, ours = restored(device, crops)
    print(f"\nGFPGAN on {devices.described(devices.resolve(device))}: {len(crops)} faces")
    print("                        faces/s   of the network's   of GFPGANer's")
    for name, speed in (("network alone", ceiling), ("restorer gfpgan", ours), ("GFPGANer.enhance", rival)):
        print(f"{name:<21}{speed:>10.2f}{speed / ceiling:>19.2f}{speed / rival:>16.2f}")
    print(f"aims: {_OF_CEILING} of the network's, {_OF_RIVAL} times GFPGANer's")


def print_stages(clip: Path, device: str) -> None:
    """Where the time goes in a render at twice the size."""
    settings = Settings(device=device, scale=2, upscaler="realesrgan")
    plan = pipeline.plan(pipeline.analyse(clip, settings), settings)
    with tempfile.TemporaryDirectory(prefix="facefix-speed-") as folder, profiled() as profile:
        report = pipeline.render(plan, Path(folder) / "out.mp4", settings=settings)
    size = "x".join(map(str, report.size))
    print(f"\nRender to {size}: {report.frames} frames, {report.frames / profile.wall_s:.2f} a second")
    for stage, spent in sorted(profile.stages.items(), key=lambda one: -one[1].seconds):
        print(f"{stage:<28}{spent.seconds:>9.2f} s{spent.seconds / profile.wall_s:>8.0%} of the time")


def chosen(clip: Path, analysis: Analysis, count: int) -> tuple[list[NDArray[np.uint8]], list[Points]]:
    """Pictures spread over the clip, one more than `count`, and the points of the face that is there longest."""
    track = max((d.track for d in analysis.diagnoses), key=lambda track: len(track.span))
    faces = {face.frame: face.points for face in track.faces}
    known = sorted(faces)
    wanted = [known[i] for i in np.linspace(0, len(known) - 1, count + 1).round().astype(int)]
    info = probe.probe(clip)
    pictures = {frame.index: colour.to_rgb(frame, info) for frame in decode.Decoder(info) if frame.index in wanted}
    return [pictures[i].astype(np.uint8) for i in wanted], [faces[i] for i in wanted]


def crops_of(clip: Path, analysis: Analysis, count: int) -> NDArray[np.float32]:
    """(count, 512, 512, 3) RGB 0..1 of the face that is there longest."""
    pictures, points = chosen(clip, analysis, 7)
    side = gfpgan.SIDE_PX
    crops = [align.crop(p, align.transform(five, side), side).pixels for p, five in zip(pictures, points, strict=True)]
    return np.stack([crops[n % len(crops)] for n in range(count)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--frames", type=int, default=4, help="that GFPGANer is timed on (default 4)")
    parser.add_argument("--device", default="cpu", help="of both (default cpu)")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    try:
        devices.resolve(asked.device)
        probe.probe(asked.clip)
    except FacefixError as error:
        parser.exit(1, f"{error}\n")
    (analysed, rendered), treated, analysis = by_facefix(asked.clip, Settings(device=asked.device))
    both = Spent(analysed.wall_s + rendered.wall_s, analysed.cpu_s + rendered.cpu_s)
    every = by_gfpgan(*chosen(asked.clip, analysis, asked.frames), asked.device)
    rival = Spent(*(float(np.median([getattr(one, name) for one in every])) for name in ("wall_s", "cpu_s")))
    count = analysis.frames
    print(f"{asked.clip.name}: {count} frames, {treated} of them treated; {torch.get_num_threads()} threads")
    print("                        frames/s   CPU s a frame   times as fast   times less CPU")
    for name, spent in (("analysis", analysed), ("render", rendered), ("both passes", both)):
        times = [rival.wall_s * count / spent.wall_s, rival.cpu_s * count / spent.cpu_s]
        row = f"{count / spent.wall_s:>9.2f}{spent.cpu_s / count:>16.2f}{times[0]:>16.1f}{times[1]:>17.1f}"
        print(f"facefix, {name:<14}{row}")
    print(f"{'GFPGANer.enhance':<23}{1 / rival.wall_s:>9.2f}{rival.cpu_s:>16.2f}   (median of {len(every)} frames)")
    print(f"aim: {TIMES} times as fast")
    if devices.resolve(asked.device).type == "cuda":
        print_restorer(asked.device, crops_of(asked.clip, analysis, _FACES), 1 / rival.wall_s)
        print_stages(asked.clip, asked.device)


if __name__ == "__main__":
    main()
