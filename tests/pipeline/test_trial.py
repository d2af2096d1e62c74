"""A repair that makes a face less like itself is left out, and said to be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.repair.faces import FIVE, SIDE, face, mesh

from facefix import Settings, pipeline
from facefix.bench.cases import Label
from facefix.bench.repair import informed
from facefix.faces.identity import Identity
from facefix.faces.mesh.topology import TRIANGLES
from facefix.pipeline import treating, trial
from facefix.pipeline.preparing import Known
from facefix.plan import Plan, PlannedTrack, Treatment
from facefix.repair.cures import CURES, Patient, Sight
from facefix.repair.restorers import RESTORERS
from facefix.repair.restorers.anchored.restoring import Restored
from facefix.repair.restorers.rounds import Rounds
from facefix.repair.restorers.unwaxing.restoring import UnwaxingRestorer
from facefix.types import ClipInfo, Crop, Span

SHORT = Path(__file__).resolve().parents[2] / "samples" / "astronaut_short.mp4"
FRAMES = 20
SPAN = Span(5, 15)
TREATMENT = Treatment(0, "warp", SPAN, 0.6, 1.0, "")


@dataclass
class Painter:
    """In place of the network: paints this picture."""

    picture: np.ndarray

    def restore(self, crops: np.ndarray, anchors: object, guides: np.ndarray) -> Restored:
        return Restored(np.repeat(self.picture[None], len(crops), 0), np.ones(crops.shape[:3], np.float32))


def twisted() -> np.ndarray:
    """The face with one half pushed up."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    return cv2.remap(face(), x, y + 14 / (1 + np.exp((110 - x) / 6)), cv2.INTER_LINEAR).astype(np.float32)


def tried(seen: np.ndarray, painted: np.ndarray, anchored: bool = True) -> list[trial.Refused]:
    return asked(seen, "warp", anchored, RESTORERS["none"].load("cpu"), Painter(painted))


def asked(seen: np.ndarray, mode: str, anchored: bool, restorer: Any, painter: Any) -> list[trial.Refused]:
    treatment = replace(TREATMENT, mode=mode)
    straight = np.float32([[1, 0, 0], [0, 1, 0]])
    meshes = np.repeat(mesh()[None], FRAMES, 0)
    samples = {f: Crop(f, seen, straight) for f in trial.sampled(TREATMENT, range(FRAMES))}
    anchors = (Sight(0, face(), mesh()),) if anchored else ()
    known = Known(Span(0, FRAMES), meshes, meshes, anchors, samples)
    track = PlannedTrack(0, Span(0, FRAMES), np.repeat(FIVE[None], FRAMES, 0), np.ones(FRAMES, np.float32), ())
    patient = Patient(Rounds(restorer), painter, anchors, mesh(), TRIANGLES, 256.0, 24.0, FIVE, SIDE)
    return trial.refused(Identity(), track, [treatment], known, {mode: np.ones(FRAMES, np.float32)}, patient)


def test_harm_is_refused_and_help_is_not() -> None:
    (refused,) = tried(face(), twisted())
    assert refused.treatment == TREATMENT and refused.after > refused.before
    assert "5-15" in refused.sentence and "less like itself" in refused.sentence
    assert not tried(twisted(), face())
    assert not tried(face(), face())


def test_without_anchors_nothing_can_be_said_of_what_is_rebuilt() -> None:
    assert not tried(face(), twisted(), anchored=False)


@dataclass
class Redrawer:
    """In place of a restorer: draws this picture."""

    picture: np.ndarray

    def restore(self, crops: np.ndarray, source_px: float) -> np.ndarray:
        return np.repeat(self.picture[None], len(crops), 0)


@pytest.mark.parametrize("anchored", [True, False])
def test_a_face_that_a_restorer_would_make_another_is_not_redrawn(anchored: bool) -> None:
    soft = cv2.GaussianBlur(face(), (0, 0), 1.5)
    other = np.clip(0.5 + 0.2 * (face() - cv2.GaussianBlur(face(), (0, 0), 10)), 0, 1)
    assert not redrawn(soft, face(), anchored)
    (refused,) = redrawn(soft, other, anchored)
    assert refused.after > refused.before + 0.1
    assert "repairing waxy skin would make the face less like itself" in refused.sentence


