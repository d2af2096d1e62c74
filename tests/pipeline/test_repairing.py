"""A render against the truth: the damaged sample comes nearer to its clean twin, in all that the plan treats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facefix import compose, pipeline
from facefix.bench.cases import Label
from facefix.bench.repair import informed
from facefix.media import colour, decode, probe
from facefix.pipeline import treating
from facefix.pipeline.preparing import Known, _beside, _span
from facefix.pipeline.straightening import Straightening, straightened
from facefix.plan import PlannedTrack, Treatment
from facefix.repair.cures import CURES
from facefix.repair.strength import RAMP_FRAMES
from facefix.settings import Settings
from facefix.types import Span

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
FACE = np.s_[155:496, 410:736]
"""Where the face is in the sample."""
SETTINGS = Settings(range="0-70", device="cpu")


def faces(path: Path, span: Span) -> np.ndarray:
    """(T, h, w, 3) 0..1."""
    clip = probe.probe(path)
    return np.stack([colour.to_rgb(f, clip)[FACE] for f in decode.Decoder(clip, span)]).astype(np.float32) / 255


@pytest.fixture(scope="module")
def repaired() -> np.ndarray:
    """The first 70 frames of the damaged sample, told of a warp and of flicker."""
    path = SAMPLES / "astronaut_damaged.mp4"
    labels = [Label("warp", 0.65, Span(20, 36)), Label("flicker", 0.65, Span(48, 66))]
    plan = pipeline.plan(informed(pipeline.analyse(path, SETTINGS), labels), SETTINGS)
    clip = probe.probe(path)
    repairs = treating.prepare(plan, clip, SETTINGS).repairs
    out = []
    for frame, patches in treating.treated(decode.Decoder(clip, Span(0, 70)), clip, repairs):
        out.append(compose.add(colour.to_rgb(frame, clip), patches)[0][FACE])
    return np.stack(out).astype(np.float32) / 255


@pytest.mark.parametrize(("span", "least"), [(Span(22, 34), 0.2), (Span(50, 64), 0.15)])
def test_damage_is_undone(repaired: np.ndarray, span: Span, least: float) -> None:
    clean, damaged = (faces(SAMPLES / f"astronaut_{name}.mp4", span) for name in ("clean", "damaged"))
    before, after = (float(np.square(p - clean).mean()) for p in (damaged, repaired[span.start : span.end]))
    assert after < (1 - least) * before


def test_frames_without_a_finding_are_the_very_same(repaired: np.ndarray) -> None:
    damaged = faces(SAMPLES / "astronaut_damaged.mp4", Span(0, 14))
    np.testing.assert_array_equal(repaired[:14], damaged)


class Shover:
    """Straightens by moving everything ten pixels to the right in the fault's frames."""

    def straighten(self, meshes: np.ndarray, bent, sound: np.ndarray, fps: float, portrayed=None) -> np.ndarray:
        out = meshes.copy()
        out[bent.span.start : bent.span.end, :, 0] += 10
        self.sound, self.mode = sound, bent.mode
        return out


@pytest.mark.parametrize(("strength", "moved"), [(0.6, 10.0), (1.0, 10.0), (0.3, 5.0), (0.0, 0.0)])
@pytest.mark.parametrize("mode", ["warp", "collapsed"])
def test_features_go_as_far_as_the_strength_says(mode: str, strength: float, moved: float) -> None:
    track = PlannedTrack(0, Span(5, 45), np.zeros((40, 5, 2), np.float32), np.ones(40, np.float32), ())
    treatment = Treatment(0, mode, Span(20, 30), 0.6, strength, "")
    curves = {mode: np.full(40, strength, np.float32)}
    meshes, shover = np.zeros((30, 478, 3), np.float32), Shover()
    known = Known(Span(10, 40), meshes, meshes, (), {})
    wanted = straightened(Straightening(shover, None, 25.0), known, track, [treatment], curves).wanted  # pyright: ignore
    np.testing.assert_allclose(wanted[10:20, :, 0], moved, atol=1e-5)
    assert not wanted[:10].any() and not wanted[20:].any()
    assert list(np.flatnonzero(~shover.sound)) == list(range(10, 20)) and shover.mode == mode


@pytest.mark.parametrize("rate", [5.0, 8.0, 24.0, 60.0, 120.0])
def test_a_face_is_known_wherever_a_cure_may_look(rate: float) -> None:
    reach = RAMP_FRAMES + sum(spec.look_ahead(rate) for spec in CURES.values())
    track = PlannedTrack(0, Span(0, 1000), np.zeros((1000, 5, 2), np.float32), np.ones(1000, np.float32), ())
    span = _span(track, [Treatment(0, "warp", Span(500, 510), 0.6, 0.6, "")], rate)
    assert span.start <= 500 - reach and span.end >= 510 + reach


def test_frames_that_are_past_saving_or_have_crept_away_are_no_sources() -> None:
    points, scores = np.zeros((200, 5, 2), np.float32), np.ones(200, np.float32)
    track = PlannedTrack(0, Span(0, 200), points, scores, (10,), unsound=(Span(80, 100), Span(108, 120)))
    warp = [Treatment(0, "warp", Span(80, 87), 0.6, 0.6, ""), Treatment(0, "warp", Span(95, 100), 0.6, 0.6, "")]
    beside = _beside(track, warp, Span(50, 130), 25.0)
    assert len(beside) == 12 and not any(80 <= f < 100 or 108 <= f < 120 for f in beside)
    drift = [Treatment(0, "drift", Span(100, 200), 0.6, 0.6, "")]
    assert max(_beside(track, drift, Span(30, 200), 25.0)) < 75


def test_the_unsound_are_not_sound_to_a_straightener() -> None:
    track = PlannedTrack(0, Span(5, 45), np.zeros((40, 5, 2), np.float32), np.ones(40, np.float32), (), unsound=(Span(32, 36),))
    meshes, shover = np.zeros((30, 478, 3), np.float32), Shover()
    treatment, curves = Treatment(0, "warp", Span(20, 30), 0.6, 0.6, ""), {"warp": np.full(40, 0.6, np.float32)}
    straightened(Straightening(shover, None, 25.0), Known(Span(10, 40), meshes, meshes, (), {}), track, [treatment], curves)  # pyright: ignore
    assert list(np.flatnonzero(~shover.sound)) == [*range(10, 20), *range(22, 26)]
