"""Signals in the middle of either pass: a real process, a real signal, nothing left behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.clips import Recipe, moving, write_clip
from tests.plans import plan_for

from facefix.plan import dump

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Large and long enough for either pass to take seconds."""
    return write_clip(tmp_path / "a.mp4", moving(8, 640, 480) * 20, Recipe(audio_tracks=1))


def _heeding_signals() -> None:
    """A shell's background job ignores SIGINT, one under nohup SIGHUP, and their children inherit that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def _interrupted(folder: Path, number: int, *words: object, when) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "facefix", *map(str, words)]
    log = folder / "log"
    with log.open("w") as target:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=target, preexec_fn=_heeding_signals)
        deadline = time.monotonic() + 120
        while not when(log.read_text()) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        code = process.wait(30)
    text = log.read_text()
    log.unlink()
    return subprocess.CompletedProcess(command, code, "", text)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_while_writing(tmp_path: Path, clip: Path, number: int, code: int) -> None:
    plan = tmp_path / "plan.json"
    dump(plan_for(clip, 160, "flicker"), plan)
    part = tmp_path / "a_fixed.mp4.part"
    run = _interrupted(tmp_path, number, clip, "--plan", plan, when=lambda log: part.exists())
    assert run.returncode == code
    assert "Traceback" not in run.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4", "plan.json"]
    if number == signal.SIGINT:
        *before, last = filter(None, run.stderr.splitlines())
        assert last == "facefix: interrupted; nothing half-written is left."
        # The first sweep leaves its line in the log when the next one begins, just before or after the signal.
        assert len(before) <= 1
        assert all(re.fullmatch(r"a\.mp4: getting to know faces 160 frames in [\d.]+ s", line) for line in before)


def test_while_looking(tmp_path: Path, clip: Path) -> None:
    folder = tmp_path / "shots"
    folder.mkdir()
    clip.rename(folder / "a.mp4")
    made = tmp_path / "shots_fixed"
    run = _interrupted(tmp_path, signal.SIGINT, folder, when=lambda log: made.exists())
    assert run.returncode == 130
    assert run.stderr.strip() == "facefix: interrupted; nothing half-written is left."
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shots"]
