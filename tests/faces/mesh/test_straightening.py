"""Faults taken out of a mesh's path: the mathematics on paths drawn from what is known, the use on meshes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation
from tests.faces.mesh.drawing import FPS, FRAMES, directions, drawn

from facefix.errors import ModelError
from facefix.faces.mesh import shape, straightening
from facefix.faces.mesh.movement import SMEAR, WEIGHTS, Statistics, kernels, load
from facefix.faces.mesh.path import HELD, path
from facefix.faces.mesh.straightening import Bent, Portrayed, Straightener, _solved, fault, likely
from facefix.models import zoo
from facefix.types import Span

MODEL = shape.load()
SPAN = Span(40, 60)


@pytest.fixture(scope="module")
def known() -> Statistics:
    return load(zoo.checked(WEIGHTS))


@pytest.fixture(scope="module")
def straightener() -> Straightener:
    return Straightener()


def sound(span: Span, frames: int = FRAMES) -> np.ndarray:
    return np.array([t not in span for t in range(frames)])


@pytest.mark.parametrize(
    ("mode", "span", "left"),
    [("collapsed", SPAN, 0.6), ("warp", SPAN, 0.75), ("drift", Span(40, FRAMES), 0.9), ("flicker", SPAN, 0.9)],
)
def test_most_of_a_usual_fault_is_found(known: Statistics, mode: str, span: Span, left: float) -> None:
    """In the measure of the face's own movements: a tenth of the slow turning of a head is nothing beside a bent nose."""
    before = after = 0.0
    for seed in range(4):
        clean, added = drawn(known, mode, span, seed=seed)
        found = fault(known, clean + added, Bent(mode, span, 0.7), sound(span), FPS)
        before += np.square(added @ directions(known)).sum()
        after += np.square((added - found) @ directions(known)).sum()
    assert after < left * before


def test_a_face_that_sits_still_does_not_tremble_because_others_move(known: Statistics) -> None:
    clean, added = drawn(known, "flicker", SPAN, seed=3)
    still = 0.1 * clean
    found = fault(known, still + added, Bent("flicker", SPAN, 0.7), sound(SPAN), FPS)
    inside = slice(SPAN.start, SPAN.end)

    def tremble(numbers: np.ndarray) -> float:
        return float(np.square(np.diff(numbers[inside, -HELD:], 2, axis=0)).sum())

    assert tremble(still + added - found) < 0.03 * tremble(still + added)


def test_sound_frames_and_sound_faces_are_left_alone(known: Statistics) -> None:
    clean, added = drawn(known, "warp", SPAN)
    found = fault(known, clean + added, Bent("warp", SPAN, 0.6), sound(SPAN), FPS)
    assert not found[: SPAN.start - 2].any() and not found[SPAN.end + 2 :].any()
    of_nothing = fault(known, clean, Bent("warp", SPAN, 0.6), sound(SPAN), FPS)
    assert np.square(of_nothing @ directions(known)).sum() < 0.5 * np.square(added @ directions(known)).sum()


def test_a_short_while_does_not_tell_how_a_face_is_held_else(known: Statistics, monkeypatch: pytest.MonkeyPatch) -> None:
    def harm() -> list[float]:
        """What is taken out of faces that do not drift, of which so many frames are known to be sound, in their own measure."""
        total = []
        for first in (12, 70):
            span = Span(first, FRAMES)
            paths = (drawn(known, "drift", span, seed=seed)[0] for seed in range(4))
            found = (fault(known, clean, Bent("drift", span, 0.7), sound(span), FPS) for clean in paths)
            total.append(sum(float(np.square(one @ directions(known)).mean()) for one in found))
        return total

    unsure = harm()
    monkeypatch.setattr(straightening, "_level", lambda own, calm: np.zeros(len(own)))
    few, many = np.divide(unsure, harm())
    assert few < 0.9 and few < many <= 1


