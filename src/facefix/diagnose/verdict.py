"""Findings -> judgement of a face, and of a clip.

A face is `clean` where no finding reaches severity 0.3. It is to `regenerate` where some of its frames are ruined and
the others cannot make up for them. A frame is ruined when a finding that ruins the shot (severity 0.9) covers it, or a
collapse that is visible at once (0.6): there nothing is left to work on. Wax ruins none as long as there is a good frame: it
leaves features where they are, and what it takes one such frame shows, however long it lasts. The others cannot make up for
ruined frames when

- a run of ruined frames lasts longer than its neighbours can bridge: more than `_BRIDGE_GONE_S` of collapse or
  `_BRIDGE_DAMAGED_S` of anything: then those frames are to be made anew;
- or ruined frames are half of the face's frames: all runs of them;
- or not one good frame is left, that is, seen and free of what is visible at once: the whole of the face.

Everything else is to `repair`. A clip is as bad as its worst face.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from facefix.diagnose.modes import collapsed, waxy
from facefix.diagnose.spans import OBVIOUS, marked, stretches
from facefix.types import Diagnosis, Finding, Judgement, Span, Track, Verdict

RUINED = 0.9
_SHARE = 0.5
_BRIDGE_GONE_S = 0.5
"""Longest run of collapsed frames that is rebuilt: in half a second a face blinks or speaks two syllables, of which the
frames around show nothing."""
_BRIDGE_DAMAGED_S = 1.0
"""Likewise of frames ruined otherwise, which still show where the face was and what it did."""
_APART_S = 0.25
"""Runs with less than this between them are one: what is between is no ground to stand on."""
_ORDER: tuple[Verdict, ...] = ("clean", "repair", "regenerate")


def of_face(track: Track, findings: Sequence[Finding], fps: float) -> Judgement:
    """The judgement of one face by all its findings. fps: nominal frames per second."""
    if not findings:
        return Judgement("clean", "no fault found.")
    sound = bool(_good(track, findings).any())
    gone, ruining = _gone(findings), _ruining(findings, sound)
    ruined = _covered(track.span, ruining)
    runs = _runs(ruined, track.span.start, fps)
    if runs and not sound:
        reason = f"{_words(ruining)}, and not one good frame of this face is left to repair it from."
        return Judgement("regenerate", reason, (track.span,))
    if ruined.mean() >= _SHARE:
        return Judgement("regenerate", f"{_words(ruining)} in {ruined.mean():.0%} of its frames.", runs)
    long = [run for run in runs if len(run) > _BRIDGE_DAMAGED_S * fps]
    long += [run for run in _runs(_covered(track.span, gone), track.span.start, fps) if len(run) > _BRIDGE_GONE_S * fps]
    if long:
        spans = tuple(run for run in runs if any(_meet(run, part) for part in long))
        what = _words(f for f in ruining if any(_meet(f.span, span) for span in spans))
        lasting = max(map(len, spans)) / fps
        return Judgement("regenerate", f"{what} for {lasting:.1f} s, too long to be rebuilt from the frames around.", spans)
    worst = max(findings, key=lambda f: f.severity)
    kinds = ", ".join(dict.fromkeys(f.mode for f in sorted(findings, key=lambda f: -f.severity)))
    return Judgement("repair", f"{kinds}; at worst {worst.severity:.2f} in frames {worst.span.start}-{worst.span.end}.")


def of_clip(diagnoses: Sequence[Diagnosis]) -> Judgement:
    """The judgement of a clip: that of its worst face, the frames to regenerate those of all its faces together."""
    if not diagnoses:
        return Judgement("clean", "no face was found.")
    worst = max(diagnoses, key=lambda d: (_ORDER.index(d.verdict), sum(map(len, d.judgement.regenerate))))
    alike = sum(d.verdict == worst.verdict for d in diagnoses)
    if worst.verdict == "clean":
        return Judgement("clean", "no fault found." if alike == 1 else f"no fault found on {alike} faces.")
    more = f" ({alike - 1} more {'face' if alike == 2 else 'faces'} to {worst.verdict})" if alike > 1 else ""
    reason = f"face {worst.track.id}: {worst.judgement.reason.removesuffix('.')}{more}."
    return Judgement(worst.verdict, reason, _merged(span for d in diagnoses for span in d.judgement.regenerate))


def _gone(findings: Iterable[Finding]) -> list[Finding]:
    return [f for f in findings if f.mode == collapsed.SPEC.name and f.severity >= OBVIOUS]


def _ruining(findings: Sequence[Finding], sound: bool) -> list[Finding]:
    """sound: whether a good frame is left."""
    gone = _gone(findings)
    return [f for f in findings if (f.severity >= RUINED and not (sound and f.mode == waxy.SPEC.name)) or f in gone]


def _meet(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _words(findings: Iterable[Finding]) -> str:
    """What has ruined a face."""
    modes = dict.fromkeys(f.mode for f in sorted(findings, key=lambda f: -f.severity))
    words = ["collapsed" if mode == collapsed.SPEC.name else f"ruined by {mode}" for mode in modes]
    return " and ".join(words)


def _good(track: Track, findings: Iterable[Finding]) -> NDArray[np.bool_]:
    """(frames,) whether a frame could serve to repair others."""
    seen = np.array([face.score > 0 for face in track.faces])
    return seen & ~_covered(track.span, [f for f in findings if f.severity >= OBVIOUS])


def _covered(span: Span, findings: Iterable[Finding]) -> NDArray[np.bool_]:
    """(len(span),) whether a finding covers a frame."""
    return marked(span, [f.span for f in findings])


def _runs(frames: NDArray[np.bool_], start: int, fps: float) -> tuple[Span, ...]:
    """Spans in which `frames` is true, those that are nearly one joined; the first frame is `start`."""
    return _merged(stretches(frames, start), round(_APART_S * fps))


def _merged(spans: Iterable[Span], apart: int = 0) -> tuple[Span, ...]:
    """In order, those with at most `apart` frames between them joined."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        if joined and span.start - joined[-1].end <= apart:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)
