"""Train the anchored restorer.

    python scripts/restorer/pairs.py ...                           # see there: people, held, train
    python scripts/train_restorer.py RUN --minutes 150 [--seed 0] [--device cuda --batch 32]
    python scripts/train_restorer.py RUN --minutes 300 --resume    # go on, up to 300 minutes in all
    python scripts/train_restorer.py RUN --begin models/restorer.safetensors # anew, from these weights
    python scripts/train_restorer.py RUN --export models/restorer.safetensors [--begin OLD.safetensors --share 0.65]

RUN holds the shards of pairs. The checkpoint is RUN/restorer.pt, the log goes to the terminal: training loss, and now and
then, on the held-out pairs at severity 0.6, per mode the shares of squared error and of identity distance undone, and the
PSNR that clean crops keep.
The learning rate follows the minutes trained: a warm-up, then a cosine down to nothing.
"""

from __future__ import annotations

import argparse
import copy
import math
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).parent))

import training
from facefix.models import devices, own
from facefix.repair.restorers.anchored.network import SIDE_PX, AnchoredNetwork, mixed
from restorer import measure
from restorer.batches import Batch, Pairs
from restorer.identity import Likeness, shake

AVERAGING = 0.998
WARM_UP_STEPS = 200
REPORT_STEPS, SAVE_STEPS = 250, 50
BETAS = (0.9, 0.99)
CLIPPED = 1.0
"""Longest gradient: without normalisation one odd batch can undo a hundred others."""
LONGEST_STEP_S = 3.0
"""A machine that was busy or asleep has not trained: more than this does not count."""
SOFT = 0.004
"""Errors below this count by their square."""
FIRST_FLOOR, LAST_FLOOR, FLOOR_STEPS = 1e-3, 5e-4, 1500
"""Mean squared error that the share left is measured against at least, falling over the first steps. Lower than this and wax
and clean crops, in which little is wrong, outvote warps and drifts; asked for at once it teaches to do nothing."""
SHARE_WEIGHT, PIXEL_WEIGHT, DETAIL_WEIGHT, MASK_WEIGHT = 0.5, 25.0, 12.0, 0.6
ALIKE = 0.1
"""Identity distance that is added to the damage's, against which that left is measured: two frames of one person lie 0.19
apart, and in a clean crop there is nothing to gain."""
VISIBLE = 0.008
"""Change of a colour that is just worth a mask's attention."""
MASK_REACH_PX = 15


class Wanted(NamedTuple):
    """What the loss asks for, beside nearness to the truth."""

    weights: Tensor
    """(1, 1, S, S) how much every place counts."""
    likeness: Likeness
    alike: float
    """Weight of the identity distance left; at 0 it is not looked at."""
    calm: float
    """Weight of what the error changes from a frame to the next, against the error itself; above 0 batches are couples."""


def loss(network: AnchoredNetwork, wanted: Wanted, batch: Batch, floor: float) -> tuple[Tensor, float, float]:
    """The training loss; and the mean shares of squared error and of identity distance left, for the log; NaN where the latter
    is not asked for.

    The mixture learns as if there were no mask, and the mask learns on a mixture that is given: a mask that shuts out the
    first clumsy attempts would end all learning.
    """
    with devices.half(batch.truth.device):
        plan = network(batch.damaged, batch.anchors, batch.coverage, batch.guide)
    mixture, mask = mixed(plan, batch.damaged, batch.anchors)
    out = batch.damaged + mask * (mixture.detach() - batch.damaged)
    before = ((batch.damaged - batch.truth).square() * wanted.weights).mean((1, 2, 3)) + floor
    gaps = (mixture - batch.truth, out - batch.truth)
    left = [(gap.square() * wanted.weights).mean((1, 2, 3)) / before for gap in gaps]
    pixel = ((gaps[0].square() + SOFT**2).sqrt() * wanted.weights).mean()
    total = PIXEL_WEIGHT * pixel + DETAIL_WEIGHT * detail(gaps[0])
    total = total + SHARE_WEIGHT * sum(share.clamp(max=4).mean() for share in left)
    total = total + MASK_WEIGHT * mask_error(mask, mixture.detach(), batch)
    if wanted.calm:
        change = gaps[0][1::2] - gaps[0][::2]
        total = total + wanted.calm * PIXEL_WEIGHT * ((change.square() + SOFT**2).sqrt() * wanted.weights).mean()
    distance = math.nan
    if wanted.alike:
        # The mask that is given: what it hides is not seen by those who know the face either.
        alike = estranged(wanted.likeness, batch, batch.damaged + mask.detach() * (mixture - batch.damaged))
        total, distance = total + wanted.alike * alike, float(alike.detach())
    return total, float(left[1].detach().mean()), distance


def estranged(likeness: Likeness, batch: Batch, out: Tensor) -> Tensor:
    """Mean share of the identity distance to the truth that is left."""
    shaken = shake(len(out)).to(out.device)
    with torch.no_grad():
        truth = likeness(batch.truth, shaken)
        before = distances(likeness(batch.damaged, shaken), truth)
    return (distances(likeness(out.clamp(0, 1), shaken), truth) / (before + ALIKE)).mean()


def distances(one: Tensor, other: Tensor) -> Tensor:
    """(N,) Euclidean; a gradient also where they are the same."""
    return ((one - other).square().sum(1) + 1e-8).sqrt()


