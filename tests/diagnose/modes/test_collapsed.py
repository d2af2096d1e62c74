"""Features that are gone, and what only hides them."""

from __future__ import annotations

import numpy as np
import pytest
from tests.diagnose.modes.talking import FPS, LENGTH, clean, found_in, track

from facefix.diagnose.modes import find_all


def test_a_face_that_melts_with_its_skin_has_collapsed_and_is_no_wax() -> None:
    signals = clean()
    signals["wax"][70:100] = 0.75
    signals["shape_warp"][70:100] = 0.6
    signals["mesh"][70:100] = 0.93 * 0.9
    assert found_in(signals).keys() == {"warp"}, "eyes, brows and lips have their edges: nothing melts"
    signals["crispness"][70:100] = 0.7
    assert found_in(signals).keys() == {"collapsed", "warp"}
    (found,) = find_all(track(), signals, FPS)
    assert found.mode == "collapsed" and found.severity == pytest.approx(0.7, abs=0.1)
    assert not found.lost, "the mesh knows where features are"
    assert "melt: 35% of their edges" in found.why and found.evidence["edges_kept"] == pytest.approx(0.35, abs=0.03)
    signals["wax"][70:100] = 0.05
    assert found_in(signals).keys() == {"warp"}


def test_what_looks_dragged_where_features_lose_their_edges_is_a_mild_collapse_and_no_warp() -> None:
    signals = clean()
    signals["smear"][70:100] = 0.7
    assert found_in(signals).keys() == {"warp"}
    signals["crispness"][70:100] = 0.7
    (found,) = find_all(track(), signals, FPS)
    assert (found.mode, found.severity) == ("collapsed", pytest.approx(0.3, abs=1e-6))
    assert found.span.start - 10 <= 72 and found.span.end - 10 >= 98
    signals["smear"][:] = 0
    assert found_in(signals) == {}


@pytest.mark.parametrize("confidence, low, high", [(0.72, 0.3, 0.6), (0.6, 0.6, 0.9), (0.3, 0.9, 1.0)])
def test_a_face_that_the_mesh_no_longer_knows_has_collapsed(confidence: float, low: float, high: float) -> None:
    signals = clean()
    signals["mesh"][40:58] = confidence
    (found,) = found_in(signals)["collapsed"]
    assert (found.span.start, found.span.end) == (40, 58)
    assert low <= found.severity <= high
    assert found.evidence["mesh_confidence"] == pytest.approx(confidence)
    assert found.lost, "what has its edges may be a hand"
    signals["crispness"][40:58] = 0.3
    (found,) = found_in(signals)["collapsed"]
    assert found.lost == (confidence < 0.7)


@pytest.mark.parametrize(
    "excuse, value",
    [("face_px", 25), ("yaw", -80), ("tint", 30), ("mesh", np.nan)],
    ids=["tiny", "profile", "something of another colour before it", "cut by the picture's edge"],
)
def test_what_hides_a_face_is_no_collapse(excuse: str, value: float) -> None:
    signals = clean()
    signals["mesh"][40:58] = 0.3
    signals[excuse][40:58] = value
    assert "collapsed" not in found_in(signals)


def test_a_face_that_is_never_clear_is_collapsed_only_in_sharp_surroundings() -> None:
    signals = clean()
    signals["mesh"][:] = 0.3
    (found,) = found_in(signals)["collapsed"]
    assert (found.span.start, found.span.end) == (0, LENGTH)
    signals["crispness_out"][:] = 0.6
    assert "collapsed" not in found_in(signals)


def test_a_beard_that_costs_confidence_in_every_frame_is_no_collapse() -> None:
    signals = clean()
    signals["mesh"][:] = 0.80
    signals["mesh"][40:58] = 0.72
    assert "collapsed" not in found_in(signals)
