"""An analysis that was kept is the one that was made."""

from __future__ import annotations

import shutil
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from facefix import Settings, pipeline
from facefix.models import zoo
from facefix.pipeline import remembering
from facefix.types import Analysis, Finding, Span

SHORT = Path(__file__).resolve().parents[2] / "samples" / "astronaut_short.mp4"
SETTINGS = Settings(device="cpu")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Analysis, Path]:
    folder = tmp_path_factory.mktemp("analyses")
    return remembering.analysed(SHORT, SETTINGS, folder, lambda *_: None), folder


def never(*_: object, **__: object) -> Analysis:
    raise AssertionError("analysed again")


def same(one: object, other: object) -> bool:
    """Deeply, arrays by value and type."""
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)
    if hasattr(one, "__dataclass_fields__"):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))  # pyright: ignore
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(same, one, other))  # pyright: ignore
    return one == other


def test_nothing_is_lost(kept: tuple[Analysis, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    first, folder = kept
    monkeypatch.setattr(remembering, "analyse_uncast", never)
    again = remembering.analysed(SHORT, SETTINGS, folder, lambda *_: None)
    assert first.diagnoses and same(first, again)


def test_a_finding_that_is_past_cure_stays_so(
    kept: tuple[Analysis, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (diagnosis,) = kept[0].diagnoses
    gone = Finding("collapsed", diagnosis.track.id, Span(2, 6), 0.7, "it is gone.", {"edges_kept": 0.9}, lost=True)
    found = replace(kept[0], diagnoses=(replace(diagnosis, findings=(gone,)),))
    monkeypatch.setattr(remembering, "analyse_uncast", lambda *_: found)
    for _ in range(2):
        assert remembering.analysed(SHORT, SETTINGS, tmp_path, lambda *_: None).diagnoses[0].findings == (gone,)
        monkeypatch.setattr(remembering, "analyse_uncast", never)


def test_another_name_or_strength_is_the_same_analysis(
    kept: tuple[Analysis, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "analyse_uncast", never)
    renamed = Path(shutil.copy(SHORT, tmp_path / "renamed.mp4"))
    again = remembering.analysed(renamed, Settings(strength=0.2, crf=20, only=("warp",)), kept[1], lambda *_: None)
    assert again.clip.path == renamed


@pytest.mark.parametrize("settings", [Settings(range="0-5"), Settings(generator="kling"), Settings(detector="retinaface")])
def test_what_bears_on_findings_is_another(settings: Settings) -> None:
    assert remembering.analysis_key(SHORT, settings) != remembering.analysis_key(SHORT, SETTINGS)


@pytest.mark.parametrize("harm", [lambda b: b[:200], lambda b: b"", lambda b: b"no archive at all"])
def test_a_damaged_file_counts_as_missing(kept: tuple[Analysis, Path], tmp_path: Path, harm) -> None:
    (file,) = kept[1].iterdir()
    (tmp_path / file.name).write_bytes(harm(file.read_bytes()))
    assert remembering.load(tmp_path / file.name, SHORT) is None


def test_the_plan_is_the_same_to_the_last_bit(kept: tuple[Analysis, Path]) -> None:
    first, folder = kept
    again = remembering.analysed(SHORT, SETTINGS, folder, lambda *_: None)
    assert same(pipeline.plan(first, SETTINGS), pipeline.plan(again, SETTINGS))


def test_a_fresh_analysis_looks_for_weights_where_the_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Asked(Exception):
        pass

    def asking(*_: object) -> Analysis:
        raise Asked(zoo._named.get())

    monkeypatch.setattr(remembering, "analyse_uncast", asking)
    with pytest.raises(Asked) as asked:
        remembering.analysed(SHORT, Settings(device="cpu", models_dir=str(tmp_path)), tmp_path / "kept", lambda *_: None)
    assert Path(asked.value.args[0]) == tmp_path


def test_what_was_measured_another_way_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    before = remembering.analysis_key(SHORT, SETTINGS)
    monkeypatch.setattr(remembering, "MEASURING", remembering.MEASURING + 1)
    assert remembering.analysis_key(SHORT, SETTINGS) != before
