"""The bench of repairs: what it draws, how it measures, and its command."""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.bench.portrait import portrait

from facefix.bench import outcomes, repair, tables
from facefix.bench.cases import Label
from facefix.bench.clips import CleanClip
from facefix.bench.diagnosis import write
from facefix.bench.faults import VARIANTS
from facefix.bench.nearness import Judge, error, steps, tremble
from facefix.cli import main
from facefix.media import probe
from facefix.types import Span

CLEAN = Path(__file__).parents[2] / "samples" / "astronaut_short.mp4"


def _run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def test_modes_variants_and_clips_take_turns() -> None:
    clips = {"held-out": [Path(f"{k}.mp4") for k in range(7)]}
    drawn = repair.choose(clips, 72)  # pyright: ignore[reportArgumentType]
    assert drawn[:24] == repair.choose(clips, 24)  # pyright: ignore[reportArgumentType]
    modes = Counter(case.doses[0].variant.split("-")[0] if case.doses else "clean" for case in drawn)
    assert modes["clean"] == 12 and set(modes) == {"clean", "warp", "drift", "flicker", "waxy"}
    assert max(modes.values()) - min(modes.values()) <= 3
    assert {dose.severity for case in drawn for dose in case.doses} == {outcomes.SEVERITY}
    assert len({case.clip for case in drawn}) == 7
    melting = repair.choose(clips, 12, collapsed=True)  # pyright: ignore[reportArgumentType]
    assert Counter(case.doses[0].variant if case.doses else "clean" for case in melting) == {"collapsed": 10, "clean": 2}


def test_the_middle_of_a_fault_is_compared() -> None:
    points = np.ones((200, 5, 2), np.float32)
    points[:10] = np.nan
    clip = CleanClip(probe.probe(CLEAN), Fraction(25), points, 100.0)
    assert list(repair.compared(clip, [Label("warp", 0.6, Span(5, 20))])) == list(range(10, 20))
    long = repair.compared(clip, [Label("drift", 0.6, Span(50, 200))])
    assert len(long) == repair.MOST_FRAMES and abs(long.mean() - 125) < 1


def test_a_repair_that_is_told_knows_how_faults_grow() -> None:
    whole = Span(10, 90)
    label = Label("drift", 0.6, whole)
    course = VARIANTS["drift"].envelope(whole)
    assert course[repair._rises(label, whole)] >= 0.95 > course[repair._rises(label, whole) - 1]
    assert repair._rises(label, Span(20, 90)) == repair._rises(label, whole) - 10
    assert repair._rises(Label("drift-step", 0.6, whole), whole) <= 3
    assert repair._rises(Label("warp", 0.6, whole), whole) == 0 == repair._rises(Label("flicker", 0.6, whole), whole)


def test_nearness_of_the_truth_and_of_the_damage() -> None:
    frames, points = portrait()
    truth = np.stack(frames[:6]).astype(np.float32) / 255
    rng = np.random.default_rng(0)
    damaged = np.clip(truth + 0.1 * rng.standard_normal(truth.shape), 0, 1).astype(np.float32)
    judge = Judge()
    untouched = judge.compare(truth, damaged, damaged, points[:6])
    assert untouched.undone == 0 and untouched.psnr_kept == float("inf") and untouched.seam == 1
    assert untouched.mesh_before == untouched.mesh_after > 0
    healed = judge.compare(truth, damaged, truth, points[:6])
    assert healed.undone == pytest.approx(1) and healed.mesh_after == 0 and healed.identity_after == 0
    assert healed.warping_after == healed.warping_truth < healed.warping_before == untouched.warping_after
    several = judge.compare_all(truth, damaged, {"none": damaged, "truth": truth}, points[:6])
    assert several == {"none": untouched, "truth": healed}
    assert healed.ssim_after == pytest.approx(1) and healed.ssim_before < 0.95
    half = judge.compare(truth, damaged, (truth + damaged) / 2, points[:6])
    assert half.undone == pytest.approx(0.75, abs=0.01)


def test_measures_in_numbers() -> None:
    a = np.zeros((2, 4, 4, 3), np.float32)
    masks = np.zeros((2, 4, 4), np.float32)
    masks[:, :2] = 1
    b = a.copy()
    b[:, 2:] = 1
    assert error(a, b, masks) == 0
    b[:, 0] = 0.5
    assert error(a, b, masks) == pytest.approx(0.125)
    line = np.arange(5, dtype=np.float32)[:, None, None] * np.ones((1, 3, 2), np.float32)
    assert tremble(line) == 0 and tremble(line[:2]) == 0
    assert steps(np.eye(3, dtype=np.float32)) == pytest.approx(np.sqrt(2))


