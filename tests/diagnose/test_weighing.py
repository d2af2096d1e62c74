from __future__ import annotations

import numpy as np
import pytest
from tests.diagnose.test_features import FPS, signals

from facefix.diagnose.weighing import parse

ROW = {
    "bias": -1.0,
    "calm_s": 0.0,
    "features": {
        "shape_warp": {"mean": -3.0, "scale": 2.0, "weight": 1.5},
        "wax": {"mean": 0.1, "scale": 0.5, "weight": -0.5},
    },
    "knots": [0.0, 1.0, 2.0, 3.0],
}


def test_a_score_is_the_weighted_sum_of_standardised_features() -> None:
    score = parse(ROW).score(signals(shape_warp=np.full(96, 0.5), wax=np.full(96, 0.7310586)), FPS)
    assert score == pytest.approx(np.full(96, -1 + 1.5 * (0 + 3) / 2 - 0.5 * (1 - 0.1) / 0.5), abs=1e-4)


def test_what_cannot_be_told_counts_as_usual() -> None:
    half = signals(shape_warp=np.full(96, np.nan), wax=np.full(96, 0.5249792))
    assert parse(ROW).score(half, FPS) == pytest.approx(np.full(96, -1.0))


def test_where_nothing_can_be_told_nothing_is_said() -> None:
    nothing = signals(shape_warp=np.full(96, np.nan), wax=np.full(96, np.nan))
    assert np.isnan(parse(ROW).score(nothing, FPS)).all()


def test_knots_turn_scores_into_severity() -> None:
    said = [
        parse(ROW | {"bias": bias, "features": {"wax": {"mean": 0, "scale": 1, "weight": 0}}}).severity(signals(), FPS)[0]
        for bias in (-5, 0, 1, 1.5, 2, 3, 9)
    ]
    assert said == pytest.approx([0, 0, 0.3, 0.45, 0.6, 0.9, 1.0])


def test_a_calmed_score_forgets_single_frames() -> None:
    values = np.full(96, 0.05)
    values[50:54] = 0.95
    hasty, calmed = (parse(ROW | {"calm_s": s}).score(signals(shape_warp=values), FPS) for s in (0.0, 0.6))
    assert hasty[51] > calmed[51] + 1
