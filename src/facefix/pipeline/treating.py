"""From a plan to patches: which faces are treated in which frame, with a look-ahead but bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.errors import PlanError
from facefix.faces import align, identity
from facefix.faces.mesh import framing, topology
from facefix.faces.mesh.straightening import Straightener
from facefix.media import colour
from facefix.models import devices
from facefix.pipeline import flickering, holding, trial
from facefix.pipeline.anchoring import cast_of, reference
from facefix.pipeline.dosing import curves, faded, source_px
from facefix.pipeline.flickering import flickers
from facefix.pipeline.gauges import Instruments
from facefix.pipeline.loading import loaded
from facefix.pipeline.measuring import Laid
from facefix.pipeline.overlapping import ahead
from facefix.pipeline.parsing import Parsing
from facefix.pipeline.preparing import Known, crop_of, know
from facefix.pipeline.profiling import clocked
from facefix.pipeline.progress import Progress, fps, silent
from facefix.pipeline.registering import registered, to_be_viewed
from facefix.pipeline.resembling import resembled
from facefix.pipeline.straightening import Straightening, straightened
from facefix.pipeline.trial import Refused
from facefix.plan import Plan, PlannedTrack, Treatment
from facefix.repair import masks, registration, shake
from facefix.repair.cures import CURES, Patient
from facefix.repair.face import Admitted, Course, FaceRepair, crop_side
from facefix.repair.registration import registering
from facefix.repair.registration.registering import Registrar
from facefix.repair.restorers import FAITHFUL, RESTORERS, named
from facefix.repair.restorers.anchored import AnchoredRestorer
from facefix.repair.restorers.anchored import restoring as anchored_restorer
from facefix.repair.restorers.rounds import Rounds
from facefix.repair.shake import reading
from facefix.repair.shake.reading import ShakeReader
from facefix.settings import Settings
from facefix.types import ClipInfo, Frame, Patch, Pixels

_DIRECTIONS = 8
"""In which drift moves faces, that are tried: 95 % of what it does, as far as the mesh sees it."""

_ROUND = 8
"""Crops, of all faces and frames, that a GPU's restorer is given at once."""

