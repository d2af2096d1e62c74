"""How bad a finding is, by what the signals reach in its frames.

What tells a faulty frame from a sound one best does not tell best how faulty it is: a single look that a network is sure of may
be of a mild smear. So modes say where a fault lies, and a linear regression per mode, fitted to injected severities by
scripts/fit_grading.py and kept in `grading.json`, says how severe it is. Modes without a row say so themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.diagnose.features import FEATURES, feature
from facefix.diagnose.spans import VISIBLE
from facefix.types import Finding, Signals, Span

TABLE = "grading.json"
SEVERITY = "severity"
"""The term that is what the mode itself says."""
_REACHED = 80
"""Percentile, as `spans.worst`: one frame does not speak for fifty."""
_ENOUGH = 5
"""Frames that make a rest of a shot."""

Curve = NDArray[float32]


def _reached(inside: Curve, beside: Curve) -> float:
    del beside
    return float(np.percentile(inside, _REACHED))


def _above(inside: Curve, beside: Curve) -> float:
    """What is reached above what is usual in the rest of the shot; NaN where there is hardly a rest."""
    return _reached(inside, beside) - float(np.median(beside)) if len(beside) >= _ENOUGH else float("nan")


HOW: Mapping[str, Callable[[Curve, Curve], float]] = MappingProxyType({"reached": _reached, "above": _above})
"""How a term sums up the values of a feature, or of a signal, in the frames of a finding and beside them."""


@dataclass(frozen=True, slots=True)
class Grading:
    """One mode's regression."""

    terms: tuple[str, ...]
    """Each `SEVERITY` or "<how> <name>": a name of `HOW`, and one of `features.FEATURES` or of a signal."""
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def severity(self, finding: Finding, signals: Signals, fps: float) -> float:
        """`VISIBLE`..1 of a finding whose span is counted from the signals' first frame; a term that cannot be told counts as
        its mean."""
        return float(self.told(np.array([value(term, finding, signals, fps) for term in self.terms])))

    def told(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(...,) severities of (..., terms) values; NaN counts as its term's mean."""
        usual = np.nan_to_num((values - self.means) / self.scales)
        return np.clip(self.bias + usual @ self.weights, VISIBLE, 1)


def value(term: str, finding: Finding, signals: Signals, fps: float) -> float:
    """A term's value; NaN where it cannot be told."""
    if term == SEVERITY:
        return finding.severity
    how, name = term.split()
    curve = feature(name, signals, fps) if name in FEATURES else signals[name]
    inside = _inside(finding.span, len(curve))
    known = np.isfinite(curve)
    return HOW[how](curve[inside & known], curve[~inside & known]) if (inside & known).any() else float("nan")


def of(mode: str) -> Grading | None:
    """The fitted regression of a mode, if it has one."""
    return _table().get(mode)


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Grading]:
    rows = json.loads(files("facefix.diagnose").joinpath(TABLE).read_text(encoding="utf-8"))
    return {mode: parse(row) for mode, row in rows["modes"].items()}


def parse(row: Mapping) -> Grading:
    """A row of the table."""
    terms = row["terms"]
    means, scales, weights = (tuple(float(term[k]) for term in terms.values()) for k in ("mean", "scale", "weight"))
    return Grading(tuple(terms), means, scales, weights, float(row["bias"]))


def _inside(span: Span, length: int) -> NDArray[np.bool_]:
    inside = np.zeros(length, bool)
    inside[max(0, span.start) : span.end] = True
    return inside
