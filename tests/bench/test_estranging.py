"""The bench of drifts that were there from the first frame on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from facefix.bench import characters, estranging
from facefix.bench.estranging import Estranged
from facefix.diagnose.spans import VISIBLE

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "astronaut_clean.mp4"


def test_a_face_that_is_another_from_the_first_frame_on_is_found_and_one_that_is_itself_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(SAMPLE, tmp_path / "clip.mp4")
    monkeypatch.setattr(estranging, "SEVERITIES", (0.0, 0.9))
    monkeypatch.setattr(estranging, "DIRECTIONS", 1)
    monkeypatch.setattr(characters, "_LOOKS", 6)
    sound, drifted = estranging.run(tmp_path)
    assert (sound.name, sound.injected, sound.found) == ("clip", 0.0, 0.0)
    assert drifted.injected == 0.9 and drifted.found >= VISIBLE


def test_the_line_counts_what_an_editor_would_see() -> None:
    found = [Estranged("a", 0.0, 0.1), Estranged("a", 0.6, 0.5), Estranged("b", 0.6, 0.29), Estranged("b", 0.9, 0.8)]
    assert estranging.line(found).endswith(": 0: 0 of 1 (median 0.10); 0.6: 1 of 2 (median 0.40); 0.9: 1 of 1 (median 0.80)")
