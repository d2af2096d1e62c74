"""People who cross: two or three talking faces in one picture, one passing before the other, with cuts that change sides.

Heads and shoulders are cut softly out of clean clips and set before a plain background that a seed draws. Each scene is written
as a clip, followed as `facefix` follows it, and its tracks are given to characters; then every frame of every track is asked
whom it shows and whose it was said to be.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.bench import casts, clips
from facefix.bench.course import Progress, silent
from facefix.bench.diagnosis import write
from facefix.characters.bank import Bank, Banked
from facefix.characters.bible import Character, TextAnchors
from facefix.faces import align
from facefix.faces.detectors import named
from facefix.media import colour, decode, probe
from facefix.pipeline.analysing import follow
from facefix.pipeline.casting import candidate, matched
from facefix.pipeline.introducing import Person
from facefix.pipeline.looking import Looker
from facefix.settings import Settings
from facefix.types import Face, Look, Pixels, Span, Track

WIDTH, HEIGHT, FRAMES, RATE = 768, 432, 64, Fraction(25)
FACE_PX = 96.0
KINDS = ("cross", "cut", "cross and cut")
_SIZES = (1.0, 0.9, 1.1)
"""Of the actors of a scene; the larger stand before the smaller."""
_VIEWS = 5
_SOURCE_FRAMES = 48
"""Of each actor's clip, played to and fro."""
_LOOK_EVERY = 6
_NEAR = 0.5
"""Face widths within which a track shows an actor."""
_COVERED = 0.8
"""Face widths from somebody who stands before, within which an actor's face is hardly seen and not asked for."""
_STRANGERS = 0.3
"""Share of scenes in which one of the cast is no character."""


@dataclass(frozen=True, slots=True, eq=False)
class Actor:
    """A talking face, cut out."""

    name: str
    pixels: tuple[Pixels, ...]
    """(h, w, 3) uint8 each."""
    masks: tuple[NDArray[float32], ...]
    """(h, w) 0..1."""
    middles: NDArray[float32]
    """(frames, 2) the face's middle in them."""
    person: Person


@dataclass(frozen=True, slots=True)
class Crossing:
    """What became of one scene."""

    kind: str
    people: tuple[str, ...]
    asked: tuple[str, ...]
    frames: int
    """Of tracks, that show one of the people, uncovered."""
    right: int
    unknown: int
    """Nobody's, though their character was asked for."""
    swapped: int
    """Said to be somebody else."""
    mixed: int
    """Tracks that show two people, each for five frames and more."""


def run(folder: Path, part: str = "all", *, scenes: int = 12, seed: int = 0, progress: Progress = silent) -> list[Crossing]:
    """Scenes of the people of a folder's clips, kinds in turn; in every other one the two that are most alike.

    Of clips of one person the first counts. None where fewer than two people are seen. Raises InputError where the folder, or
    that part of it, holds no clip.
    """
    cast: list[Actor] = []
    for path in (c for found in clips.clips_of(folder, part).values() for c in found):
        actor = _actor(path)
        if actor is not None and not casts.is_among(_looks(actor), [_looks(known) for known in cast]):
            cast.append(actor)
    if len(cast) < 2:
        return []
    alike, results = _most_alike(cast), []
    for number in range(scenes):
        progress(number, scenes, KINDS[number % len(KINDS)])
        rng = np.random.default_rng([seed, 53, number])
        chosen = _drawn(cast, alike if number % 2 else None, rng)
        results.append(_played(KINDS[number % len(KINDS)], chosen, rng))
    return results


def _looks(actor: Actor) -> list[Look]:
    return [view.look for view in actor.person.bank.views]


def _drawn(cast: Sequence[Actor], pair: tuple[int, int] | None, rng: np.random.Generator) -> list[Actor]:
    size = min(len(cast), int(rng.integers(2, 4)))
    first = [] if pair is None else list(pair)
    others = [int(k) for k in rng.permutation(len(cast)) if int(k) not in first]
    chosen = (first + others)[:size]
    return [cast[k] for k in rng.permutation(chosen)]


def _most_alike(cast: Sequence[Actor]) -> tuple[int, int]:
    means = np.stack([actor.person.bank.identities.mean(0) for actor in cast])
    apart = np.linalg.norm(means[:, None] - means[None], axis=-1) + 9 * np.eye(len(cast))
    one, other = np.unravel_index(np.argmin(apart), apart.shape)
    return int(one), int(other)


