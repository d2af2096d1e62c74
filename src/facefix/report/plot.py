"""Signals of each face over time, its findings marked: one PNG a clip, drawn with matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.report import timecode
from facefix.types import Analysis, Diagnosis, Span

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_FACES = 6
"""A crowd would make a picture that no viewer opens; the faces that are worst off are drawn."""
_DPI = 100
_WIDTH_IN = 13.0
_ROW_IN = 1.15
_LANE_IN = 0.24
_HEAD_IN = 1.1
_COLOURS = {"warp": "tab:red", "drift": "tab:purple", "flicker": "tab:orange", "waxy": "tab:olive", "collapsed": "black"}
_OTHER = "tab:gray"
_REGENERATE = "crimson"


@dataclass(frozen=True, slots=True)
class _Row:
    """Signals drawn into one pair of axes."""

    label: str
    signals: Mapping[str, str]
    """Name -> what the legend calls it."""
    modes: tuple[str, ...]
    """Whose findings are marked strongly here: those that read these signals."""
    shares: bool = False
    """Draw each as a share of the level that the track reaches in its best fifth of frames."""
    limits: tuple[float, float] | None = None


_ROWS = (
    _Row(
        "read\n0..1",
        {"shape_warp": "warp", "shape_drift": "drift", "shape_flicker": "flicker", "wax": "wax"},
        ("warp", "drift", "flicker", "waxy"),
        limits=(0, 1.05),
    ),
    _Row(
        "off by\n% of eye dist.",
        {"off_nose": "nose", "off_right_eye": "right eye", "off_left_eye": "left eye", "off_mouth": "mouth", "off_jaw": "jaw"},
        ("warp",),
    ),
    _Row("unforeseen\nnats", {"unforeseen": "shape"}, ("warp",)),
    _Row("flicker\n%", {"boil": "boil", "shading": "shading"}, ("flicker",)),
    _Row(
        "detail\nshare of best",
        {"detail": "skin", "crispness": "features", "crispness_out": "surroundings"},
        ("waxy",),
        shares=True,
        limits=(0, 1.5),
    ),
    _Row("identity\ndistance", {"identity_distance": "to the early frames"}, ("drift",), limits=(0, 0.8)),
    _Row("seen\n0..1", {"score": "detector", "mesh": "mesh"}, ("collapsed",), limits=(0, 1.05)),
    _Row("pose\ndegrees", {"yaw": "yaw", "pitch": "pitch", "roll": "roll"}, ()),
)


def png(analysis: Analysis) -> bytes:
    """The picture as a PNG file."""
    file = io.BytesIO()
    figure(analysis).savefig(file, format="png", dpi=_DPI)
    return file.getvalue()


def figure(analysis: Analysis) -> Figure:
    """The picture: a block a face, in it a lane a failure mode and a row a group of signals, on one axis of time."""
    from matplotlib.figure import Figure

    shown, rate = _worst(analysis.diagnoses), analysis.clip.video.rate
    blocks = [(d, _lanes(d)) for d in shown]
    heights = [_HEAD_IN + _LANE_IN * len(lanes) + _ROW_IN * len(_ROWS) for _, lanes in blocks]
    drawing = Figure(figsize=(_WIDTH_IN, sum(heights) + 0.8), layout="constrained")
    left_out = len(analysis.diagnoses) - len(shown)
    more = f" ({left_out} more faces are not drawn)" if left_out else ""
    drawing.suptitle(f"{_ascii(analysis.clip.path.name)}: {analysis.judgement.verdict}{more}", fontsize=13, weight="bold")
    if not blocks:
        drawing.text(0.5, 0.3, "no face found", ha="center")
        return drawing
    parts = drawing.subfigures(len(blocks), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, (diagnosis, lanes) in zip(parts, blocks, strict=True):
        _block(part, diagnosis, lanes, rate)
    return drawing


def _worst(diagnoses: Sequence[Diagnosis]) -> list[Diagnosis]:
    """At most `MOST_FACES`: those with the severest findings, the longest first among equals; in their own order."""
    order = sorted(diagnoses, key=lambda d: (-max((f.severity for f in d.findings), default=0.0), -len(d.track.span)))
    return sorted(order[:MOST_FACES], key=lambda d: d.track.id)


def _lanes(diagnosis: Diagnosis) -> tuple[str, ...]:
    """The failure modes found, and a lane for what is to be generated anew."""
    modes = tuple(dict.fromkeys(f.mode for f in diagnosis.findings))
    return modes + (("regenerate",) if diagnosis.judgement.regenerate else ())


def _block(part: Any, diagnosis: Diagnosis, lanes: Sequence[str], rate: Fraction | None) -> None:
    """One face. part: a matplotlib SubFigure."""
    track = diagnosis.track
    part.suptitle(
        f"face {track.id}: frames {timecode.frames(track.span)}, {diagnosis.median_face_px:.0f} px. "
        f"{diagnosis.verdict}: {_ascii(diagnosis.judgement.reason)}",
        fontsize=10,
    )
    heights = [_LANE_IN * max(1, len(lanes)), *[_ROW_IN] * len(_ROWS)]
    axes = part.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    axes[0].set_xlim(track.span.start, max(track.span.end, track.span.start + 1))
    _draw_lanes(axes[0], diagnosis, lanes)
    frames = np.arange(track.span.start, track.span.end) + 0.5
    for axis, row in zip(axes[1:], _ROWS, strict=True):
        _draw_row(axis, row, diagnosis, frames)
    axes[-1].set_xlabel("frame", fontsize=8, labelpad=1)
    if rate:
        per_second = float(rate)
        seconds = axes[0].secondary_xaxis("top", functions=(lambda f: f / per_second, lambda s: s * per_second))
        seconds.set_xlabel("seconds", fontsize=8, labelpad=2)
        seconds.tick_params(labelsize=8)


def _draw_lanes(axis: Axes, diagnosis: Diagnosis, lanes: Sequence[str]) -> None:
    """A bar a finding, in the lane of its mode, with its severity in it."""
    axis.set_ylim(max(1, len(lanes)) - 0.5, -0.5)
    axis.set_yticks(range(len(lanes)), list(lanes), fontsize=8)
    axis.tick_params(length=0, labelbottom=False)
    for f in diagnosis.findings:
        _bar(axis, f.span, lanes.index(f.mode), f"{f.mode} {f.severity:.2f}", _colour(f.mode), 0.35 + 0.5 * f.severity)
    for span in diagnosis.judgement.regenerate:
        _bar(axis, span, lanes.index("regenerate"), timecode.frames(span), _REGENERATE, 1.0)
    if not lanes:
        axis.text(0.5, 0.5, "no findings", transform=axis.transAxes, ha="center", va="center", fontsize=8, color="gray")


def _bar(axis: Axes, span: Span, lane: int, text: str, colour: str, alpha: float) -> None:
    axis.barh(lane, len(span), left=span.start, height=0.8, color=colour, alpha=alpha)
    low, high = axis.get_xlim()
    # About 150 letters of this size fit the width; a bar that is too short has its text beside it, on the side with room.
    inside = len(span) / (high - low) * 150 > len(text) + 1
    after = (span.end - low) / (high - low) < 0.85
    x = (span.start + span.end) / 2 if inside else span.end if after else span.start
    side = "center" if inside else "left" if after else "right"
    ink = "white" if inside and colour in (_REGENERATE, _COLOURS["collapsed"]) else "black"
    axis.text(
        x,
        lane,
        text if inside else f" {text} ",
        ha=side,
        va="center",
        fontsize=7.5,
        color=ink,
        clip_on=True,
    )


def _draw_row(axis: Axes, row: _Row, diagnosis: Diagnosis, frames: NDArray[np.floating]) -> None:
    """The signals of a row; a gap where nothing was measured, points where a value has no neighbour."""
    axis.set_ylabel(row.label, fontsize=8)
    axis.tick_params(labelsize=7.5)
    axis.grid(alpha=0.25)
    for f in diagnosis.findings:
        alpha = 0.30 if f.mode in row.modes else 0.07
        axis.axvspan(f.span.start, f.span.end, color=_colour(f.mode), alpha=alpha, lw=0)
    empty = True
    for i, (name, label) in enumerate(row.signals.items()):
        values = np.asarray(diagnosis.signals.get(name, np.full(len(frames), np.nan)), float32)
        known = np.isfinite(values)
        if not known.any():
            continue
        empty = False
        scaled = values / max(float(np.percentile(values[known], 80)), 1e-6) if row.shares else values
        if known.sum() < len(known) / 2:
            axis.plot(frames[known], scaled[known], "o:", ms=3, lw=0.8, color=f"C{i}", label=f"{label} (measured now and then)")
        else:
            axis.plot(frames, scaled, lw=1.1, color=f"C{i}", label=label)
    if empty:
        axis.text(0.5, 0.5, "not measured", transform=axis.transAxes, ha="center", va="center", fontsize=8, color="gray")
        axis.set_yticks([])
        return
    if row.limits is not None:
        axis.set_ylim(row.limits[0], max(row.limits[1], axis.get_ylim()[1] if not row.shares else 0))
    # Confidence is high where all is well; its legend stays out of the way below.
    place = "lower right" if "score" in row.signals else "upper right"
    axis.legend(loc=place, fontsize=7, ncols=len(row.signals), framealpha=0.75, borderpad=0.3)


def _colour(mode: str) -> str:
    return _COLOURS.get(mode, _OTHER)


def _ascii(text: str) -> str:
    """matplotlib's font has no letters for many scripts, and reads $ as the start of a formula."""
    return text.encode("ascii", "replace").decode("ascii").replace("$", r"\$")
