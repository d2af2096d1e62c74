"""The reference check: whether a picture can stand for a person, property by property, and what to do where it cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from facefix.characters import views

Grade = Literal["pass", "warn", "fail"]
Measures = Mapping[str, float]
"""As `faces.portrait.measure` and `views.expression_measures` give them."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One property of a picture."""

    name: str
    value: float
    unit: str
    grade: Grade
    limit: str
    """What passes, in words."""
    advice: str
    """What to do, one sentence; empty where it passes."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one property is judged."""

    name: str
    unit: str
    limit: str
    value: Callable[[Measures], float]
    """Higher is worse."""
    warn: float
    fail: float
    """Values from which on it is doubtful, and useless."""
    advice: str
    shown: Callable[[float], float] = lambda value: value
    """The value as people know it."""

    def check(self, measures: Measures) -> Checked:
        value = self.value(measures)
        # What cannot be measured is no pass: the comparison with NaN is false.
        grade: Grade = "fail" if not value < self.fail else "warn" if value >= self.warn else "pass"
        return Checked(self.name, self.shown(value), self.unit, grade, self.limit, "" if grade == "pass" else self.advice)


def _negative(value: float) -> float:
    return -value


def _expression(m: Measures) -> float:
    """1 at the limits of a neutral face (`views`)."""
    return max(m["mouth_width"] / views.WIDE, m["mouth_open"] / views.OPEN, 1 + (m["mouth_lift"] - views.LIFTED) / 0.06)


def _light(m: Measures) -> float:
    """1 where the light is no longer even: a side in shadow, a face that is dark, or burnt out in parts.

    In 36 official portraits cheeks differ by 6 to 23 L* from quartile to quartile; beyond 24 one sees a side in shadow.
    """
    return max(m["light_sides"] / 24, m["light_lost"] / 0.06, 1 + (28 - m["lightest"]) / 10)


RULES: tuple[Rule, ...] = (
    Rule(
        "one face", "", "1", lambda m: m["faces"], 1.5, 1.5,
        "Crop the picture to the one person: with several faces in it nobody can tell which one is meant.",
    ),
    Rule(
        "size", "px", ">= 512 px short side", lambda m: -m["short_side_px"], -511.5, -511.5,
        "Take a larger original: pores and lashes do not exist below 512 px.", _negative,
    ),
    Rule(
        "face height", "of the frame", ">= 0.40", lambda m: -m["face_height"], -0.40, -0.33,
        "Go nearer, or crop tighter: the face should fill at least 40 % of the frame's height.", _negative,
    ),
    Rule(
        "yaw", "degrees", "within 30", lambda m: abs(m["yaw"]), 25, 30,
        "Turn the face to the camera: the master must show both sides; keep this one as a three-quarter view.",
    ),
    Rule(
        "pitch", "degrees", "within 18", lambda m: abs(m["pitch"]), 14, 18,
        "Put the camera at eye level: from above or below, proportions are not the person's.",
    ),
    Rule(
        "centred", "of the frame", "within 0.15", lambda m: max(abs(m["off_x"]), abs(m["off_y"]) - 0.05), 0.15, 0.18,
        "Move the face to the middle of the frame.",
    ),
    Rule(
        "sharpness", "%", ">= 30", lambda m: -m["sharpness"], -34, -30,
        "Take a sharp picture: this one is out of focus, shaken, or enlarged from a small one.", _negative,
    ),
    Rule(
        "even light", "of the limit", "< 1", _light, 0.6, 1.0,
        "Light the face evenly from the front: half of it in shadow, burnt out or in the dark becomes part of the person.",
    ),
    Rule(
        "neutral expression", "of the limit", "< 1", _expression, 0.95, 1.0,
        "Use a relaxed face with closed lips as the master: a smile changes cheeks, lids and jaw; keep it as an expression.",
    ),
    Rule(
        "open eyes", "height/width", ">= 0.24", lambda m: -m["eyes_open"], -0.25, -views.SHUT,
        "Use a picture with open eyes.", _negative,
    ),
    Rule(
        "background", "gradient", "plain or blurred, < 2", lambda m: m["background"], 2.0, 2.6,
        "Use a plain or blurred background: what stands behind the head is easily taken for a part of it.",
    ),
)  # fmt: skip

ONLY_OF_THE_MASTER = frozenset({"yaw", "pitch", "neutral expression", "open eyes"})
"""What other views may and should lack: they are there to show the face turned and moving."""


def check(measures: Measures, master: bool = True) -> list[Checked]:
    """Every property of a picture; of another view than the master, those that it must have too."""
    return [rule.check(measures) for rule in RULES if master or rule.name not in ONLY_OF_THE_MASTER]


def worst(checked: Sequence[Checked]) -> Grade:
    """The grade of a whole picture."""
    grades = {one.grade for one in checked}
    return "fail" if "fail" in grades else "warn" if "warn" in grades else "pass"
