"""A page and what lies beside it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from tests.clips import moving, write_clip
from tests.plans import plan_for
from tests.report.html import pages

from facefix.errors import OutputError
from facefix.files import beside_page, page_path
from facefix.media import colour, footage
from facefix.media.probe import probe
from facefix.pipeline import write_index, write_page
from facefix.pipeline.paging import planned
from facefix.pipeline.picturing import MOST, choose, worst_frame
from facefix.report.html import index
from facefix.settings import Settings
from facefix.types import Analysis, Finding, Judgement, Shot, Span

CPU = Settings(device="cpu")


def test_a_page_has_all_it_shows_and_nothing_of_the_last(tmp_path: Path) -> None:
    page = pages.made(tmp_path, "a.mp4")
    beside = beside_page(page)
    assert {path.name for path in beside.iterdir()} == {"before_after.mp4", "entry.json"}
    with av.open(str(beside / "before_after.mp4")) as container:
        assert container.streams.video[0].frames == pages.FRAMES
    text = page.read_text(encoding="utf-8")
    assert text.count("data:image/jpeg") == 2 * text.count('class="still"') > 0
    write_page(pages.analysis(tmp_path / "a.mp4"), page.parent, CPU)
    assert {path.name for path in beside.iterdir()} == {"before.mp4", "entry.json"}


def test_no_picture_is_converted_by_two_threads_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has one context of libswscale, and a still was cut from it while it was written: crashes and hangs, now and then."""
    at_work: set[int] = set()
    met = []

    def guarded(convert: Callable[..., Any]) -> Callable[..., Any]:
        def alone(picture: Any, *more: Any) -> Any:
            key = id(getattr(picture, "picture", picture))
            met.append(key in at_work)
            at_work.add(key)
            time.sleep(0.002)
            try:
                return convert(picture, *more)
            finally:
                at_work.discard(key)

        return alone

    monkeypatch.setattr(footage, "_planes", guarded(footage._planes))
    monkeypatch.setattr(colour, "to_rgb", guarded(colour.to_rgb))
    pages.made(tmp_path, "a.mp4")
    assert len(met) > 2 * pages.FRAMES and not any(met)


def test_a_clip_without_a_face_and_a_part_of_one(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", moving(12))
    nobody = Analysis(probe(clip), 12, Span(3, 9), (Shot(0, Span(0, 12)),), (), Judgement("clean", "no face found."))
    page = write_page(nobody, tmp_path / "r", CPU)
    text = page.read_text(encoding="utf-8")
    assert "No face was found." in text and "range 3-9" in text
    with av.open(str(beside_page(page) / "before.mp4")) as container:
        assert container.streams.video[0].frames == 6
    told = json.loads((beside_page(page) / index.ENTRY).read_text())
    assert (told["verdict"], told["faces"], told["repaired"]) == ("clean", 0, None) and told["thumbnail"].startswith("data:")


def test_names_that_html_and_addresses_would_misread(tmp_path: Path) -> None:
    page = pages.made(tmp_path, "a <b> & 100% #1.mp4")
    text = page.read_text(encoding="utf-8")
    assert "<b>" not in text and "a%20%3Cb%3E%20%26%20100%25%20%231_report/before_after.mp4" in text


def test_clips_of_one_stem_have_pages_of_their_own(tmp_path: Path) -> None:
    for name in ("a.mp4", "A.mov", "b.mp4", "b.txt", "index.mp4"):
        (tmp_path / name).write_text("x")
    names = [page_path(tmp_path / name, Path("r")).name for name in ("a.mp4", "A.mov", "b.mp4", "index.mp4")]
    assert names == ["a.mp4.html", "A.mov.html", "b.html", "index.mp4.html"]


def test_the_worst_frame_is_where_its_signal_peaks(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", pages.pictures(pages.BEFORE))
    one, two = pages.analysis(clip).diagnoses
    assert worst_frame(pages.WARP, one) == 8 and worst_frame(pages.WAXY, two) == 2
    assert worst_frame(pages.COLLAPSE, one) == 16, "the middle, where no signal tells"


def test_a_crowd_does_not_flood_the_page(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", pages.pictures(pages.BEFORE))
    found = pages.analysis(clip)
    many = tuple(
        replace(found.diagnoses[0], track=pages.track(n, 80), findings=(Finding("warp", n, Span(4, 9), n / 50, "."),))
        for n in range(50)
    )
    chosen = choose(replace(found, diagnoses=many))
    assert len(chosen) == MOST and chosen[0].track == 49


def test_what_a_plan_knows_is_enough_for_a_page(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", moving(12))
    plan = plan_for(clip, 12, "warp", "flicker")
    found = planned(plan, probe(clip), Judgement("repair", "the plan says so."))
    (diagnosis,) = found.diagnoses
    assert [(f.mode, f.span, f.why) for f in diagnosis.findings] == [
        (m, Span(0, 12), "made by hand.") for m in ("warp", "flicker")
    ]
    box, points = diagnosis.track.faces[0].box, diagnosis.track.faces[0].points
    assert (box[:2] < points.min(0)).all() and (box[2:] > points.max(0)).all() and np.isfinite(box).all()


def test_an_index_leads_to_whole_pages_only(tmp_path: Path) -> None:
    page = pages.several(tmp_path)
    text = page.read_text(encoding="utf-8")
    assert (
        all(f'href="{name}"' in text for name in ("b.html", "sub/a9.html", "sub/a10.html")) and "c.mp4 cannot be read." in text
    )
    (page.parent / "b.html").unlink()
    (page.parent / "sub" / "a9_report" / index.ENTRY).write_text("{half")
    write_index(page.parent)
    text = page.read_text(encoding="utf-8")
    assert "b.html" not in text and "a9.html" not in text and 'href="sub/a10.html"' in text


def test_a_file_of_somebody_else_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html>holiday</html>")
    with pytest.raises(OutputError, match="was not made by facefix"):
        write_index(tmp_path)
