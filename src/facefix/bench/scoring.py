"""Findings against labels: how much of the damage was found, whether it was called by its name, what was made up.

A frame of a fault counts as damaged when it lies in the fault's span, as *visible* when its own severity, with the
fault's onset, reaches 0.3. Frames of a collapsed face are held against no mode: it is waxy, warped and more besides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from facefix.bench.cases import Case, Label
from facefix.bench.faults import COLLAPSED, FAULTS
from facefix.types import Finding, Signals, Verdict

PLAIN = 0.5
"""Injected severity from which on a fault must be found."""
VISIBLE = 0.3
NONE = "none"
"""The name of a fault that was not found."""
ANY = "any"
TRUTHS = (*FAULTS, COLLAPSED)
"""What a label can say."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What was injected into a clip and what was found in it."""

    case: Case
    labels: tuple[Label, ...]
    frames: int
    fps: float
    findings: tuple[Finding, ...]
    """Of all faces, spans in frames of the clip."""
    verdict: Verdict
    analysis_s: float = 0.0
    """What the analysis took."""
    signals: Signals = field(default_factory=dict)
    """(frames,) each, of the face followed longest; NaN where it is not there or not measured."""

    def truth(self, mode: str) -> NDArray[np.float64]:
        """(frames,) severity injected of a mode, or of any."""
        curves = [label.curve(self.frames) for label in self.labels if mode in (ANY, label.mode)]
        return np.max(curves, axis=0) if curves else np.zeros(self.frames)

    def damaged(self, mode: str) -> NDArray[np.bool_]:
        """(frames,) whether a frame lies in the span of a fault of that mode, or of any."""
        inside = [label.frames(self.frames) for label in self.labels if mode in (ANY, label.mode)]
        return np.any(inside, axis=0) if inside else np.zeros(self.frames, bool)

    def found(self, mode: str) -> NDArray[np.float64]:
        """(frames,) severity found of a mode, or of any; 0 where nothing was found."""
        curve = np.zeros(self.frames)
        for finding in self.findings:
            if mode in (ANY, finding.mode):
                part = slice(finding.span.start, finding.span.end)
                curve[part] = np.maximum(curve[part], finding.severity)
        return curve


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All tables as plain data, ready for JSON; None where there is nothing to divide by."""
    spent = sum(o.analysis_s for o in outcomes)
    return {
        "cases": len(outcomes),
        "clips": len({o.case.clip for o in outcomes}),
        "frames": {mode: frame_scores(outcomes, mode) for mode in (*TRUTHS, ANY)},
        "confusion": {truth: dict(row) for truth, row in confusion(outcomes).items()},
        "spearman": {mode: rank_correlation(outcomes, mode) for mode in FAULTS},
        "false": false_findings(outcomes),
        "verdicts": verdicts(outcomes),
        "fps": _share(sum(o.frames for o in outcomes), spent),
    }


def frame_scores(outcomes: Sequence[Outcome], mode: str) -> dict[str, float | None]:
    """Recall and precision of the frames of a mode (or of any damage), each 0..1.

    recall, recall_visible, precision: over single faults and mixtures of severity `PLAIN` and more; recall_mild:
    of single faults below that, injected at 0.3.
    """
    plain = [o for o in outcomes if o.labels and min(label.severity for label in o.labels) >= PLAIN]
    mild = [o for o in outcomes if o.case.kind == "single" and o.labels[0].severity < PLAIN]
    hit = sum(int((o.damaged(mode) & (o.found(mode) > 0)).sum()) for o in plain)
    seen = [(o.truth(mode) >= VISIBLE, o.found(mode) > 0) for o in plain]
    melted = [np.zeros(o.frames, bool) if mode in (COLLAPSED, ANY) else o.damaged(COLLAPSED) for o in plain]
    claimed = sum(int(((o.found(mode) > 0) & ~out).sum()) for o, out in zip(plain, melted, strict=True))
    return {
        "recall": _share(hit, sum(int(o.damaged(mode).sum()) for o in plain)),
        "recall_visible": _share(sum(int((t & f).sum()) for t, f in seen), sum(int(t.sum()) for t, _ in seen)),
        "precision": _share(hit, claimed),
        "recall_mild": _share(
            sum(int((o.damaged(mode) & (o.found(mode) > 0)).sum()) for o in mild),
            sum(int(o.damaged(mode).sum()) for o in mild),
        ),
    }


def confusion(outcomes: Sequence[Outcome]) -> dict[str, Counter[str]]:
    """What single faults of severity `PLAIN` and more were called: truth -> name -> how many."""
    table: dict[str, Counter[str]] = {truth: Counter() for truth in TRUTHS}
    for outcome in outcomes:
        if outcome.case.kind == "single" and outcome.labels[0].severity >= PLAIN:
            table[outcome.labels[0].mode][called(outcome, outcome.labels[0])] += 1
    return table


def called(outcome: Outcome, label: Label) -> str:
    """The mode that most of a fault was put down to: the largest sum of severity over its frames; or `NONE`."""
    inside = label.frames(outcome.frames)
    weights = {f.mode: float(outcome.found(f.mode)[inside].sum()) for f in outcome.findings}
    best = max(weights, key=lambda mode: weights[mode], default=NONE)
    return best if weights.get(best, 0.0) > 0 else NONE


def rank_correlation(outcomes: Sequence[Outcome], mode: str) -> float | None:
    """Spearman's rho of the severity found against that injected, over the single faults of a mode; not found is 0."""
    pairs = [
        (o.labels[0].severity, float(o.found(mode)[o.labels[0].frames(o.frames)].max(initial=0.0)))
        for o in outcomes
        if o.case.kind == "single" and o.labels[0].mode == mode
    ]
    if len({injected for injected, _ in pairs}) < 2 or len({found for _, found in pairs}) < 2:
        return None
    return float(np.asarray(spearmanr([p[0] for p in pairs], [p[1] for p in pairs]))[0])


def false_findings(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """Per confuser, for clips left as they are ("clean") and for all of them ("all"): what was found that is not there."""
    groups: dict[str, list[Outcome]] = {"all": []}
    for outcome in outcomes:
        if not outcome.labels:
            groups.setdefault(outcome.case.confuser or "clean", []).append(outcome)
            groups["all"].append(outcome)
    return {name: _made_up(group) for name, group in sorted(groups.items(), key=lambda item: (item[0] == "all", item[0]))}


def _made_up(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    minutes = sum(o.frames / o.fps for o in outcomes) / 60
    modes = Counter(finding.mode for o in outcomes for finding in o.findings)
    return {
        "minutes": minutes,
        "findings": sum(modes.values()),
        "per_minute": _share(sum(modes.values()), minutes),
        "modes": dict(modes),
        "regenerate": sum(o.verdict == "regenerate" for o in outcomes),
    }


def verdicts(outcomes: Sequence[Outcome]) -> dict[str, Mapping[str, int]]:
    """Verdicts per kind of case; single collapses apart, mild ones (below `PLAIN`) apart again."""
    table: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        kind: str = outcome.case.kind
        if kind == "single" and outcome.labels[0].mode == COLLAPSED:
            kind = COLLAPSED if outcome.labels[0].severity >= PLAIN else f"{COLLAPSED}, mild"
        table.setdefault(kind, Counter())[outcome.verdict] += 1
    return {kind: dict(row) for kind, row in sorted(table.items())}


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
