"""What each variant of a fault does that its siblings do not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.bench.portrait import SIZE, SPAN, hurt, portrait

from facefix.bench.faults import COLLAPSED, FAULTS, VARIANTS, drift
from facefix.bench.faults.face_frame import FaceFrame, face_frame
from facefix.diagnose.modes import MODES
from facefix.types import Span

MIDDLE = 15
BRIEF = Span(10, 20)
"""Around `MIDDLE`, for faults that are looked at there alone."""


def spoiled(variant: str, severity: float, seed: int, span: Span = SPAN) -> list[NDArray[np.uint8]]:
    frames, points = portrait()
    return list(VARIANTS[variant].inject(frames, points, severity, seed, span))


def grey(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    return picture.astype(np.float32).mean(-1)


def face_at(t: int) -> FaceFrame:
    return face_frame(portrait()[1][t].astype(float), SIZE, SIZE)


def patch(picture: NDArray[np.float32], t: int, u: float, v: float, radius: float) -> NDArray[np.float32]:
    """Values within `radius` units around face coordinates."""
    face = face_at(t)
    return picture[face.rows, face.columns][np.hypot(face.u - u, face.v - v) < radius]


def test_every_failure_mode_has_faults_and_collapse_is_not_among_the_curable() -> None:
    assert {*FAULTS, COLLAPSED} == set(MODES)
    assert {fault.mode for fault in VARIANTS.values()} == set(MODES)
    assert all(VARIANTS[name] is fault and fault.mode == name for name, fault in FAULTS.items())


def test_smear_drags_the_half_it_names_and_no_other() -> None:
    halves = set()
    for seed in range(4):
        change = np.abs(grey(spoiled("warp-smear", 0.9, seed, BRIEF)[MIDDLE]) - grey(portrait()[0][MIDDLE]))
        right, left = (patch(change, MIDDLE, u, 0.05, 0.3).mean() for u in (-0.45, 0.45))
        (name,) = VARIANTS["warp-smear"].regions(seed)
        hit, spared = (right, left) if name == "half_right" else (left, right)
        assert hit > 8 * spared + 2, seed
        halves.add(name)
    assert len(halves) == 2


def test_a_step_is_the_whole_drift_within_three_frames() -> None:
    step, slow = spoiled("drift-step", 0.75, 2), spoiled("drift", 0.75, 2)
    assert np.array_equal(step[SPAN.end - 1], slow[SPAN.end - 1])
    clean = portrait()[0]
    assert hurt(step[SPAN.start + 2], clean[SPAN.start + 2]) > 5 * hurt(slow[SPAN.start + 2], clean[SPAN.start + 2])


def test_age_adds_lines_or_takes_them() -> None:
    last = SPAN.end - 1

    def relief(picture: NDArray[np.uint8]) -> float:
        light = cv2.GaussianBlur(grey(picture), (0, 0), 0.8)
        band = light - cv2.GaussianBlur(light, (0, 0), 3.0)
        return float(np.mean([patch(band, last, u, v, 0.16).std() for u, v in ((-0.5, 0.15), (0.5, 0.15))]))

    ways = {}
    for seed in range(8):
        (way, _tone) = VARIANTS["drift-age"].regions(seed)
        ways.setdefault(way, seed)
    before = relief(portrait()[0][last])
    assert relief(spoiled("drift-age", 0.9, ways["older skin"], Span(22, SPAN.end))[last]) > 1.15 * before
    assert relief(spoiled("drift-age", 0.9, ways["younger skin"], Span(22, SPAN.end))[last]) < 0.9 * before


def test_the_hairline_moves_more_than_the_face(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "TONE", 0.0)
    points = portrait()[1][-2:]
    rows = np.repeat(np.mgrid[:SIZE, :SIZE][0][..., None] + 40, 3, -1).astype(np.uint8)
    face = face_frame(points[-1].astype(float), SIZE, SIZE)

    def moved(variant: str, seed: int) -> NDArray[np.float32]:
        *_, last = VARIANTS[variant].inject([rows, rows], points, 0.9, seed, Span(0, 2))
        return np.abs(grey(last) - grey(rows))[face.rows, face.columns] / face.unit_px

    for seed in range(4):
        change = moved("drift-hairline", seed)
        forehead = change[np.hypot(face.u, face.v + 1.3) < 0.25].mean()
        centre = change[np.hypot(face.u, face.v - 0.1) < 0.4].mean()
        assert forehead > 0.06 and forehead > 2 * centre, seed


def test_brightness_flicker_lights_and_moves_nothing() -> None:
    gains = []
    for t in range(10, 20):
        before, after = (
            cv2.GaussianBlur(grey(p), (0, 0), 1) for p in (portrait()[0][t], spoiled("flicker-brightness", 0.75, 3)[t])
        )
        gain = after / np.maximum(before, 8)
        # A smooth gain explains all of the change: no feature has moved.
        rest = after - before * cv2.GaussianBlur(gain, (0, 0), 6)
        inside = patch(np.abs(rest), t, 0, 0, 0.7).mean()
        assert inside < 0.35 * patch(np.abs(after - before), t, 0, 0, 0.7).mean() + 0.4
        gains.append(patch(gain, t, 0, 0, 0.7).mean())
    assert np.abs(np.diff(gains)).mean() > 0.03


def test_identity_noise_moves_features_and_keeps_the_light() -> None:
    after = spoiled("flicker-identity", 0.75, 3)
    change = [grey(a) - grey(b) for a, b in zip(after, portrait()[0], strict=True)]
    mean = [abs(float(patch(c, t, 0, 0, 0.8).mean())) for t, c in enumerate(change) if t in Span(9, 21)]
    size = [float(np.abs(patch(c, t, 0, 0, 0.8)).mean()) for t, c in enumerate(change) if t in Span(9, 21)]
    assert np.mean(size) > 4 and np.mean(mean) < 0.5 * np.mean(size)


def test_a_collapsed_face_has_no_features_left() -> None:
    clean = grey(portrait()[0][MIDDLE])
    features = [(-0.5, -0.5, 0.3), (0.5, -0.5, 0.3), (0, 0.05, 0.25), (0, 0.5, 0.35)]

    def left(severity: float) -> float:
        """Share of the features' contrast that is still where it was."""
        picture = cv2.GaussianBlur(grey(spoiled(COLLAPSED, severity, 2, BRIEF)[MIDDLE]), (0, 0), 1)
        now, before = (p - cv2.GaussianBlur(p, (0, 0), 8) for p in (picture, clean))
        pairs = [(patch(now, MIDDLE, *where), patch(before, MIDDLE, *where)) for where in features]
        return float(np.mean([np.cov(a, b)[0, 1] / np.var(b) for a, b in pairs]))

    mild, plain, gone = (left(severity) for severity in (0.3, 0.6, 0.9))
    assert 0.25 < mild < 0.8
    assert gone < plain < mild
    assert gone < 0.1
