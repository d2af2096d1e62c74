"""A track's unturned meshes in, expected severities of what goes wrong with its shape out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facefix.models import own, zoo
from facefix.types import REGIONS, Unturned

Floats = NDArray[np.float32]

WEIGHTS = "geometry.safetensors"
READ = ("warp", "drift", "flicker")
"""What the network tells, in order."""
DEPTH = 0.4
"""How much a point's depth counts beside its place in the picture: it is less well known."""
_LAGS_S = (0.25, 0.7)
"""Warps last 4 to 30 frames: what is off lies elsewhere at both of two moments so far to either side."""
SIGNALS: Mapping[str, str] = MappingProxyType(
    {
        **{f"shape_{mode}": f"expected severity of {mode} as far as the mesh's path tells, 0..1" for mode in READ},
        **{
            f"off_{name}": f"% of the eye distance that the {name.replace('_', ' ')} lies off where it is some time "
            "before and after, unturned, whichever is nearer"
            for name in REGIONS
        },
    }
)
"""What a `Reader` tells of a track."""
_BEGINNING_S = 0.8


@dataclass(slots=True, eq=False)
class Shapes:
    """One track's shape, gathered frame by frame: a few hundred bytes each."""

    fps: float
    components: list[Floats] = field(default_factory=list)
    """(COMPONENTS,) each."""
    poses: list[tuple[float, float, float]] = field(default_factory=list)
    """Yaw, pitch, roll in degrees."""
    confidence: list[Floats] = field(default_factory=list)
    """As in `Unturned`, and the next."""
    places: list[Floats] = field(default_factory=list)


class Reader:
    """The network and the directions that meshes are reduced to. Build it once; every track has its own `Shapes`."""

    def __init__(self, path: Path | None = None) -> None:
        """path: weights, by default those that facefix brings along. Raises ModelError where they are missing or damaged."""
        from facefix.diagnose.geometry.network import GeometryNetwork

        path = path or zoo.checked(WEIGHTS)
        state = own.tensors(path, "the geometry reader")
        self._axes, self._spread = (state.pop(name).numpy() for name in ("basis", "spread"))
        self._network = own.filled(GeometryNetwork(), state, path, "the geometry reader")

    def add(self, track: Shapes, seen: Unturned) -> None:
        """The track's next frame."""
        track.components.append(reduced(seen.shape[None], self._axes, self._spread)[0])
        track.poses.append((seen.pose.yaw, seen.pose.pitch, seen.pose.roll))
        track.confidence.append(seen.confidence)
        track.places.append(seen.places)

    def read(self, track: Shapes) -> dict[str, Floats]:
        """`SIGNALS`, each (frames,); NaN for those `off_NAME` that the track is too short for."""
        import torch

        components, poses, confidence = (np.array(a, np.float32) for a in (track.components, track.poses, track.confidence))
        with torch.inference_mode():
            logits = self._network(arranged(components, poses, confidence, track.fps)[None])[0]
        places = np.array(track.places, np.float32)
        off = np.fmax.reduce([_off(places, max(2, round(lag * track.fps))) for lag in _LAGS_S])
        return dict(zip(SIGNALS, [*torch.sigmoid(logits).numpy(), *off.T], strict=True))


def _off(places: Floats, lag: int) -> Floats:
    """(T, P) % between places (T, P, 2) and those `lag` frames before or after, whichever is nearer; NaN at the ends."""
    out = np.full((2, *places.shape[:2]), np.nan, np.float32)
    if len(places) > lag:
        step = 100 * np.linalg.norm(places[lag:] - places[:-lag], axis=-1)
        out[0, lag:], out[1, :-lag] = step, step
    return out.min(0)


def reduced(shapes: Floats, axes: Floats, spread: Floats) -> Floats:
    """(T, COMPONENTS) of (T, 478, 3) as in `Unturned`, 1 being a usual departure from a face's usual shape."""
    flat = (shapes * np.array([1, 1, DEPTH], np.float32)).reshape(len(shapes), -1)
    return (flat @ axes.T / spread).astype(np.float32)


def arranged(components: Floats, poses: Floats, confidence: Floats, fps: float):
    """(CHANNELS, T) tensor as the network takes it, of (T, COMPONENTS), degrees (T, 3), (T, 6)."""
    import torch

    from facefix.diagnose.geometry.network import channels

    early = np.median(components[: max(3, round(_BEGINNING_S * fps))], 0)
    usual = np.median(components, 0)
    return channels(
        *(torch.from_numpy(np.ascontiguousarray(a, np.float32)) for a in (components, poses, confidence, early, usual))
    )
