"""Each property of a reference fails for its own reason, and says what to do."""

from __future__ import annotations

import math

import pytest

from facefix.characters.reference import ONLY_OF_THE_MASTER, check, worst

GOOD = {
    "faces": 1, "short_side_px": 1024, "face_height": 0.5, "yaw": -4, "pitch": 3, "off_x": 0.02, "off_y": -0.04,
    "light_sides": 3, "lightest": 75, "light_lost": 0.0, "sharpness": 90, "background": 0.3,
    "mouth_width": 0.53, "mouth_open": 0.02, "mouth_lift": 0.0, "eyes_open": 0.33,
}  # fmt: skip


def graded(**changed: float) -> dict[str, str]:
    return {one.name: one.grade for one in check({**GOOD, **changed}) if one.grade != "pass"}


def test_a_good_portrait_passes_and_is_told_nothing() -> None:
    checked = check(GOOD)
    assert worst(checked) == "pass" and not any(one.advice for one in checked)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("one face", {"faces": 2}),
        ("size", {"short_side_px": 400}),
        ("face height", {"face_height": 0.2}),
        ("yaw", {"yaw": -41}),
        ("pitch", {"pitch": 25}),
        ("centred", {"off_x": -0.25}),
        ("sharpness", {"sharpness": 5}),
        ("even light", {"light_sides": 30}),
        ("even light", {"lightest": 15}),
        ("neutral expression", {"mouth_width": 0.75}),
        ("open eyes", {"eyes_open": 0.05}),
        ("background", {"background": 9}),
    ],
)
def test_one_fault_fails_alone_with_its_value_and_what_to_do(name: str, changed: dict[str, float]) -> None:
    assert graded(**changed) == {name: "fail"}
    (one,) = [c for c in check({**GOOD, **changed}) if c.grade == "fail"]
    assert one.advice.endswith(".") and one.limit


def test_what_cannot_be_measured_does_not_pass() -> None:
    assert graded(sharpness=math.nan) == {"sharpness": "fail"}


def test_other_views_may_turn_and_laugh_but_not_blur() -> None:
    names = {one.name for one in check({**GOOD, "yaw": 70, "sharpness": 5}, master=False) if one.grade == "fail"}
    assert names == {"sharpness"} and "yaw" in ONLY_OF_THE_MASTER
