from __future__ import annotations

import numpy as np
import pytest

from facefix.diagnose import grading, weighing


@pytest.fixture(autouse=True)
def simple_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what is tested is what a mode does with its scale; the fitted one is tested on clips."""
    own = {"warp": ["shape_warp"], "drift": ["shape_drift_lasting"], "waxy": ["wax"], "flicker": ["boil", "shading"]}
    own |= {"collapsed": ["molten"], "smear": ["smear"], "departed": ["departure_lasting"]}
    odds = tuple(float(np.log(p / (1 - p))) for p in (0.2, 0.3, 0.6, 0.9))
    knots = dict.fromkeys(own, odds) | {"flicker": (0.8, 1.2, 2.0, 3.0), "departed": (0, 0.3, 0.6, 0.9)}
    table = {
        mode: weighing.parse({
            "bias": 0, "calm_s": 0, "knots": knots[mode],
            "features": {name: {"mean": 0, "scale": 1, "weight": 1} for name in names},
        })
        for mode, names in own.items()
    }  # fmt: skip
    monkeypatch.setattr(weighing, "of", table.__getitem__)
    monkeypatch.setattr(grading, "of", lambda mode: None)
