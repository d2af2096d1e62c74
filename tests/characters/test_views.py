import pytest

from facefix.characters import views
from facefix.types import Pose


@pytest.mark.parametrize(
    ("yaw", "pitch", "angle"),
    [
        (3, -4, "front"),
        (-35, 5, "three-quarter-left"),
        (28, 0, "three-quarter-right"),
        (-70, 10, "profile-left"),
        (60, 0, "profile-right"),
        (4, -25, "up"),
        (-8, 22, "down"),
    ],
)
def test_angles_have_names(yaw: float, pitch: float, angle: str) -> None:
    assert views.angle(Pose(yaw, pitch, 0)) == angle
    assert angle in views.ANGLES


def test_what_is_missing_is_named_with_what_comes_of_it() -> None:
    assert "no profile: shots from the side will drift." in views.missing(["front"])
    assert views.missing(list(views.ANGLES)) == []
    # One profile serves for both sides, a turn to the left says nothing of one to the right.
    assert views.missing(["front", "profile-left", "three-quarter-left", "up", "down"]) == [
        "no three quarter right: turns to image right will drift."
    ]
