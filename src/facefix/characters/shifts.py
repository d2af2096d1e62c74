"""Two sets of samples made comparable: frontal is held against frontal, for a face's numbers move with its pose.

Each sample is weighted by how many of the other set's have its pose (Gaussian in yaw and pitch), so that both sets have the
same mean pose; then weighted means are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facefix.characters.sample import Sample
from facefix.types import Pose

POSE_SPREAD_DEG = 8.0
LEAST_SAMPLES = 2
"""Of either side that must have a pose of the other's."""
_LIGHT_SHARE = 0.5
"""Of a change of light, that a tone may change by without the skin having changed."""
_NOWHERE = 1e-9
"""Weight of a sample whose pose the other side never has, so that there always is a mean."""

Floats = NDArray[np.float64]


class Posed(Protocol):
    """What is known of a face at least."""

    @property
    def pose(self) -> Pose: ...

    @property
    def identity(self) -> NDArray[np.float32]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Shift:
    """How one set of samples differs from another: its own less the other's."""

    identity: Floats
    """(128,) of the embeddings."""
    shape: Floats
    """(K,) of `Sample.shape`."""
    proportions: Floats
    """(P,) log ratios."""
    tone: Floats
    """(3,) CIE Lab, less what the light explains. NaN where no skin is seen."""
    texture: float
    """Log ratio; NaN where it was not measured."""


def shift(one: Sequence[Sample], other: Sequence[Sample]) -> Shift:
    """Of two sets with a sample each at least; see `meet` for whether it means anything."""
    first, second = weights(one, other)

    def mean(sets: Sequence[Sample], share: Floats, name: str) -> Floats:
        values = np.array([getattr(sample, name) for sample in sets], np.float64)
        known = np.isfinite(values.reshape(len(values), -1)).all(1)
        if not known.any():
            return np.full(values.shape[1:], np.nan)
        return np.average(values[known], axis=0, weights=share[known])

    def change(name: str) -> Floats:
        return mean(one, first, name) - mean(other, second, name)

    def ratio(name: str) -> Floats:
        return np.log(mean(one, first, name) / mean(other, second, name))

    return Shift(
        identity=change("identity"),
        shape=change("shape"),
        proportions=ratio("proportions"),
        tone=_unexplained(change("tone"), change("white_tone"), change("light")),
        texture=float(ratio("texture")),
    )


def weights(one: Sequence[Posed], other: Sequence[Posed]) -> tuple[Floats, Floats]:
    """(N,) and (M,) weights of sum 1 of two sets of samples."""
    near = np.exp(-(_apart_deg(one, other) ** 2).sum(-1) / (2 * POSE_SPREAD_DEG**2)) + _NOWHERE
    first, second = near.sum(1), near.sum(0)
    return first / first.sum(), second / second.sum()


def meet(one: Sequence[Posed], other: Sequence[Posed], least: int = LEAST_SAMPLES, least_other: int | None = None) -> bool:
    """Whether at least so many samples of either side have a pose of the other's; least_other: of the other side."""
    near = np.abs(_apart_deg(one, other)).max(-1) <= 2 * POSE_SPREAD_DEG
    wanted = least if least_other is None else least_other
    return bool(near.any(1).sum() >= least and near.any(0).sum() >= wanted)


def identity_distance(one: Sequence[Posed], other: Sequence[Posed]) -> float:
    """Distance of the mean embeddings at matched poses."""
    first, second = weights(one, other)
    a, b = (np.array([sample.identity for sample in samples], np.float64) for samples in (one, other))
    return float(np.linalg.norm(first @ a - second @ b))


def shape_difference(one: Sequence[Sample], other: Sequence[Sample]) -> float:
    """0 (the same direction from the mean face) to 2: one less the cosine of the mean shapes at matched poses."""
    first, second = weights(one, other)
    a = first @ np.array([sample.shape for sample in one], np.float64)
    b = second @ np.array([sample.shape for sample in other], np.float64)
    # Of a direction and itself the cosine may round to more than 1, and a distance below 0 is none.
    return max(0.0, float(1 - a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12)))


def _apart_deg(one: Sequence[Posed], other: Sequence[Posed]) -> Floats:
    """(N, M, 2) yaw and pitch of the samples against each other."""
    first, second = (np.array([(s.pose.yaw, s.pose.pitch) for s in samples], np.float64) for samples in (one, other))
    return first[:, None] - second[None]


def _unexplained(seen: Floats, white: Floats, light: Floats) -> Floats:
    """What is left of a change of tone along each axis when the light may explain it.

    The smaller of what is seen and what there would be in white light, 0 where they disagree; less a share of the light's own
    change, for how a picture is lit can only be guessed.
    """
    smaller = np.sign(seen) * np.clip(np.minimum(np.abs(seen), np.abs(white)) - _LIGHT_SHARE * np.abs(light), 0, None)
    return np.where(np.isnan(seen) | np.isnan(white), np.nan, np.where(np.sign(seen) == np.sign(white), smaller, 0.0))
