"""Proportions, lids and light."""

from __future__ import annotations

import numpy as np
import pytest

from facefix.faces import appearance
from facefix.faces.mesh import shape

NOSE_WINGS = [48, 64, 278, 294]


def _mean() -> np.ndarray:
    return shape.load().mean.astype(np.float32)


def test_a_wider_nose_is_a_wider_nose_and_nothing_else() -> None:
    plain = _mean()
    wide = plain.copy()
    wide[NOSE_WINGS, 0] *= 1.2
    change = dict(zip(appearance.PROPORTIONS, appearance.proportions(wide) / appearance.proportions(plain), strict=True))
    assert change.pop("nose width") == pytest.approx(1.2, abs=0.03)
    assert all(value == pytest.approx(1, abs=1e-4) for value in change.values())


def test_proportions_are_in_eye_distances() -> None:
    lengths = dict(zip(appearance.PROPORTIONS, appearance.proportions(_mean()), strict=True))
    assert lengths["eye spacing"] + 2 * lengths["eye width"] == pytest.approx(1, abs=0.06)


def test_shut_lids_are_seen_and_one_open_eye_is_open() -> None:
    face = _mean()
    shut, wink = face.copy(), face.copy()
    for upper, lower in ((159, 145), (386, 374)):
        shut[upper] = shut[lower]
    wink[159] = wink[145]
    opening = appearance.eye_opening(np.stack([face, shut, wink]))
    assert opening[0] > 0.15 and opening[1] == pytest.approx(0) and opening[2] > 0.8 * opening[0]


def _scene(tint: tuple[float, float, float]) -> np.ndarray:
    grey = np.random.default_rng(0).uniform(0.1, 0.6, (90, 160, 1))
    return np.rint(255 * grey * np.array(tint)).astype(np.uint8)


def test_light_has_the_scenes_colour_and_not_the_faces() -> None:
    picture = _scene((1.0, 0.8, 0.6))
    box = np.array([60, 20, 100, 70], np.float32)
    painted = picture.copy()
    painted[20:70, 60:100] = (0, 0, 255)
    plain, beside = appearance.light(picture, [box]), appearance.light(painted, [box])
    assert plain[0] > plain[1] > plain[2]
    assert np.allclose(plain, beside)


def test_a_face_in_coloured_light_keeps_its_colour_in_white() -> None:
    skin = np.array([60, 14, 18], np.float32)
    white = appearance.in_white(skin, np.full(3, 0.3, np.float32))
    # The same skin, everything dimmed and blued alike.
    linear = appearance._decoded(np.array([0.7, 0.55, 0.45], np.float32))
    lights = [np.array([0.3, 0.3, 0.3], np.float32), np.array([0.15, 0.2, 0.3], np.float32)]
    import cv2

    seen = [cv2.cvtColor(appearance._encoded(linear * lit)[None, None], cv2.COLOR_RGB2LAB)[0, 0] for lit in lights]
    assert np.linalg.norm(seen[0] - seen[1]) > 10
    one, other = (appearance.in_white(tone, lit) for tone, lit in zip(seen, lights, strict=True))
    assert np.linalg.norm(one - other) < 0.5
    assert np.isfinite(white).all() and np.isnan(appearance.in_white(np.full(3, np.nan, np.float32), lights[0])).all()
