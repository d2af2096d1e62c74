"""A wordless voice over a soft chord, in step with the mouth. Nobody was recorded."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from living_portrait.performance import FRAME_RATE, SYLLABLES, speech_envelope

SAMPLE_RATE = 48_000
_VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (300, 870, 2240), (570, 840, 2410), (660, 1720, 2410))
"""First three formants in Hz, Peterson and Barney 1952."""
_CHORD_HZ = (110.0, 164.81, 220.0, 277.18)


def sing(seed: int, first_frame: int, frames: int) -> NDArray[np.float32]:
    """(2, samples) in -1..1, exactly as long as `frames` frames of the performance from `first_frame`."""
    samples = round(frames * SAMPLE_RATE / FRAME_RATE)
    time_s = first_frame / FRAME_RATE + np.arange(samples) / SAMPLE_RATE
    rng = np.random.default_rng(seed)
    pad = sum(np.sin(2 * np.pi * hz * time_s + k) / (k + 2) for k, hz in enumerate(_CHORD_HZ))
    swell = 0.8 + 0.2 * np.sin(2 * np.pi * time_s / 4)
    speech = _voice(time_s, rng)
    breath = rng.standard_normal((2, samples)) * 0.0015
    fade = np.clip(np.minimum(np.arange(samples), np.arange(samples)[::-1]) / (0.02 * SAMPLE_RATE), 0, 1)
    mix = np.stack([0.05 * pad * swell + 0.30 * speech, 0.05 * np.roll(pad, 40) * swell + 0.30 * speech])
    return (fade * (mix + breath)).astype(np.float32)


def _voice(time_s: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """A falling pulse train through two-pole resonators, one vowel a syllable (Klatt 1980, cascade branch)."""
    frame = time_s * FRAME_RATE
    pitch_hz = 196 + 14 * np.sin(2 * np.pi * time_s / 1.7) + 3 * np.sin(2 * np.pi * 5.2 * time_s)
    phase = np.cumsum(pitch_hz) / SAMPLE_RATE
    source = 1 - 2 * (phase % 1) + 0.05 * rng.standard_normal(time_s.size)
    sound = np.zeros_like(time_s)
    for number, (start, length, _) in enumerate(SYLLABLES):
        gate = np.clip(np.minimum(frame - start + 1, start + length + 1 - frame), 0, 1)
        if gate.any():
            sound += gate * _resonate(source, _VOWELS[number % len(_VOWELS)])
    peak = np.abs(sound).max()
    return speech_envelope(frame) * (sound / peak if peak > 0 else sound)


def _resonate(source: NDArray[np.float64], formants: tuple[int, ...]) -> NDArray[np.float64]:
    sound = source
    for hz, bandwidth in zip(formants, (80, 100, 140), strict=True):
        radius = np.exp(-np.pi * bandwidth / SAMPLE_RATE)
        pole = 2 * radius * np.cos(2 * np.pi * hz / SAMPLE_RATE)
        sound = lfilter([1 - pole + radius**2], [1, -pole, radius**2], sound)
    return sound
