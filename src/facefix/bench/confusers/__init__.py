"""What happens to faces in good footage and is no fault: a diagnosis must stay silent on all of it.

Each confuser is one function

    inject(pixels, points, seed, span) -> Iterator[frame]

with the parameters of `facefix.bench.faults`, but without a severity: a seed draws the strength, within what good
footage shows. Memory does not grow with the clip, frames outside the span stay bit-identical, a frame goes out for
every frame that comes in (re-encoding holds back some).

Speech, laughter, blinks, old people, children, glasses and beards are not made here: clips bring them along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facefix.bench.confusers import blurs, compression, covers, grain, light, makeup, zoom
from facefix.types import Span

Inject = Callable[[Iterable[NDArray[np.uint8]], NDArray[np.float32], int, Span], Iterator[NDArray[np.uint8]]]


@dataclass(frozen=True, slots=True)
class Confuser:
    """A change of the picture that is no fault of the face."""

    inject: Inject
    whole: bool = False
    """Lasts as long as the clip: it makes no sense to come and go."""


CONFUSERS: Mapping[str, Confuser] = MappingProxyType(
    {
        "hand": Confuser(covers.hand),
        "object": Confuser(covers.thing),
        "motion-blur": Confuser(blurs.motion),
        "soft-focus": Confuser(blurs.focus),
        "light": Confuser(light.exposure),
        "side-light": Confuser(light.side),
        "flash": Confuser(light.flash),
        "zoom": Confuser(zoom.zoom, whole=True),
        "compression": Confuser(compression.compression),
        "compression-all": Confuser(compression.compression, whole=True),
        "make-up": Confuser(makeup.makeup, whole=True),
        "grain": Confuser(grain.grain, whole=True),
    }
)
