"""Drift: no frame is broken, but the person slowly becomes somebody else.

Three witnesses are weighed together: how far the face of this moment has departed from that of the track's first second by who
it is and the colour of its skin (`departure`), how it looks beside it (`look_drift`), and the mesh's path. Where the first
could not be measured, a regression over the path and single identity distances is asked.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.diagnose import weighing
from facefix.diagnose.features import feature
from facefix.diagnose.spans import ModeSpec, runs, worst
from facefix.types import Finding, Signals, Span

_MIN_S = 0.5
"""Shorter than this beyond what is normal is a smile or a turn."""
_STAYS_S = 0.5
"""A drift goes on and does not come back; a turn of the head does: it lasts to this long before the face's last frame."""
_END_S = 1.0
"""In which its severity must be reached, too."""
_TOP = 95
"""Percentile of a drift's severity that is the whole of it: how far it has risen is told as a share of that."""
_RISES = (0.2, 0.8)
_AT_ONCE_S = 0.7
"""From the one share to the other in which a face rises that is another at once: looks are means over 1.2 s (`departing`)."""
_AFTER, _LONGER = 0.8, 1.2
"""Rises before the second share's frame that a drift has begun: of one at once, and more of one as much as it is slower, for
looks that differ anyhow differ little more at first (distances add in squares). Of nine fitted drifts these find most without
calling more frames too early."""
_GONE_SOME_WAY = 0.2
"""Of what leads to a drift without looks: with less only looks tell where it begins."""
_LOOKS = "look_drift"
_SHAPE_LAST, _LOOKS_LAST = "shape_drift_lasting", "look_drift_lasting"
_OTHER = 0.4
"""Of that signal at the end: who looks another beside his first looks needs no other witness."""
_DEPARTED = ("departure", "departure_identity", "departure_tone")
_NOTICED_TONE = 2.3
"""CIE Lab: the just noticeable difference."""
_ITSELF = 0.18
"""Identity distance that half of all sound faces lie at after some seconds: whose mean look ends nearer only stands in another
light."""
_STRAYS = 0.05
"""Identity distance to the anchor that a drift adds at least: those of nine fitted cases add 0.07 and more, the mildest among
them. Faces whose first second shows them in profile, or half hidden, seem to depart when they turn round, and stray by less."""
_LAST_LOOKS = 3
"""Each of so many must stray, at the end: who only pulls a face is himself in one of them. Of the same nine cases the nearest
of these adds 0.07 and more."""
_SPEAKS = 0.25
"""Of what the chief witness adds to the score: a witness who adds less is not named."""
_UNWITNESSED = 0.25
"""How much further than the departure that regression may see a drift come, in telling where it begins."""


def find(signals: Signals, fps: float) -> list[Finding]:
    curve, way = _severity(signals, fps)
    found = []
    for span in runs(curve, min_frames=round(_MIN_S * fps), bridge=round(fps)):
        if span.end >= len(curve) - round(_STAYS_S * fps):
            rises = way if np.nan_to_num(way[span.start : span.end]).max() >= _GONE_SOME_WAY else curve
            first, full = _begun(rises, span, fps)
            begun = Span(min(first, span.end - 1), span.end)
            why, evidence = _reason(signals, begun, fps)
            if evidence.get(_LOOKS, 0.0) < _OTHER and not _departs(evidence):
                continue
            # What was further away and comes back, as under heavy compression, was no drift as far as it came back.
            last = Span(max(span.start, span.end - round(_END_S * fps)), span.end)
            severity, grows = min(worst(curve, span), worst(curve, last)), min(full, span.end) - begun.start
            found.append(Finding("drift", -1, begun, severity, why, evidence, rises=max(0, grows)))
    return found


def _begun(curve: NDArray[float32], span: Span, fps: float) -> tuple[int, int]:
    """The frame in which the person began to change, and that by which he has changed, if he went on as steadily."""
    seen = np.nan_to_num(curve[: span.end])
    shares = seen / np.percentile(seen[span.start :], _TOP)
    late = int(np.flatnonzero(np.append(True, shares < _RISES[1]))[-1])
    early = int(np.flatnonzero(np.append(True, shares[:late] < _RISES[0]))[-1])
    rise = (late - early) / fps
    slower = np.sqrt(max(0.0, rise**2 - _AT_ONCE_S**2))
    first = max(0, round(late - fps * (_AFTER * rise + _LONGER * slower)))
    # A face that is another at once rises for as long as looks are means over.
    return first, first + (0 if rise <= _AT_ONCE_S else round((late - first) / _RISES[1]))


