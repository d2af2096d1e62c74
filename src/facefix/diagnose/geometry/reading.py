"""A track's meshes in, expected severities of what goes wrong with its shape out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from facefix.faces.mesh import shape, topology
from facefix.models import own, zoo

Floats = NDArray[np.float32]

WEIGHTS = "geometry.safetensors"
READ = ("warp", "drift", "flicker")
"""What the network tells, in order."""
DEPTH = 0.4
"""How much a point's depth counts beside its place in the picture: it is less well known."""
AREAS = (
    topology.RIGHT_EYE + topology.RIGHT_BROW,
    topology.LEFT_EYE + topology.LEFT_BROW,
    topology.OVAL[19:],
    topology.OVAL[1:18],
    topology.NOSE,
    topology.LIPS,
)
"""Points of each part of the face whose confidence is told: right and left eye, right and left outline, nose, lips."""
AREAS_MIRRORED = (1, 0, 3, 2, 4, 5)
REGIONS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "nose": topology.NOSE,
        "right_eye": topology.RIGHT_EYE,
        "left_eye": topology.LEFT_EYE,
        "mouth": topology.LIPS,
        "jaw": topology.OVAL[13:24],
        "right_cheek": topology.OVAL[24:30],
        "left_cheek": topology.OVAL[7:13],
    }
)
"""Whose place in the unturned face is followed, each as the signal `off_NAME`."""
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
    """(AREAS,) each, 0..1."""
    places: list[Floats] = field(default_factory=list)
    """(len(REGIONS), 2) each: middles in the unturned face, eye distances."""


class Reader:
    """The network and the directions that meshes are reduced to. Build it once; every track has its own `Shapes`."""

    def __init__(self, path: Path | None = None) -> None:
        """path: weights, by default those that facefix brings along. Raises ModelError where they are missing or damaged."""
        from facefix.diagnose.geometry.network import GeometryNetwork

        path = path or zoo.checked(WEIGHTS)
        state = own.tensors(path, "the geometry reader")
        self._shape = shape.load()
        self._axes, self._spread = (state.pop(name).numpy() for name in ("basis", "spread"))
        self._network = own.filled(GeometryNetwork(), state, path, "the geometry reader")

    def add(self, track: Shapes, mesh: Floats, confidence: Floats) -> None:
        """The track's next frame: mesh (478, 3) in pixels of any scale, confidence (478,) 0..1."""
        canonical, pose = unturned(self._shape, mesh)
        track.components.append(reduced(canonical[None], self._axes, self._spread)[0])
        track.poses.append(pose)
        track.confidence.append(area_confidence(confidence[None])[0])
        track.places.append(np.stack([canonical[list(points), :2].mean(0) for points in REGIONS.values()]))

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


def unturned(model: shape.ShapeModel, mesh: Floats) -> tuple[Floats, tuple[float, float, float]]:
    """(478, 3) canonical mesh off the mean face, eye distances; yaw, pitch, roll in degrees."""
    pose = model.place(mesh).pose
    return model.canonical(mesh) - model.mean.astype(np.float32), (pose.yaw, pose.pitch, pose.roll)


def reduced(canonical: Floats, axes: Floats, spread: Floats) -> Floats:
    """(T, COMPONENTS) of (T, 478, 3) canonical meshes off the mean face, 1 being a usual departure from the usual shape."""
    flat = (canonical * np.array([1, 1, DEPTH], np.float32)).reshape(len(canonical), -1)
    return (flat @ axes.T / spread).astype(np.float32)


def area_confidence(confidence: Floats) -> Floats:
    """(T, len(AREAS)) of (T, 478)."""
    return np.stack([confidence[:, list(area)].mean(1) for area in AREAS], 1).astype(np.float32)


def arranged(components: Floats, poses: Floats, confidence: Floats, fps: float):
    """(CHANNELS, T) tensor as the network takes it, of (T, COMPONENTS), (T, 3), (T, len(AREAS))."""
    import torch

    from facefix.diagnose.geometry.network import channels

    early = np.median(components[: max(3, round(_BEGINNING_S * fps))], 0)
    usual = np.median(components, 0)
    return channels(
        *(torch.from_numpy(np.ascontiguousarray(a, np.float32)) for a in (components, poses, confidence, early, usual))
    )
