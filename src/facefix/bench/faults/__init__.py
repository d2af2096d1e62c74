"""Faults as generated video shows them, injected into clean footage, so that the truth is known.

Each fault is one module with `inject(pixels, points, severity, seed, span) -> Iterator[frame]`:

    pixels    iterable of (H, W, 3) uint8 RGB frames of one face's clip, read once, in order
    points    (T, 5, 2) the face's five points in each frame, pixels, order of `types.Face.points`; NaN: no face
    severity  0..1: 0.3 visible when looked for, 0.6 visible at once, 0.9 ruins the shot; amplitudes scale with it
    seed      the same seed, points and span draw the same fault at any severity
    span      frames the fault lies in, counted from the first of `pixels`

Memory does not grow with the clip. Frames outside the span and pixels outside the face stay bit-identical.
Inside, a fault begins and ends smoothly; drift begins smoothly and stays to the end of its span.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults import drift, flicker, warp, waxy
from facefix.types import Span

Inject = Callable[[Iterable[NDArray[np.uint8]], NDArray[np.float32], float, int, Span], Iterator[NDArray[np.uint8]]]


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to spoil a face."""

    mode: str
    """Name of the failure mode it imitates."""
    inject: Inject
    regions: Callable[[int], tuple[str, ...]]
    """What a seed spoils, for labels."""


FAULTS = {module.MODE: Fault(module.MODE, module.inject, module.regions) for module in (warp, drift, flicker, waxy)}
