"""`facefix character`: from pictures to a folder that can be read, shown and removed; what cannot be one, in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from facefix.cli import main

PERSON = skimage.data.astronaut()[:400, 60:460]


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def picture(path: Path, pixels: np.ndarray = PERSON) -> Path:
    cv2.imwrite(str(path), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
    return path


def test_a_character_is_added_listed_shown_and_removed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ("--characters-dir", tmp_path / "characters")
    front = picture(tmp_path / "one.png")
    darker = picture(tmp_path / "two.jpg", (PERSON[:, ::-1] * 0.8).astype(np.uint8))
    assert run("character", "add", "eileen", front, darker, "--age", 42, "--hair", "red", "--note", "NASA", *place) == 0
    told = capsys.readouterr().out
    assert "eileen: 2 pictures" in told and "no profile: shots from the side will drift." in told and "FAIL size" in told
    home = tmp_path / "characters" / "eileen"
    assert {path.suffix for path in home.iterdir()} == {".toml", ".png", ".jpg", ".safetensors"}
    # The same picture again adds nothing.
    assert run("character", "add", "eileen", front, *place) == 0 and "2 pictures" in capsys.readouterr().out
    assert run("character", "ls", *place) == 0 and "eileen" in capsys.readouterr().out
    sheets = [tmp_path / "sheet.png", tmp_path / "sheet.html"]
    assert all(run("character", "show", "eileen", "-o", sheet, *place) == 0 for sheet in sheets)
    assert "42 years old, red hair" in capsys.readouterr().out
    drawn = cv2.imread(str(sheets[0]))
    assert drawn is not None and drawn.shape[0] > 500 and b"data:image/jpeg" in sheets[1].read_bytes()
    assert run("character", "show", "eileen", "-o", sheets[0], *place) == 1 and "exists already" in capsys.readouterr().err
    assert run("character", "rm", "eileen", "-y", *place) == 0 and not home.exists()


def test_checks_come_as_json_and_end_with_one_where_a_picture_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("character", "check", picture(tmp_path / "one.png"), "--json") == 1
    (told,) = json.loads(capsys.readouterr().out)
    failed = {check["name"]: check for check in told["checks"] if check["grade"] == "fail"}
    assert failed["size"]["value"] == 400 and failed["size"]["advice"]


def test_what_is_no_portrait_makes_no_character(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place, bad = ("--characters-dir", tmp_path / "characters"), tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    plain = picture(tmp_path / "plain.png", np.full((300, 300, 3), 120, np.uint8))
    for image, said in ((tmp_path / "gone.png", "cannot be read"), (bad, "is no picture"), (plain, "no face is found")):
        assert run("character", "add", "eileen", image, *place) == 1
        error = capsys.readouterr().err
        assert said in error and str(image) in error and len(error.strip().splitlines()) == 1
    assert run("character", "add", "../eileen", plain, *place) == 2 and "no name" in capsys.readouterr().err
    assert not (tmp_path / "characters").exists()


def test_a_missing_character_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = Path(__file__).resolve().parents[2] / "samples" / "astronaut_short.mp4"
    for words in (("character", "show", "tom"), ("inspect", clip, "--character", "tom")):
        assert run(*words, "--characters-dir", tmp_path) == 1
        error = capsys.readouterr().err
        assert "tom: no such character" in error and len(error.strip().splitlines()) == 1