_ADMITTED = 2
"""Frames whose faces are cut out ahead: each takes up to 12 MB a face."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackRepair:
    """A face under repair: its geometry from the plan, and the one who treats it."""

    case: _Case
    treatments: tuple[Treatment, ...]
    known: Known
    face: FaceRepair

    def admitted(self, rgb: Pixels, frame: int) -> Admitted:
        """The face in a wanted frame, for `face.treat`."""
        track = self.case.track
        points = track.points[frame - track.span.start]
        crop = crop_of(rgb, points, self.case.side, frame)
        mesh, wanted = (framing.through(crop.transform, m) for m in self.known.at(frame))
        return self.face.admitted(crop, points, mesh, wanted)

    def only(self, kept: Sequence[Treatment]) -> TrackRepair | None:
        """The same with no treatments but those; None where none of them is its own. Untried, as they have been tried."""
        left = [t for t in self.treatments if any(t is one for one in kept)]
        return self if len(left) == len(self.treatments) else self.case.repair(left) if left else None


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """All that a render needs to know of its faces."""

    repairs: list[TrackRepair]
    instruments: Instruments
    """What the result may be measured with."""
    refused: tuple[Refused, ...] = ()
    """Treatments of the plan that are left out, because they would do harm."""
    faded: tuple[Treatment, ...] = ()
    """And because the face is hardly seen all the while."""


def prepare(plan: Plan, clip: ClipInfo, settings: Settings, progress: Progress = silent, laid: Laid | None = None) -> Prepared:
    """One `TrackRepair` per treated track of the plan; loads networks, follows the faces, tries the repairs.

    Args:
        laid: meshes of the plan's tracks, where this process has measured them; the others are measured.

    Raises:
        PlanError: the plan asks for a mode without a cure or for an unknown restorer.
        ModelError: the restorer's weights are missing.
    """
    for treatment in plan.treatments:
        if treatment.mode not in CURES:
            raise PlanError(f"The plan asks to treat {treatment.mode}; facefix can treat {', '.join(CURES)}.")
    if plan.restorer != "auto" and plan.restorer not in RESTORERS:
        raise PlanError(f"The plan asks for the restorer {plan.restorer!r}; choose from {', '.join(RESTORERS)}.")
    nothing = faded(plan)
    plan = replace(plan, treatments=tuple(t for t in plan.treatments if all(t is not one for one in nothing)))
    cast = cast_of(plan, settings)
    instruments = Instruments(settings.devices[0])
    tracks = [t for t in plan.tracks if any(treatment.track == t.id for treatment in plan.treatments)]
    if not tracks:
        return Prepared([], instruments, faded=nothing)
    modes = {t.mode for t in plan.treatments}
    spec = named(plan.restorer) if modes & set(trial.REDRAWN) else RESTORERS["none"]
    size = _ROUND if devices.resolve(settings.devices[0]).type != "cpu" else 1
    restorer = Rounds(loaded(spec.load, spec.files, settings.devices[0]), size)
    tried = {*trial.REBUILT, *(trial.REDRAWN if spec.invents else ())}
    rebuilt = {mode for mode in modes if CURES[mode].rebuilds}
    anchored = loaded(AnchoredRestorer, (anchored_restorer.WEIGHTS,), settings.devices[0]) if rebuilt else None
    sides = {track.id: crop_side(source_px(track)) for track in tracks}
    mask = masks.named(settings.mask, settings.devices[0])
    parser = loaded(mask.load, mask.files, settings.devices[0])
    samples = {track.id: _samples([t for t in plan.treatments if t.mode in tried], track) for track in tracks}
    parsing = None if parser is None else Parsing(parser, tracks, plan.treatments)
    seen_small = {track.id: _seen_small(track, plan.treatments, fps(clip)) for track in tracks}
    viewed = {id_: frames for id_, frames in seen_small.items() if frames}
    off_place, shaken = modes & set(registration.MODES), modes & set(shake.MODES)
    registrar = loaded(Registrar, (registering.WEIGHTS,), settings.devices[0]) if off_place else None
    shakes = loaded(ShakeReader, (reading.WEIGHTS,), settings.devices[0]) if shaken else None
    again = {t.track for t in plan.treatments if t.mode in rebuilt}
    known = know(clip, tracks, plan.treatments, sides, samples, settings.devices[0], progress, parsing, laid, viewed, again)
    judge = instruments.identity if modes & tried else None
    own_too = spec.invents and plan.restorer == "auto"
    faithful = Rounds(loaded(FAITHFUL.load, FAITHFUL.files, settings.devices[0]), size) if own_too else None
    straightening = Straightening(Straightener(), shakes, fps(clip))
    tools = _Tools(restorer, faithful, anchored, judge, tried, straightening, registrar)
    repairs, refused = [], []
    for track in tracks:
        seen = known[track.id]
        if track.character is not None:
            someone, strength = cast[track.character]
            seen = replace(seen, reference=reference(someone, sides[track.id], source_px(track), strength))
        case = _Case(track, seen, sides[track.id], tools)
        repair, harmful = _tried(case, [t for t in plan.treatments if t.track == track.id])
        refused += harmful
        repairs += [repair] if repair is not None else []
    return Prepared(repairs, instruments, tuple(refused), nothing)


@dataclass(frozen=True, slots=True, eq=False)
class _Tools:
    restorer: Rounds
    faithful: Rounds | None
    """For faces of which `restorer` would make somebody else; None where it makes nobody another, or was asked for by name."""
    anchored: AnchoredRestorer | None
    judge: identity.Identity | None
    """None where no cure is to be tried."""
    tried: Collection[str]
    """Modes whose cures are to be tried."""
    straightening: Straightening
    registrar: Registrar | None
    """None where no mesh is to be held against the picture."""


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """A face, before it is decided what is done to it."""

    track: PlannedTrack
    seen: Known
    """Nothing straightened."""
    side: int
    tools: _Tools

    def repair(self, treatments: Sequence[Treatment]) -> TrackRepair:
        """Who treats the face so."""
        track, tools = self.track, self.tools
        full, grown = curves(treatments, track)
        known = straightened(tools.straightening, self.seen, track, treatments, full)
        if tools.registrar is not None:
            known = registered(tools.registrar, known, track, treatments, full)
        if tools.judge is not None and known.reference is not None and "drift" in full:
            directions = tools.straightening.straightener.directions("drift", _DIRECTIONS)
            with clocked("resembling"):
                known = resembled(tools.judge, known, track, treatments, full, directions)
        usual = _usual(track, known, self.side)
        patient = Patient(
            restorer=tools.restorer,
            anchored=tools.anchored,
            anchors=known.anchors,
            around=known.around,
            references=known.best[len(known.anchors) :],
            usual=usual,
            points=framing.five_points(usual),
            side=self.side,
            triangles=topology.TRIANGLES,
            source_px=source_px(track),
            fps=tools.straightening.rate,
        )
        patient = replace(patient, flickers=flickers(patient, known, track, treatments))
        # Features go back as far as the mesh tells by itself, frame by frame; colours as far as the fault has come.
        course = Course(track.span, grown, patient, known.shown)
        return TrackRepair(self, tuple(treatments), known, FaceRepair(course))


def _tried(case: _Case, treatments: Sequence[Treatment]) -> tuple[TrackRepair | None, list[Refused]]:
    """Who treats the face, None where nothing is left to treat, and what is left out."""
    repair, judge = case.repair(treatments), case.tools.judge
    if judge is None:
        return repair, []
    course, doubtful = repair.face.course, [t for t in treatments if t.mode in case.tools.tried]
    with clocked("trying repairs", len(doubtful)):
        harmful = trial.refused(judge, case.track, doubtful, repair.known, course.curves, course.patient)
    redrawn = [one for one in harmful if one.treatment.mode in trial.REDRAWN]
    if redrawn and case.tools.faithful is not None:
        repair = replace(case, tools=replace(case.tools, restorer=case.tools.faithful)).repair(treatments)
        harmful = [one for one in harmful if one not in redrawn]
    return repair.only([t for t in treatments if all(t is not one.treatment for one in harmful)]), harmful


def _seen_small(track: PlannedTrack, treatments: Sequence[Treatment], rate: float) -> frozenset[int]:
    """Frames of a track of which small grey pictures are kept."""
    held = holding.to_be_seen(track, treatments) | flickering.to_be_seen(track, treatments, rate)
    return held | to_be_viewed(track, treatments, rate)


def _samples(treatments: Iterable[Treatment], track: PlannedTrack) -> set[int]:
    """Frames of a track to try those of the treatments on that are its own."""
    whole = range(track.span.start, track.span.end)
    return {frame for t in treatments if t.track == track.id for frame in trial.sampled(t, whole)}


def _usual(track: PlannedTrack, known: Known, side: int) -> NDArray[float32]:
    """(478, 3) the median mesh in the crops of a track."""
    first = known.span.start - track.span.start
    points = track.points[first : first + len(known.span)]
    return np.median([framing.through(align.transform(p, side), m) for m, p in zip(known.wanted, points, strict=True)], axis=0)


def treated(frames: Iterable[Frame], clip: ClipInfo, repairs: Sequence[TrackRepair]) -> Iterator[tuple[Frame, list[Patch]]]:
    """Every frame with its patches, in order. Holds back only as many frames as the longest delay needs."""
    waiting: deque[Frame] = deque()
    ready: dict[int, list[Patch]] = {}
    delay = max((repair.face.delay for repair in repairs), default=0)

    def keep(patches: Iterable[Patch]) -> None:
        for patch in patches:
            ready.setdefault(patch.frame, []).append(patch)

    for frame, faces in ahead(_admitted(frames, clip, repairs), _ADMITTED):
        waiting.append(frame)
        for repair, face in faces:
            keep(repair.face.treat(face))
        while len(waiting) > delay:
            first = waiting.popleft()
            yield first, ready.pop(first.index, [])
    for repair in repairs:
        keep(repair.face.flush())
    for first in waiting:
        yield first, ready.pop(first.index, [])


def _admitted(
    frames: Iterable[Frame], clip: ClipInfo, repairs: Sequence[TrackRepair]
) -> Iterator[tuple[Frame, list[tuple[TrackRepair, Admitted]]]]:
    """Every frame with the faces in it that are wanted."""
    for frame in frames:
        wanted = [repair for repair in repairs if repair.face.wants(frame.index)]
        with clocked("to RGB", bool(wanted)):
            rgb = colour.to_rgb(frame, clip) if wanted else None
        with clocked("cutting out faces", len(wanted)):
            faces = [] if rgb is None else [(repair, repair.admitted(rgb, frame.index)) for repair in wanted]
        yield frame, faces
