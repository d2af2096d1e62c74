"""A render that is broken off goes on behind its last segment, and nobody can tell from the result."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from facefix import Settings, pipeline
from facefix.bench.cases import Label
from facefix.bench.repair import informed
from facefix.media import decode, probe
from facefix.pipeline import Report, Workspace, checkpoint, executing
from facefix.plan import Plan
from facefix.types import Span

SHORT = Path(__file__).resolve().parents[2] / "samples" / "astronaut_short.mp4"
SETTINGS = Settings(device="cpu", compare=True)


@pytest.fixture(autouse=True, scope="module")
def _short() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "SEGMENT_S", 0.3)
        yield


@pytest.fixture(scope="module")
def plan() -> Plan:
    """For the short sample, of whose 24 frames a segment holds 7: told of the fault it has, so that nothing is taken back."""
    labels = [Label("warp", 0.7, Span(6, 22))]
    return pipeline.plan(informed(pipeline.analyse(SHORT, SETTINGS), labels), SETTINGS)


def content(path: Path) -> str:
    digest = hashlib.sha256()
    for frame in decode.decode(probe.probe(path)):
        digest.update(frame.picture.to_ndarray().tobytes() + str((frame.pts, frame.duration)).encode())
    return digest.hexdigest()


def render(plan: Plan, out: Path, work: Path, stops: Sequence[int] = ()) -> Report:
    """Render; interrupted, again and again, where so many frames are done."""
    workspace = Workspace(work, work.with_name("analyses"))
    for stop in stops:

        def progress(stage: str, done: int, total: int | None, stop: int = stop) -> None:
            if stage.startswith("repairing") and done >= stop:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            pipeline.render(plan, out, settings=SETTINGS, workspace=workspace, progress=progress)
        assert not out.exists() and not list(out.parent.glob("*.part"))
    return pipeline.render(plan, out, settings=SETTINGS, workspace=workspace)


@pytest.fixture(scope="module")
def undisturbed(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    """The folder in which whole.mp4 and the work on it lie."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return folder, render(plan, folder / "whole.mp4", folder / "work")


def test_stops_leave_no_trace(tmp_path: Path, plan: Plan, undisturbed: tuple[Path, Report]) -> None:
    folder, whole = undisturbed
    again = render(plan, tmp_path / "again.mp4", tmp_path / "work", [9, 16])
    assert whole.repaired_frames == again.repaired_frames == 23 and again.proofs == whole.proofs
    assert (folder / "whole.mp4").read_bytes() == (tmp_path / "again.mp4").read_bytes()
    assert content(folder / "whole_compare.mp4") == content(tmp_path / "again_compare.mp4")


def test_segments_change_nothing_but_the_encoder(tmp_path: Path, plan: Plan) -> None:
    """Lossless, so that encoders cannot differ."""
    spec = Settings(device="cpu", codec="ffv1")
    pipeline.render(plan, tmp_path / "once.mkv", settings=spec)
    pipeline.render(plan, tmp_path / "parts.mkv", settings=spec, workspace=Workspace(tmp_path / "w", tmp_path / "a"))
    assert content(tmp_path / "once.mkv") == content(tmp_path / "parts.mkv")


def test_what_is_finished_is_not_done_again(tmp_path: Path, plan: Plan) -> None:
    first: list[int] = []
    workspace = Workspace(tmp_path / "work", tmp_path / "analyses")

    def progress(stage: str, done: int, total: int | None) -> None:
        if stage == "repairing":
            first.append(done)
            if len(first) == 16:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.render(plan, tmp_path / "x.mp4", settings=SETTINGS, workspace=workspace, progress=progress)
    first.clear()
    pipeline.render(plan, tmp_path / "x.mp4", settings=SETTINGS, workspace=workspace, progress=progress)
    assert first == list(range(15, 25))


def test_a_damaged_segment_is_made_again(tmp_path: Path, plan: Plan, undisturbed: tuple[Path, Report]) -> None:
    shutil.copytree(undisturbed[0] / "work", tmp_path / "work")
    packets = sorted((tmp_path / "work").rglob("*_0.packets"))
    packets[2].write_bytes(packets[2].read_bytes()[:-1])
    sorted((tmp_path / "work").rglob("*.json"))[3].write_text("{")
    render(plan, tmp_path / "again.mp4", tmp_path / "work")
    assert (undisturbed[0] / "whole.mp4").read_bytes() == (tmp_path / "again.mp4").read_bytes()


def test_another_plan_does_not_take_the_segments_of_the_first(
    tmp_path: Path, plan: Plan, undisturbed: tuple[Path, Report]
) -> None:
    shutil.copytree(undisturbed[0] / "work", tmp_path / "work")
    render(replace(plan, treatments=()), tmp_path / "other.mp4", tmp_path / "work")
    assert content(undisturbed[0] / "whole.mp4") != content(tmp_path / "other.mp4")


def test_segments_cover_the_span() -> None:
    assert checkpoint.segments(Span(5, 40), 25) == [Span(5, 12), Span(12, 19), Span(19, 26), Span(26, 33), Span(33, 40)]
    assert checkpoint.segments(Span(0, 3), 1) == [Span(0, 1), Span(1, 2), Span(2, 3)]


def test_a_pass_is_gone_on_with_only_by_the_same_facefix_and_restorer(
    tmp_path: Path, plan: Plan, undisturbed: tuple[Path, Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    (before,) = (undisturbed[0] / "work").iterdir()
    shutil.copytree(before, tmp_path / "work" / before.name)
    render(plan, tmp_path / "same.mp4", tmp_path / "work")
    assert [folder.name for folder in (tmp_path / "work").iterdir()] == [before.name]
    monkeypatch.setattr(executing, "known_by", lambda: "another version")
    render(plan, tmp_path / "newer.mp4", tmp_path / "work")
    render(replace(plan, restorer="none"), tmp_path / "other.mp4", tmp_path / "work")
    assert len(list((tmp_path / "work").iterdir())) == 3
