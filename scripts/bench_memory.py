#!/usr/bin/env python3
"""Peak memory of the whole command on a short and on a long clip, and the ratio of the two.

Both clips are the damaged sample repeated by stream copy, so that only their length differs. Memory is the largest
resident set of the process as the operating system counts it, children included (POSIX only). Facefix streams, so
the ratio should stay below 1.10.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import av

SAMPLE = Path(__file__).resolve().parent.parent / "samples" / "astronaut_damaged.mp4"
LIMIT = 1.10


@dataclass(frozen=True)
class Run:
    """What one run of the command took."""

    frames: int
    peak_mb: float
    seconds: float


def looped(source: Path, out: Path, length_s: float) -> int:
    """Repeat the pictures of `source` for `length_s` seconds without encoding them again; frames written."""
    written, shift = 0, 0
    with av.open(out, "w") as target:
        stream = None
        while True:
            with av.open(source) as container:
                video = container.streams.video[0]
                stream = stream or target.add_stream_from_template(video)
                last = shift
                for packet in container.demux(video):
                    if packet.dts is None or packet.pts is None:
                        continue
                    if packet.is_keyframe and float(written / video.average_rate) >= length_s:
                        return written
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    last = max(last, packet.pts + packet.duration)
                    packet.stream = stream
                    target.mux(packet)
                    written += 1
                shift = last


def measured(command: list[str], frames: int) -> Run:
    """Run `command`, which must succeed, and take its peak memory."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed with {process.returncode}.")
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return Run(frames, usage.ru_maxrss * kilobyte / 1e6, time.monotonic() - started)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", type=Path, default=SAMPLE, help="what is repeated")
    parser.add_argument("--short-s", type=float, default=10)
    parser.add_argument("--long-s", type=float, default=300)
    parser.add_argument("words", nargs="*", metavar="-- OPTIONS", help="more options for facefix, after --")
    asked = parser.parse_args()
    runs = []
    with tempfile.TemporaryDirectory(prefix="facefix-memory-") as folder:
        for name, length_s in (("short", asked.short_s), ("long", asked.long_s)):
            clip = Path(folder, f"{name}.mp4")
            frames = looped(asked.clip, clip, length_s)
            command = [sys.executable, "-m", "facefix", "fix", str(clip), "-y", *asked.words]
            runs.append(measured(command, frames))
            print(
                f"{name}: {frames} frames, peak {runs[-1].peak_mb:.0f} MB, {frames / runs[-1].seconds:.2f} frames/s", flush=True
            )
    ratio = runs[1].peak_mb / runs[0].peak_mb
    print(f"ratio: {ratio:.3f} (limit {LIMIT:.2f})")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
