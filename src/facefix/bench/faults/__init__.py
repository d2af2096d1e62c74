"""Faults as generated video shows them, injected into clean footage, so that the truth is known.

Each fault is one module with `MODE` and

    inject(pixels, points, severity, seed, span) -> Iterator[frame]

    pixels    iterable of (H, W, 3) uint8 RGB frames of one face's clip, read once, in order
    points    (T, 5, 2) the face's five points in each frame, pixels, order of `types.Face.points`; NaN: no face
    severity  0..1: 0.3 visible when looked for, 0.6 visible at once, 0.9 ruins the shot; amplitudes scale with it
    seed      the same seed, points and span draw the same fault at any severity
    span      frames the fault lies in, counted from the first of `pixels`

    envelope(span) -> (len(span),)    share of the severity that each frame of the span has
    regions(seed) -> names            what the seed spoils

Memory does not grow with the clip. Frames outside the span and pixels outside the face stay bit-identical.
Inside, a fault begins and ends smoothly; drift begins smoothly (its step within three frames) and stays to the end
of its span.

`VARIANTS` holds them all, `FAULTS` the typical one of each failure mode. `collapsed` is a variant but none of these: where
it is plain the right answer to it is the verdict "regenerate".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facefix.bench.faults import (
    age,
    brightness,
    collapsed,
    drift,
    flicker,
    hairline,
    identity_noise,
    smear,
    step,
    warp,
    waxy,
)
from facefix.types import Span

Inject = Callable[[Iterable[NDArray[np.uint8]], NDArray[np.float32], float, int, Span], Iterator[NDArray[np.uint8]]]

COLLAPSED = collapsed.MODE
"""What labels call a face that melts, or is gone."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to spoil a face."""

    mode: str
    """Name of the failure mode it imitates; `COLLAPSED` is none of `FAULTS`."""
    inject: Inject
    regions: Callable[[int], tuple[str, ...]]
    """What a seed spoils, for labels."""
    envelope: Callable[[Span], NDArray[np.float64]]
    """(len(span),) share of the severity that each frame of the span has, 0..1."""


_MODULES = {
    "warp": warp,
    "warp-smear": smear,
    "drift": drift,
    "drift-step": step,
    "drift-age": age,
    "drift-hairline": hairline,
    "flicker": flicker,
    "flicker-brightness": brightness,
    "flicker-identity": identity_noise,
    "waxy": waxy,
    "collapsed": collapsed,
}

VARIANTS: Mapping[str, Fault] = MappingProxyType(
    {name: Fault(module.MODE, module.inject, module.regions, module.envelope) for name, module in _MODULES.items()}
)
"""Every fault there is, by its own name."""

FAULTS: Mapping[str, Fault] = MappingProxyType(
    {name: fault for name, fault in VARIANTS.items() if name == fault.mode != COLLAPSED}
)
"""The typical fault of each failure mode, by the mode's name."""
