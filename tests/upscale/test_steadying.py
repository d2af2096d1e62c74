from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from facefix.upscale.steadying import Steadier

FRAMES = 12


def scene(number: int, speed: float = 0.0) -> np.ndarray:
    """(64, 96, 3) a photo that drifts to the left by `speed` pixels a frame."""
    photo = cv2.resize(skimage.data.coffee()[40:296], (192, 86), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return cv2.warpAffine(photo, np.float32([[1, 0, -20 - speed * number], [0, 1, -10]]), (96, 64))


def enlarged(source: np.ndarray) -> np.ndarray:
    return np.clip(cv2.resize(source, (192, 128), interpolation=cv2.INTER_LANCZOS4), 0, 1)


def run(sources: list[np.ndarray], larges: list[np.ndarray]) -> np.ndarray:
    steadier = Steadier()
    return np.stack([steadier.steadied(s, large.copy()) for s, large in zip(sources, larges, strict=True)])


def shimmering(sources: list[np.ndarray], noise: float = 0.03) -> list[np.ndarray]:
    """What an upscaler makes of them that draws fine detail anew in every frame."""
    random = np.random.default_rng(0)
    return [np.clip(enlarged(s) + random.normal(0, noise, (128, 192, 1)).astype(np.float32), 0, 1) for s in sources]


def test_shimmer_on_a_still_picture_is_calmed() -> None:
    sources = [scene(0)] * FRAMES
    larges = shimmering(sources)
    out = run(sources, larges)
    before, after = (np.square(np.diff(np.stack(clip), 2, axis=0))[3:].mean() for clip in (larges, out))
    assert after < 0.4 * before
    np.testing.assert_array_equal(out[0], larges[0])


def test_it_is_calmed_along_motion_too_and_sharpness_stays() -> None:
    sources = [scene(i, 1.5) for i in range(FRAMES)]
    truth = [enlarged(s) for s in sources]
    larges = shimmering(sources)
    out = run(sources, larges)
    before, after = (np.square(np.stack(clip) - truth)[3:].mean() for clip in (larges, out))
    assert after < 0.75 * before


def test_detail_that_moves_is_not_smeared() -> None:
    """Without noise the result must be what the upscaler drew."""
    sources = [scene(i, 1.5) for i in range(FRAMES)]
    # An upscaler that is steady along motion: sharpens every frame alike.
    larges = [np.clip(2 * enlarged(s) - cv2.GaussianBlur(enlarged(s), (0, 0), 1.2), 0, 1) for s in sources]
    out = run(sources, larges)
    steep = [np.percentile(np.abs(np.diff(clip, axis=2)), 95) for clip in (np.stack(larges), out)]
    assert steep[1] > 0.95 * steep[0]


def test_a_cut_leaves_no_trace() -> None:
    first, second = scene(0), np.ascontiguousarray(scene(0)[::-1, ::-1])
    larges = shimmering([first] * 3 + [second])
    out = run([first] * 3 + [second], larges)
    alone = run([second], larges[3:])
    assert float(np.abs(out[3] - alone[0]).mean()) < 1 / 255


def test_after_a_restart_the_frames_before_are_forgotten() -> None:
    sources = [scene(0)] * 3
    larges = shimmering(sources)
    steadier = Steadier()
    for s, large in zip(sources, larges, strict=True):
        steadier.steadied(s, large.copy())
    steadier.restart()
    np.testing.assert_array_equal(steadier.steadied(sources[0], larges[0].copy()), larges[0])
