"""The whole way: a clean clip, faults injected, written, analysed, compared; and `facefix bench` around it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from facefix.bench import cases, clips, diagnosis
from facefix.bench.cases import Case, Dose
from facefix.cli import main
from facefix.errors import InputError

CLEAN = Path(__file__).parents[2] / "samples" / "astronaut_clean.mp4"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the clean sample's first second, at half its size."""
    place = tmp_path_factory.mktemp("clips")
    with av.open(str(CLEAN)) as container:
        frames = [f.to_ndarray(format="rgb24") for _, f in zip(range(24), container.decode(video=0), strict=False)]
    small = [np.asarray(cv2.resize(f, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8) for f in frames]
    diagnosis.write(place / "astronaut.mkv", small, Fraction(24))
    return place


@pytest.fixture(scope="module")
def cache(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Filled by whoever comes first."""
    return tmp_path_factory.mktemp("cache")


def test_a_flicker_is_made_found_and_scored(folder: Path, cache: Path) -> None:
    clip = clips.load(folder / "astronaut.mkv", 5.0, cache)
    assert clip.frames == 24 and len(clip.present) == 24
    kept = clips.load(folder / "astronaut.mkv", 5.0, cache)
    assert np.array_equal(clip.points, kept.points) and kept.face_px == clip.face_px
    case = Case("single", "fit", folder / "astronaut.mkv", 3, (Dose("flicker", 0.9),))
    outcome = diagnosis.examined(case, clip)
    (label,) = outcome.labels
    assert outcome.frames == 24 and outcome.analysis_s > 0
    assert outcome.damaged("flicker").sum() == len(label.span)
    shown = outcome.truth("flicker") > 0.3
    assert (outcome.found("flicker") > 0)[shown].mean() > 0.5
    boil = outcome.signals["boil"]
    assert boil.shape == (24,) and np.nanmedian(boil[shown]) > 2 * np.nanmedian(boil[~shown])


def test_a_case_spoils_its_span_and_is_scaled(folder: Path, cache: Path) -> None:
    clip = clips.load(folder / "astronaut.mkv", 5.0, cache)
    plain = list(clip.pictures(60))
    assert plain[0].shape[0] == pytest.approx(360 * 60 / clip.face_px, abs=2) and plain[0].shape[1] % 2 == 0
    case = Case("single", "fit", folder / "astronaut.mkv", 3, (Dose("warp", 0.9),), face_px=60)
    labels = cases.place(case, clip)
    changed = [not np.array_equal(a, b) for a, b in zip(plain, cases.pictures(case, clip, labels), strict=True)]
    assert changed == list(labels[0].frames(24))
    eyes = clip.points_at(60)[0, :2].mean(0)
    assert 0 < eyes[0] < plain[0].shape[1] and 0 < eyes[1] < plain[0].shape[0]


def test_the_command_prints_tables_and_writes_json(
    folder: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["bench", "--diagnosis", folder, "--cases", 2, "--cache", cache, "--json", tmp_path / "b.json"]
    words += ["--signals", tmp_path / "s.npz"]
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    assert not stop.value.code
    text = capsys.readouterr().out
    assert "2 cases from 1 clips" in text and "false findings" in text
    document = json.loads((tmp_path / "b.json").read_text())
    single, confuser = document["cases"]
    assert single["kind"] == "single" and single["labels"][0]["end"] <= 24
    assert confuser["labels"] == [] and confuser["confuser"]
    with np.load(tmp_path / "s.npz") as stored:
        assert json.loads(str(stored["0/case"])) == single
        truth: NDArray[np.float32] = stored[f"0/truth/{single['labels'][0]['mode']}"]
        assert truth.shape == stored["0/signal/boil"].shape == (24,) and truth.max() > 0
        (about, signals, truths), (other, _, none) = diagnosis.kept_signals(tmp_path / "s.npz")
        assert (about, other) == (single, confuser)
        np.testing.assert_array_equal(signals["boil"], stored["0/signal/boil"])
        np.testing.assert_array_equal(truths[single["labels"][0]["mode"]], truth)
        assert signals.keys() == {k.split("/", 2)[2] for k in stored.files if k.startswith("0/signal/")}
        assert not any(curve.any() for curve in none.values())


def test_bad_folders_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["bench", "--diagnosis", str(tmp_path / "missing")])
    assert stop.value.code == 1 and "no folder" in capsys.readouterr().err
    blank = [np.full((64, 96, 3), 90, np.uint8)] * 6
    diagnosis.write(tmp_path / "blank.mkv", blank, Fraction(24))
    with pytest.raises(InputError, match="no clip shows a face"):
        diagnosis.run(tmp_path, 2)
