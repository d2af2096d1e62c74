"""Measuring the repair: every case is written as a clip, repaired like any other, and compared with what it was made from.

Compared are aligned crops of the face, in the frames of the injected fault, weighed by the mask that repairs keep to. Nothing
is encoded in between but FFV1, so that only the repair is measured.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facefix import compose, pipeline
from facefix.bench import cases
from facefix.bench.cases import Case, Dose, Label
from facefix.bench.clips import CleanClip, Part, clips_of
from facefix.bench.course import SECONDS, Progress, in_turn, silent
from facefix.bench.diagnosis import write
from facefix.bench.faults import COLLAPSED, VARIANTS
from facefix.bench.nearness import Judge, Nearness
from facefix.faces import align
from facefix.media import colour, decode, probe
from facefix.pipeline import treating
from facefix.plan import Plan
from facefix.settings import Settings
from facefix.types import Analysis, Finding, Span

SEVERITY = 0.6
SIDE = 256
MOST_FRAMES = 48
"""Of a fault, that are compared: from its middle."""
_CLEAN_EVERY = 6


@dataclass(frozen=True, slots=True, eq=False)
class Repaired:
    """What became of one case."""

    case: Case
    mode: str
    """Failure mode; "clean" for a clip that was left as it is."""
    told: bool
    """Whether the repair was told what is wrong, or had to find it."""
    treated: int
    """Frames of those compared that were changed."""
    nearness: Nearness
    seconds: float
    """Of the render, without diagnosis."""
    frames: int


def choose(clips: Mapping[Part, Sequence[Path]], count: int, seed: int = 0) -> tuple[Case, ...]:
    """Draw `count` cases of one fault each, every variant and every clip about as often; every sixth is left clean."""
    rng = np.random.default_rng([seed, 44])
    variants = [name for name, fault in VARIANTS.items() if fault.mode != COLLAPSED]
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
    told: bool = False,
    progress: Progress = silent,
) -> list[Repaired]:
    """Draw cases from the clips of a folder, repair and compare them all; `summary` makes the table.

    Raises:
        InputError: the folder, or that part of it, has no clip with a face.
        OutputError: the cache cannot be written.
    """
    chosen = choose(clips_of(folder, part), count, seed)
    return list(measured(chosen, told=told, seconds=seconds, cache=cache, progress=progress))


def measured(
    chosen: Sequence[Case],
    *,
    told: bool = False,
    seconds: float = SECONDS,
    cache: Path | None = None,
    settings: Settings | None = None,
    progress: Progress = silent,
) -> Iterator[Repaired]:
    """Make, repair and compare the cases, one at a time. Clips without a face are left out with a warning.

    Args:
        told: repair what was injected where it was injected, instead of what the diagnosis finds.
        cache: a folder to keep the clean clips' geometry in, for the next time.

    Raises:
        InputError: no clip of the cases shows a face.
        OutputError: the cache cannot be written.
    """
    judge = Judge()
    for case, clip in in_turn(chosen, seconds, cache, progress):
        yield repaired(case, clip, judge, told, settings or Settings())


def summary(outcomes: Sequence[Repaired]) -> dict[str, Any]:
    """Means over the cases of each mode, as plain data. Shares are of the damage: 1 is all of it gone, below 0 is worse."""
    spoilt = [o for o in outcomes if o.mode != "clean"]
    sound = [o.nearness.psnr_kept for o in outcomes if o.mode == "clean"]
    touched = [kept for kept in sound if np.isfinite(kept)]
    return {
        "told": any(o.told for o in outcomes),
        "severity": SEVERITY,
        "cases": len(outcomes),
        "clips": len({o.case.clip for o in outcomes}),
        "modes": {mode: _row([o for o in spoilt if o.mode == mode]) for mode in sorted({o.mode for o in spoilt})},
        "clean": {"cases": len(sound), "untouched": len(sound) - len(touched), "least_psnr": min(touched, default=None)},
        "fps": sum(o.frames for o in spoilt) / max(sum(o.seconds for o in spoilt), 1e-9),
    }


def _row(outcomes: Sequence[Repaired]) -> dict[str, float]:
    def mean(name: str) -> float:
        return float(np.mean([getattr(o.nearness, name) for o in outcomes]))

    def gone(name: str) -> float:
        return 1 - mean(f"{name}_after") / max(mean(f"{name}_before"), 1e-9)

    return {
        "cases": len(outcomes),
        "treated": sum(o.treated > 0 for o in outcomes),
        "undone": mean("undone"),
        "worse": sum(o.nearness.undone < 0 for o in outcomes),
        "ssim_before": mean("ssim_before"),
        "ssim_after": mean("ssim_after"),
        "mesh": gone("mesh"),
        "identity": gone("identity"),
        "tremble": mean("tremble_after") / max(mean("tremble_truth"), 1e-9),
        "vidd": mean("drift_after") / max(mean("drift_truth"), 1e-9),
        "seam": mean("seam"),
    }


def described(outcome: Repaired) -> dict[str, Any]:
    """A case and what became of it, as plain data; `psnr_kept` is None where nothing changed."""
    kept = outcome.nearness.psnr_kept
    return {
        "name": outcome.case.name,
        "part": outcome.case.part,
        "mode": outcome.mode,
        "told": outcome.told,
        "treated": outcome.treated,
        "seconds": round(outcome.seconds, 2),
        **{k: round(v, 5) for k, v in asdict(outcome.nearness).items() if k != "psnr_kept"},
        "psnr_kept": round(kept, 2) if np.isfinite(kept) else None,
    }


def repaired(case: Case, clip: CleanClip, judge: Judge, told: bool, settings: Settings) -> Repaired:
    """Make one case in a temporary folder, repair it, compare it."""
    labels = cases.place(case, clip)
    with tempfile.TemporaryDirectory(prefix="facefix-bench-") as folder:
        spoilt, sound = Path(folder) / "case.mkv", Path(folder) / "truth.mkv"
        write(spoilt, cases.pictures(case, clip, labels), clip.rate)
        write(sound, clip.pictures(case.face_px), clip.rate)
        analysis = pipeline.analyse(spoilt, settings)
        if told:
            analysis = informed(analysis, labels)
        plan = pipeline.plan(analysis, settings)
        frames = compared(clip, labels)
        points = clip.points_at(case.face_px)
        truth = [crop for _, crop in crops(sound, points, frames)]
        before = [crop for _, crop in crops(spoilt, points, frames)]
        since = time.perf_counter()
        after = list(rendered(spoilt, plan, settings, points, frames))
        spent = time.perf_counter() - since
    five = np.stack([align.apply(align.transform(points[f], SIDE), points[f]) for f in frames])
    changed = sum(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    nearness = judge.compare(np.stack(truth), np.stack(before), np.stack(after), five)
    return Repaired(case, labels[0].mode if labels else "clean", told, changed, nearness, spent, analysis.frames)


def informed(analysis: Analysis, labels: Sequence[Label]) -> Analysis:
    """The analysis of a clip as if it had found what was injected, and nothing else, in the face that is there longest."""
    longest = max(analysis.diagnoses, key=lambda d: len(d.track.span) * d.median_face_px, default=None)
    if longest is None:
        return analysis
    whole = longest.track.span
    findings = tuple(
        Finding(label.mode, longest.track.id, span, label.severity, "It was injected.")
        for label in labels
        if len(span := Span(max(whole.start, label.span.start), min(whole.end, label.span.end)))
    )
    verdict = replace(longest.judgement, verdict="repair" if findings else "clean", regenerate=())
    return replace(analysis, diagnoses=(replace(longest, findings=findings, judgement=verdict),))


def compared(clip: CleanClip, labels: Sequence[Label]) -> NDArray[np.int_]:
    """Frames to be compared: those of the fault, or of the whole clip; at most `MOST_FRAMES`, in a row."""
    present = np.isfinite(clip.points).all(axis=(1, 2))
    inside = present & labels[0].frames(clip.frames) if labels else present
    frames = np.flatnonzero(inside if inside.any() else present)
    first = max(0, (len(frames) - MOST_FRAMES) // 2)
    return frames[first : first + MOST_FRAMES]


def crops(path: Path, points: NDArray[np.float32], frames: NDArray[np.int_]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Aligned crops (SIDE, SIDE, 3) RGB 0..1 of those frames."""
    clip = probe.probe(path)
    for frame in decode.Decoder(clip, Span(int(frames[0]), int(frames[-1]) + 1)):
        if frame.index in frames:
            rgb = colour.to_rgb(frame, clip)
            yield frame.index, align.crop(rgb, align.transform(points[frame.index], SIDE), SIDE).pixels


def rendered(
    path: Path, plan: Plan, settings: Settings, points: NDArray[np.float32], frames: NDArray[np.int_]
) -> Iterator[NDArray[np.float32]]:
    """The same crops of the repaired clip."""
    clip = probe.probe(path)
    repairs = treating.prepare(plan, clip, settings).repairs
    # The whole clip, for a face is followed from before its fault.
    for frame, patches in treating.treated(decode.Decoder(clip), clip, repairs):
        if frame.index in frames:
            picture, _ = compose.add(colour.to_rgb(frame, clip), patches)
            yield align.crop(picture, align.transform(points[frame.index], SIDE), SIDE).pixels
