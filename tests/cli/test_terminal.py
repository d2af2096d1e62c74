"""How much is said, in which colours, and what a log gets."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.clips import moving, write_clip

import facefix
from facefix.cli import main
from facefix.cli.terminal import painted


def _run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "a.mp4", moving(2))


def test_quiet_says_only_what_went_wrong(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(clip, "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert _run("-q", "fix", clip) == 1
    said = capsys.readouterr()
    assert said.out == "" and "exists already" in said.err
    assert _run("inspect", clip, "-q", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "clean"


@pytest.mark.parametrize("order", ["--log-file LOG fix CLIP", "CLIP --log-file LOG", "--log-file LOG CLIP"])
def test_a_log_has_what_was_said(order: str, clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = clip.with_name("run.log")
    assert _run(*({"LOG": log, "CLIP": clip}.get(word, word) for word in order.split())) == 0
    said = capsys.readouterr()
    lines = log.read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ INFO ", line) for line in lines)
    for line in (said.out + said.err).splitlines():
        assert any(logged.endswith(line) for logged in lines)
    assert "INFO" not in said.err
    assert str(log) not in {getattr(handler, "baseFilename", "") for handler in logging.getLogger().handlers}


def test_a_log_has_errors_and_the_libraries_lines(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        logging.getLogger("somelibrary").warning("mind the gap")
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("facefix.pipeline.repair", broken)
    log = clip.with_name("run.log")
    assert _run(clip, "--log-file", log) == 1
    text = log.read_text()
    assert "WARNING somelibrary: mind the gap" in text
    assert "ERROR" in text and "unexpected ZeroDivisionError: by zero" in text and "Traceback" in text


def test_a_log_that_cannot_be_written_is_told_before_the_work(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(clip, "--log-file", clip.parent / "no" / "run.log") == 1
    assert "cannot be written" in capsys.readouterr().err
    assert [path.name for path in clip.parent.iterdir()] == ["a.mp4"]


def test_verbose_says_more(clip: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(clip, "-o", clip.with_name("b.mp4")) == 0
    usual = capsys.readouterr().err.splitlines()
    assert _run(clip, "-o", clip.with_name("c.mp4"), "--verbose") == 0
    more = [line for line in capsys.readouterr().err.splitlines() if line.startswith("facefix")]
    assert more and not any(line.startswith("facefix") for line in usual)
    assert any("centerface" in line for line in more)


def test_debug_shows_the_trace_wherever_it_is_written(clip: Path) -> None:
    for words in (("--debug", "fix", "no.mp4"), ("no.mp4", "--debug")):
        with pytest.raises(facefix.errors.InputError):
            main([str(word) for word in words])


@pytest.mark.parametrize(
    ("variables", "colour"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, False)],
)
def test_colour_only_where_it_is_wanted(
    variables: dict[str, str], colour: bool, clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert _run("inspect", clip) == 0
    assert ("\x1b[" in capsys.readouterr().out) is colour


def test_verdicts_severities_and_warnings_are_painted() -> None:
    assert painted("    repair: warp") == "    \x1b[33m\x1b[1mrepair\x1b[0m: warp"
    assert (
        painted("  verdict: regenerate this shot, frames 2-3")
        == "  verdict: \x1b[31m\x1b[1mregenerate this shot\x1b[0m, frames 2-3"
    )
    assert painted("warp  40-58  [####.] 0.72  bends") == "warp  40-58  \x1b[31m[####.] 0.72\x1b[0m  bends"
    assert painted("waxy  [##...] 0.41") == "waxy  \x1b[33m[##...] 0.41\x1b[0m"
    assert painted("  ! cut short") == "\x1b[33m  ! cut short\x1b[0m"
    assert painted("clean.mp4: 12 frames") == "clean.mp4: 12 frames"


def test_version_begins_with_facefix_and_names_what_it_stands_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--version") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"facefix {facefix.__version__}"
    assert [line.split()[0] for line in lines[1:6]] == ["Python", "OS", "PyTorch", "PyAV", "NumPy"]
    assert "FFmpeg" in lines[4] and "CUDA" in lines[3]
    code = "import sys; from facefix.versions import versions; versions(); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("completion", shell) == 0
    assert "_FACEFIX_COMPLETE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("facefix ins", {"inspect"}),
        ("facefix fix a.mp4 --restorer un", {"unwaxing"}),
        ("facefix a.mp4 --only warp,wa", {"warp,warp", "warp,waxy"}),
        ("facefix a.mp4 --stre", {"--strength"}),
        ("facefix models fetch GFPGANv1.4", {"GFPGANv1.4.pth"}),
        ("facefix completion z", {"zsh"}),
    ],
)
def test_shells_are_told_what_fits(typed: str, wanted: set[str]) -> None:
    words = typed.split()
    told = {"_FACEFIX_COMPLETE": "bash_complete", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    code = "import sys; from facefix.cli import main\ntry: main([])\nfinally: assert 'torch' not in sys.modules"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **told})
    found = {line.split(",", 1)[1] for line in run.stdout.splitlines()}
    assert wanted <= found, run.stderr
    assert "Error" not in run.stderr
