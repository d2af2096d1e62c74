"""Warp: features stretch, bend or double for some frames, most often in a turn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facefix.diagnose import weighing
from facefix.diagnose.features import blurred, feature, melted, obstructed
from facefix.diagnose.spans import OWN_TINT, VISIBLE, ModeSpec, covered, passing, runs, whole, worst
from facefix.types import Finding, Signals

_PATH, _LOOKS, _FORETOLD = "shape_warp", "smear", "unforeseen"
"""Signals of the two witnesses; and the likelihood ratio that speaks against a warp where it is not above 0."""
_BY_PATH, _BY_LOOKS, _BY_BOTH = "bent", "smear", "warp"
"""Rows of the weighing: of either witness alone, and of both. What both of them half see is there; what one sees alone, and the
other would see, too, may be the way this person speaks."""
_SHORTEST_FRAMES = 3
_MAX_YAW = 65.0
"""Degrees beyond which half of a face's features are not seen: what they do there is a guess."""
_HIDDEN = 1.7
"""Of the feature `mesh_lost`: hands before three faces took it to 1.9 and more, smears to 1.4, lively sound faces to 1.65."""
_PLAIN = 0.5
"""Severity of flicker."""
_HALF_SEEN = VISIBLE / 2
"""What the path shows at least, to be a witness beside looks."""
_SOUND_LOOK = 0.2
"""Of the signal `smear`: what shows less at its worst is no warp, wherever the mesh was. Of 28 warps of the fitted clips, the
mildest of 0.3 among them, all show 0.27 and more, those of 0.5 and more 0.34."""
_EVEN_ODDS = 0.0
"""Of the signal `smear`, in log odds."""
_BLURRED = 0.5
"""Share of their usual crispness below which hair and background show that the whole picture is blurred, and no part torn."""


def find(signals: Signals, fps: float) -> list[Finding]:
    # Two witnesses: the mesh's path over the shot, and what single frames look like where the mesh sees nothing move.
    # Smears tint a face and cost the mesh as hands do that are of its colour; who knows hands is asked which it is.
    before = obstructed(signals, fps) & ~(feature(_LOOKS, signals, fps) >= _EVEN_ODDS)
    unseen = (np.abs(signals["yaw"]) > _MAX_YAW) | covered(signals["tint"], fps) | before
    hidden = unseen | unclear(signals, fps)
    # What looks torn where features melt is a collapse, which then explains what the path shows of it (`modes.explained`).
    mute = hidden | melted(signals, fps)
    moved, torn, both = (
        np.where(where, np.nan, weighing.of(name).severity(signals, fps))
        for name, where in ((_BY_PATH, unseen), (_BY_LOOKS, hidden), (_BY_BOTH, mute))
    )
    curve = np.where(np.isnan(both), moved, both)
    found = []
    shown = np.where(hidden, np.nan, signals[_LOOKS])
    for span in runs(curve, min_frames=_SHORTEST_FRAMES, bridge=max(2, round(fps / 6))):
        inside = slice(span.start, span.end)
        moves = worst(np.nan_to_num(moved), span) >= _HALF_SEEN
        if (shown[inside] < _SOUND_LOOK).all():
            continue
        if worst(np.nan_to_num(moved), span) < VISIBLE and (signals[_FORETOLD][inside] <= 0).all():
            # The mesh does what this face does elsewhere: it winks, or draws its mouth aside, and only looks odd.
            continue
        looks = np.nansum(torn[inside]) > np.nansum(moved[inside])
        told = [_moved(signals, inside)] if moves else []
        if looks or not moves:
            told.append(_torn(signals, inside))
        why, evidence = " ".join(one for one, _ in told), {name: value for _, own in told for name, value in own.items()}
        found.append(Finding("warp", -1, whole(curve, span, fps), worst(curve, span), why, evidence))
    return found


def by_looks(finding: Finding) -> bool:
    """Whether single frames are the surer witness of a warp."""
    return _LOOKS in finding.evidence


def by_path(finding: Finding) -> bool:
    """Whether the mesh's path shows a warp as well, if only by half."""
    return _PATH in finding.evidence


def unclear(signals: Signals, fps: float) -> NDArray[np.bool_]:
    """(T,) frames whose looks tell nothing: something is before the face, all of the picture is blurred, or the face flickers
    plainly, for what is drawn anew in every frame looks torn in each."""
    hidden = passing(signals["tint"] >= OWN_TINT, fps) | passing(feature("mesh_lost", signals, fps) >= _HIDDEN, fps)
    boiling = np.nan_to_num(weighing.of("flicker").severity(signals, fps)) >= _PLAIN
    return hidden | boiling | blurred(signals, fps, _BLURRED)


def _moved(signals: Signals, inside: slice) -> tuple[str, dict[str, float]]:
    """A sentence, and the numbers behind it."""
    told = float(np.nanmax(np.nan_to_num(signals[_PATH][inside])))
    where, off = _furthest(signals, inside)
    why = f"{where} lies up to {off:.0f} % of the eye distance off where the frames before and after have it, and the face "
    why += f"takes a shape that pose and speech do not explain ({told:.2f} of 1)."
    return why, {"off_percent": round(off, 2), _PATH: round(told, 3)}


def _torn(signals: Signals, inside: slice) -> tuple[str, dict[str, float]]:
    told = float(np.nanmax(np.nan_to_num(signals[_LOOKS][inside])))
    why = f"a part of the face looks dragged or torn, which single frames show ({told:.2f} of 1)."
    return why, {_LOOKS: round(told, 3)}


def _furthest(signals: Signals, inside: slice) -> tuple[str, float]:
    """The part of the face that is most off for what it does otherwise, and by how many % of the eye distance."""
    parts = {name: values for name, values in signals.items() if name.startswith("off_") and np.isfinite(values).any()}
    if not parts:
        return "the face", 0.0
    peaks = {name: float(np.nanmax(np.nan_to_num(values[inside]))) for name, values in parts.items()}
    most = max(parts, key=lambda name: peaks[name] / (float(np.nanmedian(parts[name])) + 1.0))
    return "the " + most.removeprefix("off_").replace("_", " "), peaks[most]


SPEC = ModeSpec("warp", "features stretch, bend or double", "rebuild these frames from the good ones around them", find)
