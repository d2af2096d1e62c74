from __future__ import annotations

import numpy as np
import pytest

from facefix.faces.mesh import shape, smoothing, topology

RATE = 25.0
NOISE_PX = 0.6


def film(noise_px: float) -> tuple[np.ndarray, np.ndarray]:
    """A head that sways, 100 px between the eye corners, blinks for five frames and talks; and how open mouth and eyes are."""
    rng = np.random.default_rng(3)
    t = np.arange(75)
    base = shape.load().mean * 100
    meshes = np.repeat(base[None], len(t), 0)
    blink = np.clip(1 - np.abs(t - 37) / 2.5, 0, 1)
    talk = 6 * np.clip(np.sin(2 * np.pi * 4 * t / RATE), 0, None)
    upper = [173, 157, 158, 159, 160, 161, 246]
    lower = [155, 154, 153, 145, 144, 163, 7]
    shut = (base[upper, 1] - base[lower, 1]).astype(np.float64)
    meshes[:, upper, 1] -= blink[:, None] * shut
    lower_lip = sorted({*topology.LIPS} & {14, 17, 84, 87, 178, 181, 314, 317, 402, 405})
    meshes[:, lower_lip, 1] += talk[:, None]
    meshes[..., 0] += 200 + 20 * np.sin(2 * np.pi * 0.3 * t / RATE)[:, None]
    meshes[..., 1] += 200
    return (meshes + rng.normal(0, noise_px, meshes.shape)).astype(np.float32), np.stack([blink, talk])


def test_trembling_goes() -> None:
    truth, _ = film(0)
    noisy, _ = film(NOISE_PX)
    out = smoothing.smooth(noisy, np.ones(noisy.shape[:2], np.float32), RATE)
    calm = [10, 151, 9, 234, 454, 152, 50, 280]
    before, after = (np.abs(np.diff(m - truth, axis=0))[:, calm].mean() for m in (noisy, out))
    assert after < 0.4 * before


def test_blinks_and_lips_stay() -> None:
    noisy, (blink, talk) = film(NOISE_PX)
    truth, _ = film(0)
    out = smoothing.smooth(noisy, np.ones(noisy.shape[:2], np.float32), RATE)
    opening = [m[:, [145, 153, 144], 1].mean(1) - m[:, [159, 158, 160], 1].mean(1) for m in (truth, out)]
    shut = int(np.argmax(blink))
    assert opening[1][shut] < 0.25 * opening[0][0]
    mouth = out[:, 14, 1] - out[:, 13, 1]
    assert np.polyfit(talk, mouth, 1)[0] > 0.9


def test_frames_that_are_not_sure_follow_the_others() -> None:
    noisy, _ = film(NOISE_PX)
    truth, _ = film(0)
    confidence = np.ones(noisy.shape[:2], np.float32)
    noisy[20] += 12
    confidence[20] = 0.05
    out = smoothing.smooth(noisy, confidence, RATE)
    assert np.abs(out[20] - truth[20])[:, :2].mean() < 6


@pytest.mark.parametrize("count", [0, 1, 3])
def test_short_tracks_pass(count: int) -> None:
    noisy, _ = film(NOISE_PX)
    out = smoothing.smooth(noisy[:count], np.ones((count, 478), np.float32), RATE)
    assert (out == noisy[:count]).all()
