"""Input and output that cannot work: one sentence, the right exit code, nothing lost, nothing left behind."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import resource
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from tests.clips import Recipe, moving, truncated, write_clip
from tests.plans import plan_for

from facefix.cli import main
from facefix.media.decode import decode
from facefix.media.probe import probe
from facefix.plan import dump

_ODD_NAME = 'scène 1 "☃" 日本.mp4'


def _run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def _state(folder: Path) -> dict[str, str]:
    """Every file and folder below, with what it holds."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else "folder"
        for p in sorted(folder.rglob("*"))
    }


def _one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    (line,) = captured.err.strip().splitlines()
    assert line.startswith("facefix: ") and "unexpected" not in line
    assert captured.out == ""
    return line


def _frames(path: Path) -> int:
    return sum(1 for _ in decode(probe(path)))


def _only_sound(path: Path) -> None:
    with av.open(path, "w") as container:
        stream = container.add_stream("aac", rate=48000)
        stream.codec_context.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "a.mp4", recipe=Recipe(audio_tracks=1))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["missing.mp4"], 1, "missing.mp4 does not exist"),
        (["a.mp4/b.mp4"], 1, "a.mp4/b.mp4 does not exist"),
        (["missing"], 2, "missing is no file, no folder and no command"),
        (["inspect", "missing"], 1, "missing does not exist"),
        (["empty folder"], 1, "holds no video clip"),
        (["zero.mp4"], 1, "zero.mp4 is empty (0 bytes)"),
        (["text.mp4"], 1, "text.mp4 cannot be read as a video"),
        (["sound.mp4"], 1, "sound.mp4 holds sound but no video"),
        (["pipe.mp4"], 1, "pipe.mp4 is no file"),
        (["a.mp4", "-o", "no/out.mp4"], 1, "no such folder; make it first or name another output with -o"),
        (["a.mp4", "-o", "text.mp4/out.mp4"], 1, "is a file, not a folder"),
        (["a.mp4", "-o", "a.mp4", "-y"], 1, "the output is the input"),
        (["a.mp4", "-o", "symbolic.mp4", "-y"], 1, "the output is the input"),
        (["a.mp4", "-o", "hard.mp4", "-y"], 1, "the output is the input"),
        (["a.mp4", "-o", "text.mp4"], 1, "exists already; -y overwrites it"),
        (["a.mp4", "-o", "out.doc"], 2, "no container has the suffix '.doc'"),
        (["a.mp4", "-o", "out.mp4", "--codec", "libx999"], 2, "no video encoder"),
        (["a.mp4", "--codec", "vp8"], 2, "cannot hold"),
        (["a.mp4", "--device", "cuda:99"], 2, "no device cuda:99"),
        (["a.mp4", "--strength", "2"], 2, "not in the range"),
        (["a.mp4", "--only", "nose"], 2, "--only nose"),
        (["a.mp4", "--range", "9-3"], 2, "--range 9-3"),
        (["a.mp4", "--range", "90-95"], 1, "a.mp4: has 12 frames, none in the range"),
        (["a.mp4", "--plan", "missing.json"], 1, "missing.json: the plan cannot be read"),
        (["a.mp4", "--plan", "text.mp4"], 1, "text.mp4: not valid JSON"),
        (["inspect", "a.mp4", "--json", "a.mp4", "-y"], 1, "the output is the input"),
        (["inspect", "a.mp4", "--plan", "a.mp4", "-y"], 1, "the output is the input"),
        (["inspect", "a.mp4", "--plan", "p", "--json", "./p"], 2, "name the same file"),
        (["inspect", "a.mp4", "--plan", "no/p.json"], 1, "no such folder"),
        (["inspect", "a.mp4", "--json", "no/p.json"], 1, "no such folder"),
    ],
)
def test_it_is_refused_in_one_sentence(
    tmp_path: Path, clip: Path, capsys: pytest.CaptureFixture[str], monkeypatch, words: list[str], code: int, said: str
) -> None:
    (tmp_path / "empty folder").mkdir()
    (tmp_path / "empty folder" / "notes.txt").touch()
    (tmp_path / "zero.mp4").touch()
    (tmp_path / "text.mp4").write_bytes(b"hello\n" * 99)
    _only_sound(tmp_path / "sound.mp4")
    (tmp_path / "symbolic.mp4").symlink_to(clip)
    (tmp_path / "hard.mp4").hardlink_to(clip)
    if "pipe.mp4" in words:
        os.mkfifo(tmp_path / "pipe.mp4")
    before = _state(tmp_path)
    monkeypatch.chdir(tmp_path)
    # The sentence about a range comes only after frames were counted, so progress is on standard error as well.
    assert _run(*words) == code
    if "90-95" in words:
        assert said in capsys.readouterr().err
    else:
        assert said in _one_sentence(capsys)
    assert _state(tmp_path) == before


