"""Pictures of an analysis: which frames of each face are worth a look, fetched and drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facefix.faces import align
from facefix.faces.mesh import topology
from facefix.media import colour, decode
from facefix.pipeline.progress import Progress, silent
from facefix.plan import best_frames
from facefix.report import sheet
from facefix.types import Analysis, Diagnosis, Face, Pixels, Span

WORST, BEST = 4, 3
"""Frames of each face that a sheet shows."""


def face_sheet(analysis: Analysis, *, progress: Progress = silent) -> bytes:
    """A PNG file: every face in its worst and its best frames, as it is and with its mesh."""
    chosen = {d.track.id: _chosen(d) for d in analysis.diagnoses}
    wanted = sorted({frame for frames in chosen.values() for frame, _ in frames})
    cells: dict[tuple[int, int], tuple[Pixels, NDArray[np.float32] | None]] = {}
    span = Span(wanted[0], wanted[-1] + 1) if wanted else Span(0, 0)
    for frame in decode.Decoder(analysis.clip, span) if wanted else ():
        faces = [(d.track.id, d.track.at(frame.index)) for d in analysis.diagnoses]
        shown = [(id, face) for id, face in faces if face and frame.index in {f for f, _ in chosen[id]}]
        rgb = colour.to_rgb(frame, analysis.clip) if shown else None
        for id, face in shown:
            if rgb is not None:
                cells[id, frame.index] = _cut(rgb, face)
        progress("drawing", frame.index - span.start + 1, len(span))
    rows = [
        sheet.Row(
            f"face {d.track.id}: frames {d.track.span.start}-{d.track.span.end}, {d.median_face_px:.0f} px, {d.verdict}",
            tuple(
                sheet.Cell(text, *cells[d.track.id, frame])
                for frame, text in chosen[d.track.id]
                if (d.track.id, frame) in cells
            ),
        )
        for d in analysis.diagnoses
    ]
    return sheet.png(rows, _edges())


def _chosen(diagnosis: Diagnosis) -> list[tuple[int, str]]:
    """Frames with a caption each: the middle of the worst findings, then the best frames."""
    findings = sorted(diagnosis.findings, key=lambda f: -f.severity)[:WORST]
    frames = [((f.span.start + f.span.end - 1) // 2, f"{f.mode} {f.severity:.2f}") for f in findings]
    track = diagnosis.track
    seen = [face for face in track.faces if face.score > 0 and all(abs(face.frame - frame) > 5 for frame, _ in frames)]
    doubtful = sorted(seen, key=lambda face: face.score)[: max(0, 2 - len(frames))]
    frames += [(face.frame, f"least sure {face.score:.2f}") for face in doubtful]
    frames += [(frame, "best") for frame in best_frames(diagnosis, BEST) if frame not in {f for f, _ in frames}]
    return [(frame, f"{frame}  {text}") for frame, text in frames]


def _cut(rgb: Pixels, face: Face) -> tuple[Pixels, NDArray[np.float32] | None]:
    """The face in a sheet's cell, and its mesh there."""
    matrix = align.transform(face.points, sheet.CELL_PX)
    picture = align.crop(rgb, matrix, sheet.CELL_PX, face.frame).pixels
    mesh = None if face.mesh is None else align.apply(matrix, face.mesh[:, :2])
    return np.rint(picture * 255).astype(np.uint8), mesh


def _edges() -> NDArray[np.int64]:
    """(E, 2) every edge of the mesh once."""
    triangles = np.asarray(topology.TRIANGLES)
    pairs = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    return np.unique(np.sort(pairs, axis=1), axis=0).astype(np.int64)
