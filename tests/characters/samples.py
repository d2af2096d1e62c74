"""Faces as numbers: samples of made-up people, with noise, seen under some poses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from facefix.characters.people import Appearing
from facefix.characters.sample import Sample
from facefix.faces.appearance import PROPORTIONS
from facefix.types import Pose, Span

TURN = 0.01
"""How far an embedding moves per degree of yaw."""


def sampled(person: int, count: int = 8, seed: int = 0, yaw: float = 0.0, spread: float = 10.0) -> tuple[Sample, ...]:
    """Looks of a person: embeddings of two people lie 0.8 apart, of one under like poses 0.1."""
    who = np.random.default_rng([person, 1])
    noise = np.random.default_rng([person, seed, 2])
    own, turned = (v / np.linalg.norm(v) for v in who.standard_normal((2, 128)))
    shape, lengths = 2.5 * who.standard_normal(40), np.exp(0.1 * who.standard_normal(len(PROPORTIONS)))
    found = []
    for frame, angle in enumerate(yaw + noise.uniform(-spread, spread, count)):
        identity = 0.57 * own + TURN * angle * turned + 0.006 * noise.standard_normal(128)
        found.append(
            Sample(
                frame=frame,
                face_px=150.0,
                pose=Pose(float(angle), 0.0, 0.0),
                identity=identity.astype(np.float32),
                shape=(shape + 0.3 * noise.standard_normal(40)).astype(np.float32),
                proportions=(lengths * np.exp(0.01 * noise.standard_normal(len(PROPORTIONS)))).astype(np.float32),
                tone=np.array([60, 14, 16], np.float32) + 0.3 * noise.standard_normal(3).astype(np.float32),
                white_tone=np.array([50, 12, 12], np.float32) + 0.3 * noise.standard_normal(3).astype(np.float32),
                light=np.array([70, 0, 0], np.float32),
                texture=0.01 * float(np.exp(0.05 * noise.standard_normal())),
            )
        )
    return tuple(found)


def appearing(samples: tuple[Sample, ...], clip: int, track: int = 0, start: int = 0, end: int = 100) -> Appearing:
    """A track that these samples are of."""
    return Appearing(clip, track, Span(start, end), samples)


def changed(
    samples: tuple[Sample, ...],
    name: str,
    factor: float = 1.0,
    *,
    tone: tuple[float, ...] = (0, 0, 0),
    lit: bool = False,
    seed: int = 99,
) -> tuple[Sample, ...]:
    """The same person with one proportion times a factor, the rest of the face changed accordingly, and another skin.

    lit: the light is what changed the skin. seed: another changes another way.
    """
    at = PROPORTIONS.index(name)
    away, bent = (v / np.linalg.norm(v) for v in map(np.random.default_rng(seed).standard_normal, (128, 40)))
    far = abs(np.log(factor))
    made = []
    for one in samples:
        lengths = one.proportions.copy()
        lengths[at] *= factor
        moved = one.identity + far * away
        shift = np.array(tone, np.float32)
        skin = {"light": one.light + shift} if lit else {"white_tone": one.white_tone + shift}
        shape = one.shape + 25 * far * bent
        made.append(
            replace(
                one,
                proportions=lengths,
                identity=moved.astype(np.float32),
                shape=shape.astype(np.float32),
                tone=one.tone + shift,
                **skin,
            )
        )
    return tuple(made)