@pytest.mark.parametrize(
    ("name", "frames", "width", "height"), [("one frame.mp4", 1, 96, 64), ("tiny.mp4", 3, 16, 16), (_ODD_NAME, 12, 96, 64)]
)
def test_a_clip_without_a_face_is_copied(tmp_path: Path, capsys, name: str, frames: int, width: int, height: int) -> None:
    clip = write_clip(tmp_path / name, moving(frames, width, height), Recipe(audio_tracks=1))
    assert _run(clip) == 0
    out = clip.with_stem(f"{clip.stem}_fixed")
    assert out.read_bytes() == clip.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([clip.name, out.name])
    assert "no face found; copied without re-encoding" in capsys.readouterr().out


def test_what_is_there_of_a_cut_clip_is_used_and_said_once(tmp_path: Path, capsys) -> None:
    recipe = Recipe(options={"crf": "5", "preset": "ultrafast", "g": "10"}, container_options={"movflags": "+faststart"})
    cut = truncated(write_clip(tmp_path / "a.mp4", moving(60), recipe), tmp_path / "cut.mp4", 0.6)
    assert _run(cut, "--crf", "20") == 0
    said = capsys.readouterr().out
    frames = _frames(tmp_path / "cut_fixed.mp4")
    assert 20 < frames < 50
    # "cut short", or "damaged" where the last packet is there in part and this FFmpeg says so.
    assert said.count("  ! cut.mp4 is ") == said.count(f": {frames} of 60 frames ") == 1


def test_the_second_pass_also_says_that_a_clip_is_cut(tmp_path: Path, capsys) -> None:
    recipe = Recipe(options={"crf": "5", "preset": "ultrafast", "g": "10"}, container_options={"movflags": "+faststart"})
    cut = truncated(write_clip(tmp_path / "a.mp4", moving(60), recipe), tmp_path / "cut.mp4", 0.6)
    dump(plan_for(cut, _frames(cut), "flicker"), tmp_path / "plan.json")
    assert _run(cut, "--plan", tmp_path / "plan.json") == 0
    assert capsys.readouterr().out.count("  ! cut.mp4 is ") == 1


def test_what_a_result_cannot_keep_is_said(tmp_path: Path, capsys) -> None:
    recipe = Recipe(subtitle="subrip", pixel_format="yuv444p", time_base=Fraction(1, 1000))
    clip = write_clip(tmp_path / "a.mkv", recipe=recipe)
    assert _run(clip, "-o", tmp_path / "copied.mp4") == 0
    assert capsys.readouterr().out.count("  ! Stream 1 (subtitle, ") == 1
    assert _run(clip, "-o", tmp_path / "written.mp4", "--codec", "libsvtav1", "--compare") == 0
    said = capsys.readouterr().out
    assert said.count("  ! Stream 1 (subtitle, ") == 1
    assert said.count("  ! libsvtav1 stores colour at a lower resolution") == 1


def test_pictures_that_the_container_does_not_hold_are_encoded(tmp_path: Path, capsys) -> None:
    recipe = Recipe(codec="libvpx", options={}, time_base=Fraction(1, 1000))
    clip = write_clip(tmp_path / "a.webm", recipe=recipe)
    assert _run(clip, "-o", tmp_path / "a.mp4") == 0
    assert _frames(tmp_path / "a.mp4") == 12
    assert "  ! A .mp4 file holds no vp8 pictures; they were encoded again." in capsys.readouterr().out


def test_a_container_that_is_not_written_gets_another_name(tmp_path: Path, capsys) -> None:
    recipe = Recipe(codec="wmv2", options={}, time_base=Fraction(1, 25), audio_tracks=1, audio_codec="mp2")
    (tmp_path / "shots").mkdir()
    write_clip(tmp_path / "shots" / "a.wmv", recipe=recipe)
    write_clip(tmp_path / "shots" / "b.mp4", recipe=dataclasses.replace(recipe, codec="mpeg4"))
    assert _run(tmp_path / "shots") == 0
    assert sorted(p.name for p in (tmp_path / "shots_fixed").iterdir()) == ["a.mp4", "b.mp4"]
    said = capsys.readouterr().out
    assert said.count("facefix does not write .wmv files; the result is a .mp4 file.") == 1
    write_clip(tmp_path / "shots" / "b.wmv", recipe=recipe)
    assert _run(tmp_path / "shots", "-o", tmp_path / "again") == 3
    assert "b.mp4, which is the result of" in capsys.readouterr().err


