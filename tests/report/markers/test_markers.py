"""Markers as editing programs get them: written, and read back by OpenTimelineIO."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import opentimelineio as otio
import pytest
from opentimelineio.schema import Marker, Timeline

from facefix.errors import OutputError, SettingsError
from facefix.report import timecode
from facefix.report.markers import FORMATS, writer
from facefix.report.markers.marking import REGENERATE, Mark, Marked
from facefix.types import Span

RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(50),
         Fraction(60000, 1001), Fraction(60)]  # fmt: skip
MARKS = (
    Mark("warp", "warp 0.72 (obvious), face 3", Span(40, 58), "the nose bends."),
    Mark("waxy", "waxy 0.41 (slight), face 3", Span(61, 62), "no pores."),
    Mark(REGENERATE, "regenerate these frames", Span(1201, 1240), "face 3: collapsed."),
)
STARTS = [None, "01:00:00:00"]


def _marked(rate: Fraction, start: str | None = None) -> Marked:
    return Marked(Path("/shots/été 1.mp4"), 1300, rate, start, MARKS)


def _read(text: str, adapter: str, **more: float) -> list[Marker]:
    found = otio.adapters.read_from_string(text, adapter, **more)
    (cut,) = [found] if isinstance(found, Timeline) else found.find_children(descended_from_type=Timeline)
    return [*cut.tracks.markers, *(marker for clip in cut.find_clips() for marker in clip.markers)]


def _spans(markers: list[Marker], first: int = 0) -> list[tuple[int, int]]:
    found = []
    for marker in markers:
        where = marker.marked_range
        found.append((round(where.start_time.value) - first, round(where.duration.value)))
    return found


def _first(start: str | None, rate: Fraction) -> int:
    return 3600 * round(rate) if start else 0


ALL = [(40, 18), (61, 1), (1201, 39)]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("rate", RATES)
def test_otio_keeps_everything(rate: Fraction, start: str | None) -> None:
    markers = _read(FORMATS[".otio"](_marked(rate, start)), "otio_json")
    assert _spans(markers, _first(start, rate)) == ALL
    assert [(m.name, m.comment) for m in markers] == [(m.name, m.comment) for m in MARKS]
    assert [m.color for m in markers] == ["RED", "CYAN", "GREEN"]
    times = [Fraction(m.marked_range.start_time.value) / rate for m in markers]
    for marker, seconds in zip(markers, times, strict=True):
        assert marker.marked_range.start_time.to_seconds() == pytest.approx(float(seconds), abs=1e-6)


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("rate", RATES)
def test_an_edl_keeps_all_but_lengths(rate: Fraction, start: str | None) -> None:
    text = FORMATS[".edl"](_marked(rate, start))
    assert text.splitlines()[1] == "FCM: NON-DROP FRAME"
    counted = float(timecode.counted(rate) or 0)
    markers = _read(text, "cmx_3600", rate=counted)
    assert [frames for frames, _ in _spans(markers, _first(start, rate))] == [40, 61, 1201]
    assert markers[0].name == "WARP 0.72 (OBVIOUS), FACE 3, 18 FRAMES: THE NOSE BENDS."
    assert [m.color for m in markers] == ["RED", "CYAN", "GREEN"]
    (event,) = [line.split() for line in text.splitlines() if line.startswith("001")]
    assert event[4:6] == event[6:8]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("rate", RATES)
def test_final_cut_7_keeps_names_comments_and_lengths(rate: Fraction, start: str | None) -> None:
    markers = _read(FORMATS[".xml"](_marked(rate, start)), "fcp_xml")
    assert _spans(markers) == ALL
    assert all(m.marked_range.start_time.rate == pytest.approx(float(rate)) for m in markers)
    assert [(m.name, m.metadata["fcp_xml"]["comment"]) for m in markers] == [(m.name, m.comment) for m in MARKS]
    assert [m.metadata["fcp_xml"].get("pproColor") for m in markers] == ["4281740498", "4292277273", None]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("rate", RATES)
def test_fcpxml_is_exact_to_the_frame(rate: Fraction, start: str | None) -> None:
    text = FORMATS[".fcpxml"](_marked(rate, start))
    root = ElementTree.fromstring(text.split("<!DOCTYPE fcpxml>\n")[1])

    def frames(value: str | None) -> Fraction:
        return Fraction((value or "").removesuffix("s")) * rate

    found = [(frames(m.get("start")) - _first(start, rate), frames(m.get("duration"))) for m in root.iter("marker")]
    assert found == ALL
    assert [(m.get("value"), m.get("note")) for m in root.iter("marker")] == [(m.name, m.comment) for m in MARKS]
    (clip,) = root.iter("asset-clip")
    assert (frames(clip.get("start")), frames(clip.get("duration"))) == (_first(start, rate), 1300)
    if rate.denominator == 1:
        # The adapter knows no NTSC rate, neither to write nor to read.
        markers = _read(text, "fcpx_xml")
        assert _spans(markers, _first(start, rate)) == ALL
        assert [m.name for m in markers] == [m.name for m in MARKS]


def test_a_time_code_that_drops_numbers_is_kept() -> None:
    marked = _marked(Fraction(30000, 1001), "00:59:58;02")
    first = 107892 - 58
    assert _spans(_read(FORMATS[".otio"](marked), "otio_json"), first) == ALL
    edl = FORMATS[".edl"](marked)
    assert "FCM: DROP FRAME" in edl and "* LOC: 00:59:59;12 RED" in edl and "* LOC: 01:00:38;03 GREEN" in edl
    assert "<displayformat>DF</displayformat>" in FORMATS[".xml"](marked)
    assert 'tcFormat="DF"' in FORMATS[".fcpxml"](marked)
    assert "FCM: DROP FRAME" in FORMATS[".edl"](_marked(Fraction(30000, 1001), "00:00:00;00"))
    assert "FCM: NON-DROP FRAME" in FORMATS[".edl"](_marked(Fraction(24), "00:00:00;00"))


@pytest.mark.parametrize("start", ["garbage", "25:00:00:00x", "01:00:00:29"])
def test_a_time_code_that_does_not_fit_counts_from_zero(start: str) -> None:
    assert _spans(_read(FORMATS[".otio"](_marked(Fraction(24), start)), "otio_json")) == ALL


@pytest.mark.parametrize("suffix", [".edl", ".xml"])
def test_rates_without_time_codes_are_refused_in_a_sentence(suffix: str) -> None:
    with pytest.raises(OutputError, match=r"cannot count 16 frames per second; name an .otio file"):
        FORMATS[suffix](_marked(Fraction(16)))
    assert _spans(_read(FORMATS[".otio"](_marked(Fraction(16))), "otio_json")) == ALL
    assert "<marker " in FORMATS[".fcpxml"](_marked(Fraction(16)))


def test_a_clip_without_a_finding_has_no_marker() -> None:
    for suffix, text in FORMATS.items():
        assert "arker" not in text(replace(_marked(Fraction(24)), marks=())).replace('"markers"', ""), suffix


def test_other_files_are_refused() -> None:
    with pytest.raises(SettingsError, match=r"--markers a.txt: name a file that ends in .otio, .edl, .fcpxml, .xml"):
        writer(Path("a.txt"))


@pytest.mark.parametrize(
    ("average", "rate"),
    [(Fraction(2997, 100), Fraction(30000, 1001)), (Fraction(23976, 1000), Fraction(24000, 1001)), (Fraction(16), Fraction(16)),
     (Fraction(25000, 1001), Fraction(25000, 1001)), (Fraction(24999, 1000), Fraction(25)), (Fraction(37, 3), Fraction(37, 3))],
)  # fmt: skip
def test_averages_become_the_rate_they_are_about(average: Fraction, rate: Fraction) -> None:
    assert timecode.exact(average) == rate
