"""What became of the cases of the repair's bench: one by one, and on average."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from facefix.bench.cases import Case
from facefix.bench.nearness import Nearness

SEVERITY = 0.6
OWN = "facefix"
"""The name of facefix among the methods that are compared."""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What one method made of a case."""

    treated: int
    """Frames of those compared that were changed."""
    nearness: Nearness
    seconds: float
    """Of facefix's render of the whole case, without diagnosis; of a baseline's work on the frames compared."""
    frames: int
    """That were worked on in that time."""


@dataclass(frozen=True, slots=True, eq=False)
class Repaired:
    """What became of one case."""

    case: Case
    mode: str
    """Failure mode; "clean" for a clip that was left as it is."""
    told: bool
    """Whether the repair was told what is wrong, or had to find it."""
    own: Result
    """By facefix."""
    baselines: Mapping[str, Result] = field(default_factory=dict)
    """By name, of the same frames."""

    @property
    def methods(self) -> dict[str, Result]:
        """Every method by name, facefix first."""
        return {OWN: self.own, **self.baselines}


def summary(outcomes: Sequence[Repaired]) -> dict[str, Any]:
    """Means over the cases of each mode, as plain data. Shares are of the damage: 1 is all of it gone, below 0 is worse.

    With baselines there is also "methods": the same of each method by name, facefix first.
    """
    table = {
        "told": any(o.told for o in outcomes),
        "severity": SEVERITY,
        "cases": len(outcomes),
        "clips": len({o.case.clip for o in outcomes}),
        **_of_method(outcomes, OWN),
    }
    if any(o.baselines for o in outcomes):
        table["methods"] = {name: _of_method(outcomes, name) for name in outcomes[0].methods}
    return table


def _of_method(outcomes: Sequence[Repaired], name: str) -> dict[str, Any]:
    spoilt = [o for o in outcomes if o.mode != "clean"]
    results = [o.methods[name] for o in spoilt]
    sound = [o.methods[name].nearness.psnr_kept for o in outcomes if o.mode == "clean"]
    touched = [kept for kept in sound if np.isfinite(kept)]
    modes = {mode: _row([o.methods[name] for o in spoilt if o.mode == mode]) for mode in sorted({o.mode for o in spoilt})}
    return {
        "modes": modes,
        "clean": {"cases": len(sound), "untouched": len(sound) - len(touched), "least_psnr": min(touched, default=None)},
        "fps": sum(r.frames for r in results) / max(sum(r.seconds for r in results), 1e-9),
    }


def _row(results: Sequence[Result]) -> dict[str, float]:
    def mean(name: str) -> float:
        return float(np.mean([getattr(r.nearness, name) for r in results]))

    def gone(name: str) -> float:
        return 1 - mean(f"{name}_after") / max(mean(f"{name}_before"), 1e-9)

    def to_truth(name: str) -> float:
        return mean(f"{name}_after") / max(mean(f"{name}_truth"), 1e-9)

    return {
        "cases": len(results),
        "treated": sum(r.treated > 0 for r in results),
        "undone": mean("undone"),
        "worse": sum(r.nearness.undone < 0 for r in results),
        "ssim_before": mean("ssim_before"),
        "ssim_after": mean("ssim_after"),
        "mesh": gone("mesh"),
        "identity": gone("identity"),
        "tremble": to_truth("tremble"),
        "vidd": to_truth("drift"),
        "warping": to_truth("warping"),
        "seam": mean("seam"),
    }


def described(outcome: Repaired) -> dict[str, Any]:
    """A case and what became of it, as plain data; with baselines, "methods" has what each of them made of it."""
    plain = {
        "name": outcome.case.name,
        "part": outcome.case.part,
        "mode": outcome.mode,
        "told": outcome.told,
        **_plain(outcome.own),
    }
    return plain | ({"methods": {k: _plain(r) for k, r in outcome.baselines.items()}} if outcome.baselines else {})


def _plain(result: Result) -> dict[str, Any]:
    """`psnr_kept` is None where nothing changed."""
    kept = result.nearness.psnr_kept
    return {
        "treated": result.treated,
        "seconds": round(result.seconds, 2),
        # Warping errors are small: significant digits, not decimals.
        **{
            k: float(f"{v:.4g}") if "warping" in k else round(v, 5)
            for k, v in asdict(result.nearness).items()
            if k != "psnr_kept"
        },
        "psnr_kept": round(kept, 2) if np.isfinite(kept) else None,
    }