def test_results_never_replace_each_other_or_a_clip_of_the_run(tmp_path: Path, capsys) -> None:
    clips = []
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        clips.append(write_clip(tmp_path / folder / "a.mp4"))
    clips.append(write_clip(tmp_path / "a_fixed.mp4"))
    before = clips[2].read_bytes()
    assert _run(*clips, "-o", tmp_path, "-y") == 3
    assert clips[2].read_bytes() == before
    said = capsys.readouterr().err
    assert said.count("which is a clip to be repaired itself") == 2
    (tmp_path / "o").mkdir()
    assert _run(*clips[:2], "-o", tmp_path / "o", "-y") == 3
    assert "which is the result of" in capsys.readouterr().err


def test_folders_that_are_bad_or_hold_only_bad_clips_leave_nothing(tmp_path: Path, clip: Path, capsys) -> None:
    for folder in ("empty", "bad"):
        (tmp_path / folder).mkdir()
    (tmp_path / "bad" / "text.mp4").write_bytes(b"x" * 999)
    before = _state(tmp_path)
    assert _run(tmp_path / "empty", tmp_path / "bad") == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 2
    assert _state(tmp_path) == before
    assert _run(tmp_path / "empty", tmp_path / "bad", clip) == 3
    assert clip.with_stem("a_fixed").exists()


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        (("clip", "fingerprint"), "0" * 64, "made for another clip"),
        (("span", "end"), 13, "frames 0-13, which do not lie within 0-12"),
        (("treatments", 0, "end"), 13, "treatments[0] covers frames 0-13"),
        (("treatments", 0, "mode"), "nose", "to treat nose"),
        (("treatments", 0, "severity"), 1.5, '"severity" 1.5, which must lie between 0 and 1'),
        (("treatments", 0, "strength"), -0.1, '"strength" -0.1, which must lie between 0 and 1'),
        (("treatments", 0, "strength"), "much", "treatments[0].strength must be a whole number or a number"),
        (("restorer",), "magic", "restorer 'magic'"),
        (("encode", "codec"), "libx999", "no video encoder"),
        (("encode", "crf"), 400, '"crf" 400'),
        (("clip", "width"), float("nan"), '"width" nan'),
        (("tracks", 0, "id"), "0", "tracks[0].id must be a whole number"),
        (("tracks", 0, "anchors"), [True], "anchors"),
        (("tracks", 0, "scores"), [float("inf")] * 12, "scores"),
        (("treatments",), {}, "treatments must be a list"),
    ],
)
def test_plans_that_cannot_be_rendered(tmp_path: Path, clip: Path, capsys, where: tuple, value: object, said: str) -> None:
    path = tmp_path / "plan.json"
    dump(plan_for(clip, 12, "flicker"), path)
    document = json.loads(path.read_text())
    place = document
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = value
    path.write_text(json.dumps(document))
    before = _state(tmp_path)
    assert _run(clip, "--plan", path) in (1, 2)
    sentence = _one_sentence(capsys)
    assert said in sentence
    assert "plan" in sentence or "libx999" in sentence
    assert _state(tmp_path) == before


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
def test_a_disk_that_is_full(tmp_path: Path) -> None:
    noise = list(np.random.default_rng(0).integers(0, 255, (12, 128, 192, 3), np.uint8))
    clip = write_clip(tmp_path / "a.mp4", noise)
    dump(plan_for(clip, 12, "flicker"), tmp_path / "plan.json")
    before = _state(tmp_path)
    for words in (["--plan", str(tmp_path / "plan.json")], []):
        run = subprocess.run(
            [sys.executable, "-m", "facefix", str(clip), *words],
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
        )
        assert run.returncode == 1
        assert "a_fixed.mp4 cannot be written" in run.stderr.splitlines()[-1]
        assert "Traceback" not in run.stderr
        assert _state(tmp_path) == before


@pytest.mark.skipif(os.name != "posix", reason="file names of bytes")
def test_a_name_that_is_no_text(tmp_path: Path, capsys) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    clip = tmp_path / name
    clip.write_bytes(write_clip(tmp_path / "a.mp4").read_bytes())
    document = tmp_path / "d.json"
    assert _run("inspect", clip, "--json", document) == 0
    assert json.loads(document.read_text(encoding="utf-8"))["clip"]["path"] == str(clip)
    assert _run(clip) == 0
    assert clip.with_name(os.fsdecode(b"caf\xe9_fixed.mp4")).exists()
