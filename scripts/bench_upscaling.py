#!/usr/bin/env python3
"""Seconds per frame of a bare forward pass, of the upscaler (tiles, back-projection) and of the whole `--scale` render.

    python scripts/bench_upscaling.py
    python scripts/bench_upscaling.py CLIP --upscaler animevideo --scale 4 --frames 6 --device cpu

All of one upscaler is timed in one run, so that ratios hold on a busy machine: bare (the network on the whole picture, already
on the device, in its number format), tiled (the same pixels through `upscale.tiling`, as if memory held three fifths of the
picture), upscaler (what a render calls: a picture in main memory in, an enlarged one out), and each stage of a render of a clip
without a fault. CUDA is timed beside the CPU where there is one, always after `torch.cuda.synchronize`. Medians over frames;
the first of each, which warms up, is left out. The render is timed as a whole by `pipeline.render`, encoder and all. On a busy
machine believe the seconds of CPU, of all threads, rather than those of the clock.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from facefix import memory, pipeline
from facefix.errors import FacefixError
from facefix.media import colour, decode, encode, probe
from facefix.models import devices, networks, zoo
from facefix.pipeline.enlarging import enlarged_size
from facefix.plan import Plan, fingerprint
from facefix.settings import Settings
from facefix.types import ClipInfo, Frame, Span
from facefix.upscale import UPSCALERS
from facefix.upscale.realesrgan import RealEsrgan, seen_px
from facefix.upscale.steadying import Steadier
from facefix.upscale.tiling import Tiler, grid

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "astronaut_clean.mp4"
NETWORKS = {"realesrgan": "x4plus", "general": "general-x4v3", "anime": "x4plus-anime", "animevideo": "animevideov3"}


Spent = tuple[float, float]
"""Seconds by the clock, and of CPU by all threads."""


class Watch:
    """Seconds of pieces of work, by what they are."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._spent: dict[str, list[Spent]] = {}

    def time(self, stage: str, work: Callable[[], Any]) -> Any:
        """What the work gives."""
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        self._spent.setdefault(stage, []).append((time.perf_counter() - wall, time.process_time() - cpu))
        return result

    def rows(self) -> dict[str, Spent]:
        """Medians without the first of each, which warms up."""
        return {stage: tuple(np.median(spent[1:], axis=0)) for stage, spent in self._spent.items()}


def forward_rows(name: str, picture: np.ndarray, scale: int, times: int, kind: str) -> dict[str, Spent]:
    """Seconds of the bare network, of the same in tiles, and of the upscaler. picture: (H, W, 3) RGB 0..1."""
    device = devices.resolve(kind)
    network = networks.load_upscaling(NETWORKS[name], kind)
    dtype = next(network.parameters()).dtype
    planes = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].to(device, dtype)
    planes = planes.contiguous(memory_format=torch.channels_last)
    overlap = seen_px(network)
    height, width = picture.shape[:2]
    most = height * width * 3 // 5
    tiler, upscaler = Tiler(network, 4, overlap_px=overlap, most_px=most), RealEsrgan(network)
    cut = grid(height, width, overlap, most)
    watch = Watch(device)
    for _ in range(times + 1):
        with torch.inference_mode():
            watch.time("bare", lambda: network(planes))
            watch.time(f"in {len(cut.tiles)} tiles", lambda: tiler.run(planes))
        watch.time("upscaler", lambda: upscaler.enlarge(picture[None], scale))
    print(f"  tiles: {cut.pixels / (height * width) - 1:.1%} of the pixels twice")
    return watch.rows()


def stage_rows(name: str, clip: ClipInfo, frames: list[Frame], scale: int, kind: str) -> dict[str, Spent]:
    """Seconds a frame of each stage of a render, one after another."""
    upscaler, steadier = UPSCALERS[name].load(kind), Steadier()
    watch = Watch(devices.resolve(kind))
    with tempfile.TemporaryDirectory(prefix="facefix-upscaling-") as folder:
        writer = encode.Writer(clip, Path(folder) / "out.mp4", size=enlarged_size(clip, scale))
        with writer:
            for frame in frames:
                rgb = watch.time("to RGB", lambda frame=frame: colour.to_rgb(frame, clip))
                small = (rgb / np.float32(np.iinfo(rgb.dtype).max)).astype(np.float32)
                large = watch.time("upscaler", lambda small=small: upscaler.enlarge(small[None], scale)[0])
                if UPSCALERS[name].invents:
                    large = watch.time("steadying", lambda small=small, large=large: steadier.steadied(small, large))
                pixels = np.rint(large * np.float32(255)).astype(np.uint8)
                watch.time("to YUV, encode", lambda pixels=pixels, frame=frame: writer.write_rgb(pixels, frame))
    return watch.rows()


def whole_render(name: str, clip: ClipInfo, span: Span, scale: int, kind: str) -> Spent:
    """Seconds a frame of a render in which nothing is repaired."""
    width, height = clip.video.display_size
    frames = clip.video.declared_frames or span.end
    plan = Plan(clip.path, fingerprint(clip.path), frames, width, height, span, "none", None, None, (), ())
    with tempfile.TemporaryDirectory(prefix="facefix-upscaling-") as folder:
        settings = Settings(scale=scale, upscaler=name, device=kind)
        cpu = time.process_time()
        report = pipeline.render(plan, Path(folder) / "out.mp4", settings=settings)
    return report.seconds / report.frames, (time.process_time() - cpu) / report.frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument(
        "--upscaler", action="append", choices=list(UPSCALERS), help="may be repeated (default: all that are here)"
    )
    parser.add_argument("--scale", type=int, default=2, choices=(2, 4))
    parser.add_argument("--frames", type=int, default=6, help="that are rendered (default 6)")
    parser.add_argument("--times", type=int, default=3, help="that a forward pass is timed (default 3)")
    parser.add_argument("--device", default=None, help="default: the CPU, and CUDA where there is one")
    asked = parser.parse_args()
    try:
        devices.resolve(asked.device or "cpu")
    except FacefixError as error:
        parser.exit(1, f"{error}\n")
    memory.keep_large_blocks_apart()
    clip = probe.probe(asked.clip)
    frames = list(islice(decode.Decoder(clip), asked.frames))
    rgb = colour.to_rgb(frames[0], clip)
    picture = (rgb / np.float32(np.iinfo(rgb.dtype).max)).astype(np.float32)
    kinds = [asked.device] if asked.device else ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    print(f"{clip.path.name}, {rgb.shape[1]}x{rgb.shape[0]} x {asked.scale}; {torch.get_num_threads()} threads")
    for kind in kinds:
        for name in asked.upscaler or [n for n, s in UPSCALERS.items() if zoo.installed(s.files)]:
            print(f"{name} on {kind}, {devices.best_dtype(devices.resolve(kind))}")
            rows = forward_rows(name, picture, asked.scale, asked.times, kind) if name in NETWORKS else {}
            rows |= {f"stage: {k}": v for k, v in stage_rows(name, clip, frames, asked.scale, kind).items()}
            rows["whole render"] = whole_render(name, clip, Span(0, len(frames)), asked.scale, kind)
            base = rows.get("bare", rows["whole render"])
            print("                         frames/s   CPU s a frame   of bare, clock   of bare, CPU")
            for stage, (wall, cpu) in rows.items():
                print(f"  {stage:<22}{1 / wall:>9.2f}{cpu:>16.3f}{wall / base[0]:>17.2f}{cpu / base[1]:>15.2f}")


if __name__ == "__main__":
    main()
