import numpy as np
import pytest

from facefix.diagnose.spans import VISIBLE, begin, despike, joined, own_level, runs, severity, whole, with_prior, worst
from facefix.types import Finding, Span


def test_severity_follows_its_knots_and_keeps_nan() -> None:
    values = np.array([0, 1, 2, 3, 4, 99, np.nan], np.float32)
    assert severity(values, (1, 2, 3, 4))[:6] == pytest.approx([0, 0, 0.3, 0.6, 0.9, 1.0])
    assert np.isnan(severity(values, (1, 2, 3, 4))[6])
    assert severity(-values[:6], (-4, -3, -2, -1))[:4] == pytest.approx([1.0, 0.9, 0.6, 0.3])


def test_runs_grow_to_the_lower_threshold_and_bridge_short_gaps() -> None:
    curve = np.zeros(40, np.float32)
    curve[5:9], curve[10:12], curve[25:27], curve[35:] = 0.2, 0.5, 0.2, 0.8
    assert runs(curve, min_frames=2, bridge=2) == [Span(5, 12), Span(35, 40)]
    assert runs(curve, min_frames=6, bridge=2) == [Span(5, 12)]
    assert runs(curve, min_frames=2, bridge=0) == [Span(10, 12), Span(35, 40)]
    assert runs(np.full(9, np.nan, np.float32), min_frames=1, bridge=1) == []


def test_a_spike_does_not_speak_for_a_span() -> None:
    curve = np.full(20, 0.35, np.float32)
    curve[7] = 1.0
    assert worst(curve, Span(0, 20)) == pytest.approx(0.35)
    assert despike(np.array([1, 1, 9, 1, np.nan, 1], np.float32), 3).max() == 1


def test_own_level_of_nothing_is_zero() -> None:
    assert own_level(np.full(3, np.nan, np.float32)) == 0
    assert own_level(np.array([1, 2, 3, np.nan], np.float32)) == pytest.approx(1.5)


def _doubtful(severity: float) -> Finding:
    return Finding("warp", 0, Span(0, 9), severity, "why.", {"bend_percent": 4.0})


def test_a_prior_settles_doubt_and_nothing_else() -> None:
    assert with_prior(_doubtful(0.28), 1.2).severity > VISIBLE
    assert with_prior(_doubtful(0.32), 0.9).severity < VISIBLE
    assert with_prior(_doubtful(0.6), 1.2) == _doubtful(0.6)
    assert with_prior(_doubtful(0.95), 0.9) == _doubtful(0.95)
    assert with_prior(_doubtful(0.4), 1.0) == _doubtful(0.4)


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.1, 1.2])
def test_a_prior_never_turns_the_order_of_two_findings_round(factor: float) -> None:
    shifted = [with_prior(_doubtful(s), factor).severity for s in np.linspace(0, 1, 101)]
    assert (np.diff(shifted) > 0).all()


def test_a_shifted_finding_says_so() -> None:
    assert with_prior(_doubtful(0.4), 1.2).evidence == {"bend_percent": 4.0, "prior": 1.2}


@pytest.mark.parametrize(("missed", "filled"), [((40, 52), True), ((40, 54), False), ((0, 6), False), ((96, 100), False)])
def test_what_is_missed_for_a_moment_is_filled_in(missed: tuple[int, int], filled: bool) -> None:
    seen = np.ones(100, bool)
    seen[slice(*missed)] = False
    assert joined(seen, 25.0).all() == filled and (joined(seen, 25.0) >= seen).all()
    alone = np.zeros(100, bool)
    alone[30] = True
    assert np.flatnonzero(joined(alone, 25.0)).tolist() == [30] and not len(joined(alone[:0], 25.0))


def test_a_fault_that_swells_began_before_it_is_seen() -> None:
    curve = np.interp(np.arange(60), [10, 30, 40, 60], [0.0, 0.6, 0.6, 0.0]).astype(np.float32)
    seen = Span(15, 55)
    assert begin(curve, seen) == pytest.approx(10, abs=1)
    assert whole(curve, seen, 60).end == pytest.approx(60, abs=1)
    assert whole(curve, seen, 13) == Span(13, 57)


def test_a_fault_that_is_there_at_once_begins_where_it_is_found() -> None:
    curve = np.zeros(60, np.float32)
    curve[20:40] = 0.6
    assert whole(curve, Span(20, 40), 30) == Span(20, 40)


def test_what_hardly_rises_began_no_earlier_than_it_took_to_rise() -> None:
    curve = np.interp(np.arange(60), [20, 40], [0.29, 0.31]).astype(np.float32)
    assert begin(curve, Span(20, 60)) == 20
    rising = np.interp(np.arange(60), [0, 20, 40], [0.25, 0.25, 0.4]).astype(np.float32)
    assert 0 <= 20 - begin(rising, Span(20, 60)) <= 20