def test_the_whole_way_on_the_sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "one.mp4").symlink_to(CLEAN.resolve())
    out = tmp_path / "repair.json"
    assert _run("bench", "--repair", folder, "--told", "--cases", 1, "--seconds", 1, "--json", out) == 0
    assert "told what is wrong" in capsys.readouterr().out
    document = json.loads(out.read_text())
    (case,) = document["cases"]
    (part,) = document["parts"].values()
    assert case["told"] and case["treated"] > 0
    assert part["modes"][case["mode"]]["cases"] == 1
    assert "\n".join(tables.repair_lines("x", part)).count(case["mode"]) == 1


class _Inverted:
    """A baseline that does harm in every frame."""

    def __init__(self) -> None:
        self.seen = 0

    def enhance(self, picture: np.ndarray) -> np.ndarray:
        self.seen += 1
        return 255 - picture


def test_baselines_are_given_the_frames_compared_and_no_others(tmp_path: Path) -> None:
    points = np.tile(np.array([[20, 20], [40, 20], [30, 30], [22, 42], [38, 42]], np.float32), (12, 1, 1))
    clip, rival = tmp_path / "clip.mkv", _Inverted()
    write(clip, (np.full((64, 64, 3), 60, np.uint8) for _ in range(12)), Fraction(25))
    frames = repair.compared(CleanClip(probe.probe(CLEAN), Fraction(25), points, 100.0), [], most=5)
    before = repair.crops(clip, points, frames)
    after, seconds = repair.by_baseline(rival, clip, points, frames)
    assert rival.seen == len(frames) == 5 and seconds > 0
    assert before.shape == after.shape == (5, repair.SIDE, repair.SIDE, 3)
    assert before + after == pytest.approx(1, abs=0.01)
    assert repair.changed(before, after) == 5 and repair.changed(before, before) == 0


def test_the_command_hands_on_what_is_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}
    monkeypatch.setattr(repair, "run", lambda folder, count, **options: asked.update(options) or [])
    sheets = tmp_path / "sheets"
    assert (
        _run("bench", "--repair", tmp_path, "--baseline", "realesrgan", "--baseline", "none", "--frames", 9, "--sheet", sheets)
        == 0
    )
    assert asked["terms"].baselines == ("realesrgan", "none") and asked["terms"].most_frames == 9
    assert asked["show"] is not None and not sheets.exists()
    assert asked["only"] is None
    assert _run("bench", "--repair", tmp_path, "--mode", "flicker") == 0
    assert asked["terms"] == repair.Terms() and asked["show"] is None and asked["only"] == "flicker"


def test_json_may_go_to_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(repair, "run", lambda folder, count, **options: [])
    monkeypatch.chdir(tmp_path)
    assert _run("bench", "--repair", tmp_path, "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["cases"] == [] and not list(tmp_path.iterdir())


def test_cases_of_other_modes_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.mp4").symlink_to(CLEAN.resolve())
    taken = []
    monkeypatch.setattr(repair, "measured", lambda chosen, **options: taken.extend(chosen) or [])
    repair.run(tmp_path, 14, only="flicker")
    assert [case.doses[0].variant for case in taken] == ["flicker", "flicker-brightness", "flicker-identity"]


def test_the_help_names_the_default_number_of_frames(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("bench", "--help") == 0
    assert f"[default: {repair.MOST_FRAMES}]" in " ".join(capsys.readouterr().out.split())


def test_a_sheet_that_exists_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "worst_03.png").write_bytes(b"mine")
    assert _run("bench", "--repair", tmp_path, "--sheet", tmp_path) == 1
    assert "exists already" in capsys.readouterr().err


def test_an_unknown_baseline_is_refused_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.mp4").symlink_to(CLEAN.resolve())
    assert _run("bench", "--repair", tmp_path, "--baseline", "magic") != 0
    assert "choose from none, realesrgan" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        (), ("--diagnosis", ".", "--repair", "."), ("--diagnosis", ".", "--told"), ("--repair", ".", "--signals", "x.npz"),
        ("--diagnosis", ".", "--baseline", "none"), ("--diagnosis", ".", "--sheet", "x"), ("--diagnosis", ".", "--frames", "9"),
        ("--diagnosis", ".", "--mode", "warp"),
    ],
)  # fmt: skip
def test_what_is_measured_must_be_said(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("bench", *words) == 2
    assert "--diagnosis" in capsys.readouterr().err
