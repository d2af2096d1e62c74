"""Measuring the repair: every case is written as a clip, repaired like any other, and compared with what it was made from.

Compared are aligned crops of the face, in the frames of the injected fault, weighed by the mask that repairs keep to. Nothing
is encoded in between but FFV1, so that only the repair is measured.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facefix import pipeline
from facefix.bench import baselines, cases
from facefix.bench.baselines import Baseline
from facefix.bench.cases import Case, Dose, Label
from facefix.bench.clips import CleanClip, Part, clips_of
from facefix.bench.course import SECONDS, Progress, in_turn, silent
from facefix.bench.diagnosis import write
from facefix.bench.faults import COLLAPSED, VARIANTS
from facefix.bench.nearness import Judge
from facefix.bench.outcomes import OWN, SEVERITY, Repaired, Result
from facefix.faces import align
from facefix.media import colour, decode, probe
from facefix.plan import Plan
from facefix.settings import Settings
from facefix.types import Analysis, Finding, Pixels, Span

SIDE = 256
MOST_FRAMES = 48
"""Of a fault, that are compared: from its middle."""
_CLEAN_EVERY = 6
_THERE = 0.95
"""Of a fault's severity."""

Floats = NDArray[np.float32]
Show = Callable[[Repaired, NDArray[np.int_], Mapping[str, Floats]], None]
"""Is shown each outcome with the frames compared and their crops (T, SIDE, SIDE, 3) RGB 0..1: of "truth", of "before" and of
each method."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How cases are repaired and compared: the same for all."""

    told: bool = False
    """Repair what was injected where it was injected, instead of what the diagnosis finds."""
    settings: Settings = field(default_factory=Settings)
    baselines: tuple[str, ...] = ()
    """Names in `baselines.BASELINES` of what is measured beside facefix."""
    most_frames: int = MOST_FRAMES
    """Of each case, that are compared."""


