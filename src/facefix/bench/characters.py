"""Measuring characters: what a bank adds to the repair of drift, whether faces are given to whom they belong, and whether bad
references are named.

A folder holds clean clips, one person each, and good portraits. Of every clip the first part is worked on and the last part
lends the character's views, so that no frame is its own reference.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.bench import casts, clips, portraits, repair
from facefix.bench.cases import Case, Dose
from facefix.bench.clips import Part
from facefix.bench.course import Progress, silent
from facefix.bench.nearness import Judge
from facefix.bench.outcomes import SEVERITY
from facefix.bench.portraits import Portrait
from facefix.characters import matching, reference
from facefix.characters.bible import TextAnchors
from facefix.characters.matching import Candidate
from facefix.errors import InputError
from facefix.faces import align, likeness
from facefix.faces.detectors import named
from facefix.media import colour, decode, probe
from facefix.pipeline import introducing
from facefix.pipeline.introducing import Person
from facefix.pipeline.looking import Looker, Seen
from facefix.settings import Settings
from facefix.types import ClipInfo, Pixels, Span

VIEWS = 3
_PICTURES = (".jpg", ".jpeg", ".png", ".webp")
WORKED = 0.6
"""Share of a clip that is worked on; the views come from behind it."""
MOST_S = 5.0
SHORTEST_S = 4.0
_LOOKS = 10
"""Frames of each part that are looked at."""
GAP_S = 0.3
_CASTS = 200


@dataclass(frozen=True, slots=True)
class Drift:
    """One case of drift, without and with the bank."""

    name: str
    before: float
    alone: float
    held: float
    """Mean identity distance to the truth: spoilt, repaired without the bank, repaired with it."""
    undone_alone: float
    undone_held: float
    """Share of the squared error gone."""


def drift(
    folder: Path, part: str = "all", *, cases: int = 60, seed: int = 0, cache: Path | None = None, progress: Progress = silent
) -> list[Drift]:
    """Drift of severity 0.6, told, without and with a bank of `VIEWS` views of the same person's clean footage.

    Raises:
        InputError: no clip of the folder is long enough.
    """
    every: list[tuple[Part, Path]] = [
        (p, c) for p, found in clips.clips_of(folder, part).items() for c in found if length_s(c) >= SHORTEST_S
    ]
    if not every:
        raise InputError(f"{folder}: no clip of that part lasts {SHORTEST_S:g} s; views need footage that is not worked on.")
    judge, results = Judge(), []
    for number in range(min(cases, 2 * len(every))):
        part_of, path = every[number % len(every)]
        variant = ("drift", "drift-step")[number // len(every)]
        progress(number, min(cases, 2 * len(every)), path.stem)
        results.append(_drifted(path, part_of, variant, 1000 * seed + number, cache, judge))
    return results


def _drifted(path: Path, part: Part, variant: str, seed: int, cache: Path | None, judge: Judge) -> Drift:
    clip = clips.load(path, min(MOST_S, WORKED * length_s(path)), cache)
    case = Case("single", part, path, seed, (Dose(variant, SEVERITY),))
    with tempfile.TemporaryDirectory(prefix="facefix-bench-") as place:
        person = _person(path, Path(place), clip.frames)
        alone = Settings()
        held = replace(alone, character=(person.name,), characters_dir=place)
        terms = [repair.Terms(told=True, settings=settings, most_frames=24) for settings in (alone, held)]
        one, other = (repair.repaired(case, clip, judge, t, {})[0].own.nearness for t in terms)
    return Drift(case.name, one.identity_before, one.identity_after, other.identity_after, one.undone, other.undone)


def _person(path: Path, folder: Path, worked: int) -> Person:
    """A character from the clip's last part: its most frontal frame and those turned most to either side."""
    info = probe.probe(path)
    first = worked + round(GAP_S * float(info.video.rate or 25))
    seen = looked(info, Span(first, max(first + 1, (info.video.declared_frames or first) - 1)))
    if not seen:
        raise InputError(f"{path}: its last part shows no face; leave the clip out.")
    files = []
    for number, (rgb, _) in enumerate(spread(seen)):
        files.append(folder / f"view{number}.png")
        cv2.imwrite(str(files[-1]), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return introducing.add(folder, "person", introducing.references(files), TextAnchors())


def spread(seen: Sequence[tuple[Pixels, Seen]]) -> list[tuple[Pixels, Seen]]:
    """At most `VIEWS`: the most frontal, and the extremes of yaw."""
    order = sorted(seen, key=lambda one: one[1].look.pose.yaw)
    frontal = min(order, key=lambda one: abs(one[1].look.pose.yaw) + abs(one[1].look.pose.pitch))
    chosen = [frontal, *(one for one in (order[0], order[-1]) if one is not frontal)]
    return chosen[:VIEWS]


def looked(info: ClipInfo, span: Span) -> list[tuple[Pixels, Seen]]:
    """The largest face of some frames of a span, with their pictures."""
    wanted = set(np.linspace(span.start, span.end - 1, _LOOKS).round().astype(int).tolist())
    spec, looker, found = named("auto", "auto"), Looker(), []
    detector = spec.load("auto")
    for frame in decode.Decoder(info, span):
        if frame.index not in wanted:
            continue
        rgb = colour.to_rgb(frame, info)
        faces = detector.detect([rgb], [frame.index])[0]
        if faces:
            found.append((rgb, *looker.looks([rgb], [max(faces, key=align.face_px).points])))
    return found


def length_s(path: Path) -> float:
    info = probe.probe(path)
    return float(info.duration_s or info.video.duration_s or 0)


@dataclass(frozen=True, slots=True)
class Casting:
    """What became of faces that were given to characters."""

    faces: int
    right: int
    unknown: int
    """Left to nobody, though their character was asked for."""
    swapped: int
    """Given to somebody else's character, strangers included."""


def casting(folder: Path, part: str = "all", *, margin: float = matching.MARGIN, seed: int = 0) -> Casting:
    """Two or three people in a shot, some of them strangers, over and over: their tracks are given to characters.

    Embeddings are real, of frames that lend the banks nothing; which people share a shot is drawn. Whether faces keep their
    track through crossings and cuts, `crossings` measures. Of clips of one person the first counts.
    """
    people, known = [], []
    for path in (c for found in clips.clips_of(folder, part).values() for c in found):
        info = probe.probe(path)
        frames = info.video.declared_frames or 0
        seen = [looked(info, Span(a, b)) for a, b in ((0, frames // 2), (frames // 2 + 1, max(frames - 1, frames // 2 + 2)))]
        track, views = ([s.look.identity for _, s in some if s.look.identity is not None] for some in seen)
        looks = [s.look for _, s in spread(seen[1])]
        if track and views and not casts.is_among(looks, known):
            known.append(looks)
            bank = [look.identity for look in looks if look.identity is not None]
            people.append((np.stack(track), np.stack(bank)))
    return _cast_over(people, np.random.default_rng([seed, 51]), margin)


def _cast_over(people: Sequence[tuple[NDArray[float32], NDArray[float32]]], rng: np.random.Generator, margin: float) -> Casting:
    counts = {"faces": 0, "right": 0, "unknown": 0, "swapped": 0}
    for _ in range(_CASTS):
        size = min(len(people), int(rng.integers(2, 4)))
        there = rng.choice(len(people), size, replace=False)
        asked = rng.choice(len(people), size, replace=False) if rng.random() < 0.3 else there
        candidates = [
            Candidate(int(k), 0, Span(0, 9), {str(a): matching.distance_to(list(people[who][0]), people[a][1]) for a in asked})
            for k, who in enumerate(there)
        ]
        for found, who in zip(matching.match(candidates, [str(a) for a in asked], likeness.SAME, margin), there, strict=True):
            counts["faces"] += 1
            counts["right"] += found.character == str(who) or (found.character is None and who not in asked)
            counts["unknown"] += found.character is None and who in asked
            counts["swapped"] += found.character not in (None, str(who))
    return Casting(**counts)


@dataclass(frozen=True, slots=True)
class Checking:
    """What the reference check made of portraits."""

    good: int
    false_alarms: int
    """Good portraits of which some property fails."""
    bad: int
    named: int
    """Bad portraits that fail for the right reason."""
    missed: tuple[str, ...]
    """The properties of those that do not."""


def checking(folder: Path, good: int = 20, bad: int = 44, seed: int = 0) -> Checking | None:
    """The reference check on the portraits of a folder, as they are and spoilt; None where it holds fewer than two."""
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _PICTURES)
    if len(files) < 2:
        return None
    rng = np.random.default_rng([seed, 52])
    chosen = [files[i] for i in rng.permutation(len(files))[:good]]
    sound = introducing.references(chosen)
    alarms = sum(reference.worst(one.checked) == "fail" for one in sound)
    whole = [_square(one) for one in sound]
    named_right, missed = 0, []
    with tempfile.TemporaryDirectory(prefix="facefix-bench-") as place:
        for number in range(bad):
            name = list(portraits.FAULTS)[number % len(portraits.FAULTS)]
            one, other = whole[number % len(whole)], whole[(number + 1) % len(whole)]
            file = Path(place) / "spoilt.png"
            cv2.imwrite(str(file), cv2.cvtColor(portraits.FAULTS[name](one, other, rng), cv2.COLOR_RGB2BGR))
            try:
                (found,) = introducing.references([file])
                right = any(c.name == name and c.grade == "fail" for c in found.checked)
            except InputError:
                right = False
            named_right += right
            missed += [] if right else [name]
    return Checking(len(sound), alarms, bad, named_right, tuple(missed))


def _square(one: introducing.Reference) -> Portrait:
    """The largest square of the picture about the face."""
    height, width = one.pixels.shape[:2]
    side, middle = min(height, width), one.seen.mesh[:, :2].mean(0)
    x, y = (int(np.clip(m - side / 2, 0, size - side)) for m, size in zip(middle, (width, height), strict=True))
    return Portrait(one.pixels[y : y + side, x : x + side], one.seen.mesh - np.array([x, y, 0], float32))


def report(drifts: Sequence[Drift], cast: Casting, checks: Checking | None) -> tuple[list[str], dict[str, Any]]:
    """Lines for people, and the same as plain data."""
    before, alone, held = (float(np.mean([getattr(d, name) for d in drifts])) for name in ("before", "alone", "held"))
    lines = [
        f"drift {SEVERITY:g}, told, {len(drifts)} cases: identity distance to the truth {before:.3f}, repaired {alone:.3f} "
        f"({1 - alone / before:.0%} undone), with {VIEWS} views {held:.3f} ({1 - held / before:.0%} undone)",
        f"  squared error undone: {np.mean([d.undone_alone for d in drifts]):.0%}, with the views "
        f"{np.mean([d.undone_held for d in drifts]):.0%}",
        *(f"  {d.name}: {d.before:.3f} -> {d.alone:.3f}, with the views {d.held:.3f}" for d in drifts),
        f"casting, {cast.faces} faces: {cast.right} right, {cast.unknown} unknown, {cast.swapped} swapped",
    ]
    if checks is not None:
        missed = f" (missed: {', '.join(checks.missed)})" if checks.missed else ""
        lines.append(
            f"reference check: {checks.named} of {checks.bad} faults named for the right reason{missed}; "
            f"{checks.false_alarms} of {checks.good} good portraits fail"
        )
    plain = {"drift": [asdict(d) for d in drifts], "casting": asdict(cast), "checking": asdict(checks) if checks else None}
    return lines, plain
