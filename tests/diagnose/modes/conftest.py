from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from facefix.diagnose import grading, weighing
from facefix.diagnose.spans import OBVIOUS
from facefix.types import Signals


@dataclass(frozen=True)
class Either:
    """A row that is as sure as two others together, and visible at once only where one of them is."""

    rows: tuple[weighing.Weighing, weighing.Weighing]

    def severity(self, signals: Signals, fps: float) -> np.ndarray:
        one, other = (np.nan_to_num(row.severity(signals, fps)) for row in self.rows)
        return np.minimum(1 - (1 - one) * (1 - other), np.maximum(np.maximum(one, other), OBVIOUS))


@pytest.fixture(autouse=True)
def simple_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is tested is what a mode does with its scale; the fitted one is tested on clips."""
    own = {"bent": ["shape_warp"], "drift": ["shape_drift_lasting"], "waxy": ["wax"], "flicker": ["boil", "shading"]}
    own |= {"collapsed": ["molten"], "smear": ["smear"], "departed": ["departure_lasting"]}
    odds = tuple(float(np.log(p / (1 - p))) for p in (0.2, 0.3, 0.6, 0.9))
    knots = dict.fromkeys(own, odds) | {"flicker": (0.8, 1.2, 2.0, 3.0), "departed": (0, 0.3, 0.6, 0.9)}
    table: dict[str, weighing.Weighing | Either] = {
        mode: weighing.parse({
            "bias": 0, "calm_s": 0, "knots": knots[mode],
            "features": {name: {"mean": 0, "scale": 1, "weight": 1} for name in names},
        })
        for mode, names in own.items()
    }  # fmt: skip
    table["warp"] = Either((table["bent"], table["smear"]))  # pyright: ignore[reportArgumentType]
    monkeypatch.setattr(weighing, "of", table.__getitem__)
    monkeypatch.setattr(grading, "of", lambda mode: None)
