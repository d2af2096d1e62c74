"""`facefix compare` and `facefix anchor`: what is refused before the work."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.clips import write_clip

from facefix.cli import main


def _run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    captured = capsys.readouterr()
    return int(stop.value.code or 0), captured.err


def test_one_clip_cannot_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = _run(capsys, "compare", write_clip(tmp_path / "a.mp4"))
    assert code == 2 and "two or more" in said and said.count("\n") == 1


def test_a_reference_must_be_among_the_clips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = [write_clip(tmp_path / f"{name}.mp4") for name in "abc"]
    code, said = _run(capsys, "compare", *clips[:2], "--reference", clips[2])
    assert code == 2 and "c.mp4" in said


def test_a_file_that_is_no_clip_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"nothing")
    code, said = _run(capsys, "compare", write_clip(tmp_path / "a.mp4"), bad, "--report", tmp_path / "page")
    assert code == 1 and "bad.mp4" in said and not (tmp_path / "page").exists()


def test_an_anchor_is_a_png_beside_nothing_that_exists(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    code, said = _run(capsys, "anchor", clip, "-o", tmp_path / "a.jpg")
    assert code == 2 and ".png" in said
    (tmp_path / "a_anchor.png").write_bytes(b"mine")
    code, said = _run(capsys, "anchor", clip)
    assert code == 1 and "-y overwrites" in said and (tmp_path / "a_anchor.png").read_bytes() == b"mine"


def test_a_clip_without_a_face_has_no_anchor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = _run(capsys, "anchor", write_clip(tmp_path / "a.mp4"))
    last = said.strip().splitlines()[-1]
    assert code == 1 and "no large face" in last and not (tmp_path / "a_anchor.png").exists()


def test_a_clip_that_cannot_be_read_is_left_out_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = [write_clip(tmp_path / f"{name}.mp4") for name in "ab"]
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"nothing")
    code, said = _run(capsys, "compare", *good, bad)
    assert code == 3 and "bad.mp4" in said.strip().splitlines()[-1]
    assert _run(capsys, "compare", *good, bad, "--reference", bad)[0] == 1


def test_a_character_that_there_is_not_is_said_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    for words in (("compare", clip), ("anchor", clip)):
        code, said = _run(capsys, *words, "--character", "tom", "--characters-dir", tmp_path)
        assert code == 1 and "tom: no such character" in said and said.count("\n") == 1
