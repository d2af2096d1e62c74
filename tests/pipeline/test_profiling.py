"""The clock of the stages."""

import time

from facefix.pipeline.profiling import clocked, profiled


def test_a_stage_inside_another_is_not_counted_twice() -> None:
    with profiled() as profile, clocked("outer"):
        time.sleep(0.02)
        with clocked("inner", 3):
            time.sleep(0.05)
    assert list(profile.stages) == ["outer", "inner"]
    assert profile.stages["inner"].items == 3
    assert 0.015 < profile.stages["outer"].seconds < 0.045
    assert profile.stages["inner"].seconds > 0.045


def test_nothing_is_recorded_where_nobody_asked() -> None:
    with clocked("alone"):
        pass
    with profiled() as profile:
        pass
    with clocked("after"):
        pass
    assert profile.stages == {}


def test_a_stage_that_fails_is_ended() -> None:
    with profiled() as profile:
        try:
            with clocked("failing"):
                raise ValueError
        except ValueError:
            pass
        with clocked("next"):
            pass
    assert list(profile.stages) == ["failing", "next"]
