"""What the stages say to each other: frozen records, no logic beyond a property, no torch, no cv2.

Conventions used everywhere: pixels are RGB; coordinates are (x, y) in source pixels of the picture as displayed (after
rotation), the centre of the top-left pixel being (0, 0); frames count from 0 and spans are half-open; time is an integer `pts`
in units of a `Fraction` time base, never a float.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from numpy import float32
from numpy.typing import NDArray

Pixels = NDArray[Any]
"""(H, W, 3) RGB, uint8 in 0..255 or uint16 in 0..65535 (sources of more than 8 bits)."""

Verdict = Literal["clean", "repair", "regenerate"]


@dataclass(frozen=True, slots=True)
class Span:
    """Frames `start` (inclusive) to `end` (exclusive)."""

    start: int
    end: int

    def __len__(self) -> int:
        return max(0, self.end - self.start)

    def __contains__(self, frame: int) -> bool:
        return self.start <= frame < self.end


@dataclass(frozen=True, slots=True)
class ColourTags:
    """Colour description as the stream declares it, in the code points of ITU-T H.273."""

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    """2 is "unspecified" for these three, and stays unspecified in the output."""
    range: int = 0
    """0 unspecified, 1 limited ("tv"), 2 full ("pc"): libavutil's AVColorRange."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The first video stream of a clip that is no cover picture."""

    index: int
    codec: str
    """libavcodec's name of the codec: h264, hevc, prores, vp9, av1 ..."""
    profile: str | None
    width: int
    height: int
    """Coded size in pixels, before rotation."""
    pixel_format: str
    bit_depth: int
    time_base: Fraction
    rate: Fraction | None
    """Average frames per second, for display and encoder hints only; timestamps rule."""
    declared_frames: int | None
    duration_s: Fraction | None
    rotation: int
    """Clockwise degrees (0, 90, 180, 270) a player turns the coded picture by."""
    sample_aspect_ratio: Fraction | None
    colour: ColourTags

    @property
    def display_size(self) -> tuple[int, int]:
        """(width, height) in pixels after rotation."""
        return (self.width, self.height) if self.rotation % 180 == 0 else (self.height, self.width)


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file says about who made it; each may be cut short, none is verified."""

    tags: tuple[tuple[str, str], ...] = ()
    """(name, text) of the container's and its streams' tags, names in lower case."""
    credentials: tuple[str, ...] = ()
    """Readable strings of its C2PA manifests: claim generators, software agents, certificate issuers ..."""


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """What a container says about itself, without a frame decoded."""

    path: Path
    container: str
    """libavformat's name list, such as "mov,mp4,m4a,3gp,3g2,mj2"."""
    video: VideoInfo
    audio_streams: int
    subtitle_streams: int
    duration_s: Fraction | None
    origin: Origin = Origin()


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture. RGB is made on demand (`media.colour.to_rgb`): most frames never need it."""

    index: int
    pts: int
    """In the video stream's time base."""
    duration: int
    """In the same unit; 0 where the container does not say."""
    picture: Any
    """av.VideoFrame in the source's own pixel format and coded orientation. Never written to."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A run of frames between two cuts."""

    index: int
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face in one frame."""

    frame: int
    box: NDArray[float32]
    """(4,) x0, y0, x1, y1."""
    points: NDArray[float32]
    """(5, 2): eyes (the person's right one first), nose tip, corners of the mouth likewise, as RetinaFace has them."""
    score: float
    """Detector confidence 0..1; 0 where the face was not seen but filled in between two sightings."""
    mesh: NDArray[float32] | None = None
    """(478, 3) or None."""
    identity: NDArray[float32] | None = None
    """(128,) dlib embedding where it was computed in this frame, else None. Same person: distance < ~0.5."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Head rotation in degrees. Yaw > 0: the face turns to image right; pitch > 0: down; roll > 0: clockwise."""

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A face as one picture shows it: what tells it from other faces, and from itself on another day."""

    identity: NDArray[float32] | None
    """(128,) as in `Face`; None where it cannot be told."""
    shape: NDArray[float32]
    """(478, 3) mesh unturned and laid on the mean face, in outer eye corner distances."""
    pose: Pose
    tone: NDArray[float32]
    """(3,) CIELAB L*, a*, b* of the skin: the median."""
    texture: NDArray[float32]
    """(bands, GRID, GRID) energy, as `repair.detail.TextureStats`."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One face through one shot: exactly one `Face` per frame of `span`, points smoothed, gaps filled."""

    id: int
    shot: int
    faces: tuple[Face, ...]

    @property
    def span(self) -> Span:
        return Span(self.faces[0].frame, self.faces[-1].frame + 1)

    def at(self, frame: int) -> Face | None:
        """The face in that frame, or None outside the span."""
        return self.faces[frame - self.faces[0].frame] if frame in self.span else None


Signals = Mapping[str, NDArray[float32]]
"""Signal name -> one value per frame of a track, NaN where not measured."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A failure of one face over some frames."""

    mode: str
    """Name of a registered failure mode."""
    track: int
    span: Span
    severity: float
    """0..1: 0.3 visible when looked for, 0.6 visible at once, 0.9 ruins the shot."""
    why: str
    """One plain sentence with the evidence in it."""
    evidence: Mapping[str, float] = field(default_factory=dict)
    steady: bool = False
    """Whether it is there in full from the span's first frame to its last, and neither comes nor goes."""
    rises: int = 0
    """Frames from the span's first one over which it grows to its severity; 0 where it does not grow."""
    lost: bool = False
    """Whether nothing is left of the face that a repair could work on."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and, in one plain sentence, what it rests on."""

    verdict: Verdict
    reason: str
    regenerate: tuple[Span, ...] = ()
    """Frames to generate anew, in order, apart from each other; empty unless the verdict is `regenerate`."""


@dataclass(frozen=True, slots=True)
class Generator:
    """What a clip is taken to have been made with."""

    name: str
    """Name of a registered preset, or "none"."""
    why: str
    """One plain sentence: who says so."""


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """A track with what was measured on it and what that means."""

    track: Track
    median_face_px: float
    signals: Signals
    findings: tuple[Finding, ...]
    judgement: Judgement
    character: str | None = None
    """Whose face it is; None: of no character that was asked for."""
    character_distance: float | None = None
    """Identity distance to that character's pictures, or to the nearest character's."""
    character_why: str = ""

    @property
    def verdict(self) -> Verdict:
        """That of the judgement."""
        return self.judgement.verdict


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Everything pass 1 knows about a clip."""

    clip: ClipInfo
    frames: int
    """Frames that decoded (in the whole clip, also when only a range was analysed)."""
    span: Span
    """Frames that were analysed."""
    shots: tuple[Shot, ...]
    diagnoses: tuple[Diagnosis, ...]
    judgement: Judgement
    """Of the clip: as bad as its worst face."""
    generator: Generator = Generator("none", "nobody asked.")
    warnings: tuple[str, ...] = ()
    """Sentences for the user: truncated file, frames skipped ..."""

    @property
    def verdict(self) -> Verdict:
        """That of the judgement."""
        return self.judgement.verdict


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A face brought to the square template of side S."""

    frame: int
    pixels: NDArray[float32]
    """(S, S, 3) RGB, 0..1."""
    transform: NDArray[float32]
    """(2, 3) affine, source pixels -> crop pixels."""


REGIONS = ("nose", "right_eye", "left_eye", "mouth", "jaw", "right_cheek", "left_cheek")
"""Parts of a face; right and left are the person's."""


@dataclass(frozen=True, slots=True, eq=False)
class Unturned:
    """A face's mesh with its pose, place and size taken out."""

    shape: NDArray[float32]
    """(478, 3) off the mean face: x to image right, y down, z away, in outer eye corner distances."""
    pose: Pose
    confidence: NDArray[float32]
    """(6,) 0..1 of right and left eye, right and left outline, nose, lips."""
    places: NDArray[float32]
    """(len(REGIONS), 2) their middles in `shape`, same unit."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Another frame's face moved into the pose of this one's crop: an anchor in place."""

    pixels: NDArray[float32]
    """(S, S, 3) RGB, 0..1."""
    coverage: NDArray[float32]
    """(S, S) 0..1: how far the anchor shows what belongs here."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A change to one face of one frame, in crop space: the composer adds it to the picture."""

    frame: int
    residual: NDArray[float32]
    """(S, S, 3) RGB, -1..1: wanted minus input, strength already applied."""
    mask: NDArray[float32]
    """(S, S), 0..1; exactly 0 where the picture must stay as it is."""
    transform: NDArray[float32]
    """(2, 3) affine, source pixels -> crop pixels."""