def _played(kind: str, chosen: Sequence[Actor], rng: np.random.Generator) -> Crossing:
    places, shots = _paths(kind, len(chosen), rng)
    asked = list(chosen)
    if rng.random() < _STRANGERS:
        asked.pop(int(rng.integers(len(asked))))
    with tempfile.TemporaryDirectory(prefix="facefix-bench-") as place:
        path = Path(place) / "scene.mkv"
        write(path, pictures(chosen, places, shots, rng), RATE)
        tracks = follow(path, Settings()).tracks
    known = [actor.person for actor in asked]
    names = [one.name for one in known]
    said = {match.track: match.character for match in matched([candidate(track, known) for track in tracks], known)}
    return _counted(kind, chosen, names, places, tracks, said)


def _paths(kind: str, count: int, rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
    """(FRAMES, count, 2) where the middles of the faces are, and (FRAMES,) which shot it is."""
    slots = np.linspace(0.2, 0.8, count) * WIDTH
    order = rng.permutation(count)
    shots = np.zeros(FRAMES, int)
    if "cut" in kind:
        shots[FRAMES // 2 :] = 1
    places = np.zeros((FRAMES, count, 2))
    sway = 4 * np.sin(np.arange(FRAMES)[:, None] / 9 + np.arange(count))
    for shot in range(shots.max() + 1):
        frames = np.flatnonzero(shots == shot)
        # Who crossed stands elsewhere behind the cut, too.
        start = slots[order] if shot == 0 or "cross" in kind else slots[count - 1 - order]
        end = slots[count - 1 - np.argsort(np.argsort(start))] if "cross" in kind else start
        share = np.clip((np.linspace(0, 1, len(frames)) - 0.15) / 0.7, 0, 1)
        share = (share**2 * (3 - 2 * share))[:, None]
        places[frames, :, 0] = start + share * (end - start)
    places[..., 0] += sway
    places[..., 1] = 0.42 * HEIGHT + rng.uniform(-0.03, 0.03, count) * HEIGHT
    return places, shots


def pictures(
    chosen: Sequence[Actor], places: NDArray[np.float64], shots: NDArray[np.int_], rng: np.random.Generator
) -> Iterator[Pixels]:
    """The frames of a scene: the background of each shot, the actors from the smallest to the largest before it."""
    walls = [_wall(rng) for _ in range(int(shots.max()) + 1)]
    for t in range(FRAMES):
        out = walls[shots[t]].copy()
        for k in np.argsort(_SIZES[: len(chosen)]):
            actor = chosen[k]
            length = len(actor.pixels)
            at = (length - 1) - abs(t % (2 * length - 2) - (length - 1)) if length > 1 else 0
            matrix = np.array([[_SIZES[k], 0, 0], [0, _SIZES[k], 0]], float32)
            matrix[:, 2] = places[t, k] - _SIZES[k] * actor.middles[at]
            size = (WIDTH, HEIGHT)
            mask = cv2.warpAffine(actor.masks[at], matrix, size, flags=cv2.INTER_LINEAR)[..., None]
            laid = cv2.warpAffine(actor.pixels[at], matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
            out = out + mask * (laid - out)
        yield np.clip(np.rint(out), 0, 255).astype(np.uint8)


def _wall(rng: np.random.Generator) -> NDArray[float32]:
    """A plain background with a little uneven light."""
    coarse = rng.uniform(40, 200, 3) + rng.normal(0, 25, (3, 4, 1))
    wall = cv2.resize(coarse.astype(float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return np.clip(wall, 0, 255).astype(float32)


def _counted(
    kind: str,
    chosen: Sequence[Actor],
    names: Sequence[str],
    places: NDArray[np.float64],
    tracks: Sequence[Track],
    said: dict[int, str | None],
) -> Crossing:
    counts = {"frames": 0, "right": 0, "unknown": 0, "swapped": 0}
    mixed = 0
    for track in tracks:
        shown = [_shown(face.points.mean(0), places[face.frame]) for face in track.faces if face.score > 0]
        seen = [who for who in shown if who is not None]
        mixed += sum(seen.count(who) >= 5 for who in set(seen)) > 1
        for who in seen:
            name, given = chosen[who].name, said[track.id]
            counts["frames"] += 1
            counts["right"] += given == (name if name in names else None)
            counts["unknown"] += given is None and name in names
            counts["swapped"] += given not in (None, name)
    return Crossing(kind, tuple(actor.name for actor in chosen), tuple(names), **counts, mixed=mixed)


def _shown(middle: NDArray[float32], places: NDArray[np.float64]) -> int | None:
    """Which actor a face at that place is; None where it is none, or one that somebody stands before."""
    apart = np.linalg.norm(places - middle, axis=1) / FACE_PX
    who = int(np.argmin(apart))
    if apart[who] > _NEAR:
        return None
    before = [k for k in range(len(places)) if _SIZES[k] > _SIZES[who]]
    covered = any(float(np.linalg.norm(places[k] - places[who])) < _COVERED * FACE_PX for k in before)
    return None if covered else who


def _actor(path: Path) -> Actor | None:
    """The largest face of a clip, cut out; its bank from behind what is played. None where it is not seen well."""
    info = probe.probe(path)
    detector, looker = named("auto", "auto").load("auto"), Looker()
    last = (info.video.declared_frames or 2 * _SOURCE_FRAMES) - 1
    wanted = set(np.linspace(_SOURCE_FRAMES + 8, max(_SOURCE_FRAMES + 9, last), _VIEWS + 1).astype(int).tolist())
    kept, faces, banked = [], {}, []
    for frame in decode.Decoder(info, Span(0, max(wanted))):
        played = frame.index < _SOURCE_FRAMES
        if not played and frame.index not in wanted:
            continue
        rgb = colour.eight_bits(colour.to_rgb(frame, info))
        if played:
            kept.append(rgb)
        if not played or frame.index % _LOOK_EVERY == 0:
            face = max(detector.detect([rgb], [frame.index])[0], key=align.face_px, default=None)
            if face is not None and played:
                faces[frame.index] = face
            elif face is not None:
                (seen,) = looker.looks([rgb], [face.points])
                banked.append(Banked(seen.look, seen.mesh, seen.points))
    bank = Bank("", tuple(banked))
    if len(faces) < 2 or not len(bank.identities):
        return None
    return _cut_out(path.stem, kept, faces, Person(Character(path.stem, path, "", TextAnchors(), ()), bank))


def _cut_out(name: str, kept: Sequence[Pixels], faces: dict[int, Face], person: Person) -> Actor:
    at = sorted(faces)
    every = np.stack([faces[k].points for k in at])
    scale = FACE_PX / float(np.median([align.face_px(face) for face in faces.values()]))
    frames = np.arange(len(kept))
    moved = np.stack([np.interp(frames, at, column) for column in every.reshape(len(at), -1).T], 1).reshape(-1, 5, 2)
    middles = (scale * moved.mean(1)).astype(float32)
    small = [cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) for rgb in kept]
    masks = tuple(_mask(rgb.shape[:2], middle) for rgb, middle in zip(small, middles, strict=True))
    return Actor(name, tuple(np.asarray(rgb, np.uint8) for rgb in small), masks, middles, person)


def _mask(shape: tuple[int, ...], middle: NDArray[float32]) -> NDArray[float32]:
    """(h, w) 0..1: an oval of a head, and shoulders below it, with a soft edge."""
    height, width = shape[:2]
    y, x = np.mgrid[:height, :width].astype(float32)
    u, v = (x - middle[0]) / FACE_PX, (y - middle[1]) / FACE_PX
    head = 1 - np.sqrt((u / 0.78) ** 2 + ((v + 0.08) / 1.02) ** 2)
    shoulders = np.minimum(v - 0.75, 1.35 - np.abs(u) + 0.6 * np.clip(v - 1.0, 0, 0.6))
    inside = np.maximum(head * 0.8, shoulders)
    edge = np.minimum(np.minimum(x, width - 1 - x), y) / FACE_PX
    return np.clip(np.minimum(inside, edge) / 0.1, 0, 1).astype(float32)


def line(found: Sequence[Crossing]) -> str:
    """A line for people."""
    total = {name: sum(getattr(one, name) for one in found) for name in ("frames", "right", "unknown", "swapped", "mixed")}
    return (
        f"crossings and cuts, {len(found)} scenes of two and three, {total['frames']} frames of tracks: "
        f"{total['right']} right, {total['unknown']} unknown, {total['swapped']} swapped; {total['mixed']} tracks of two people"
    )