def test_the_solution_is_that_of_the_whole_system() -> None:
    rng, frames, count = np.random.default_rng(1), 12, 5
    some = rng.standard_normal((count, frames, frames))
    own = some @ some.swapaxes(1, 2) + np.eye(frames)
    pace, strength = (a @ a.T for a in (rng.standard_normal((frames, frames)), rng.standard_normal((count, count))))
    moves = rng.standard_normal((frames, count))
    whole = np.kron(strength, pace)
    for k in range(count):
        block = slice(k * frames, (k + 1) * frames)
        whole[block, block] += own[k]
    exact = np.linalg.solve(whole, moves.T.ravel()).reshape(count, frames).T
    np.testing.assert_allclose(_solved(own, pace, strength, moves), exact, atol=2e-2 * np.abs(exact).max())


def heads(numbers: np.ndarray, known: Statistics) -> np.ndarray:
    """(T, 478, 3) pixels: the mean face, 90 px from eye to eye, doing what the numbers (T, N) say."""
    turn = Rotation.from_euler("yx", [5, 3], degrees=True).as_matrix()
    still = np.repeat((90 * MODEL.mean @ turn.T + [400, 300, 0])[None], len(numbers), 0).astype(np.float32)
    return path(MODEL, still).without(-0.3 * numbers, known.axes, MODEL)


def off(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm((a - b)[..., :2], axis=-1).mean())


def test_meshes_come_back_in_their_own_pixels(known: Statistics, straightener: Straightener) -> None:
    clean, added = drawn(known, "warp", SPAN, seed=2)
    meshes, bent = heads(clean, known), heads(clean + 3 * added, known)
    straight = straightener.straighten(bent, Bent("warp", SPAN, 0.9), sound(SPAN), FPS)
    inside = slice(SPAN.start, SPAN.end)
    assert straight.dtype == np.float32 and straight.shape == bent.shape
    assert off(straight[inside], meshes[inside]) < 0.9 * off(bent[inside], meshes[inside])
    np.testing.assert_array_equal(straight[: SPAN.start - 2], bent[: SPAN.start - 2])
    np.testing.assert_array_equal(straight[SPAN.end + 2 :], bent[SPAN.end + 2 :])


def test_a_drift_is_taken_out_in_full_or_not_at_all(known: Statistics, straightener: Straightener) -> None:
    """What is hardly there may be the mesh's own mistake."""
    span = Span(30, FRAMES)
    clean, added = drawn(known, "drift", span, seed=3)

    def gone(size: float, severity: float) -> float:
        bent = heads(clean + size * added, known)
        straight = straightener.straighten(bent, Bent("drift", span, severity), sound(span), FPS)
        return off(straight[40:], bent[40:])

    eyes = float(np.linalg.norm(np.diff(heads(clean, known)[0, [33, 263]], axis=0)))
    assert gone(0.1, 0.3) == 0
    assert gone(10.0, 0.9) > 0.01 * eyes


def test_of_a_face_that_is_never_sound_nothing_is_known(known: Statistics, straightener: Straightener) -> None:
    meshes = heads(drawn(known, "warp", SPAN, 30)[0], known)
    for mode in ("warp", "drift"):
        assert straightener.straighten(meshes, Bent(mode, Span(0, 30), 0.6), np.zeros(30, bool), FPS) is meshes
    assert straightener.straighten(meshes[:3], Bent("warp", Span(1, 2), 0.6), np.ones(3, bool), FPS).shape == (3, 478, 3)
    assert straightener.straighten(meshes, Bent("waxy", Span(3, 9), 0.6), np.ones(30, bool), FPS) is meshes


