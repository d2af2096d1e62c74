"""Flicker: every piece of skin is replaced by the mean of those frames around that can speak for it, then features are rebuilt.

What flickers in the features' places has been taken out before (`faces.mesh.straightening`). Colour is fused over time; fine
detail that the mesh does not follow stays each frame's own. Features that were drawn anew in every frame are nobody's even
then: as far as it was features that flickered, and not light alone, they are rebuilt from sound frames (`rebuilding`), which
is done last, for a network that is shown the wrong light answers with a face of less detail. Pores that all this has blurred
come back as rough as the anchors': skin that loses its grain for half a second is seen at once.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.repair.calming import Calming
from facefix.repair.cures.contract import CureSpec, Patient, Sight, Treated
from facefix.repair.cures.fused import FusedCure
from facefix.repair.cures.rebuilding import STEADY_FRAMES, RebuildingCure, behind
from facefix.repair.detail import regrain, usual_texture
from facefix.repair.flickering import ALL
from facefix.repair.mask import face_mask
from facefix.repair.scaling import resized, threefold

OWN_DETAIL = 0.002
"""Sigma, as a share of the crop's side, of the detail that is never fused: the mesh does not follow skin more exactly."""
_FEATURES = 0.005, 0.03
"""Sigmas between which a change is one of features: above lies light, below pores."""
_LOOKED_AT_PX = 128
_REDRAWN = 0.05, 0.14
"""Share of what is to be seen there that fusing changes where none is rebuilt, and all. Five fitted clips: 0.07 and 0.10 where
only light flickers, 0.07 where it is who it is, and 0.17 and 0.18 where features boil."""
_ANEW = 0.5
"""Share of fine detail that flickers from which on features are taken for drawn anew: with light alone it is 0.25 at most, as a
rule."""
_SIGHT = np.array([1.0, 0.67, 0.44, 0.3], np.float32)
"""How much that share counts of a frame and of those before it: no more than rebuilding looks at anyhow, so that a render that
was broken off goes on with the same."""
_REBUILT_EYES, _REBUILT_MOUTH = 0.6, 0.4
"""Shares of what is rebuilt, and of grain, that eyes and mouth get: in sound frames they look elsewhere and say something else.
Light is put right there in full, and so is what is averaged, for that is averaged over frames in which they are alike."""


class FlickerCure:
    """See `contract.Cure`."""

    def __init__(self, patient: Patient) -> None:
        self._fusing, self._rebuilding = _Fusing(patient), RebuildingCure(patient, copying=False)
        self._pores = usual_texture([a.pixels for a in patient.anchors])
        self._mine: dict[int, tuple[Sight, bool]] = {}
        self._fused: dict[int, tuple[NDArray[float32], float]] = {}
        """Frame -> its crop when it was fused, and how far it is to be rebuilt."""
        self._shares: dict[int, float] = {}
        """Frame -> how far it looked drawn anew by itself, of the last ones."""
        self._face = patient
        far = np.linalg.norm(patient.usual[None, :, :2] - patient.points[:, None], axis=-1)
        self._nearest = far.argmin(1)
        """The mesh's point next to each of the five."""

    def push(self, sight: Sight, wanted: bool = True) -> list[Treated]:
        self._mine[sight.frame] = sight, wanted
        return self._finished(self._rebuilt(self._fusing.push(sight, wanted)))

    def flush(self) -> list[Treated]:
        return self._finished([*self._rebuilt(self._fusing.flush()), *self._rebuilding.flush()])

    def _rebuilt(self, fused: Iterable[Treated]) -> list[Treated]:
        rebuilt = []
        for frame, pixels in fused:
            sight, wanted = self._mine[frame]
            if wanted:
                self._shares[frame] = redrawn(sight.pixels, pixels)
            self._fused[frame] = pixels, self._share(frame)
            rebuilt += self._rebuilding.push(Sight(frame, pixels, sight.mesh), wanted)
        return rebuilt

    def _share(self, frame: int) -> float:
        """How far a frame is to be rebuilt."""
        self._shares = {f: share for f, share in self._shares.items() if frame - f < len(_SIGHT)}
        weights = [_SIGHT[frame - f] for f in self._shares]
        return float(np.average(list(self._shares.values()), weights=weights)) if weights else 0.0

    def _finished(self, rebuilt: Iterable[Treated]) -> list[Treated]:
        treated = []
        for frame, pixels in rebuilt:
            (fused, share), (sight, wanted) = self._fused.pop(frame), self._mine.pop(frame)
            # What was fused has lost its pores, and what was drawn anew its features, as far as detail flickers.
            far = min(1.0, self._face.flickers.get(frame, ALL).fine / _ANEW)
            out = fused
            if wanted and far:
                weight = self._weight(sight.mesh)
                out = fused + np.float32(share * far) * weight * (pixels - fused)
                if self._pores is not None:
                    out = np.clip(out + weight * regrain(out, self._pores, far), 0, 1)
            treated.append((frame, out))
        return treated

    def _weight(self, mesh: NDArray[float32]) -> NDArray[float32]:
        """(S, S, 3) how far what is rebuilt is taken in a face with that mesh."""
        face = self._face
        five = face.points + (mesh - face.usual)[self._nearest, :2]
        return threefold(face_mask(np.asarray(five, float32), face.side).features(_REBUILT_EYES, _REBUILT_MOUTH))


