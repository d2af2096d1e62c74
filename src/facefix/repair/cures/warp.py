"""Warp: what bends for some frames is moved back to where its path through the frames around says it belongs."""

from __future__ import annotations

from facefix.repair.cures.contract import CureSpec
from facefix.repair.cures.flicker import FusionCure
from facefix.repair.fusion import Recipe


def recipe(fps: float) -> Recipe:
    """+-0.4 s in strides: wide enough to reach past a short warp to good frames on both sides."""
    radius = max(6, 3 * round(0.4 * fps / 3))
    return Recipe(radius=radius, stride=radius // 3, colours=False)


SPEC = CureSpec(
    name="warp",
    describe="straightens features along their path through the shot",
    look_ahead=lambda fps: recipe(fps).radius,
    eyes=0.6,
    mouth=0.3,
    start=lambda patient: FusionCure(recipe(patient.fps)),
)
