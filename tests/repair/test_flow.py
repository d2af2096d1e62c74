from __future__ import annotations

import numpy as np
from tests.repair.faces import SIDE, error, face, moved

from facefix.repair.flow import FLOW_PX, follow, guide_picture, motions


def test_a_shift_is_found_both_ways_and_trusted() -> None:
    crop = face()
    there, back = motions(guide_picture(crop), guide_picture(moved(crop, 4, -3)))
    inner = slice(40, FLOW_PX - 40)
    for motion, sign in ((there, 1), (back, -1)):
        np.testing.assert_allclose(np.median(motion.flow[inner, inner], (0, 1)), [sign * 4, sign * -3], atol=0.3)
        assert np.median(motion.trust[inner, inner]) > 0.8


def test_light_is_not_taken_for_motion() -> None:
    crop = face()
    ramp = np.linspace(0.6, 1.3, SIDE, dtype=np.float32)[None, :, None]
    there, _ = motions(guide_picture(crop), guide_picture(np.clip(crop * ramp, 0, 1)))
    inner = slice(40, FLOW_PX - 40)
    assert np.percentile(np.abs(there.flow[inner, inner][there.trust[inner, inner] > 0.5]), 90) < 0.6


def test_what_another_picture_shows_is_not_trusted() -> None:
    crop = face()
    there, _ = motions(guide_picture(crop), guide_picture(np.ascontiguousarray(crop[::-1, ::-1])))
    assert there.trust.mean() < 0.25


def test_following_brings_the_content_back_at_any_side() -> None:
    import cv2

    crop = face()
    large, large_moved = (cv2.resize(c, (512, 512), interpolation=cv2.INTER_CUBIC) for c in (crop, moved(crop, 5, 2)))
    there, _ = motions(guide_picture(large), guide_picture(large_moved))
    assert error(follow(large_moved, there.flow), large, 64) < 0.1 * error(large_moved, large, 64)
