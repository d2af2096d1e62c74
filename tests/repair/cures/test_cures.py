"""Each cure on its own fault, at full strength, and the contract that all of them keep."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from tests.repair.faces import FIVE, SIDE, error, face, mesh, meshes, turning

from facefix.faces.mesh.topology import TRIANGLES
from facefix.repair.cures import CURES, Patient, Sight
from facefix.repair.cures.flicker import redrawn
from facefix.repair.cures.rebuilding import nearest
from facefix.repair.detail import texture_stats
from facefix.repair.face import Course, FaceRepair
from facefix.repair.flickering import Flickers
from facefix.repair.mask import face_mask
from facefix.repair.restorers import RESTORERS
from facefix.repair.restorers.anchored import AnchoredRestorer
from facefix.repair.restorers.rounds import Rounds
from facefix.types import Crop, Span

FPS = 24.0
FRAMES = 21


def sights(crops: list[np.ndarray]) -> list[Sight]:
    """The crops of a face that moves as in `turning`, frames counted from 5."""
    return [Sight(i + 5, crop, mesh) for i, (crop, mesh) in enumerate(zip(crops, meshes(len(crops)), strict=True))]


def patient(anchors: tuple[Sight, ...] = (), restorer: str = "none", anchored: AnchoredRestorer | None = None) -> Patient:
    return Patient(Rounds(RESTORERS[restorer].load("cpu")), anchored, anchors, mesh(), TRIANGLES, 256.0, FPS, FIVE, SIDE)


def treat(mode: str, crops: list[np.ndarray], patient: Patient, first: int = 0) -> list[np.ndarray]:
    """first: that is seen."""
    cure = CURES[mode].start(patient)
    out = [treated for sight in sights(crops)[first:] for treated in cure.push(sight)] + cure.flush()
    assert [frame for frame, _ in out] == list(range(5 + first, 5 + len(crops)))
    return [pixels for _, pixels in out]


@pytest.fixture(scope="module")
def anchored() -> AnchoredRestorer:
    return AnchoredRestorer("cpu")


def total(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    return sum(error(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("mode", CURES)
def test_every_cure_holds_back_no_more_than_it_says_and_loses_no_frame(mode: str) -> None:
    cure, given = CURES[mode].start(patient()), 0
    late = CURES[mode].look_ahead(FPS) + CURES[mode].behind(patient())
    for i, sight in enumerate(sights(turning(FRAMES))):
        given += len(cure.push(sight))
        assert i + 1 - given <= late
    assert given + len(cure.flush()) == FRAMES


@pytest.mark.parametrize("mode", CURES)
def test_a_clean_face_is_hardly_changed_even_at_full_strength(mode: str, anchored: AnchoredRestorer) -> None:
    truth = turning(FRAMES)
    treated = treat(mode, truth, patient((sights(truth)[0],), anchored=anchored))
    assert total(treated, truth) / FRAMES < (3 / 255) ** 2


def test_flicker_of_light_is_undone() -> None:
    truth, rng = turning(FRAMES), np.random.default_rng(2)
    coarse = [rng.standard_normal((5, 5, 3)).astype(np.float32) for _ in truth]
    light = [1 + 0.08 * cv2.resize(c, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for c in coarse]
    broken = [np.clip(crop * gain, 0, 1).astype(np.float32) for crop, gain in zip(truth, light, strict=True)]
    face = face_mask(FIVE, SIDE).face[..., None]

    def left(crops: list[np.ndarray]) -> float:
        return sum(float((face * np.square(a - b)).sum()) for a, b in zip(crops, truth, strict=True))

    assert left(treat("flicker", broken, patient())) < 0.3 * left(broken)


def unsteadily_lit(truth: list[np.ndarray]) -> list[np.ndarray]:
    """Brighter and darker in turn, by a factor."""
    return [np.clip(crop * (1 + 0.1 * (-1) ** t), 0, 1).astype(np.float32) for t, crop in enumerate(truth)]


def test_the_light_of_eyes_and_mouth_is_put_right_too() -> None:
    truth, mask = turning(FRAMES), face_mask(FIVE, SIDE)
    lit = unsteadily_lit(truth)
    one = replace(patient(), flickers=dict.fromkeys(range(5, 5 + FRAMES), Flickers(1, 0, 0)))
    curve, faces, repaired = np.full(FRAMES, 0.6, np.float32), sights(lit), {}
    repair = FaceRepair(Course(Span(5, 5 + FRAMES), {"flicker": curve}, one))
    for seen in faces:
        crop = Crop(seen.frame, seen.pixels, np.float32([[1, 0, 0], [0, 1, 0]]))
        repaired |= {p.frame: p for p in repair.push(crop, FIVE, seen.mesh, seen.mesh)}
    repaired |= {p.frame: p for p in repair.flush()}
    assert sorted(repaired) == list(range(5, 5 + FRAMES))
    after = faces[9].pixels + repaired[14].residual
    for place in (mask.mouth > 0.9, mask.eyes > 0.9):
        left, wrong = (np.abs(x - truth[9])[place].mean() for x in (after, lit[9]))
        assert left < 0.15 * wrong


def boiling(truth: list[np.ndarray]) -> list[np.ndarray]:
    """Features that land elsewhere in every frame, mesh or not."""
    rng, (y, x) = np.random.default_rng(5), np.mgrid[:SIDE, :SIDE].astype(np.float32)
    inner, boiled = face_mask(FIVE, SIDE).face, []
    for crop in truth:
        knots = 0.02 * SIDE * rng.standard_normal((2, 7, 7)).astype(np.float32)
        dx, dy = (inner * cv2.resize(k, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for k in knots)
        boiled.append(cv2.remap(crop, x + dx, y + dy, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))
    return boiled


def test_features_that_flicker_are_rebuilt_from_the_anchors(anchored: AnchoredRestorer) -> None:
    truth = turning(FRAMES)
    boiled, few = boiling(truth), tuple(sights(truth)[::6])
    fused, rebuilt = (total(treat("flicker", boiled, p), truth) for p in (patient(few), patient(few, anchored=anchored)))
    assert rebuilt < 0.8 * fused < 0.8 * total(boiled, truth)


def test_a_flicker_that_is_taken_up_again_is_repaired_to_the_same_bit(anchored: AnchoredRestorer) -> None:
    truth = turning(34)
    boiled, one = boiling(truth), patient(tuple(sights(truth)[::6]), anchored=anchored)
    whole, reach = treat("flicker", boiled, one), CURES["flicker"].look_ahead(one.fps)
    later = treat("flicker", boiled, one, first=8)
    for t in range(8 + reach, len(boiled)):
        np.testing.assert_array_equal(later[t - 8], whole[t])


def test_where_light_flickers_features_are_their_own() -> None:
    truth = turning(FRAMES)
    lit = [np.clip(1.1 * crop, 0, 1) for crop in truth]
    assert redrawn(lit[3], truth[3]) < 0.6 * redrawn(boiling(truth)[3], truth[3])


def test_where_no_detail_flickers_nothing_is_rebuilt_and_no_grain_is_put_back(anchored: AnchoredRestorer) -> None:
    truth = turning(FRAMES)
    lit = unsteadily_lit(truth)
    few, light = tuple(sights(truth)[::6]), dict.fromkeys(range(FRAMES), Flickers(1, 0, 0))
    alone, rebuilding = (
        treat("flicker", lit, replace(p, flickers=light)) for p in (patient(), patient(few, anchored=anchored))
    )
    np.testing.assert_allclose(rebuilding[9], alone[9], atol=1e-6)
    assert total(rebuilding, truth) < 0.5 * total(lit, truth)


def test_one_face_in_a_flicker_that_opens_its_mouth_for_a_moment_still_does() -> None:
    truth = turning(FRAMES)
    spoken = [crop.copy() for crop in truth]
    path = meshes(FRAMES)
    for t in (9, 10, 11):
        x, y = path[t][[13, 14], :2].mean(0).round().astype(int)
        spoken[t][y - 5 : y + 6, x - 12 : x + 13] *= 0.3
    treated = treat("flicker", spoken, patient())
    left, made = (np.square(a[10] - b[10]).sum() for a, b in ((treated, spoken), (truth, spoken)))
    assert left < 0.5 * made


def test_drift_of_tone_is_taken_back_to_the_anchors(anchored: AnchoredRestorer) -> None:
    truth = turning(9)
    inner = face_mask(FIVE, SIDE).face[..., None]
    tanned = [np.clip(crop * (1 - 0.12 * inner * np.float32([0.4, 1, 1.2])), 0, 1).astype(np.float32) for crop in truth]
    few = tuple(sights(truth)[::3])
    assert total(treat("drift", tanned, patient(few, anchored=anchored)), truth) < 0.7 * total(tanned, truth)


def test_a_smear_is_rebuilt_from_the_anchors(anchored: AnchoredRestorer) -> None:
    truth = turning(9)
    smeared = [crop.copy() for crop in truth]
    for crop in smeared:
        crop[110:200, 140:190] = cv2.blur(crop[110:200, 140:190], (31, 5))
    few = tuple(sights(truth)[::3])
    assert total(treat("warp", smeared, patient(few, anchored=anchored)), truth) < 0.75 * total(smeared, truth)


def test_features_that_melt_are_rebuilt_from_the_anchors(anchored: AnchoredRestorer) -> None:
    truth = turning(9)
    inner = face_mask(FIVE, SIDE).face[..., None]
    melted = [crop + inner * (cv2.GaussianBlur(crop, (0, 0), 7) - crop) for crop in truth]
    few = tuple(sights(truth)[::3])
    assert total(treat("collapsed", melted, patient(few, anchored=anchored)), truth) < 0.6 * total(melted, truth)


@pytest.mark.parametrize("mode", ["collapsed", "warp", "drift"])
def test_without_anchors_nothing_is_made_up(mode: str, anchored: AnchoredRestorer) -> None:
    truth = turning(5)
    for before, after in zip(truth, treat(mode, truth, patient(anchored=anchored)), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-6)


def test_where_the_person_is_known_a_drifting_face_keeps_its_own_detail(
    anchored: AnchoredRestorer,
) -> None:
    truth = turning(FRAMES)
    pores = 0.03 * np.random.default_rng(3).standard_normal((SIDE, SIDE, 1)).astype(np.float32)
    seen = [np.clip(0.8 * crop + pores, 0, 1).astype(np.float32) for crop in truth]
    someone = replace(patient(anchored=anchored), references=(Sight(-1, face(), mesh()),))
    treated = treat("drift", seen, someone)
    fine = [[crop - cv2.GaussianBlur(crop, (0, 0), 1.5) for crop in crops] for crops in (seen, treated)]
    assert total(fine[1], fine[0]) < 0.02 * total(fine[0], [np.zeros_like(crop) for crop in seen])


def test_those_anchors_are_taken_that_look_the_same_way() -> None:
    still = mesh()
    turned = still * np.float32([0.8, 1, 1])
    few = (Sight(1, face(), turned), Sight(2, face(), still), Sight(3, face(), turned))
    assert [anchor.frame for anchor in nearest(few, still + np.float32([4, 2, 0]), 2)] == [2, 1]


def test_wax_gets_back_the_roughness_of_the_anchors() -> None:
    rng = np.random.default_rng(3)
    pores = 0.03 * rng.standard_normal((SIDE, SIDE, 1)).astype(np.float32)
    rough = [np.clip(crop + pores, 0, 1).astype(np.float32) for crop in turning(FRAMES)]
    waxy = [cv2.bilateralFilter(crop, 9, 0.2, 5) for crop in rough]

    def roughness(crops: list[np.ndarray]) -> float:
        return float(np.median([texture_stats(crop).energy[:, 3:6, 2:6].sum(0) for crop in crops]))

    few = sights(rough)
    treated = treat("waxy", waxy, patient((few[0], few[7])))
    assert roughness(waxy) < 0.3 * roughness(rough)
    assert 0.5 * roughness(rough) < roughness(treated) < 1.5 * roughness(rough)


def test_pores_come_from_pictures_of_the_person_where_every_frame_is_waxy() -> None:
    rng = np.random.default_rng(4)
    rough = [np.clip(crop + 0.03 * rng.standard_normal((SIDE, SIDE, 1)), 0, 1).astype(np.float32) for crop in turning(9)]
    waxy = [np.asarray(cv2.GaussianBlur(crop, (0, 0), 1.5), np.float32) for crop in rough]
    pictures = tuple(sights(rough)[:2])
    own, held = patient(), replace(patient(), references=pictures)

    def off(treated: list[np.ndarray]) -> float:
        wanted, seen = (np.log(texture_stats(some[4]).energy[:, 2:6, 2:6] + 1e-6).mean() for some in (rough, treated))
        return abs(float(wanted - seen))

    assert off(treat("waxy", waxy, held)) < 0.5 * off(treat("waxy", waxy, own))


class HalfWay:
    """Takes half of what is wrong away."""

    def __init__(self, truth: np.ndarray) -> None:
        self.truth = truth

    def restore(self, pixels: np.ndarray, *_: object) -> SimpleNamespace:
        return SimpleNamespace(pixels=(pixels + self.truth) / 2)


@pytest.mark.parametrize("mode", ["collapsed", "warp", "drift"])
def test_what_is_left_is_calmed_where_damage_is_another_in_every_frame(mode: str) -> None:
    """And nothing is touched where nothing was rebuilt."""
    truth = (0.8 * face() + 0.1).astype(np.float32)
    broken = [truth.copy() for _ in range(FRAMES)]
    for t, crop in enumerate(broken):
        crop[130:160, 80:110] += 0.1 * (-1) ** t
    one = replace(patient((Sight(-1, truth, mesh()),)), anchored=HalfWay(truth))  # pyright: ignore
    cure = CURES[mode].start(one)
    out = [pixels for t, crop in enumerate(broken) for _, pixels in cure.push(Sight(t, crop, mesh()))]
    out += [pixels for _, pixels in cure.flush()]
    left = np.abs(np.stack(out) - truth)
    assert left[4:-4, 135:155, 85:105].mean() < 0.2 * 0.1
    left[:, 120:170, 70:120] = 0
    assert not left.any()
