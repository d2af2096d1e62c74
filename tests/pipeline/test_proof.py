"""A render proves itself: harm is taken back and said, help is kept and said, and nothing half-done is left behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from facefix import Settings, pipeline
from facefix.bench.cases import Label
from facefix.bench.diagnosis import write
from facefix.bench.repair import informed
from facefix.media import colour, decode, probe
from facefix.pipeline import executing, straightening, trial
from facefix.pipeline.proof import MEASURES
from facefix.pipeline.rollback import RENDERS
from facefix.plan import Plan, fingerprint
from facefix.repair import face
from facefix.repair.cures import CURES, Patient, Sight, Treated
from facefix.report.schema import dumps, outcome
from facefix.report.table import details
from facefix.types import Analysis, Span

SHORT = Path(__file__).resolve().parents[2] / "samples" / "astronaut_short.mp4"
SETTINGS = Settings(device="cpu")
SPAN = Span(8, 16)
Paint = Callable[[Sight], np.ndarray]


class Painter:
    """In place of a cure: gives what `paint` makes of a frame."""

    def __init__(self, paint: Paint) -> None:
        self._paint = paint

    def push(self, sight: Sight, wanted: bool = True) -> list[Treated]:
        return [(sight.frame, self._paint(sight) if wanted else sight.pixels)]

    def flush(self) -> list[Treated]:
        return []


def noisy(sight: Sight) -> np.ndarray:
    bright = np.random.default_rng(sight.frame).normal(1, 0.2)
    return np.clip(sight.pixels * bright, 0, 1).astype(np.float32)


def blurred(sight: Sight) -> np.ndarray:
    return cv2.GaussianBlur(sight.pixels, (0, 0), 3)


def untouched(sight: Sight) -> np.ndarray:
    return sight.pixels


def still(sight: Sight) -> np.ndarray:
    """As calm as can be."""
    return np.zeros_like(sight.pixels)


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replaces cures by painters, for this test."""

    def replaced(**paints: Paint) -> None:
        def started(paint: Paint) -> Callable[[Patient], Painter]:
            return lambda patient: Painter(paint)

        other = {mode: replace(CURES[mode], look_ahead=lambda fps: 0, start=started(p)) for mode, p in paints.items()}
        monkeypatch.setattr(face, "CURES", {**CURES, **other})

    return replaced


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return pipeline.analyse(SHORT, SETTINGS)


def planned(analysis: Analysis, *modes: str) -> Plan:
    return pipeline.plan(informed(analysis, [Label(mode, 0.65, SPAN) for mode in modes]), SETTINGS)


def rendered(plan: Plan, out: Path, **more) -> tuple[pipeline.Report, list[str]]:
    """The report, and the stages that were gone through."""
    stages: dict[str, None] = {}
    progress = lambda stage, done, total: stages.setdefault(stage)  # noqa: E731
    report = pipeline.render(plan, out, settings=SETTINGS, progress=progress, **more)
    assert [path.name for path in out.parent.iterdir() if path.suffix == ".part"] == []
    return report, list(stages)


@pytest.mark.parametrize(("mode", "harm"), [("flicker", noisy), ("waxy", blurred)])
def test_harm_is_taken_back_and_said_to_be(analysis: Analysis, painted, tmp_path: Path, mode: str, harm: Paint) -> None:
    painted(**{mode: harm})
    report, stages = rendered(planned(analysis, mode), tmp_path / "out.mp4")
    (proof,) = report.proofs
    assert proof.before is not None and proof.after is not None and proof.after > proof.before
    assert not proof.kept and not proof.improved and proof.measure == MEASURES[mode][0].name
    assert proof.sentence.startswith(f"Frames 8-16: {mode} left as it was, for the repair made it worse (")
    assert report.copied and report.repaired_frames == 0 and stages[-1] == "repairing"
    assert f"    ! {proof.sentence}" in list(details(report))


