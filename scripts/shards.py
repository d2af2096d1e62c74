"""Shards of training samples, made by seed: what the scripts that make them share."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike

SHARD = 256
"""Samples in one."""


def options(doc: str | None, *, shards: str) -> argparse.Namespace:
    """The command line; see `parser`."""
    return parser(doc, shards=shards).parse_args()


def parser(doc: str | None, *, shards: str) -> argparse.ArgumentParser:
    """What all of them take, to add to; shards: those made by default, "first-last", the last exclusive."""
    line = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    line.add_argument("collected", type=Path)
    line.add_argument("run", type=Path)
    line.add_argument("--shards", default=shards, help="first-last, exclusive")
    line.add_argument("--held-out", action="store_true")
    return line


def make(
    choices: argparse.Namespace, draw: Callable[[int], dict[str, ArrayLike]], *, held_out: int, held_seed: int, called: str
) -> None:
    """Write RUN/train_NNNN.npz, or RUN/held_NNNN.npz; those there are stay, so several processes may make different ones.

    draw: a seed to one sample, a value for each array of a shard. held_out: how many shards are held out; their samples' seeds
    begin at `held_seed`, beyond all of those trained on. called: what a sample is, for the log.
    """
    choices.run.mkdir(parents=True, exist_ok=True)
    # Several processes share the cores already.
    cv2.setNumThreads(1)
    name, start = ("held", held_seed) if choices.held_out else ("train", 0)
    first, last = (0, held_out) if choices.held_out else (int(part) for part in choices.shards.split("-"))
    for number in range(first, last):
        path = choices.run / f"{name}_{number:04}.npz"
        if path.exists():
            continue
        began = time.monotonic()
        drawn = [draw(start + number * SHARD + k) for k in range(SHARD)]
        np.savez(path, **{key: np.stack([sample[key] for sample in drawn]) for key in drawn[0]})
        print(f"{path.name}: {(time.monotonic() - began) / SHARD:.3f} s a {called}", flush=True)
