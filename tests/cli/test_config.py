"""`facefix.toml`, the environment and the command line: which counts, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.clips import moving, write_clip

from facefix import pipeline
from facefix.cli import main
from facefix.errors import FacefixError
from facefix.jobs import liveness
from facefix.jobs.store import Queue
from facefix.settings import Settings


def _run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own file; the working directory is `project/shots`."""
    monkeypatch.setenv("FACEFIX_CONFIG", str(tmp_path / "user.toml"))
    for name in ("FACEFIX_STRENGTH", "FACEFIX_MODELS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "project" / "shots").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "shots")
    return tmp_path / "user.toml"


@pytest.fixture
def project(user: Path) -> Path:
    return user.parent / "project" / "facefix.toml"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """Settings of every repair that was asked for; none is done."""
    seen: list[Settings] = []

    def repair(clip: Path, out: Path, settings: Settings, **_: Any) -> None:
        seen.append(settings)
        raise FacefixError("not now.")

    monkeypatch.setattr(pipeline, "repair", repair)
    return seen


def test_the_nearer_the_stronger(user: Path, project: Path, asked: list[Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    clip = write_clip(Path("a.mp4"))
    user.write_text("strength = 0.1\ncrf = 11\n[fix]\ncodec = 'libx265'\nonly = ['warp']\nstrength = 0.2\n")
    _run(clip)
    assert (asked[-1].strength, asked[-1].crf, asked[-1].codec, asked[-1].only) == (0.2, 11, "libx265", ("warp",))
    project.write_text("strength = 0.3\nonly = 'flicker,warp'\n")
    _run(clip)
    assert (asked[-1].strength, asked[-1].crf, asked[-1].only) == (0.3, 11, ("flicker", "warp"))
    monkeypatch.setenv("FACEFIX_STRENGTH", "0.4")
    _run(clip)
    assert asked[-1].strength == 0.4
    _run(clip, "--strength", 0.5)
    assert asked[-1].strength == 0.5
    Path("facefix.toml").write_text("crf = 12")
    monkeypatch.delenv("FACEFIX_STRENGTH")
    _run(clip)
    assert (asked[-1].strength, asked[-1].crf) == (0.2, 12)


def test_a_queue_gets_the_resolved_values(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_clip(Path("a.mp4"), moving(2))
    project.write_text("[batch]\nstrength = 0.25\ncodec = 'magic'\n")
    assert _run("batch", ".", "--queue", "q/queue.sqlite", "-o", "out") == 1
    assert "magic" in capsys.readouterr().err
    (job,) = Queue(Path("q/queue.sqlite"), liveness.alive).jobs()
    assert (job.order.settings.strength, job.order.settings.codec) == (0.25, "magic")


def test_folders_lie_beside_the_file(project: Path, asked: list[Settings]) -> None:
    project.write_text("models-dir = 'weights'")
    _run(write_clip(Path("a.mp4")))
    assert asked[-1].models_dir == str(project.parent / "weights")


def test_a_preferred_upscaler_waits_for_scale(project: Path, asked: list[Settings]) -> None:
    project.write_text("upscaler = 'lanczos'")
    clip = write_clip(Path("a.mp4"))
    _run(clip)
    _run(clip, "--scale", 2)
    assert [one.upscaler for one in asked] == ["auto", "lanczos"]
    assert _run(clip, "--upscaler", "lanczos") == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\nstrenght = 1", "line 2: strenght is no option of any command; did you mean strength?"),
        ("strength = 2", "line 1: strength = 2: 2.0 is not in the range 0.0<=x<=1.0."),
        ("[fix]\nstrength = 'x'", "line 2: strength = 'x': write a number."),
        ("[fix]\nworkers = 2", "line 2: workers is no option of `facefix fix`"),
        ("only = ['wrap']", "line 1: only = ['wrap']: --only wrap: choose from warp, "),
        ("[fiz]\nstrength = 1", "line 2: [fiz] is no command; did you mean fix?"),
        ("compare = 1", "line 1: compare = 1: write true or false."),
        ("codec = 264", "line 1: codec = 264: write text in quotes."),
        ("restorer = 'magic'", "line 1: restorer = 'magic': --restorer magic: choose from auto, "),
        ("range = '5-3'", "line 1: range = '5-3': --range 5-3: the end must come after the start."),
        ("device = 'tpu'", "line 1: device = 'tpu': --device tpu: choose auto, "),
        ("[watch]\non-done = 'rm'", "line 2: on-done counts in your own file only ("),
        ("log-file = '/a/b'", "line 1: log-file counts in your own file only ("),
        ("yes = true", "line 1: yes counts in your own file only ("),
        ("strength = ", "is no TOML file: "),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(
    text: str, said: str, project: Path, asked: list[Settings], capsys: pytest.CaptureFixture[str]
) -> None:
    project.write_text(text)
    assert _run(write_clip(Path("a.mp4"))) == 2
    error = capsys.readouterr().err.strip()
    assert error.startswith(f"facefix: {project}") and said in error and "\n" not in error
    assert not asked
    assert _run("--help") == 0
    assert _run("config", "path") == 0


def test_a_bad_variable_is_named(user: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FACEFIX_STRENGTH", "3")
    assert _run("a.mp4") == 2
    assert "(environment variable FACEFIX_STRENGTH)" in capsys.readouterr().err


def test_the_user_may_set_what_a_project_may_not(user: Path, asked: list[Settings]) -> None:
    user.write_text("yes = true")
    clip = write_clip(Path("a.mp4"))
    Path("a_fixed.mp4").write_bytes(b"old")
    assert _run(clip) == 1
    assert asked


def test_show_tells_values_and_origins(
    user: Path, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    user.write_text("crf = 11")
    project.write_text("# of this film\n\n[fix]\nonly = ['warp', 'drift']\n")
    monkeypatch.setenv("FACEFIX_STRENGTH", "0.4")
    assert _run("config", "show", "fix") == 0
    lines = {line.split(" = ")[0]: line.split(" = ")[-1] for line in capsys.readouterr().out.splitlines() if "=" in line}
    told = {key: [part.strip() for part in lines[key].split("  # ")] for key in ("crf", "only", "strength", "scale")}
    assert told == {
        "crf": ["11", f"{user}, line 1 (user)"],
        "only": ['["warp", "drift"]', f"{project}, line 4 (project)"],
        "strength": ['"0.4"', "environment variable FACEFIX_STRENGTH"],
        "scale": ["1", "default"],
    }
    assert _run("config", "show", "fiz") == 2
    assert _run("config", "show") == 0
    assert "[queue.run]" in capsys.readouterr().out
    assert _run("config", "path") == 0
    assert str(project) in capsys.readouterr().out
