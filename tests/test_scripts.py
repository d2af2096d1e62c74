"""Scripts that measure say in one sentence what they lack."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.mark.parametrize("script", ["bench_speed.py", "bench_upscaling.py"])
def test_a_card_that_is_not_there_is_one_sentence(script: str) -> None:
    command = [sys.executable, SCRIPTS / script, "--device", "cuda:63"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1 and ended.stdout == ""
    assert ended.stderr == "This machine has no device cuda:63; choose --device cpu or auto.\n"