def choose(clips: Mapping[Part, Sequence[Path]], count: int, seed: int = 0, collapsed: bool = False) -> tuple[Case, ...]:
    """Draw `count` cases of one fault each, every variant and every clip about as often; every sixth is left clean.

    collapsed: draw collapses alone, which are none of the others.
    """
    rng = np.random.default_rng([seed, 44])
    variants = [name for name, fault in VARIANTS.items() if (fault.mode == COLLAPSED) == collapsed]
    # The modes take turns, whatever the number of their variants.
    modes = list(dict.fromkeys(VARIANTS[name].mode for name in variants))
    ways = {mode: [name for name in variants if VARIANTS[name].mode == mode] for mode in modes}
    every = [(part, clip) for part in clips for clip in clips[part]]
    order = rng.permutation(len(every))
    drawn = []
    for i in range(count):
        part, clip = every[order[i % len(every)]]
        own, k = 1000 * seed + i, i - i // _CLEAN_EVERY
        if i % _CLEAN_EVERY == _CLEAN_EVERY - 1:
            drawn.append(Case("clean", part, clip, own))
            continue
        several = ways[modes[k % len(modes)]]
        drawn.append(Case("single", part, clip, own, (Dose(several[k // len(modes) % len(several)], SEVERITY),)))
    return tuple(drawn)


def run(
    folder: Path,
    count: int,
    *,
    part: str = "all",
    seed: int = 0,
    seconds: float = SECONDS,
    cache: Path | None = None,
    only: str | None = None,
    terms: Terms | None = None,
    show: Show | None = None,
    progress: Progress = silent,
) -> list[Repaired]:
    """Draw cases from the clips of a folder, repair and compare them all; `outcomes.summary` makes the table.

    Args:
        only: a failure mode; of the cases that are drawn, those with another one and clean ones are left out.

    Raises:
        InputError: the folder, or that part of it, has no clip with a face.
        OutputError: the cache cannot be written.
        ModelError: a baseline's weights are not installed.
        SettingsError: there is no such baseline.
    """
    chosen = choose(clips_of(folder, part), count, seed, only == COLLAPSED)
    if only is not None:
        chosen = tuple(case for case in chosen if any(VARIANTS[dose.variant].mode == only for dose in case.doses))
    return list(measured(chosen, terms=terms, seconds=seconds, cache=cache, show=show, progress=progress))


def measured(
    chosen: Sequence[Case],
    *,
    terms: Terms | None = None,
    seconds: float = SECONDS,
    cache: Path | None = None,
    show: Show | None = None,
    progress: Progress = silent,
) -> Iterator[Repaired]:
    """Make, repair and compare the cases, one at a time. Clips without a face are left out with a warning.

    Args:
        cache: a folder to keep the clean clips' geometry in, for the next time.

    Raises:
        InputError: no clip of the cases shows a face.
        OutputError: the cache cannot be written.
        ModelError: a baseline's weights are not installed.
        SettingsError: there is no such baseline.
    """
    terms = terms or Terms()
    rivals = baselines.loaded(terms.baselines, terms.settings.devices[0])
    judge = Judge()
    for case, clip in in_turn(chosen, seconds, cache, progress):
        outcome, frames, pictures = repaired(case, clip, judge, terms, rivals)
        if show is not None:
            show(outcome, frames, pictures)
        yield outcome


def repaired(
    case: Case, clip: CleanClip, judge: Judge, terms: Terms, rivals: Mapping[str, Baseline]
) -> tuple[Repaired, NDArray[np.int_], dict[str, Floats]]:
    """Make one case in a temporary folder, repair it, compare it; what `Show` is shown."""
    labels = cases.place(case, clip)
    frames, points = compared(clip, labels, terms.most_frames), clip.points_at(case.face_px)
    with tempfile.TemporaryDirectory(prefix="facefix-bench-") as folder:
        spoilt, sound = Path(folder) / "case.mkv", Path(folder) / "truth.mkv"
        write(spoilt, cases.pictures(case, clip, labels), clip.rate)
        write(sound, clip.pictures(case.face_px), clip.rate)
        analysis = pipeline.analyse(spoilt, terms.settings)
        if terms.told:
            analysis = informed(analysis, labels)
        plan = pipeline.plan(analysis, terms.settings)
        pictures = {name: crops(path, points, frames) for name, path in (("truth", sound), ("before", spoilt))}
        since = time.perf_counter()
        pictures[OWN] = rendered(spoilt, plan, terms.settings, points, frames)
        spent = {OWN: (time.perf_counter() - since, analysis.frames)}
        for name, rival in rivals.items():
            pictures[name], seconds = by_baseline(rival, spoilt, points, frames)
            spent[name] = (seconds, len(frames))
    five = np.stack([align.apply(align.transform(points[f], SIDE), points[f]) for f in frames])
    nearness = judge.compare_all(pictures["truth"], pictures["before"], {name: pictures[name] for name in spent}, five)
    results = {name: Result(changed(pictures["before"], pictures[name]), nearness[name], *spent[name]) for name in spent}
    mode = labels[0].mode if labels else "clean"
    return Repaired(case, mode, terms.told, results.pop(OWN), results), frames, pictures


def changed(before: Floats, after: Floats) -> int:
    """Crops of the two that are not the same."""
    return sum(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def informed(analysis: Analysis, labels: Sequence[Label]) -> Analysis:
    """The analysis of a clip as if it had found what was injected, and nothing else, in the face that is there longest."""
    longest = max(analysis.diagnoses, key=lambda d: len(d.track.span) * d.median_face_px, default=None)
    if longest is None:
        return analysis
    whole = longest.track.span
    findings = tuple(
        Finding(label.mode, longest.track.id, span, label.severity, "It was injected.", rises=_rises(label, span))
        for label in labels
        if len(span := Span(max(whole.start, label.span.start), min(whole.end, label.span.end)))
    )
    verdict = replace(longest.judgement, verdict="repair" if findings else "clean", regenerate=())
    return replace(analysis, diagnoses=(replace(longest, findings=findings, judgement=verdict),))


def _rises(label: Label, span: Span) -> int:
    """As `types.Finding.rises`: of what stays, the frames of the span until it is nearly there."""
    course = VARIANTS[label.variant].envelope(label.span)
    if course[-1] < _THERE:
        return 0
    return max(0, label.span.start + int(np.argmax(course >= _THERE)) - span.start)


def compared(clip: CleanClip, labels: Sequence[Label], most: int = MOST_FRAMES) -> NDArray[np.int_]:
    """Frames to be compared: those of the fault, or of the whole clip; at most so many, in a row."""
    present = np.isfinite(clip.points).all(axis=(1, 2))
    inside = present & labels[0].frames(clip.frames) if labels else present
    frames = np.flatnonzero(inside if inside.any() else present)
    first = max(0, (len(frames) - most) // 2)
    return frames[first : first + most]


def crops(path: Path, points: Floats, frames: NDArray[np.int_]) -> Floats:
    """Aligned crops (T, SIDE, SIDE, 3) RGB 0..1 of those frames."""
    return np.stack([_crop(rgb, points[frame]) for frame, rgb in _pictures(path, frames)])


def by_baseline(rival: Baseline, path: Path, points: Floats, frames: NDArray[np.int_]) -> tuple[Floats, float]:
    """The same crops of what a baseline makes of those frames, and the seconds it took for that."""
    done, spent = [], 0.0
    for frame, rgb in _pictures(path, frames):
        since = time.perf_counter()
        enhanced = rival.enhance(rgb)
        spent += time.perf_counter() - since
        done.append(_crop(enhanced, points[frame]))
    return np.stack(done), spent


def _pictures(path: Path, frames: NDArray[np.int_]) -> Iterator[tuple[int, Pixels]]:
    clip = probe.probe(path)
    for frame in decode.Decoder(clip, Span(int(frames[0]), int(frames[-1]) + 1)):
        if frame.index in frames:
            yield frame.index, colour.to_rgb(frame, clip)


def _crop(rgb: Pixels, points: Floats) -> Floats:
    return align.crop(rgb, align.transform(points, SIDE), SIDE).pixels


def rendered(path: Path, plan: Plan, settings: Settings, points: Floats, frames: NDArray[np.int_]) -> Floats:
    """The same crops of the repaired clip, without what a render takes back."""
    out = path.with_stem(f"{path.stem}_fixed")
    pipeline.render(plan, out, clip=path, settings=replace(settings, codec="ffv1"))
    return crops(out, points, frames)