def _departs(evidence: Mapping[str, float]) -> bool:
    """Whether the mean look is that of another in the end, and the last single looks stray from the anchor as well; True where
    that was not measured."""
    return evidence.get("departure_identity", np.inf) >= _ITSELF and evidence.get("identity_risen", np.inf) >= _STRAYS


def _severity(signals: Signals, fps: float) -> tuple[NDArray[float32], NDArray[float32]]:
    """(T,) 0..1, NaN where no witness knows anything; and what leads there without looks, which rise by leaps."""
    told, departure = weighing.of("drift").severity(signals, fps), feature("departure_lasting", signals, fps)
    known = np.isfinite(departure)
    way = np.fmax(departure, np.where(known, np.minimum(told, departure + _UNWITNESSED), told))
    return np.where(known, weighing.of("departed").severity(signals, fps), told), way


def _reason(signals: Signals, span: Span, fps: float) -> tuple[str, dict[str, float]]:
    """The sentence of a finding, which names its witnesses, the chief one first; and its numbers: at the end of the span, where
    a drift is worst."""
    last = slice(max(span.start, span.end - round(fps)), span.end)
    evidence = {
        "shape_drift": float(np.nanmax(np.nan_to_num(signals["shape_drift"][span.start : span.end]))),
        **_strayed(signals["identity_distance"], span, fps),
        **{name: m for name in (_LOOKS, *_DEPARTED) if np.isfinite(m := _middle(signals[name][last]))},
    }
    row = weighing.of("departed" if _DEPARTED[0] in evidence else "drift")
    added = {name: float(np.nan_to_num(_middle(part[last]))) for name, part in row.parts(signals, fps).items()}
    chief = max(added.values())
    least = min(chief, _SPEAKS * chief)
    told = [name for name in sorted(added, key=added.__getitem__, reverse=True) if added[name] >= least]
    if evidence.get(_LOOKS, 0.0) >= _OTHER and _LOOKS_LAST not in told:
        told.append(_LOOKS_LAST)  # They decide then, whatever they add.
    words = [part for name in told for part in _said(name, evidence)] or _said(_SHAPE_LAST, evidence)
    return "; ".join(words) + ".", {name: round(value, 3) for name, value in evidence.items()}


def _middle(values: NDArray[float32]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else np.nan


def _strayed(distance: NDArray[float32], span: Span, fps: float) -> dict[str, float]:
    """How far single looks lie from the anchor, before the span and at its end; nothing where there are none."""
    known = np.flatnonzero(np.isfinite(distance))
    first = known[0] if len(known) else 0  # a face may be hidden before
    before, inside = known[known < max(span.start, first + fps)], known[(known >= span.start) & (known < span.end)]
    if not len(before) or not len(inside):
        return {}
    early, late = float(np.median(distance[before])), float(np.median(distance[inside[-5:]]))
    risen = float(distance[known[known >= span.start][-_LAST_LOOKS:]].min()) - early
    return {"identity_early": early, "identity_late": late, "identity_risen": risen}


def _said(witness: str, evidence: Mapping[str, float]) -> list[str]:
    """What a feature of the regressions says, in words; nothing where what it stands for was not measured."""
    if witness == _SHAPE_LAST:
        return [f"the face's proportions leave those of its first frames for good ({evidence['shape_drift']:.2f} of 1)"]
    if witness == _LOOKS_LAST:
        return [f"beside its first looks the face is another ({evidence[_LOOKS]:.2f} of 1)"] if _LOOKS in evidence else []
    said = []
    if _DEPARTED[1] in evidence:
        said.append(f"at like poses the face's mean look ends {evidence[_DEPARTED[1]]:.2f} away from that of its first second")
    if (tone := evidence.get(_DEPARTED[2], 0.0)) >= _NOTICED_TONE:
        said.append(f"its skin {tone:.1f} (CIE Lab)")
    if "identity_early" in evidence:
        said.append(f"identity distance goes from {evidence['identity_early']:.2f} to {evidence['identity_late']:.2f}")
    return said


SPEC = ModeSpec("drift", "the person slowly changes", "pull the face back to an anchor", find)