def test_pictures_from_elsewhere_say_what_a_face_is_that_is_never_sound(known: Statistics, straightener: Straightener) -> None:
    span = Span(0, FRAMES)
    clean, added = drawn(known, "drift", span, seed=3)
    meshes, bent = heads(clean, known), heads(clean + 3 * added, known)
    shapes = np.stack([MODEL.canonical(mesh) for mesh in meshes[::10]])
    never = np.zeros(FRAMES, bool)
    straight = straightener.straighten(bent, Bent("drift", span, 0.9), never, FPS, Portrayed(shapes, 1.0))
    late = slice(FRAMES // 2, FRAMES)
    assert off(straight[late], meshes[late]) < 0.9 * off(bent[late], meshes[late])
    assert straightener.straighten(bent, Bent("drift", span, 0.9), never, FPS, Portrayed(shapes, 0.0)) is bent


def test_the_directions_of_a_fault_are_apart_and_the_largest_come_first(straightener: Straightener) -> None:
    fields = straightener.directions("drift", 4)
    assert fields.shape == (4, 478, 3)
    sizes = np.linalg.norm(fields[..., :2], axis=-1).mean(1)
    assert sizes[0] == max(sizes) and 0.001 < sizes[0] < 0.2


def test_flicker_of_a_whole_track_has_its_own_mean(known: Statistics, straightener: Straightener) -> None:
    clean, added = drawn(known, "flicker", Span(0, FRAMES))
    bent = heads(clean + added, known)
    straight = straightener.straighten(bent, Bent("flicker", Span(0, FRAMES), 0.6), np.zeros(FRAMES, bool), FPS)
    steps = [np.abs(np.diff(some, 2, axis=0)).mean() for some in (bent, straight)]
    assert steps[1] < 0.9 * steps[0]


def test_long_spans_are_solved_in_parts_that_join(known: Statistics, straightener: Straightener) -> None:
    span, frames = Span(20, 420), 440
    clean, added = drawn(known, "flicker", span, frames)
    bent = heads(clean + added, known)
    moved = straightener.straighten(bent, Bent("flicker", span, 0.6), sound(span, frames), FPS) - bent
    sizes = [float(np.abs(moved[part]).mean()) for part in (slice(30, 110), slice(140, 220), slice(260, 340), slice(340, 410))]
    assert min(sizes) > 0.5 * max(sizes)


def test_kernels_are_covariances() -> None:
    for matrix in kernels(np.arange(60) / 24):
        np.testing.assert_allclose(np.diag(matrix), 1)
        assert np.linalg.eigvalsh(matrix).min() > -1e-9


def test_other_weights_are_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    save_file({"axes": np.zeros((1, 2), np.float32)}, tmp_path / "w.safetensors")
    with pytest.raises(ModelError, match="statistics"):
        Straightener(tmp_path / "w.safetensors")


def test_a_melt_is_taken_out_by_what_is_known_of_melts(known: Statistics) -> None:
    """Features that run down bend a mesh further, and otherwise, than a warp does."""
    left = {"collapsed": 0.0, "warp": 0.0}
    for seed in range(4):
        clean, added = drawn(known, "collapsed", SPAN, seed=seed)
        for mode in left:
            found = fault(known, clean + added, Bent(mode, SPAN, 0.6), sound(SPAN), FPS)
            left[mode] += np.square((added - found) @ directions(known)).sum()
    assert left["collapsed"] < 0.8 * left["warp"]


@pytest.mark.parametrize(("kind", "least", "most"), [(SMEAR, -0.1, 0.8), ("warp", 0.8, 1.2)])
def test_a_warp_is_taken_for_a_smear_where_that_is_plainly_likelier(
    known: Statistics, kind: str, least: float, most: float
) -> None:
    """What is left, as a share of what is left of any warp."""
    bent, plain, chosen = Bent("warp", SPAN, 0.7), 0.0, 0.0
    for seed in range(4):
        clean, added = drawn(known, kind, SPAN, seed=seed)
        for found, left in ((fault, "plain"), (likely, "chosen")):
            off = np.square((added - found(known, clean + added, bent, sound(SPAN), FPS)) @ directions(known)).sum()
            plain, chosen = plain + off * (left == "plain"), chosen + off * (left == "chosen")
    assert least < chosen / plain < most
