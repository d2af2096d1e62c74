"""Single frames, before and after."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.clips import LOSSLESS_HEVC, Recipe, moving, number_in, write_clip

from facefix.cli import main
from facefix.media import colour, decode
from facefix.media.probe import probe
from facefix.pipeline.stilling import Stills


def _run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def _read(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    return picture[..., ::-1]


def test_frames_and_times_of_a_clean_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = write_clip(tmp_path / "a.mp4")
    told = tmp_path / "told.json"
    assert _run(clip, "--frames", "3,0.2s", "--json", told) == 0
    names = [f"a_fixed_frame_{number:06}_{side}.png" for number in (3, 5) for side in ("before", "after")]
    assert sorted(path.name for path in tmp_path.glob("*.png")) == sorted(names)
    assert [Path(still).name for still in json.loads(told.read_text())["stills"]] == names
    assert [number_in(_read(tmp_path / name)) for name in names] == [3, 3, 5, 5]
    assert json.loads(told.read_text())["copied"]
    assert "4 stills beside it" in capsys.readouterr().out
    assert _run(clip, "-o", tmp_path / "a_fixed.mp4", "--frames", "3") == 1
    (tmp_path / "a_fixed.mp4").unlink()
    assert _run(clip, "--frames", "3") == 1
    assert "frame_000003_before.png: exists already" in capsys.readouterr().err
    assert not (tmp_path / "a_fixed.mp4").exists()


def test_depth_rotation_and_scale_are_those_of_the_result(tmp_path: Path) -> None:
    deep = write_clip(
        tmp_path / "deep.mp4", moving(3), Recipe(codec="libx265", pixel_format="yuv420p10le", options=LOSSLESS_HEVC)
    )
    assert _run(deep, "--frames", 2, "--scale", 2, "--upscaler", "lanczos") == 0
    before, after = (_read(tmp_path / f"deep_fixed_frame_000002_{side}.png") for side in ("before", "after"))
    assert before.dtype == after.dtype == np.uint16
    assert (before.shape, after.shape) == ((64, 96, 3), (128, 192, 3))
    turned = write_clip(tmp_path / "turned.mp4", moving(2), Recipe(rotation=90))
    assert _run(turned, "--frames", 1) == 0
    assert _read(tmp_path / "turned_fixed_frame_000001_after.png").shape == (96, 64, 3)


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ("12", "--frames 12: is frame 12, and"),
        ("2s", "--frames 2s: is frame 50, and"),
        ("1-2", "--frames 1-2: cannot read '1-2'; write frames as 40 or times as 1.5s or 0:01."),
    ],
)
def test_frames_that_are_not_there_are_refused(
    frames: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(write_clip(tmp_path / "a.mp4"), "--frames", frames) == 2
    assert said in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_what_was_made_of_a_frame_is_kept_as_it_is(tmp_path: Path) -> None:
    clip = probe(write_clip(tmp_path / "a.mp4"))
    stills = Stills(clip, tmp_path / "out.mp4", (4,))
    with stills.folder(None) as folder:
        for frame in decode.Decoder(clip):
            stills.keep(folder, frame, 255 - colour.to_rgb(frame, clip))
        assert not list(tmp_path.glob("*.png"))
        stills.deliver(folder)
    assert not folder.exists()
    before, after = (_read(path) for path in stills.places)
    assert np.array_equal(after, 255 - before) and number_in(before) == 4
