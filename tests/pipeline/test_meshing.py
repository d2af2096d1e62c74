"""The mesh in the Python result, and handed on to a render, on the sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from facefix import Settings, analyse
from facefix.faces.mesh import topology
from facefix.pipeline import measuring, preparing
from facefix.pipeline.analysing import analyse_uncast
from facefix.pipeline.equipping import equipped
from facefix.pipeline.measuring import Laid
from facefix.pipeline.preparing import Known, know
from facefix.pipeline.progress import silent
from facefix.plan import PlannedTrack, Treatment
from facefix.repair.registration.evidence import SIDE_PX
from facefix.types import Analysis, Span

SHORT = Path(__file__).resolve().parents[2] / "samples" / "astronaut_short.mp4"


@pytest.fixture(scope="module")
def meshed() -> Analysis:
    return analyse(SHORT, Settings(range="2-12", device="cpu"), meshes=True)


def test_every_face_has_its_mesh_where_its_points_are(meshed: Analysis) -> None:
    (diagnosis,) = meshed.diagnoses
    assert len(diagnosis.track.faces) == 10
    for face in diagnosis.track.faces:
        assert face.mesh is not None and face.mesh.shape == (topology.POINTS, 3)
        eyes = [face.mesh[list(ring), :2].mean(0) for ring in (topology.RIGHT_EYE, topology.LEFT_EYE)]
        apart = np.linalg.norm(face.points[0] - face.points[1])
        assert np.linalg.norm(np.stack(eyes) - face.points[:2], axis=1).max() < 0.2 * apart


def test_without_being_asked_there_are_none() -> None:
    (diagnosis,) = analyse(SHORT, Settings(range="2-5", device="cpu")).diagnoses
    assert all(face.mesh is None for face in diagnosis.track.faces)


@pytest.mark.parametrize("mode", ["collapsed", "flicker"])
def test_what_a_lost_mesh_does_is_not_held_against_the_frames_beside(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    some = Settings(range="0-24", device="cpu")
    whole = analyse(SHORT, some).diagnoses[0].signals["unforeseen"]
    lost = np.zeros(len(whole), bool)
    lost[12:15] = True
    monkeypatch.setattr(measuring, "obvious", lambda asked, signals, fps: lost & (asked == mode))
    without = analyse(SHORT, some).diagnoses[0].signals["unforeseen"]
    assert np.isfinite(without).all() and (without[~lost] <= whole[~lost]).all() and (without[~lost] < whole[~lost]).any()
    np.testing.assert_array_equal(without[lost], whole[lost] if mode == "collapsed" else np.minimum(whole[lost], 0))


TEN = Settings(range="2-12", device="cpu")


def _known(analysis: Analysis, laid: Laid | None, viewed: range = range(0)) -> Known:
    """The face of the sample, its third frame an anchor; rebuilt, and viewed in these frames, where there are any."""
    track = analysis.diagnoses[0].track
    points = np.stack([face.points for face in track.faces]).astype(np.float32)
    planned = PlannedTrack(track.id, track.span, points, np.ones(len(points), np.float32), (4,))
    treatment = Treatment(track.id, "warp", Span(6, 9), 0.6, 0.6, "")
    with equipped(TEN):
        return know(
            analysis.clip,
            [planned],
            [treatment],
            {0: 256},
            {0: {7}},
            "cpu",
            silent,
            None,
            laid,
            {0: viewed},
            {0} if viewed else (),
        )[0]


def test_a_render_takes_over_what_its_own_process_has_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    laid: Laid = {}
    analysis = analyse_uncast(SHORT, TEN, False, silent, laid)
    assert {id: meshes.shape for id, meshes in laid.items()} == {0: (10, topology.POINTS, 3)}
    assert all(face.mesh is None for face in analysis.diagnoses[0].track.faces)
    expected = _known(analysis, None)
    monkeypatch.setattr(preparing, "Mesher", None)
    known = _known(analysis, laid)
    np.testing.assert_allclose(known.meshes, expected.meshes, atol=2e-3)
    assert known.span == expected.span and known.samples.keys() == expected.samples.keys() == {7}
    for one, other in zip(known.anchors, expected.anchors, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        np.testing.assert_allclose(one.mesh, other.mesh, atol=2e-3)


def test_meshes_that_lack_a_frame_are_measured_again() -> None:
    laid: Laid = {}
    analysis = analyse_uncast(SHORT, TEN, False, silent, laid)
    assert len(_known(analysis, {0: laid[0][:-1]}).meshes) == 10


def test_what_is_rebuilt_and_held_against_its_picture_is_seen_again() -> None:
    laid: Laid = {}
    analysis = analyse_uncast(SHORT, TEN, False, silent, laid)
    plain, known = _known(analysis, laid), _known(analysis, laid, range(3, 11))
    assert not plain.greys and not plain.around
    assert sorted(known.greys) == list(range(3, 11))
    assert all(grey.shape == (SIDE_PX, SIDE_PX) and grey.dtype == np.uint8 for grey in known.greys.values())
    # Neither treated (6 to 8), nor within three frames of the anchor (4) or of each other.
    assert [sight.frame for sight in known.around] == [9]
    assert known.around[0].pixels.shape == (256, 256, 3) and known.around[0].mesh.shape == (topology.POINTS, 3)
