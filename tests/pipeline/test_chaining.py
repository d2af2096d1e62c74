"""The last good frame: what is asked in which order, and what drift says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.characters.samples import changed, sampled

from facefix import Settings, analyse
from facefix.errors import FacefixError
from facefix.models import zoo
from facefix.pipeline import chaining
from facefix.pipeline.progress import silent
from facefix.types import Analysis, Finding, Judgement, Span

SHORT = Path(__file__).resolve().parents[2] / "samples" / "astronaut_short.mp4"


def test_frames_are_asked_from_the_end_on_ever_further_apart() -> None:
    asked = chaining._spread(list(range(100)))
    assert asked[-1] == 99 and asked[0] == 0 and len(asked) <= 8
    gaps = np.diff(asked)
    assert (gaps[:-1] >= gaps[1:]).all()
    assert chaining._spread([]) == [] and chaining._spread([4]) == [4]


def test_an_end_that_is_another_face_is_warned_of() -> None:
    calm = sampled(1, count=8)
    drifted = changed(sampled(1, count=4, seed=1), "nose width", 0.7, tone=(0, 0, -12))
    assert chaining._drift(0, (*calm, *sampled(1, count=4, seed=1)), False) is None
    told = chaining._drift(0, (*calm, *drifted), False)
    assert told is not None and "narrower" in told and "cooler" in told


def test_an_end_that_is_not_the_character_is_warned_of_though_the_clip_began_so() -> None:
    pictures = chaining.Standard(sampled(1, count=3, seed=5), chaining.SAME_CHARACTER, "mia")
    steady = changed(sampled(1, count=8), "nose width", 0.7, tone=(0, 0, -12))
    assert chaining._drift(0, steady, False) is None
    told = chaining._drift(0, steady, False, pictures)
    assert told is not None and "drifted from mia" in told and "narrower" in told
    assert chaining._drift(0, sampled(1, count=8), False, pictures) is None


@pytest.mark.slow
def test_the_sample_gives_a_frame_and_its_pixels() -> None:
    found = chaining.anchor(SHORT, Settings(range="0-8", device="cpu"))
    assert 0 <= found.frame < found.end == 8 and not found.repaired
    assert found.pixels.shape == (360, 640, 3) and found.pixels.dtype == np.uint8
    assert all(span.start > found.frame for span, _ in found.later)


@pytest.mark.slow
def test_a_faulty_frame_is_repaired_and_enlarged_without_its_surroundings() -> None:
    """The same frame plain, repaired, and repaired and enlarged: only the face differs, by little."""
    settings = Settings(range="81-91", device="cpu", restorer="unwaxing")
    ill = told(SHORT.with_name("astronaut_damaged.mp4"), settings, "waxy", Span(81, 91))
    plain = chaining._fetched(ill, 86, settings, False, silent)
    mended = chaining._fetched(ill, 86, settings, True, silent)
    large = chaining._fetched(ill, 86, replace(settings, scale=2, upscaler="lanczos"), True, silent)
    assert plain and mended and large
    assert (plain.repaired, mended.repaired, large.repaired) == (False, True, True)
    changed = (plain.pixels != mended.pixels).any(axis=2)
    assert 0.002 < changed.mean() < 0.5 and not changed[:, :40].any()
    assert large.pixels.shape == (1440, 2560, 3)
    shrunk = large.pixels.reshape(720, 2, 1280, 2, 3).mean(axis=(1, 3))
    assert np.abs(shrunk - mended.pixels).mean() < 2


@pytest.mark.slow
def test_a_frame_that_no_repair_makes_better_is_not_fetched_repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(range="6-16", device="cpu", restorer="unwaxing")
    with monkeypatch.context() as patched:
        patched.setattr(chaining, "_rendered", lambda *_: SimpleNamespace(proofs=()))
        assert chaining._fetched(told(SHORT, settings, "waxy", Span(6, 16)), 10, settings, True, silent) is None
    # Then a frame is taken that needs none.
    asked = []

    def fetched(analysis: Analysis, frame: int, settings: Settings, fix: bool, progress: object) -> chaining._Fetched | None:
        asked.append(fix)
        return None if fix else chaining._Fetched(np.zeros((2, 2, 3), np.uint8), False)

    monkeypatch.setattr(chaining, "_fetched", fetched)
    found = chaining.anchor(SHORT, Settings(range="0-8", device="cpu"), fix=True)
    assert asked == [True, False] and not found.repaired


def told(clip: Path, settings: Settings, mode: str, span: Span) -> Analysis:
    """As if that had been found in its face."""
    analysis = analyse(clip, settings)
    (diagnosis,) = analysis.diagnoses
    found = Finding(mode, diagnosis.track.id, span, 0.9, "")
    return replace(analysis, diagnoses=(replace(diagnosis, findings=(found,), judgement=Judgement("repair", "")),))


def test_a_folder_of_weights_holds_for_all_that_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def samples(*_: object, **__: object) -> None:
        asked.append(zoo.named_folder())
        raise FacefixError("enough")

    analysis = analyse(SHORT, Settings(range="0-4"))
    monkeypatch.setattr(chaining, "analyse", lambda *_, **__: analysis)
    monkeypatch.setattr(chaining, "samples", samples)
    with pytest.raises(FacefixError, match="enough"):
        chaining.anchor(SHORT, Settings(models_dir=str(tmp_path)))
    assert asked == [tmp_path]
