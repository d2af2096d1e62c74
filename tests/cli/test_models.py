"""`facefix models` from outside, against a server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clips import write_clip
from tests.models.server import CONTENT, Manners, row, serving

from facefix.cli import main
from facefix.faces.detectors import DETECTORS
from facefix.jobs.engines import ENGINES
from facefix.models import zoo
from facefix.repair.restorers import RESTORERS
from facefix.upscale import UPSCALERS


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.fixture
def manners(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Manners]:
    """A server for two files, of which the first is what facefix works best with; nothing is installed."""
    monkeypatch.delenv(zoo.MODELS_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(zoo, "cache_folder", lambda: tmp_path / "cache")
    manners = Manners()
    with serving(manners) as port:
        monkeypatch.setattr(zoo, "TABLE", (row(port, "first.pth"), row(port, "second.pth")))
        monkeypatch.setattr(zoo, "STRONGEST", ("first.pth",))
        yield manners


def test_what_is_fetched_is_found_and_not_fetched_again(
    manners: Manners, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("models", "fetch") == 0
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["first.pth"]
    assert zoo.checked("first.pth").read_bytes() == CONTENT
    assert run("models", "fetch", "first.pth", "second.pth") == 0
    assert "first.pth is there" in capsys.readouterr().out
    assert len(manners.asked) == 2


def test_a_folder_can_be_named(
    manners: Manners, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    assert run("models", "fetch", "--models-dir", mine) == 0
    monkeypatch.setenv(zoo.MODELS_DIR_VARIABLE, str(other))
    assert run("models", "fetch") == 0
    assert (mine / "first.pth").read_bytes() == (other / "first.pth").read_bytes() == CONTENT
    capsys.readouterr()
    assert run("models", "ls", "--models-dir", mine) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(str(mine / "first.pth"))
    assert lines[1].endswith("not installed: run `facefix models fetch second.pth`")
    assert run("models", "ls", "--models-dir", tmp_path / "nowhere") == 2


def test_a_folder_is_where_it_was_named_from(
    manners: Manners, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("models", "fetch", "--models-dir", "mine") == 0
    # A job may be carried out by a process that stands elsewhere.
    assert capsys.readouterr().out.strip() == f"first.pth fetched: {tmp_path / 'mine' / 'first.pth'}"


def test_a_damaged_file_is_named_and_replaced(manners: Manners, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "fetch", "first.pth", "second.pth") == 0
    damaged = tmp_path / "cache" / "second.pth"
    damaged.write_bytes(b"?" + CONTENT[1:])
    capsys.readouterr()
    assert run("models", "verify") == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("intact") and first.endswith("first.pth")
    assert second.startswith("CORRUPT") and str(damaged) in second
    assert run("models", "fetch", "second.pth") == 0
    assert run("models", "verify") == 0


def test_a_download_that_fails_is_one_sentence(manners: Manners, capsys: pytest.CaptureFixture[str]) -> None:
    manners.content = b"?" * len(CONTENT)
    assert run("models", "fetch") == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "first.pth: fetching 1.0 MB"
    assert said[1].startswith("facefix: What http://127.0.0.1") and len(said) == 2


def test_an_unknown_name_is_told(manners: Manners, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "fetch", "third.pth") == 1
    assert "third.pth is not in the table" in capsys.readouterr().err
    assert manners.asked == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--restorer", "gfpgan"], 1, "GFPGANv1.4.pth is not installed; run `facefix models fetch GFPGANv1.4.pth`."),
        (["--detector", "retinaface"], 1, "detection_Resnet50_Final.pth is not installed; run `facefix models fetch"),
        (["--models-dir", "nowhere"], 2, "nowhere: there is no such folder."),
    ],
)
def test_a_repair_without_its_weights_is_refused_before_the_work(
    words: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(zoo.MODELS_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(zoo, "cache_folder", lambda: tmp_path)
    monkeypatch.chdir(tmp_path)
    clip = write_clip(tmp_path / "a.mp4")
    assert run(clip, *words) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_weights_in_the_folder_that_is_named_are_the_ones_that_are_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    (tmp_path / "centerface.onnx").write_bytes(b"damaged")
    assert run(clip, "--models-dir", tmp_path) == 1
    assert f"{tmp_path / 'centerface.onnx'} is not the published centerface.onnx" in capsys.readouterr().err


def test_every_choice_is_described_and_what_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(zoo.MODELS_DIR_VARIABLE, raising=False)
    monkeypatch.setattr(zoo, "cache_folder", lambda: tmp_path / "cache")
    assert run("models", "backends") == 0
    told = capsys.readouterr().out
    for choices in (DETECTORS, RESTORERS, UPSCALERS, ENGINES):
        for name, spec in choices.items():
            assert any(line.split()[0] == name and spec.describe in line for line in told.splitlines() if line.startswith("  "))
    lines = {line.split()[0]: line for line in told.splitlines()}
    assert "facefix models fetch GFPGANv1.4.pth" in lines["gfpgan"]
    assert "fetch" not in lines["unwaxing"] and "fetch" not in lines["none"]
