"""Installing: what breaks off is tried again, and what cannot be is told in one sentence."""

import sys
from pathlib import Path

import pytest
from scripts import environment

ONCE_BROKEN = (
    "import pathlib, sys; p = pathlib.Path(sys.argv[1]); n = int(p.read_text()); p.write_text(str(n + 1)); sys.exit(n < 1)"
)


@pytest.fixture
def starts(tmp_path: Path) -> Path:
    path = tmp_path / "starts"
    path.write_text("0")
    return path


def test_a_command_that_breaks_off_is_started_again(starts: Path, capfd: pytest.CaptureFixture[str]) -> None:
    environment._must([sys.executable, "-c", ONCE_BROKEN, str(starts)], "it cannot be", tries=environment.TRIES)
    assert starts.read_text() == "2"
    assert "trying again" in capfd.readouterr().out


def test_a_command_that_keeps_failing_ends_in_a_sentence(starts: Path) -> None:
    with pytest.raises(SystemExit, match=r"^facefix: it cannot be\.$"):
        environment._must([sys.executable, "-c", ONCE_BROKEN, str(starts)], "it cannot be")
    assert starts.read_text() == "1"
