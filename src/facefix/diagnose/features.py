"""What the modes weigh: signals calmed over time, taken against the track's own level, on a scale that fitting likes.

A feature is a function (signals, fps) -> (T,), NaN where it cannot be told. The names are those of `FEATURES`; which mode
weighs which, and how much, is fitted (`weighing`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy import float32
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d, median_filter, minimum_filter1d

from facefix.diagnose.spans import KNOWN, OWN_TINT, covered, joined, own_confidence, own_level, passing
from facefix.types import Signals

Curve = NDArray[float32]
Feature = Callable[[Signals, float], Curve]

_LOGIT_END = 0.005
_SHAPE_LATER = 1.0
"""Log odds by which the shape of a melting face lags its skin: between frames that melt alike little moves."""
_LASTS_S = 1.2
"""A drift takes two seconds and more; what passes before a face is gone by then."""

_ELSEWHERE_S = 1.0
"""Farther away than that is the rest of the shot, for warps are hardly longer."""
_REACHED = 90
"""Percentile: of frames that show a face otherwise some may be faulty themselves."""
_SOUND = float(np.log(0.1 / 0.9))
"""Log odds below which a face is as sound as any: from nothing to hardly anything is no rise."""
_LEVEL_STEP_S = 0.1
_LEVELS = 2000
"""At most, however long the shot is."""
_ENOUGH = 5
"""Levels that make a rest of a shot: half a second."""

_LITTLE_TINT = 1.5
"""CIELAB a*, b*, above the track's own level."""
_LITTLE_LOST = 0.9
"""Of the feature `mesh_lost`: 3 %."""

_DIM = 0.6
"""Share of crispness below which a picture is too blurred to tell people apart; of 20 sound clips 18 never have less than 0.71,
the other two in 4 and 16 % of their frames."""
EDGES = 0.5
"""Share of their crispness that features keep, at most, in a face that melts, beside that of its surroundings: by 0.3 of
severity medians of 0.17 to 0.41 in eight fitted clips; waxy, smeared, flickering, covered, painted and blurred faces of the
same clips 0.66 and more, single frames of them down to 0.38."""


def feature(name: str, signals: Signals, fps: float) -> Curve:
    """(T,) one of `FEATURES`."""
    return FEATURES[name](signals, fps).astype(float32)


def calm(values: Curve, frames: float) -> Curve:
    """Running median over about that many frames, at least three; NaN bridged from its neighbours, kept when all are."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return values
    bridged = np.interp(np.arange(len(values)), known, values[known])
    return median_filter(bridged, size=max(3, round(frames)) | 1, mode="nearest").astype(float32)


def slow(values: Curve, frames: float) -> Curve:
    """Gaussian mean, sigma that many frames, over what is known; NaN only when nothing is."""
    known = np.isfinite(values)
    if not known.any():
        return values
    weight = gaussian_filter1d(known.astype(float), frames, mode="nearest", truncate=8)
    total = gaussian_filter1d(np.where(known, values, 0).astype(float), frames, mode="nearest", truncate=8)
    out = np.where(weight > 1e-6, total / np.maximum(weight, 1e-6), np.nan)
    at = np.flatnonzero(np.isfinite(out))
    return np.interp(np.arange(len(out)), at, out[at]).astype(float32)


def _told(name: str, calm_s: float) -> Feature:
    """Log odds of what a network expects."""

    def told(signals: Signals, fps: float) -> Curve:
        return calm(_log_odds(signals[name]), calm_s * fps)

    return told


def _told_slow(name: str, sigma_s: float) -> Feature:
    def told(signals: Signals, fps: float) -> Curve:
        return slow(_log_odds(signals[name]), sigma_s * fps)

    return told


def _lasting(feature: Feature) -> Feature:
    """What it stays above for `_LASTS_S`, from there on or up to there: a face that drifted stays so, a hand passes."""

    def told(signals: Signals, fps: float) -> Curve:
        values = feature(signals, fps)
        size = min(len(values), max(1, round(_LASTS_S * fps)))
        onward = minimum_filter1d(values, size, origin=-(size // 2), mode="nearest")
        so_far = minimum_filter1d(values, size, origin=(size - 1) // 2, mode="nearest")
        return np.fmax(onward, so_far)

    return told


def _log_odds(expected: Curve) -> Curve:
    p = np.clip(expected, _LOGIT_END, 1 - _LOGIT_END)
    return np.log(p / (1 - p)).astype(float32)


def _risen(name: str, sigma_s: float) -> Feature:
    """Log odds above the track's own level: some skin is soft, some people pull faces all the time."""

    def told(signals: Signals, fps: float) -> Curve:
        odds = slow(_log_odds(signals[name]), sigma_s * fps)
        return (odds - own_level(odds)).astype(float32)

    return told


