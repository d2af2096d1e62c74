"""The command line from outside: the short sample through both passes, and input that cannot work."""

import json
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest
from tests.plans import plan_for

from facefix import pipeline
from facefix.cli import main
from facefix.cli.inspect import inspect
from facefix.diagnose.generators import GENERATORS
from facefix.media.probe import probe
from facefix.plan import dump
from facefix.types import Analysis, Judgement, Shot, Span

SHORT = Path(__file__).parents[2] / "samples" / "astronaut_short.mp4"


def _run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


def _pts(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [frame.pts for frame in container.decode(video=0)]


def _audio(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_fix_keeps_time_and_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "café 1.mp4"
    assert _run(SHORT, "-o", out) == 0
    assert _pts(out) == _pts(SHORT)
    assert _audio(out) == _audio(SHORT)
    assert "astronaut_short" in capsys.readouterr().out
    assert _run(SHORT, "-o", out) == 1
    assert "exists already" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["café 1.mp4"]


def test_a_plan_made_by_hand_is_rendered_and_changes_only_its_frames(tmp_path: Path) -> None:
    plan_file, out = tmp_path / "plan.json", tmp_path / "out.mp4"
    document = tmp_path / "d.json"
    assert _run("inspect", SHORT, "--json", document, "--plan", plan_file) == 0
    schema = json.loads(document.read_text())
    assert (schema["schema"], schema["clip"]["frames"], len(schema["tracks"])) == (1, 24, 1)
    signals = schema["tracks"][0]["signals"]
    assert all(len(values) == 24 for values in signals.values())
    assert _run("fix", SHORT, "--plan", plan_file, "-o", out, "--strength", "0.2") == 2
    assert _run("fix", SHORT, "--plan", plan_file, "-o", out) == 0
    assert _pts(out) == _pts(SHORT)


def test_what_a_repair_did_is_written_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan_file, out, told = tmp_path / "plan.json", tmp_path / "out.mp4", tmp_path / "told.json"
    dump(plan_for(SHORT, 24, "flicker"), plan_file)
    words = ["fix", SHORT, "--plan", plan_file, "-o", out, "--json"]
    assert _run(*words, told) == 0
    (proof,) = json.loads(told.read_text())["proofs"]
    assert (proof["mode"], proof["start"], proof["end"], proof["why"][:13]) == ("flicker", 0, 24, "Frames 0-24: ")
    assert proof["why"] in " ".join(capsys.readouterr().out.split())
    assert _run(*words, told) == 1
    assert "exists already" in capsys.readouterr().err
    assert _run(*words, "-", "-y") == 0
    assert json.loads(capsys.readouterr().out)["out"] == str(out)
    assert _run("fix", SHORT, "-o", tmp_path / "same.mp4", "--json", tmp_path / "same.mp4") == 1
    assert "--json names" in capsys.readouterr().err


def test_the_profile_names_the_stages_of_both_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = tmp_path / "told.json"
    assert _run(SHORT, "-o", tmp_path / "out.mp4", "--range", "0-6", "--codec", "libx264", "--profile", "--json", told) == 0
    printed = capsys.readouterr().out
    profile = json.loads(told.read_text())["profile"]
    assert {"decoding", "detecting faces", "meshing faces", "encoding"} <= set(profile["stages"])
    assert profile["stages"]["detecting faces"]["items"] == profile["stages"]["encoding"]["items"] == 6
    assert profile["wall_s"] > sum(profile["stages"][name]["seconds"] for name in ("detecting faces", "meshing faces")) > 0
    assert all(name in printed for name in profile["stages"])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [("missing.mp4", None, "missing.mp4"), ("empty.mp4", b"", "empty.mp4"), ("text.mp4", b"hello " * 99, "text.mp4")],
)
def test_bad_input_is_one_sentence(tmp_path: Path, capsys, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    before = sorted(tmp_path.iterdir())
    assert _run(tmp_path / name) == 1
    error = capsys.readouterr().err.strip()
    assert said in error
    assert "\n" not in error
    assert "Traceback" not in error
    assert sorted(tmp_path.iterdir()) == before


def test_one_bad_clip_of_several_does_not_stop_the_rest(tmp_path: Path) -> None:
    good, bad = tmp_path / "a.mp4", tmp_path / "b.mp4"
    good.write_bytes(SHORT.read_bytes())
    bad.write_bytes(b"nothing")
    assert _run(bad, good) == 3
    assert (tmp_path / "a_fixed.mp4").is_file()


def test_inspect_draws_the_faces_where_it_is_told_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new" / "report"
    words = ["inspect", str(SHORT), "--range", "2-6", "--report", str(folder)]
    assert _run(*words) == 0
    assert (folder / "astronaut_short_faces.png").read_bytes().startswith(b"\x89PNG")
    assert _run(*words) == 1
    assert "exists already" in capsys.readouterr().err
    assert _run(*words, "-y") == 0
    names = {"astronaut_short_faces.png", "astronaut_short_signals.png"}
    assert {path.name for path in folder.iterdir()} == names
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in names)


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--strict",), 4)])
def test_a_shot_past_saving_is_named_and_fails_the_strict(
    words: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = probe(SHORT)
    judgement = Judgement("regenerate", "face 0: collapsed for 0.7 s.", (Span(2, 20),))
    analysis = Analysis(clip, 24, Span(0, 24), (Shot(0, Span(0, 24)),), (), judgement)
    monkeypatch.setattr(pipeline, "analyse", lambda *_, **__: analysis)
    assert _run("inspect", SHORT, *words) == code
    said = "verdict: regenerate this shot, frames 2-20 (00:00:00:02-00:00:00:20): face 0: collapsed for 0.7 s."
    assert said in " ".join(capsys.readouterr().out.split())


def test_the_help_names_every_generator() -> None:
    (option,) = (p for p in inspect.params if p.name == "generator")
    assert all(name in (getattr(option, "help", None) or "") for name in GENERATORS)


def test_help_does_not_wait_for_the_networks() -> None:
    code = "import sys; from facefix.cli import cli; print(sorted({'torch', 'cv2', 'dlib', 'av'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "facefix", "--help"], capture_output=True, check=True)
    assert time.monotonic() - started < 5
