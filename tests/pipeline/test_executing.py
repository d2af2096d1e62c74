"""What a comparison says of each finding."""

from __future__ import annotations

from pathlib import Path

from tests.clips import write_clip
from tests.plans import plan_for

from facefix.media.probe import probe
from facefix.pipeline.executing import Job
from facefix.pipeline.progress import silent
from facefix.settings import Settings
from facefix.types import Finding, Span


def test_what_was_taken_back_is_not_called_repaired(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    plan = plan_for(clip, 12, "flicker", "warp")
    found = tuple(Finding(t.mode, t.track, t.span, t.severity, t.why) for t in plan.treatments)
    job = Job(plan, probe(clip), tmp_path / "b.mp4", Settings(compare=True), False, silent, found, (Span(2, 4),))

    def fates(count: int) -> list[tuple[str, str]]:
        return [(caption.mode, caption.fate) for caption in job.comparison(plan.treatments[:count]).captions]

    left = ("to be generated anew", "left as it is")
    assert fates(2) == [left, ("flicker", "repaired"), ("warp", "repaired")]
    assert fates(1) == [left, ("flicker", "repaired"), ("warp", "left as it is")]