class _Fusing(FusedCure):
    """See `contract.Cure`. Light and features; pores are left as they are."""

    def __init__(self, patient: Patient) -> None:
        mixer = Calming(patient.usual, patient.points, patient.side, reach(patient.fps), patient.flickers)
        super().__init__(patient, radius(patient.fps), mixer=mixer)

    def values(self, sight: Sight) -> NDArray[float32]:
        return sight.pixels

    def finished(self, sight: Sight, made: NDArray[float32], fused: NDArray[float32]) -> NDArray[float32]:
        del made
        pixels = sight.pixels
        change = cv2.GaussianBlur(fused - pixels, (0, 0), OWN_DETAIL * pixels.shape[0])
        return np.clip(pixels + change, 0, 1).astype(np.float32)


def redrawn(pixels: NDArray[float32], fused: NDArray[float32]) -> float:
    """0..1: how far it is features that flicker, by what fusing does to a crop (S, S, 3), RGB 0..1."""
    change, seen = (_features(x) for x in (fused - pixels, fused))
    changed = float(change.mean() / max(float(seen.mean()), 1e-4))
    return float(np.clip((changed - _REDRAWN[0]) / (_REDRAWN[1] - _REDRAWN[0]), 0, 1))


def _features(pixels: NDArray[float32]) -> NDArray[float32]:
    """What of a crop lies between light and pores, in the middle of it, where an aligned face is."""
    small = resized(pixels, _LOOKED_AT_PX)
    fine, coarse = (cv2.GaussianBlur(small, (0, 0), sigma * _LOOKED_AT_PX) for sigma in _FEATURES)
    inner = slice(_LOOKED_AT_PX // 4, -_LOOKED_AT_PX // 4)
    return np.abs(fine - coarse)[inner, inner]


def radius(fps: float) -> int:
    """+-0.3 s: boiling is new in every frame, but the light of some of these frames is not that of the face as it is held."""
    return max(6, round(0.3 * fps))


def reach(fps: float) -> int:
    """+-0.2 s for all but the light, so that speech is not smeared."""
    return max(4, round(0.2 * fps))


SPEC = CureSpec(
    name="flicker",
    describe="fuses the frames along the skin, and rebuilds features that were drawn anew",
    look_ahead=lambda fps: radius(fps) + STEADY_FRAMES,
    eyes=1.0,
    mouth=1.0,
    start=FlickerCure,
    behind=behind,
    full_at=0.6,
    firm=True,
    rebuilds=True,
)