def _unusual(name: str, sigma_s: float) -> Feature:
    """Log odds above what the face reaches in the rest of the shot: some people look odd whenever they make a certain face."""

    def told(signals: Signals, fps: float) -> Curve:
        odds = slow(_log_odds(signals[name]), sigma_s * fps)
        if not np.isfinite(odds).any():
            return odds
        at = np.arange(0, len(odds), max(1, round(_LEVEL_STEP_S * fps), len(odds) // _LEVELS))
        level = [_reached(odds[at[np.abs(at - now) > _ELSEWHERE_S * fps]], odds) for now in at]
        usual = np.maximum(np.interp(np.arange(len(odds)), at, level), _SOUND)
        return (odds - usual).astype(float32)

    return told


def _reached(elsewhere: Curve, whole: Curve) -> float:
    """What is normal for a face by what it is in the rest of the shot; by all of it where there is hardly a rest."""
    return float(np.percentile(elsewhere, _REACHED)) if len(elsewhere) >= _ENOUGH else own_level(whole)


def _excess(name: str, scale: float, calm_frames: float) -> Feature:
    """Above the track's own level, its large values pressed together."""

    def told(signals: Signals, fps: float) -> Curve:
        del fps
        values = calm(signals[name], calm_frames) if calm_frames else signals[name]
        over = (values - own_level(values)) / scale
        return np.arcsinh(over).astype(float32)

    return told


def _moved_away(signals: Signals, fps: float) -> Curve:
    """Identity distance to the first frames, slow in time, above what it is at once."""
    distance = np.where(np.abs(signals["yaw"]) < 35, signals["identity_distance"], np.nan).astype(float32)
    known = np.flatnonzero(np.isfinite(distance))
    if len(known) < 4:
        return np.full(len(distance), np.nan, float32)
    early = float(np.median(distance[known[: max(3, len(known) // 5)]]))
    return slow(distance, 0.4 * fps) - np.float32(early)


def _departure(signals: Signals, fps: float) -> Curve:
    """How far the face has departed from its first second, calmed."""
    return slow(signals["departure"], 0.2 * fps)


def _detail_lost(signals: Signals, fps: float) -> Curve:
    """Share of the skin's detail lost against the best of the shot, beyond what hair and features lost."""
    detail, features, around = (_kept(name, signals, fps) for name in ("detail", "crispness", "crispness_out"))
    control = np.fmax(features, around)
    return (1 - detail / np.minimum(1, np.maximum(control, 0.1))).astype(float32)


def melted(signals: Signals, fps: float) -> NDArray[np.bool_]:
    """(T,) frames in which eyes, brows and lips have lost their edges and what surrounds the face has not: no wax does that."""
    return edges_kept(signals, fps) < EDGES


def edges_kept(signals: Signals, fps: float) -> Curve:
    """(T,) share of their crispness that eyes, brows and lips keep, beside that of what surrounds the face."""
    return (_kept("crispness", signals, fps) / np.maximum(_kept("crispness_out", signals, fps), 1e-3)).astype(float32)


def obstructed(signals: Signals, fps: float, lost: float = _LITTLE_LOST) -> NDArray[np.bool_]:
    """(T,) frames in which something of about the skin's colour is before the face, or is coming, or going: the skin changes
    its colour a little, and the mesh is less sure. No waxy or warped face of 280 cases did both.

    lost: least value of the feature `mesh_lost`.
    """
    tint = signals["tint"]
    other = _come_and_gone(tint >= own_level(tint) + _LITTLE_TINT, fps)
    return passing(joined(other & (_mesh_lost(signals, fps) >= lost), fps), fps)


def blurred(signals: Signals, fps: float, below: float) -> NDArray[np.bool_]:
    """(T,) frames in which hair and background have less than that share of their usual crispness: all of the picture is out of
    focus, in motion, or compressed away."""
    return _kept("crispness_out", signals, fps) < below


def nobody(signals: Signals, fps: float) -> NDArray[np.bool_]:
    """(T,) frames in which a face looks like nobody: something is before it, it has melted, or the picture is blurred."""
    melting = signals["mesh"] < KNOWN * own_confidence(signals["mesh"])
    hidden = covered(signals["tint"], fps) | passing(_come_and_gone(signals["tint"] >= OWN_TINT, fps), fps)
    return hidden | melting | blurred(signals, fps, _DIM)


def _come_and_gone(seen: NDArray[np.bool_], fps: float) -> NDArray[np.bool_]:
    """Without what is there from the first frame, or to the last, and but for moments all the way: who drifts has skin of
    another colour at either end."""
    gone = ~joined(seen, fps)
    before, after = np.maximum.accumulate(gone), np.maximum.accumulate(gone[::-1])[::-1]
    return seen & before & after


def _kept(name: str, signals: Signals, fps: float) -> Curve:
    """Share of what the track shows of a signal at its best, calmed over a third of a second; NaN where none was measured."""
    values = calm(signals[name], fps / 3)
    return values / max(float(np.nanpercentile(values, 80)), 1e-6) if np.isfinite(values).any() else values


def _molten(signals: Signals, fps: float) -> Curve:
    """The lesser of two log odds: skin without detail, and features where no face has them. Only a melting face has both."""
    wax, shape = (slow(_log_odds(signals[name]), 0.12 * fps) for name in ("wax", "shape_warp"))
    return np.minimum(wax, shape + np.float32(_SHAPE_LATER))


def _mesh_lost(signals: Signals, fps: float) -> Curve:
    """Share of the mesh's own confidence that is lost, large ones pressed together: 3 % is a strong wax, 50 % nobody's face."""
    del fps
    own = max(own_confidence(signals["mesh"]), 1e-3)
    return np.arcsinh((1 - calm(signals["mesh"], 3) / own) / 0.03).astype(float32)


def _turning(signals: Signals, fps: float) -> Curve:
    """Speed of the head, in 45 degrees a second."""
    yaw, pitch = slow(signals["yaw"], 0.08 * fps), slow(signals["pitch"], 0.08 * fps)
    if len(yaw) < 2:
        return np.zeros(len(yaw), float32)
    return (np.hypot(np.gradient(yaw), np.gradient(pitch)) * fps / 45).astype(float32)


def _unforeseen(signals: Signals, fps: float) -> Curve:
    """Large likelihood ratios pressed together: a thousand nats are hardly surer than a hundred."""
    del fps
    return np.arcsinh(signals["unforeseen"] / 10).astype(float32)


FEATURES: Mapping[str, Feature] = MappingProxyType(
    {
        "shape_warp": _told("shape_warp", 0.12),
        "shape_drift_lasting": _lasting(_told_slow("shape_drift", 0.6)),
        "shape_flicker_slow": _told_slow("shape_flicker", 0.25),
        "wax": _told_slow("wax", 0.25),
        "wax_risen": _risen("wax", 0.15),
        "wax_seen": _told("wax", 0.12),
        "shape_warp_risen": _risen("shape_warp", 0.08),
        "smear": _told("smear", 0.12),
        "smear_risen": _risen("smear", 0.08),
        "smear_unusual": _unusual("smear", 0.08),
        "unforeseen": _unforeseen,
        "moved_away_lasting": _lasting(_moved_away),
        "departure_lasting": _lasting(_departure),
        "look_drift_lasting": _lasting(_told_slow("look_drift", 0.3)),
        "boil": _excess("boil", 3.0, 0),
        "boil_calm": _excess("boil", 3.0, 7),
        "shading": _excess("shading", 2.0, 0),
        "shading_calm": _excess("shading", 2.0, 7),
        "detail_lost": _detail_lost,
        "turning": _turning,
        "molten": _molten,
        "mesh_lost": _mesh_lost,
    }
)