def mask_error(mask: Tensor, mixture: Tensor, batch: Batch) -> Tensor:
    """Cross entropy to the best mask: the share of the way from damaged to mixture that ends nearest to the truth.

    Every place where the mixture changes something visible counts about alike, so that a clean face, where it changes little,
    has a say.
    """
    way, goal = mixture - batch.damaged, batch.truth - batch.damaged
    around = {"kernel_size": MASK_REACH_PX, "stride": 1, "padding": MASK_REACH_PX // 2}
    along = functional.avg_pool2d((way * goal).mean(1, keepdim=True), **around)
    length = functional.avg_pool2d(way.square().mean(1, keepdim=True), **around)
    best = (along / (length + 1e-8)).clamp(0, 1)
    counts = length / (length + VISIBLE**2)
    # Ends pulled in: a mask that is nearly shut need not be driven further.
    return (counts * functional.binary_cross_entropy(mask.clamp(1e-3, 1 - 1e-3), best, reduction="none")).mean()


def detail(gap: Tensor) -> Tensor:
    """Mean gradient of the error over three scales: what blur leaves behind."""
    total = gap.new_zeros(())
    for scale in (1, 2, 4):
        small = functional.avg_pool2d(gap, scale) if scale > 1 else gap
        total = total + small.diff(dim=2).abs().mean() + small.diff(dim=3).abs().mean()
    return total / 3


def face_weights() -> Tensor:
    """(1, 1, S, S) mean 1: the oval of an aligned face counts six times as much as its surroundings."""
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX] / SIDE_PX
    radius = np.hypot((x - 0.5) / 0.33, (y - 0.58) / 0.42)
    weights = 0.3 + 1.5 * np.clip((1.15 - radius) / 0.3, 0, 1)
    return torch.from_numpy((weights / weights.mean()).astype(np.float32))[None, None]


def learn(options: argparse.Namespace) -> None:
    torch.manual_seed(options.seed)
    device = torch.device(options.device)
    checkpoint = options.run / "restorer.pt"
    kept = torch.load(checkpoint, weights_only=True, map_location=device) if options.resume else None
    network = AnchoredNetwork()
    if options.begin:
        own.load(network, options.begin, "the anchored restorer").train().requires_grad_(True)
    network = network.to(device)
    average = copy.deepcopy(network).eval()
    optimizer = torch.optim.AdamW(network.parameters(), options.rate, betas=BETAS, weight_decay=0.01)
    step, trained_s = 0, 0.0
    if kept:
        network.load_state_dict(kept["network"])
        average.load_state_dict(kept["average"])
        optimizer.load_state_dict(kept["optimizer"])
        for group in optimizer.param_groups:
            group["betas"] = BETAS
        step, trained_s = kept["step"], kept["trained_s"]
    network, average = (n.to(memory_format=torch.channels_last) for n in (network, average))  # pyright: ignore
    print(f"{sum(p.numel() for p in network.parameters()) / 1e6:.2f} M parameters, from step {step}", flush=True)
    pairs = Pairs(options.run, options.batch, options.seed + 1000 * step, options.calm > 0)
    batches = iter(DataLoader(pairs, batch_size=None, num_workers=options.workers, prefetch_factor=4))
    held, likeness = measure.Held(options.run / "held.npy"), Likeness().to(device)
    wanted, running = Wanted(face_weights().to(device), likeness, options.alike, options.calm), []
    while (done := trained_s / 60 / options.minutes) < 1:
        began = time.monotonic()
        for group in optimizer.param_groups:
            group["lr"] = rate_at(options.rate, step, done)
        batch = Batch(*(t.to(device, non_blocking=True) for t in next(batches)))
        total, left, alike = loss(network, wanted, batch, floor_at(step))
        optimizer.zero_grad(set_to_none=True)
        total.backward()
        steep = torch.nn.utils.clip_grad_norm_(network.parameters(), CLIPPED)
        optimizer.step()
        step += 1
        training.follow(average, network, min(AVERAGING, (step + 1) / (step + 10)))
        running.append((float(total.detach()), left, alike, float(steep)))
        trained_s += min(time.monotonic() - began, LONGEST_STEP_S)
        if step % SAVE_STEPS == 0:
            mean = np.mean(running, axis=0)
            left = f"left {100 * mean[1]:.1f} %" + (f", {100 * mean[2]:.1f} % of distance" if options.alike else "")
            print(f"{trained_s:6.0f} s  step {step}  loss {mean[0]:.3f}  {left}  gradient {mean[3]:.2f}", flush=True)
            running = []
            state = {"network": network.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
            training.save(checkpoint, {**state, "step": step, "trained_s": trained_s})
        if step % REPORT_STEPS == 0:
            print(f"held out at {step}: {held.report(average, likeness, device)}", flush=True)
    print(f"held out at {step}: {held.report(average, likeness, device)}", flush=True)


def rate_at(rate: float, step: int, done: float) -> float:
    return rate * min(1.0, (step + 1) / WARM_UP_STEPS) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))


def floor_at(step: int) -> float:
    return FIRST_FLOOR * (LAST_FLOOR / FIRST_FLOOR) ** min(1.0, step / FLOOR_STEPS)


if __name__ == "__main__":
    line = training.resumable(training.parser(__doc__, minutes=150, rate=4e-4, batch=8))
    line.add_argument("--begin", type=Path, help="weights to begin from")
    line.add_argument("--alike", type=float, default=0.0, help="weight of the identity distance left; 0.6 was tried")
    line.add_argument("--calm", type=float, default=0.0, help="weight of what the error changes between frames")
    line.add_argument(
        "--share", type=float, default=1.0, help="of the trained weights in what is exported; the rest is --begin's"
    )
    training.run(line.parse_args(), learn, "restorer.pt")
