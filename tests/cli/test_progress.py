"""Progress: bars for people, a quiet line per pass for logs."""

from __future__ import annotations

import io
import re
import time

import pytest

from facefix.cli.progress import Progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _two_stages(progress: Progress) -> None:
    for done in (4, 8, 10):
        time.sleep(0.06)
        progress("finding faces", done, 10)
    for done in (1, 2):
        progress("repairing", done, None)


def test_a_log_gets_one_line_a_pass(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("clip.mp4") as progress:
        _two_stages(progress)
    said = capsys.readouterr()
    assert said.out == ""
    assert re.sub(r"\d+\.\d s", "T s", said.err).splitlines() == [
        "clip.mp4: finding faces 10 frames in T s",
        "clip.mp4: repairing 2 frames in T s",
    ]


def test_a_log_of_a_failure_does_not_claim_that_a_pass_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), Progress("clip.mp4") as progress:
        progress("finding faces", 4, 10)
        raise ZeroDivisionError
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_bars_that_are_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = _Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with Progress("clip.mp4") as progress:
        _two_stages(progress)
    text = terminal.getvalue()
    assert "clip.mp4: finding faces" in text and "10/10" in text
    assert "clip.mp4: repairing" in text
    assert "\n" not in text.rstrip("\n")
    assert text.rstrip(" ").endswith("\r")
