"""Pages made of clips whose every frame carries its number, so that a picture of the page tells which frame it shows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from tests.clips import Recipe, write_clip

from facefix.media.probe import probe
from facefix.pipeline import Proof, Report, write_index, write_page
from facefix.report.schema import outcome
from facefix.settings import Settings
from facefix.types import Analysis, Diagnosis, Face, Finding, Judgement, Shot, Span, Track

FRAMES, WIDTH, HEIGHT, BLOCK = 24, 320, 180, 48
BEFORE, AFTER = 60, 190
"""Grey of the two clips."""
STEP = 10
"""Grey of the blocks in both upper corners, times the frame's number."""
REGENERATE = Judgement("regenerate", "face 0: collapsed for 0.4 s.", (Span(14, 20),))
WARP = Finding("warp", 0, Span(4, 9), 0.72, "the nose bends.")
COLLAPSE = Finding("collapsed", 0, Span(14, 20), 0.9, "nothing is left.")
WAXY = Finding("waxy", 1, Span(2, 22), 0.4, "the skin has no pores.")


def pictures(grey: int) -> list[np.ndarray]:
    """One per frame: flat, its number in both upper corners."""
    made = []
    for number in range(FRAMES):
        picture = np.full((HEIGHT, WIDTH, 3), grey, np.uint8)
        picture[:BLOCK, :BLOCK] = picture[:BLOCK, -BLOCK:] = STEP * number
        made.append(picture)
    return made


def track(id: int, x: float) -> Track:
    """A face that stands still, 40 px wide."""
    box = np.array([x, 70, x + 40, 120], np.float32)
    points = np.array([[12, 18], [28, 18], [20, 27], [14, 36], [26, 36]], np.float32) + box[:2]
    return Track(id, 0, tuple(Face(n, box, points.astype(np.float32), 0.9) for n in range(FRAMES)))


def analysis(clip: Path) -> Analysis:
    """Two faces; one of them is past saving for some frames."""
    wave = np.linspace(0, 1, FRAMES, dtype=np.float32)
    one = Diagnosis(track(0, 80), 40.0, {"shape_warp": wave, "yaw": 90 * wave - 45}, (WARP, COLLAPSE), REGENERATE)
    two = Diagnosis(track(1, 200), 40.0, {"wax": 1 - wave}, (WAXY,), Judgement("repair", "face 1: waxy."))
    info = probe(clip)
    return Analysis(info, FRAMES, Span(0, FRAMES), (Shot(0, Span(0, FRAMES)),), (one, two), REGENERATE)


def report(clip: Path, out: Path) -> Report:
    """The warp got better, the wax was taken back, the collapse was left alone."""
    proofs = (
        Proof(0, "warp", WARP.span, "identity distance", 0.41, 0.28, True, True, "Frames 4-9: warp repaired."),
        Proof(1, "waxy", WAXY.span, "wax", 0.3, 0.5, False, False, "Frames 2-22: waxy left as it was."),
    )
    found = (WARP, COLLAPSE, WAXY)
    return Report(
        clip, out, None, FRAMES, 5, False, 2, found, (COLLAPSE, WAXY), REGENERATE, Fraction(25), (), 1.0, (WIDTH, HEIGHT),
        proofs=proofs,
    )  # fmt: skip


def made(folder: Path, name: str = "shot <1> & co #2.mp4") -> Path:
    """The page of a clip that was repaired, below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    lossless = Recipe(colour=(1, 1, 1, 1))
    clip, out = folder / name, folder / f"{Path(name).stem}_fixed.mp4"
    write_clip(clip, pictures(BEFORE), lossless)
    write_clip(out, pictures(AFTER), lossless)
    told = outcome(report(clip, out))
    return write_page(analysis(clip), folder / "report", Settings(device="cpu"), outcome=told)


def several(folder: Path) -> Path:
    """An index of three clips and one that failed."""
    made(folder, "b.mp4")
    for name, verdict in (("a10.mp4", "clean"), ("a9.mp4", "repair")):
        clip = write_clip(folder / name, pictures(BEFORE)[:4])
        found = Analysis(probe(clip), 4, Span(0, 4), (Shot(0, Span(0, 4)),), (), Judgement(verdict, f"{verdict} it is."))
        write_page(found, folder / "report" / "sub", Settings(device="cpu"))
    return write_index(folder / "report", [(folder / "c.mp4", "c.mp4 cannot be read.")])


def seen(png: bytes) -> np.ndarray:
    """(H, W) grey of a screenshot."""
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture
