"""A whole repair on cards that the CPU plays (`tests.card`)."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.card import cards
from tests.clips import moving, write_clip

from facefix import pipeline
from facefix.errors import SettingsError
from facefix.models import graphs
from facefix.pipeline import loading
from facefix.settings import Settings

SAMPLE = Path(__file__).parents[2] / "samples" / "astronaut_damaged.mp4"


@pytest.mark.slow
def test_a_repair_on_a_card_is_the_cpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict, raising=False)
    monkeypatch.setattr(graphs, "_WARM", 1)
    # Networks of other tests were loaded for what this CPU can do, and round otherwise.
    loading._kept.cache_clear()
    work = {"range": "72-92", "restorer": "unwaxing", "detector": "centerface", "mask": "points", "crf": 30}
    expected = pipeline.repair(SAMPLE, tmp_path / "cpu.mp4", Settings(device="cpu", **work))
    with cards(monkeypatch, bfloat16=False) as made:
        found = pipeline.repair(SAMPLE, tmp_path / "card.mp4", Settings(device="cuda:1", **work))
    loading._kept.cache_clear()
    assert made.captures == 1 and found.findings == expected.findings and expected.repaired_frames > 10
    assert (tmp_path / "card.mp4").read_bytes() == (tmp_path / "cpu.mp4").read_bytes()


def test_a_second_card_that_is_not_there_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_clip(tmp_path / "a.mp4", moving(3))
    stages: list[str] = []
    with cards(monkeypatch), pytest.raises(SettingsError, match="no device cuda:7"):
        pipeline.repair(
            clip,
            tmp_path / "out.mp4",
            Settings(device="cuda:0,cuda:7", scale=2, upscaler="animevideo"),
            progress=lambda stage, done, total: stages.append(stage),
        )
    assert not stages
