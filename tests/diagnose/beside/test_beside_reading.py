from __future__ import annotations

import numpy as np
import pytest

from facefix.bench.faults import VARIANTS
from facefix.diagnose.beside.network import SIDE_PX, seen
from facefix.diagnose.beside.reading import DRIFT, SMEAR, Reader, Sights, Task
from facefix.faces import align
from facefix.faces.detectors import DETECTORS
from facefix.types import Span

CUT_PX = 256


@pytest.fixture(scope="module")
def crop() -> np.ndarray:
    """An astronaut's face, (CUT_PX, CUT_PX, 3) RGB uint8."""
    rgb = pytest.importorskip("skimage.data").astronaut()
    points = next(iter(DETECTORS.values())).load("cpu").detect([rgb], [0])[0][0].points
    return np.round(align.crop(rgb, align.transform(points, CUT_PX), CUT_PX).pixels * 255).astype(np.uint8)


def smeared(crop: np.ndarray, severity: float, seed: int) -> np.ndarray:
    points = ((align.FFHQ_TEMPLATE + 0.5) * CUT_PX / align.TEMPLATE_PX - 0.5).astype(np.float32)
    return next(iter(VARIANTS["warp-smear"].inject([crop], points[None], severity, seed, Span(-20, 20))))


def as_input(crop: np.ndarray) -> np.ndarray:
    return crop.astype(np.float32) / 255


def test_light_and_contrast_are_no_features(crop: np.ndarray) -> None:
    one, other = seen(as_input(crop)), seen(0.5 * as_input(crop) + 0.1)
    assert one.shape == (3, SIDE_PX, SIDE_PX)
    assert np.abs(one - other).max() < 1e-3


def read(reader: Reader, crops: list[np.ndarray], poses: list[tuple[float, float]] | None = None) -> np.ndarray:
    """What is told of a track of 15 frames a second, all of which are looked at."""
    track = Sights(1)
    for crop, pose in zip(crops, poses or [(0.0, 0.0)] * len(crops), strict=True):
        reader.look(track, as_input(crop), pose)
    return reader.read(track, 15.0)


def test_a_dragged_half_is_told_from_a_sound_face(crop: np.ndarray) -> None:
    reader = Reader(SMEAR, "cpu")
    told = [read(reader, [smeared(crop, 0.9, seed)])[0] for seed in range(6)]
    assert np.median(told) > read(reader, [crop])[0] + 0.3


def test_what_a_face_always_looks_like_is_its_own(crop: np.ndarray) -> None:
    crooked, reader = smeared(crop, 0.35, 2), Reader(SMEAR, "cpu")
    for_a_moment = read(reader, [crop] * 30 + [crooked] * 8 + [crop] * 30)[34]
    always = read(reader, [crooked] * 68)[34]
    assert for_a_moment > always + 0.1


def test_it_is_held_against_looks_that_are_turned_alike(crop: np.ndarray) -> None:
    crooked, reader = smeared(crop, 0.35, 2), Reader(SMEAR, "cpu")
    poses = [(-30.0, 0.0)] * 25 + [(0.0, 0.0)] * 50
    frames = [crooked] * 25 + [crop] * 30 + [crooked] * 20
    beside_sound = read(reader, frames, poses)[-1]
    beside_crooked = read(reader, frames, [*[(0.0, 0.0)] * 25, *[(-30.0, 0.0)] * 30, *[(0.0, 0.0)] * 20])[-1]
    assert beside_sound > beside_crooked + 0.1


@pytest.mark.parametrize("task", [SMEAR, DRIFT])
def test_a_mirrored_clip_is_told_as_it_is(task: Task, crop: np.ndarray) -> None:
    reader, frames = Reader(task, "cpu"), [crop] * 20 + [smeared(crop, 0.5, 3)] * 20
    told, mirrored = read(reader, frames), read(reader, [np.ascontiguousarray(frame[:, ::-1]) for frame in frames])
    np.testing.assert_allclose(told, mirrored, atol=0.02)
    assert np.nanmax(told) > 0.1


def test_a_track_is_looked_at_now_and_then(crop: np.ndarray) -> None:
    reader, track = Reader(SMEAR, "cpu"), Sights(2)
    for frame in range(20):
        reader.look(track, as_input(smeared(crop, 0.9, 1) if frame >= 10 else crop), (0.0, 0.0))
    told = reader.read(track, 15.0)
    assert told.shape == (20,) and len(track.prints) == 10
    assert told[16] > told[4]
    assert reader.read(Sights(2), 15.0).shape == (0,)


def drifted(crop: np.ndarray, severity: float, seed: int) -> np.ndarray:
    points = ((align.FFHQ_TEMPLATE + 0.5) * CUT_PX / align.TEMPLATE_PX - 0.5).astype(np.float32)
    return next(iter(VARIANTS["drift"].inject([crop], points[None], severity, seed, Span(-90, 1))))


def test_who_becomes_somebody_else_is_told_from_who_stays(crop: np.ndarray) -> None:
    reader = Reader(DRIFT, "cpu")
    stays = read(reader, [crop] * 40)
    assert np.isnan(stays[:18]).all(), "there is nothing yet to be held against"
    ends = [read(reader, [crop] * 25 + [drifted(crop, 0.9, seed)] * 15)[-1] for seed in range(5)]
    assert np.median(ends) > stays[-1] + 0.3


def test_a_drift_is_told_by_looks_that_show_the_face_beside_sound_ones(crop: np.ndarray) -> None:
    reader, other = Reader(DRIFT, "cpu"), drifted(crop, 0.9, 1)
    track, frames = Sights(1), [other] * 5 + [crop] * 30 + [smeared(crop, 0.9, 1)] * 10
    for frame in frames:
        reader.look(track, as_input(frame), (0.0, 0.0))
    shown, sound = np.ones(45, bool), np.ones(45, bool)
    before = reader.read(track, 15.0, shown, sound)
    shown[35:], sound[:5] = False, False
    after = reader.read(track, 15.0, shown, sound)
    assert after[34] < before[34], "who was faulty at first is no measure"
    assert after[44] == after[34], "what does not show the face tells nothing"
    assert np.isnan(reader.read(track, 15.0, np.zeros(45, bool), sound)).all()