def redrawn(seen: np.ndarray, drawn: np.ndarray, anchored: bool) -> list[trial.Refused]:
    return asked(seen, "waxy", anchored, Redrawer(drawn), None)


@pytest.mark.parametrize(("span", "count"), [(Span(0, 40), 5), (Span(4, 7), 3), (Span(50, 60), 0)])
def test_samples_lie_inside_and_apart(span: Span, count: int) -> None:
    frames = trial.sampled(Treatment(0, "warp", span, 0.6, 0.6, ""), range(40))
    assert len(frames) == len(set(frames)) == count
    assert all(frame in span for frame in frames)


SETTINGS = Settings(device="cpu")
WARP, FLICKER = Label("warp", 0.65, Span(8, 16)), Label("flicker", 0.5, Span(10, 14))


def test_of_what_grows_the_first_half_is_no_sample_however_little_of_it_is_treated() -> None:
    grown = Treatment(0, "drift", Span(10, 30), 0.6, 0.6, "", rises=16)
    assert min(trial.sampled(grown, range(40))) >= 18
    begun = Treatment(0, "drift", Span(10, 14), 0.6, 0.6, "", rises=16)
    assert set(trial.sampled(begun, range(40))) <= {12, 13} and trial.sampled(begun, range(40))


def planned(*labels: Label) -> tuple[ClipInfo, Plan]:
    analysis = informed(pipeline.analyse(SHORT, SETTINGS), labels)
    return analysis.clip, pipeline.plan(analysis, SETTINGS)


def test_what_is_refused_is_not_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    clip, plan = planned(WARP, FLICKER)
    monkeypatch.setattr(trial, "refused", lambda judge, track, treatments, *rest: [trial.Refused(treatments[0], 0.2, 0.3)])
    prepared = treating.prepare(plan, clip, SETTINGS)
    (repair,) = prepared.repairs
    assert [one.treatment.mode for one in prepared.refused] == ["warp"]
    outside = [frame for frame in range(24) if not 8 <= frame < 16]
    known = repair.known
    np.testing.assert_array_equal(known.meshes[outside], known.wanted[outside])
    assert repair.face.wants(12) and repair.face.look_ahead == CURES["flicker"].look_ahead(24.0)


@pytest.mark.parametrize("name", ["auto", "none"])
def test_only_a_restorer_that_was_asked_for_leaves_wax_as_it_was(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, plan = planned(Label("waxy", 0.6, Span(8, 16)))
    monkeypatch.setattr(
        trial, "refused", lambda judge, track, treatments, *rest: [trial.Refused(t, 0.2, 0.3) for t in treatments]
    )
    monkeypatch.setattr(treating, "named", lambda asked: replace(RESTORERS["none"], invents=True))
    prepared = treating.prepare(replace(plan, restorer=name), clip, SETTINGS)
    if name == "auto":
        (repair,) = prepared.repairs
        assert isinstance(repair.face.course.patient.restorer.restorer, UnwaxingRestorer) and not prepared.refused
    else:
        assert not prepared.repairs and len(prepared.refused) == 1


def test_our_own_restorer_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    clip, plan = planned(Label("waxy", 0.6, Span(8, 16)))
    monkeypatch.setattr(trial, "refused", pytest.fail)
    assert len(treating.prepare(replace(plan, restorer="unwaxing"), clip, SETTINGS).repairs) == 1


def test_a_clip_of_which_all_is_refused_is_copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _, plan = planned(WARP)
    monkeypatch.setattr(trial, "refused", lambda judge, track, treatments, *rest: [trial.Refused(treatments[0], 0.2, 0.3)])
    report = pipeline.render(plan, tmp_path / "out.mp4", settings=SETTINGS)
    assert report.copied and report.repaired_frames == 0
    assert any("less like itself" in warning for warning in report.warnings)
