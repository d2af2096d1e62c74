"""From a severity per frame to spans of frames, and what every failure mode declares of itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import float32
from numpy.typing import NDArray
from scipy.ndimage import binary_closing, binary_dilation, median_filter

from facefix.types import Finding, Signals, Span

VISIBLE = 0.3
"""A finding starts to count where its severity says "visible when looked for"."""
OBVIOUS = 0.6
"""From here on it is "visible at once"."""

FOREIGN_TINT = 20.0
"""Distance in colour that skin does not get to, also in a shadow: something is before it."""
OWN_TINT = 4.0
"""Sound skin of eight people went to 3.9: what looks torn there, or like somebody else, may be something passing before it."""
KNOWN = 0.88
"""Share of its own confidence that the mesh network keeps of a sound face, also of one in a hat, with a beard or waxy."""
_COMES_S = 0.25
"""In which something that passes before a face covers it more and more, or less and less."""
_SWELL_S = 0.15
"""A fault that comes and goes has come so soon."""
_RISEN = 0.8
"""Share of a fault's worst up to which it rises; then it may stay."""


@dataclass(frozen=True, slots=True)
class ModeSpec:
    """A failure mode.

    `find(signals, fps)` returns its findings with spans counted from the track's first frame and track -1; the
    caller (`diagnose.modes.find_all`) puts both right.
    """

    name: str
    describe: str
    advice: str
    find: Callable[[Signals, float], list[Finding]]


def severity(values: NDArray[np.floating], knots: Sequence[float]) -> NDArray[float32]:
    """Map a signal to 0..1 through its values at severity 0, 0.3, 0.6 and 0.9; NaN stays NaN."""
    curve = np.interp(values, [*knots, knots[-1] + (knots[-1] - knots[-2]) / 3], [0.0, 0.3, 0.6, 0.9, 1.0])
    return np.where(np.isnan(values), np.nan, curve).astype(float32)


def runs(curve: NDArray[float32], *, min_frames: int, bridge: int, leave: float = 0.15) -> list[Span]:
    """Spans in which `curve` reaches `VISIBLE`, grown on both sides to where it falls below `leave`.

    Args:
        min_frames: shorter spans are dropped.
        bridge: gaps up to this many frames inside a span are closed.
    """
    filled = np.nan_to_num(curve)
    low = filled >= leave
    if bridge > 0:
        padded = np.pad(low, bridge + 1)
        low = binary_closing(padded, np.ones(bridge + 1))[bridge + 1 : -bridge - 1]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], low.astype(np.int8), [0]])))
    return [
        Span(int(a), int(b))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if b - a >= min_frames and filled[a:b].max() >= VISIBLE
    ]


def begin(curve: NDArray[float32], span: Span) -> int:
    """The frame in which a fault has begun that is seen from the span's first frame on: back along the line on which it rose.

    Faults swell, and are seen when they have come some way. One that is there at once is found where it is.
    """
    inside = np.nan_to_num(curve[span.start : span.end])
    risen = int(np.argmax(inside >= _RISEN * inside.max()))
    slope = (inside[risen] - inside[0]) / max(1, risen)
    return max(0, span.start - min(risen, round(float(inside[0] / slope)))) if slope > 0 else span.start


def whole(curve: NDArray[float32], span: Span, fps: float) -> Span:
    """The span of a fault that swells and goes, with the few frames beside it in which it is not seen yet, or no more."""
    length, most = len(curve), round(_SWELL_S * fps)
    backwards = Span(length - span.end, length - span.start)
    start, end = begin(curve, span), length - begin(curve[::-1], backwards)
    return Span(max(start, span.start - most), min(end, span.end + most))


def covered(tint: NDArray[float32], fps: float) -> NDArray[np.bool_]:
    """(T,) frames in which something of another colour is before the face, or is coming, or going."""
    return passing(tint >= FOREIGN_TINT, fps)


def passing(seen: NDArray[np.bool_], fps: float) -> NDArray[np.bool_]:
    """(T,) frames in which something before the face is seen, and those beside them in which it is coming, or going."""
    return np.asarray(binary_dilation(seen, np.ones(2 * round(_COMES_S * fps) + 1)), np.bool_) if len(seen) else seen


def joined(seen: NDArray[np.bool_], fps: float) -> NDArray[np.bool_]:
    """(T,) the same, what is missed for half a second or less between two frames filled in."""
    reach = round(_COMES_S * fps)
    padded = np.pad(seen, reach, mode="edge") if len(seen) else seen
    return np.asarray(binary_closing(padded, np.ones(2 * reach + 1)), np.bool_)[reach : reach + len(seen)]


def despike(values: NDArray[float32], frames: int) -> NDArray[float32]:
    """Running median over an odd number of frames; NaN is taken as the signal's median."""
    calm = np.where(np.isnan(values), np.nanmedian(values) if np.isfinite(values).any() else 0.0, values)
    return median_filter(calm, size=frames | 1, mode="nearest").astype(float32)


def worst(curve: NDArray[float32], span: Span) -> float:
    """The severity of a span: its 80th percentile, so that one frame does not speak for fifty."""
    return float(np.nanpercentile(curve[span.start : span.end], 80))


def own_level(values: NDArray[float32]) -> float:
    """What is normal for this face: the lower quartile over the track, NaN ignored; 0 when nothing was measured."""
    return float(np.nanpercentile(values, 25)) if np.isfinite(values).any() else 0.0


def marked(span: Span, some: Iterable[Span], beside: int = 0) -> NDArray[np.bool_]:
    """(len(span),) frames in some others, or at most so far from one."""
    inside = np.zeros(len(span), bool)
    for one in some:
        inside[max(0, one.start - beside - span.start) : max(0, one.end + beside - span.start)] = True
    return inside


def stretches(frames: NDArray[np.bool_], first: int) -> tuple[Span, ...]:
    """Spans in which `frames` is true; the first frame is `first`."""
    edges = np.flatnonzero(np.diff(np.pad(frames, 1).astype(np.int8))) + first
    return tuple(Span(int(start), int(end)) for start, end in edges.reshape(-1, 2))


def own_confidence(mesh: NDArray[float32]) -> float:
    """The mesh network's confidence where this face is seen well: in its best fifth of frames; 0 when never measured."""
    return float(np.nanpercentile(mesh, 80)) if np.isfinite(mesh).any() else 0.0


def with_prior(finding: Finding, factor: float) -> Finding:
    """The finding, its severity times `factor` where it is in doubt.

    What is known beforehand settles doubt and nothing else: the factor counts in full up to `VISIBLE`, less and less
    above, and not at all from `OBVIOUS` on. So a prior hides or shows what is hardly visible, and never makes a verdict.
    """
    if factor == 1 or finding.severity >= OBVIOUS:
        return finding
    doubt = min(1.0, (OBVIOUS - finding.severity) / (OBVIOUS - VISIBLE))
    evidence = {**finding.evidence, "prior": factor}
    return replace(finding, severity=float(finding.severity * factor**doubt), evidence=evidence)