def test_a_drift_is_not_cured_at_the_price_of_jitter(
    analysis: Analysis, painted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted(drift=noisy)
    monkeypatch.setattr(trial, "refused", lambda *_: [])
    report, _ = rendered(planned(analysis, "drift"), tmp_path / "out.mp4")
    (proof,) = report.proofs
    assert not proof.kept and proof.measure == "unsteadiness" and report.copied


def test_a_steady_cure_of_a_drift_is_judged_by_who_it_is(analysis: Analysis, painted, tmp_path: Path) -> None:
    painted(drift=untouched)
    report, _ = rendered(planned(analysis, "drift"), tmp_path / "out.mp4")
    (proof,) = report.proofs
    assert proof.measure == "identity distance"


def test_a_face_that_is_hardly_seen_throughout_is_copied(analysis: Analysis, tmp_path: Path) -> None:
    plan = planned(analysis, "warp")
    unseen = tuple(replace(track, scores=np.full_like(track.scores, 0.1)) for track in plan.tracks)
    report, _ = rendered(replace(plan, tracks=unseen), tmp_path / "out.mp4")
    (proof,) = report.proofs
    assert report.copied and report.repaired_frames == 0 and "hardly seen" in proof.sentence


@pytest.mark.parametrize(("mode", "kept"), [("flicker", True), ("waxy", False)])
def test_what_makes_nothing_better_is_taken_back_if_its_measure_sees_all(
    analysis: Analysis, painted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, kept: bool
) -> None:
    painted(**{mode: untouched})
    # Features that are moved may be steadier.
    monkeypatch.setattr(straightening, "shaking", lambda *_: 0.0)
    report, _ = rendered(planned(analysis, mode), tmp_path / "out.mp4")
    (proof,) = report.proofs
    assert proof.kept == kept and not proof.improved and report.copied != kept
    fate = "repaired, not improved: " if kept else "left as it was, for the repair made it no better ("
    assert proof.sentence.startswith(f"Frames 8-16: {mode} {fate}")


@pytest.fixture
def flickering(tmp_path: Path) -> Path:
    clip, path = probe.probe(SHORT), tmp_path / "flickers.mkv"
    rng = np.random.default_rng(1)
    bright = [rng.normal(1, 0.08) if frame.index in SPAN else 1 for frame in decode.Decoder(clip)]
    pictures = (colour.to_rgb(f, clip) * bright[f.index] for f in decode.Decoder(clip))
    write(path, (picture.clip(0, 255).astype(np.uint8) for picture in pictures), clip.video.rate or 25)
    return path


def test_only_what_did_harm_is_taken_back(analysis: Analysis, painted, flickering: Path, tmp_path: Path) -> None:
    painted(waxy=blurred)
    plan = replace(planned(analysis, "flicker", "waxy"), clip=flickering, fingerprint=fingerprint(flickering))
    report, stages = rendered(plan, tmp_path / "out.mkv")
    assert {proof.mode: proof.kept for proof in report.proofs} == {"flicker": True, "waxy": False}
    assert stages[-2:] == ["repairing", "repairing again, without what did no good"]
    assert not report.copied and report.frames == 24
    machine = outcome(report)
    assert dumps(machine) and {row["mode"]: row["kept"] for row in machine["proofs"]} == {"flicker": True, "waxy": False}


def test_a_cure_that_helps_is_kept_and_better_after_than_before(analysis: Analysis, flickering: Path, tmp_path: Path) -> None:
    plan = replace(planned(analysis, "flicker"), clip=flickering, fingerprint=fingerprint(flickering))
    report, _ = rendered(plan, tmp_path / "out.mkv")
    (proof,) = report.proofs
    assert proof.before is not None and proof.after is not None and proof.after < 0.8 * proof.before
    assert (
        proof.kept
        and proof.improved
        and proof.sentence == (f"Frames 8-16: flicker repaired, unsteadiness {proof.before:.2f} -> {proof.after:.2f} %.")
    )


def test_a_warp_that_the_trial_let_pass_is_proven_too(
    analysis: Analysis, painted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(trial, "refused", lambda *_: [])
    painted(warp=lambda sight: np.ascontiguousarray(sight.pixels[::-1]))
    report, _ = rendered(planned(analysis, "warp"), tmp_path / "out.mp4")
    (proof,) = report.proofs
    assert proof.measure == "identity distance" and not proof.kept and report.copied


def test_what_stood_there_stays_until_a_render_is_accepted(
    analysis: Analysis, painted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out, seen = tmp_path / "out.mp4", []
    out.write_bytes(b"an earlier result")
    painted(flicker=still, waxy=blurred)

    def progress(stage: str, done: int, total: int | None) -> None:
        seen.append((stage, out.read_bytes()))

    report = pipeline.render(planned(analysis, "flicker", "waxy"), out, settings=SETTINGS, overwrite=True, progress=progress)
    assert {content for _, content in seen} == {b"an earlier result"} and len({stage for stage, _ in seen}) == 3
    assert out.read_bytes() != b"an earlier result" and report.frames == 24


def test_harm_that_shows_in_the_second_render_is_taken_back_too(
    analysis: Analysis, painted, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    renders, real = [], executing._rendered

    def counted(job, prepared, repairs: Sequence, *rest):
        renders.append(len(repairs))
        return real(job, prepared, repairs, *rest)

    monkeypatch.setattr(executing, "_rendered", counted)
    # The second does harm once the first is gone.
    painted(flicker=lambda sight: noisy(sight) if len(renders) > 1 else still(sight), waxy=blurred)
    report, _ = rendered(planned(analysis, "flicker", "waxy"), tmp_path / "out.mp4")
    assert len(renders) == RENDERS - 1 and [proof.kept for proof in report.proofs] == [False, False]
    assert report.copied
