"""The committed samples: what they promise, and that the script that made them still does."""

from __future__ import annotations

import importlib
import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from facefix.bench.faults import FAULTS

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "samples"
LABELS: dict[str, Any] = json.loads((SAMPLES / "astronaut_faults.json").read_text(encoding="utf-8"))["clips"]
DAMAGED = LABELS["astronaut_damaged.mp4"]


def decode(name: str, frames: set[int] | None = None) -> dict[int, NDArray[np.uint8]]:
    with av.open(str(SAMPLES / name)) as container:
        return {
            t: frame.to_ndarray(format="rgb24")
            for t, frame in enumerate(container.decode(video=0))
            if frames is None or t in frames
        }


def psnr(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def around(points: list[list[float]], reach: float) -> tuple[slice, slice]:
    """The square of half side `reach` eye distances around a face."""
    face = np.array(points)
    x, y = face.mean(0)
    r = reach * float(np.linalg.norm(face[1] - face[0]))
    return slice(max(0, int(y - r)), int(y + r)), slice(max(0, int(x - r)), int(x + r))


@pytest.mark.parametrize(
    ("name", "size", "frames", "largest"),
    [
        ("astronaut_clean.mp4", (1280, 720), 144, 5_000_000),
        ("astronaut_damaged.mp4", (1280, 720), 144, 5_000_000),
        ("astronaut_short.mp4", (640, 360), 24, 400_000),
    ],
)
def test_a_clip_is_what_it_says(name: str, size: tuple[int, int], frames: int, largest: int) -> None:
    assert (SAMPLES / name).stat().st_size < largest
    with av.open(str(SAMPLES / name)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        context = video.codec_context
        assert (video.width, video.height) == size
        assert context.pix_fmt == "yuv420p"
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 1, 1, 1)
        assert video.average_rate == 24
        assert (audio.rate, audio.channels) == (48_000, 2)
        assert audio.duration * audio.time_base == video.duration * video.time_base == frames / 24
        assert sum(1 for _ in container.decode(video=0)) == frames


def test_each_fault_has_a_span_of_its_own() -> None:
    faults = DAMAGED["faults"]
    assert sorted(fault["mode"] for fault in faults) == sorted(FAULTS)
    for fault in faults:
        assert 0.6 <= fault["severity"] <= 0.7 and fault["regions"]
    spans = [(fault["start"], fault["end"]) for fault in faults]
    for (_, end), (start, _) in pairwise(spans):
        assert start - end >= 0.4 * 24
    assert spans[0][0] >= 0.4 * 24
    (drift,) = (fault for fault in faults if fault["mode"] == "drift")
    assert drift["end"] == DAMAGED["frames"] and drift["end"] - drift["start"] >= 1.5 * 24


def test_the_damage_lies_where_the_labels_say() -> None:
    clean, damaged = decode("astronaut_clean.mp4"), decode("astronaut_damaged.mp4")
    similarity = [psnr(clean[t][box], damaged[t][box]) for t, p in enumerate(DAMAGED["points"]) for box in [around(p, 1.0)]]
    faulty = {t for fault in DAMAGED["faults"] for t in range(fault["start"], fault["end"])}
    fine = [value for t, value in enumerate(similarity) if t not in faulty]
    # two encodings of the same grainy frames differ a little everywhere
    assert min(fine) > 33
    for fault in DAMAGED["faults"]:
        inner = similarity[fault["start"] : fault["end"]]
        assert min(inner) < min(fine) - 5, fault["mode"]
    middle = 28
    rows, columns = around(DAMAGED["points"][middle], 1.9)
    outside = np.ones(clean[middle].shape[:2], bool)
    outside[rows, columns] = False
    assert psnr(clean[middle][outside], damaged[middle][outside]) > 33


def test_the_head_lives() -> None:
    """The points turn, nod and talk: a photograph that only slides keeps its proportions."""
    points = np.array(DAMAGED["points"])
    eyes = points[:, 1] - points[:, 0]
    nose = ((points[:, 2] - points[:, 0]) * eyes).sum(-1) / (eyes**2).sum(-1)
    assert np.ptp(nose) > 0.3
    roll = np.degrees(np.arctan2(eyes[:, 1], eyes[:, 0]))
    assert np.ptp(roll) > 4
    assert np.abs(np.diff(points, axis=0)).max() < 12, "no jumps"


@pytest.fixture
def portrait(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script's own modules, importable as it imports them."""
    pytest.importorskip("skimage")
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    for name in ("camera", "performance", "texture"):
        importlib.import_module(f"living_portrait.{name}")
    yield importlib.import_module("living_portrait")
    for name in [name for name in sys.modules if name.startswith("living_portrait")]:
        del sys.modules[name]


def test_the_script_still_makes_the_clip(portrait: Any) -> None:
    layers, moments = portrait.texture.build_layers(7), portrait.performance.perform(7)
    assert len(moments) == DAMAGED["frames"]
    for t, committed in decode("astronaut_clean.mp4", {12, 92}).items():
        drawn = portrait.camera.draw(layers, moments[t], 7, t)
        assert psnr(drawn, committed) > 30
        points = portrait.camera.locate(layers, moments[t])
        assert np.allclose(points, DAMAGED["points"][t], atol=0.02)


def test_the_true_points_agree_with_a_detector() -> None:
    from facefix.faces.detectors import DETECTORS

    detector = next(iter(DETECTORS.values())).load("cpu")
    for t, picture in decode("astronaut_clean.mp4", {0, 34, 92}).items():
        faces = detector.detect([picture], [t])[0]
        assert len(faces) == 1
        truth = np.array(DAMAGED["points"][t])
        apart = np.linalg.norm(faces[0].points - truth, axis=1) / np.linalg.norm(truth[1] - truth[0])
        assert apart.mean() < 0.08, (t, apart)
