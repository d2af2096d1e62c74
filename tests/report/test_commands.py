from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from facefix.report.commands import command, told
from facefix.settings import Settings

pytestmark = pytest.mark.skipif(os.name == "nt", reason="quoted for POSIX shells")


def test_only_what_is_not_the_default_is_said_and_a_shell_reads_it_back() -> None:
    settings = Settings(strength=0.3, only=("warp", "drift"), compare=True, scale=2)
    line = command(Path("/shots/it's #1.mp4"), "-y", settings=settings, without=("scale",))
    assert shlex.split(line) == [
        "facefix", "/shots/it's #1.mp4", "-y", "--strength", "0.3", "--only", "warp,drift", "--compare",
    ]  # fmt: skip


def test_a_name_that_looks_like_an_option_is_none() -> None:
    assert command(Path("-rf.mp4"), settings=Settings()) == "facefix ./-rf.mp4"


def test_settings_are_told_with_what_is_own() -> None:
    rows = {option: (value, own) for option, value, own in told(Settings(strength=0.3, only=("warp",)))}
    assert rows["--strength"] == ("0.3", True) and rows["--only"] == ("warp", True)
    assert rows["--scale"] == ("1", False) and rows["--compare"] == ("no", False) and rows["--range"] == ("", False)
