"""Measuring the diagnosis: every case is written as a clip, analysed like any other, and compared with its labels."""

from __future__ import annotations

import json
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from facefix import pipeline
from facefix.bench import cases, clips, scoring
from facefix.bench.cases import Case, Label
from facefix.bench.clips import CleanClip
from facefix.bench.course import SECONDS, Progress, in_turn, silent
from facefix.bench.scoring import Outcome
from facefix.errors import OutputError
from facefix.types import Analysis


def measured(
    chosen: Sequence[Case], *, seconds: float = SECONDS, cache: Path | None = None, progress: Progress = silent
) -> Iterator[Outcome]:
    """Make and analyse the cases, one at a time; each outcome has the case, its labels, findings and signals per frame.

    Clips without a face are left out with a warning.

    Args:
        seconds: how much of each clip is used, from its start.
        cache: a folder to keep the clean clips' geometry in, for the next time.

    Raises:
        InputError: no clip of the cases shows a face.
        OutputError: the cache cannot be written.
    """
    for case, clip in in_turn(chosen, seconds, cache, progress):
        yield examined(case, clip)


def examined(case: Case, clip: CleanClip) -> Outcome:
    """Make one case in a temporary folder and analyse it."""
    labels = cases.place(case, clip)
    with tempfile.TemporaryDirectory(prefix="facefix-bench-") as folder:
        path = Path(folder) / "case.mkv"
        write(path, cases.pictures(case, clip, labels), clip.rate)
        since = time.perf_counter()
        analysis = pipeline.analyse(path)
        spent = time.perf_counter() - since
    findings = tuple(finding for diagnosis in analysis.diagnoses for finding in diagnosis.findings)
    return Outcome(
        case, labels, analysis.frames, float(clip.rate), findings, analysis.verdict, spent, _signals(analysis)
    )  # fmt: skip


def write(path: Path, pictures: Iterable[NDArray[np.uint8]], rate: Fraction) -> None:
    """Write (H, W, 3) uint8 RGB pictures of even sides without loss but that of colour's halved size: FFV1, yuv420p, BT.709,
    limited range, the same bytes from run to run. The container follows the suffix: .mkv."""
    with av.open(str(path), "w", container_options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("ffv1", rate=rate)
        assert isinstance(stream, av.VideoStream)
        context = stream.codec_context
        context.pix_fmt, context.color_range = "yuv420p", ColorRange.MPEG
        context.color_primaries = context.color_trc = context.colorspace = 1
        for number, pixels in enumerate(pictures):
            if number == 0:
                stream.height, stream.width = pixels.shape[:2]
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
                format="yuv420p",
                src_color_range=ColorRange.JPEG,
                dst_color_range=ColorRange.MPEG,
                dst_colorspace=Colorspace.ITU709,
            )
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def run(
    folder: Path,
    count: int,
    *,
    part: str = "all",
    seed: int = 0,
    seconds: float = SECONDS,
    cache: Path | None = None,
    signals: Path | None = None,
    progress: Progress = silent,
) -> list[Outcome]:
    """Draw cases from the clips of a folder and measure them all; `scoring.summary` makes the tables.

    Args:
        signals: an .npz that takes up each case's signals and labels as soon as it is measured (see `keep_signals`); what
            was there is replaced.

    Raises:
        InputError: the folder, or that part of it, has no clip with a face.
        OutputError: the cache or the signals cannot be written.
    """
    chosen = cases.choose(clips.clips_of(folder, part), count, seed)
    outcomes = []
    for outcome in measured(chosen, seconds=seconds, cache=cache, progress=progress):
        if signals is not None:
            keep_signals(outcome, len(outcomes), signals)
        outcomes.append(outcome)
    return outcomes


def keep_signals(outcome: Outcome, number: int, path: Path) -> None:
    """Add signals and labels of a case to an .npz: "<number>/signal/<name>" and "<number>/truth/<mode>", (frames,) each.

    "<number>/case" is JSON: the case's name, kind, doses and spans, its findings and verdict. Number 0 begins the file anew.

    Raises:
        OutputError: it cannot be written.
    """
    arrays: dict[str, Any] = {f"{number}/case": json.dumps(described(outcome))}
    arrays |= {f"{number}/signal/{name}": values for name, values in outcome.signals.items()}
    arrays |= {f"{number}/truth/{mode}": outcome.truth(mode).astype(np.float32) for mode in scoring.TRUTHS}
    try:
        # An .npz is a zip of arrays; NumPy itself only writes them all at once.
        with zipfile.ZipFile(path, "a" if number else "w", zipfile.ZIP_DEFLATED) as file:
            for name, values in arrays.items():
                with file.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(member, np.asanyarray(values), allow_pickle=False)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}).") from error


def kept_signals(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]]]]:
    """What `keep_signals` wrote of each case, in its order: the case as plain data, its signals and truths by their names."""
    with np.load(path) as rows:
        for key in (name for name in rows.files if name.endswith("/case")):
            number = key.removesuffix("/case")
            signals, truths = (
                {name.removeprefix(start): rows[name] for name in rows.files if name.startswith(start)}
                for start in (f"{number}/signal/", f"{number}/truth/")
            )
            yield json.loads(str(rows[key])), signals, truths


def described(outcome: Outcome) -> dict[str, Any]:
    """A case and what was found in it, as plain data."""
    case = outcome.case
    return {
        "name": case.name,
        "kind": case.kind,
        "part": case.part,
        "clip": case.clip.name,
        "seed": case.seed,
        "face_px": case.face_px,
        "confuser": case.confuser,
        "frames": outcome.frames,
        "fps": outcome.fps,
        "labels": [_label(label, outcome.frames) for label in outcome.labels],
        "findings": [
            {"mode": f.mode, "start": f.span.start, "end": f.span.end, "severity": round(f.severity, 3), "why": f.why}
            for f in outcome.findings
        ],
        "verdict": outcome.verdict,
    }


def _label(label: Label, frames: int) -> dict[str, Any]:
    shown = np.flatnonzero(label.frames(frames))
    return {
        "mode": label.mode,
        "variant": label.variant,
        "severity": label.severity,
        "start": int(shown[0]),
        "end": int(shown[-1]) + 1,
    }


def _signals(analysis: Analysis) -> dict[str, NDArray[np.float32]]:
    """Signals over the clip's frames; where tracks overlap, the longest speaks."""
    merged: dict[str, NDArray[np.float32]] = {}
    for diagnosis in sorted(analysis.diagnoses, key=lambda d: len(d.track.span)):
        span = diagnosis.track.span
        for name, values in diagnosis.signals.items():
            line = merged.setdefault(name, np.full(analysis.frames, np.nan, np.float32))
            line[span.start : span.end] = values
    return merged
