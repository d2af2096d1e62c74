"""Which cases are drawn, and where their faults lie."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from facefix.bench.cases import SEVERITIES, Case, Dose, Label, choose, place
from facefix.bench.clips import CleanClip, clips_of, part_of
from facefix.bench.confusers import CONFUSERS
from facefix.bench.faults import COLLAPSED, FAULTS, VARIANTS
from facefix.errors import InputError
from facefix.types import Span

CLIPS: Any = {"fit": [Path(f"f{i}.mp4") for i in range(5)], "held-out": [Path(f"h{i}.mp4") for i in range(7)]}


def clean(frames: int = 125, first: int = 0, last: int | None = None) -> CleanClip:
    """A clip of that many frames whose face stands still from frame `first` to `last`."""
    points = np.full((frames, 5, 2), np.nan, np.float32)
    points[first:last] = np.arange(10).reshape(5, 2)
    info: Any = SimpleNamespace()
    return CleanClip(info, Fraction(25), points, 200.0)


def even(counts: Counter[Any], names: Any, slack: int = 1) -> bool:
    shown = [counts[name] for name in names]
    return min(shown) >= 1 and max(shown) - min(shown) <= slack


@pytest.mark.parametrize("seed", [0, 5])
def test_sixty_cases_cover_everything_evenly(seed: int) -> None:
    cases = choose(CLIPS, 60, seed)
    assert len(cases) == 60
    singles = [case for case in cases if case.kind == "single"]
    assert even(Counter(VARIANTS[c.doses[0].variant].mode for c in singles), [*FAULTS, COLLAPSED])
    assert even(Counter(c.doses[0].severity for c in singles), SEVERITIES)
    assert even(Counter(c.confuser for c in cases if c.kind == "confuser"), CONFUSERS)
    assert {c.doses[0].variant for c in singles} == set(VARIANTS)
    assert abs(sum(c.part == "fit" for c in cases) - 30) <= 2
    for case in cases:
        assert case.clip in CLIPS[case.part]
        assert (case.kind == "mixture") == (len({VARIANTS[d.variant].mode for d in case.doses}) == 2)
    for mode in FAULTS:
        own = [c for c in singles if VARIANTS[c.doses[0].variant].mode == mode]
        assert {c.doses[0].severity for c in own} == set(SEVERITIES)
        assert len({c.clip for c in own}) >= 4 and {c.part for c in own} == {"fit", "held-out"}
    assert any(c.doses[0].whole for c in singles) and len({c.face_px for c in singles}) > 1


def test_every_confuser_meets_both_parts_in_two_rounds() -> None:
    met = {(c.confuser, c.part) for c in choose(CLIPS, 10 * len(CONFUSERS)) if c.kind == "confuser"}
    assert met == {(name, part) for name in CONFUSERS for part in CLIPS}


def test_the_choice_is_stable_and_a_shorter_one_is_its_beginning() -> None:
    assert choose(CLIPS, 60, 3)[:25] == choose(CLIPS, 25, 3)
    assert choose(CLIPS, 60, 3) != choose(CLIPS, 60, 4)


def test_people_never_change_sides(tmp_path: Path) -> None:
    names = [f"person_{i}.mp4" for i in range(40)]
    parts = [part_of(tmp_path / name, tmp_path) for name in names]
    assert parts == [part_of(Path("elsewhere") / name, Path("elsewhere")) for name in names]
    assert 10 <= parts.count("fit") <= 30
    for i in range(6):
        folder = tmp_path / f"someone {i}"
        assert len({part_of(folder / f"take{k}.mov", tmp_path) for k in range(6)}) == 1


def test_a_folder_without_clips_of_a_part_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        clips_of(tmp_path / "missing")
    clip = tmp_path / "one.mp4"
    clip.write_bytes(b"")
    own = part_of(clip, tmp_path)
    assert clips_of(tmp_path) == {own: (clip,)}
    with pytest.raises(InputError, match="belongs to the part"):
        clips_of(tmp_path, "fit" if own == "held-out" else "held-out")


def _label(variant: str, seed: int, clip: CleanClip, *, whole: bool = False) -> Label:
    case = Case("single", "fit", Path("a.mp4"), seed, (Dose(variant, 0.6, whole),))
    (label,) = place(case, clip)
    assert place(case, clip) == (label,)
    return label


@pytest.mark.parametrize("seed", range(12))
def test_faults_last_as_their_modes_do_and_lie_where_the_face_is(seed: int) -> None:
    clip = clean(first=10, last=115)
    for variant, fault in VARIANTS.items():
        span = _label(variant, seed, clip).span
        if fault.mode == "drift":
            assert span.start >= 10 and span.end == clip.frames
            assert len(span) >= (25 if variant == "drift-step" else 50)
        else:
            assert span.start >= 10 and span.end <= 115
            low, high = {"warp": (4, 30), COLLAPSED: (10, 38)}.get(fault.mode, (12, 50))
            assert low <= len(span) <= high


def test_a_warp_prefers_motion() -> None:
    clip = clean(200)
    clip.points[100:200] += np.linspace(0, 300, 100)[:, None, None].astype(np.float32)
    starts = [_label("warp", seed, clip).span.start for seed in range(20)]
    assert np.mean([start > 80 for start in starts]) > 0.8


def test_short_clips_hold_what_fits() -> None:
    for variant in VARIANTS:
        span = _label(variant, 1, clean(12)).span
        assert 0 <= span.start < span.end <= 12


def test_labels_follow_the_fault_and_a_whole_clip_has_no_onset() -> None:
    label = Label("warp", 0.75, Span(3, 23))
    curve = label.curve(30)
    assert curve[:3].max() == 0 and curve[23:].max() == 0 and 0 < curve[3] < 0.2
    assert curve.max() == pytest.approx(0.75)
    assert list(np.flatnonzero(label.frames(10))) == list(range(3, 10))
    whole = _label("waxy", 1, clean(40), whole=True)
    assert whole.curve(40) == pytest.approx(np.full(40, 0.6))
