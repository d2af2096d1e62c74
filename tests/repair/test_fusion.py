from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from tests.repair.faces import FIVE, SIDE, error, face, mesh, meshes, turning

from facefix.faces.mesh.topology import TRIANGLES
from facefix.repair.fusion import Fuser, robust_kernel
from facefix.repair.mask import face_mask

FRAMES = 13
MIDDLE = slice(3, 10)


def fuser(radius: int = 3) -> Fuser:
    return Fuser(mesh(), TRIANGLES, radius)


def run(values: Sequence[np.ndarray], guides: Sequence[np.ndarray], radius: int = 3) -> list[np.ndarray]:
    one, path = fuser(radius), meshes(len(values))
    fused = [f for i, (v, g, m) in enumerate(zip(values, guides, path, strict=True)) for f in one.push(i + 7, v, g, m)]
    fused += one.flush()
    assert [f.frame for f in fused] == list(range(7, 7 + len(values)))
    return [f.values for f in fused]


def total(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> float:
    return sum(error(x, y) for x, y in zip(a, b, strict=True))


def shading(seed: int) -> np.ndarray:
    """Coarse light and tint that a generator draws anew in every frame."""
    coarse = np.random.default_rng(seed).standard_normal((5, 5, 3)).astype(np.float32)
    return 1 + 0.08 * cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


def test_flickering_light_is_undone_on_a_moving_face() -> None:
    truth = turning(FRAMES)
    broken = [np.clip(crop * shading(t), 0, 1) for t, crop in enumerate(truth)]
    fused = run(broken, broken)
    assert total(fused[MIDDLE], truth[MIDDLE]) < 0.5 * total(broken[MIDDLE], truth[MIDDLE])


def test_a_clean_track_stays_what_it_is() -> None:
    truth = turning(FRAMES)
    fused = run(truth, truth)
    assert total(fused, truth) / FRAMES < (1.5 / 255) ** 2


def test_light_that_changes_smoothly_is_kept() -> None:
    truth = [crop * np.float32(0.7 + 0.03 * t) for t, crop in enumerate(turning(FRAMES))]
    fused = run(truth, truth)
    assert total(fused[MIDDLE], truth[MIDDLE]) / len(fused[MIDDLE]) < (2.5 / 255) ** 2


def test_a_ghost_in_one_frame_is_voted_out_and_leaves_no_trace_in_others() -> None:
    truth = turning(FRAMES)
    broken = [crop.copy() for crop in truth]
    broken[6][150:190, 100:160] = 0.5 * broken[6][150:190, 100:160] + 0.5 * broken[6][100:140, 60:120]
    fused = run(broken, broken)
    assert error(fused[6], truth[6]) < 0.35 * error(broken[6], truth[6])
    for t in (4, 5, 7, 8):
        assert error(fused[t], truth[t]) < 0.05 * error(broken[6], truth[6])


def test_noise_of_a_restorer_is_averaged_along_the_motion() -> None:
    guides = turning(FRAMES)
    steady = [np.repeat((g - cv2.GaussianBlur(g, (0, 0), 3)).mean(2, keepdims=True), 3, 2) for g in guides]
    noise = np.random.default_rng(2)
    noisy = [r + noise.normal(0, 0.05, r.shape).astype(np.float32) for r in steady]
    fused = run(noisy, guides)
    # Beside the face nothing is followed, so nothing is promised.
    inner = face_mask(FIVE, SIDE).face > 0.9

    def left(some: Sequence[np.ndarray]) -> float:
        return sum(float(np.square(a - b)[inner].mean()) for a, b in zip(some[MIDDLE], steady[MIDDLE], strict=True))

    assert left(fused) < 0.35 * left(noisy)


def test_another_picture_inside_the_window_is_not_mixed_in() -> None:
    crop = face()
    other = np.ascontiguousarray(crop[::-1, ::-1])
    one = fuser(2)
    fused = [f for t, c in enumerate([other, crop, crop, crop, crop]) for f in one.push(t, c, c, mesh())] + one.flush()
    assert error(fused[2].values, crop) < 0.02 * error(other, crop)


def test_frames_at_the_ends_are_given_and_a_lone_frame_is_unchanged() -> None:
    crop = face()
    assert run([crop], [crop])[0] is crop
    short = turning(3)
    assert total(run(short, short, 5), short) < 3 * (1.5 / 255) ** 2


def test_results_come_out_one_radius_late_and_memory_stays_bounded() -> None:
    crop, one = face(), fuser(2)
    given = [len(one.push(t, crop, crop, mesh())) for t in range(9)]
    assert given == [0, 0] + [1] * 7
    assert len(one._held) <= 5


def test_what_lies_beside_the_face_stays_as_it_is() -> None:
    truth = turning(FRAMES)
    broken = [np.clip(crop * shading(t), 0, 1) for t, crop in enumerate(truth)]
    corner = np.s_[:12, :12]
    for before, after in zip(broken, run(broken, broken), strict=True):
        assert np.abs(after[corner] - before[corner]).max() < 1e-3


def test_a_frame_nobody_wants_comes_back_as_it_was() -> None:
    truth, one = turning(5), fuser(2)
    fused = [f for t, (c, m) in enumerate(zip(truth, meshes(5), strict=True)) for f in one.push(t, c, c, m, t != 2)]
    fused += one.flush()
    assert fused[2].values is truth[2]


def test_a_gap_is_refused() -> None:
    crop, one = face(), fuser()
    one.push(3, crop, crop, mesh())
    with pytest.raises(ValueError, match="flush"):
        one.push(5, crop, crop, mesh())
    one.flush()
    one.push(5, crop, crop, mesh())


@pytest.mark.parametrize("curvature", [0.0, 0.3, 1.0])
def test_the_kernel_sums_to_one_and_keeps_lines(curvature: float) -> None:
    times = np.linspace(-1, 1, 7, dtype=np.float32)
    samples = np.broadcast_to((0.5 + 0.001 * times)[:, None, None], (7, 16, 16)).astype(np.float32)
    kernel = robust_kernel(samples, np.ones((7, 16, 16), np.float32), times, curvature)
    np.testing.assert_allclose(kernel.sum(0), 1, atol=1e-4)
    np.testing.assert_allclose((kernel * samples).sum(0), 0.5, atol=1e-4)
