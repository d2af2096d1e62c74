"""Which treatments are taken back, render after render, until what is written does good, or at least no harm."""

from __future__ import annotations

from collections.abc import Sequence

from facefix.pipeline.proof import Measured, Proof
from facefix.plan import Treatment

RENDERS = 3
"""At most, of one clip."""


class Rollback:
    """First each treatment that did harm, or no good, is taken back. Those beside one lie differently without it, so they are
    measured again in the second render; where one of these does harm, it goes with all that are near to it, and nothing is
    left to be measured. So the third render, if there is one, is the last: what does harm twice is not worth a fourth."""

    def __init__(self, treatments: Sequence[Treatment], reach: int) -> None:
        """reach: frames beyond its span in which a treatment may change what another of the same face does."""
        self._all, self._reach = tuple(treatments), reach
        self.kept = list(treatments)
        """What the next render is to do, or the last one has done."""
        self.open = list(treatments)
        """Those of them that the next render is to measure."""
        self._results: dict[int, Measured] = {}
        self._judged = 0

    def again(self, results: Sequence[Measured]) -> bool:
        """Take in what a render's measures say of the open treatments; whether it must be done again, without some."""
        self._results |= {id(result.treatment): result for result in results}
        self._judged += 1
        out = [result.treatment for result in results if result.worse or (result.idle and self._judged == 1)]
        if self._judged == RENDERS - 1:
            out = self._with_all_near(out)
        self.kept = _others(self.kept, out)
        self.open = [t for t in self.kept if any(self._near(t, other) for other in out)]
        return bool(out)

    @property
    def done(self) -> tuple[Treatment, ...]:
        """Those of the kept that did something to some frame, after the last render: strength may fade out everywhere."""
        return tuple(t for t in self.kept if self._results[id(t)].touched)

    def proofs(self) -> tuple[Proof, ...]:
        """One per treatment, in their order."""
        kept = {id(treatment) for treatment in self.kept}
        return tuple(self._results[id(t)].proof(id(t) in kept) for t in self._all)

    def _with_all_near(self, out: list[Treatment]) -> list[Treatment]:
        """And what is near to what is near."""
        found = list(out)
        for one in found:
            found += [t for t in _others(self.kept, found) if self._near(t, one)]
        return found

    def _near(self, one: Treatment, other: Treatment) -> bool:
        apart = max(one.span.start - other.span.end, other.span.start - one.span.end)
        return one.track == other.track and apart <= self._reach


def _others(treatments: Sequence[Treatment], some: Sequence[Treatment]) -> list[Treatment]:
    """Those that are none of some."""
    return [t for t in treatments if all(t is not one for one in some)]
