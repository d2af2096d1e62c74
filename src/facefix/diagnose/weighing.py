"""How each mode weighs its features: logistic regressions, fitted by scripts/fit_diagnosis.py and kept in `weighing.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.diagnose.features import calm, feature
from facefix.diagnose.spans import severity
from facefix.types import Signals

TABLE = "weighing.json"


@dataclass(frozen=True, slots=True)
class Weighing:
    """One mode's regression."""

    features: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    calm_s: float
    """The score is calmed over this time: what is shorter is no fault of this mode."""
    knots: tuple[float, float, float, float]
    """Scores at severity 0, 0.3, 0.6 and 0.9."""

    def score(self, signals: Signals, fps: float) -> NDArray[float32]:
        """(T,) log odds that the frame is faulty; a feature that cannot be told counts as its mean; NaN where none can."""
        parts = self.parts(signals, fps)
        known = np.isfinite(list(parts.values())).any(0)
        total = np.float32(self.bias) + np.sum([np.nan_to_num(part) for part in parts.values()], axis=0)
        calmed = calm(total, self.calm_s * fps) if self.calm_s else total
        return np.where(known, calmed, np.nan).astype(float32)

    def parts(self, signals: Signals, fps: float) -> dict[str, NDArray[float32]]:
        """Feature -> (T,) what it adds to the log odds before they are calmed; NaN where it cannot be told."""
        terms = zip(self.features, self.means, self.scales, self.weights, strict=True)
        return {
            name: np.asarray((feature(name, signals, fps) - mean) / scale * weight, float32)
            for name, mean, scale, weight in terms
        }

    def severity(self, signals: Signals, fps: float) -> NDArray[float32]:
        """(T,) 0..1."""
        return severity(self.score(signals, fps), self.knots)


def of(mode: str) -> Weighing:
    """The fitted regression of a mode."""
    return _table()[mode]


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Weighing]:
    rows = json.loads(files("facefix.diagnose").joinpath(TABLE).read_text(encoding="utf-8"))
    return {mode: parse(row) for mode, row in rows["modes"].items()}


def parse(row: Mapping) -> Weighing:
    """A row of the table."""
    terms = row["features"]
    columns = [tuple(float(term[k]) for term in terms.values()) for k in ("mean", "scale", "weight")]
    knots = tuple(float(k) for k in row["knots"])
    return Weighing(tuple(terms), *columns, float(row["bias"]), float(row["calm_s"]), knots)  # type: ignore[arg-type]
