"""Every command that README and docs show is one: its options exist, their values count, and what can run quickly runs.

They run on clips without a face, with a detector that finds none, so that nothing but the command itself takes time.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest
from tests.clips import moving, write_clip
from tests.plans import plan_for

from facefix.cli import cli, main
from facefix.models import zoo
from facefix.pipeline import analysing
from facefix.plan import dump
from facefix.settings import Settings, check

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_SKIPPED = re.compile(
    # What needs a download, a cluster, minutes, or something that is not there.
    r"models fetch|bench|--engine ray|--workers|hevc_nvenc|queue cancel|--scale|prores_ks"
    # And what goes on until it is interrupted.
    r"|watch(?!.*--once)"
    # And what needs a face: tests of their own have one.
    r"|--character|character (?:add|check|show)|anchor|compare(?! --)"
)


def _shown(page: Path) -> Iterator[str]:
    """The commands of a page."""
    text = page.read_text(encoding="utf-8")
    for language, block in _FENCED.findall(text):
        if language in ("", "sh", "bash"):
            yield from (line.strip() for line in block.splitlines() if line.strip().startswith("facefix "))
    for code in _INLINE.findall(_FENCED.sub("", text)):
        if code.startswith("facefix ") and code.split()[1:2] != ["[fix]"]:
            yield code


def _only_names(command: str) -> bool:
    """Whether it speaks of a command rather than gives one: `facefix inspect`, `facefix batch FOLDER`."""
    words = command.split()[1:]
    return not words or (words[0] in cli.commands and words != ["doctor"] and all(map(str.isupper, words[1:])))


COMMANDS = sorted({command for page in PAGES for command in _shown(page)})
RUNNABLE = [command for command in COMMANDS if not _SKIPPED.search(command) and not _only_names(command)]


def _parsed(words: list[str]) -> click.Context | None:
    """The context of the command that the words mean; None where they only name a command that takes more."""
    if words[0] in cli.commands and len(words) == 1:
        return None
    context: click.Context = cli.make_context("facefix", list(words))
    command: click.Command = cli
    left = [*context._protected_args, *context.args]
    while isinstance(command, click.Group):
        name, found, left = command.resolve_command(context, left)
        assert found is not None and name is not None
        command = found
        if isinstance(command, click.Group) and not left:
            return None
        context = command.make_context(name, list(left), parent=context)
        left = [*getattr(context, "_protected_args", []), *context.args]
    return context


def test_there_are_commands_to_check() -> None:
    assert len(COMMANDS) > 50 and len(RUNNABLE) > 30


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_shown_exists(command: str) -> None:
    try:
        context = _parsed(shlex.split(command, comments=True)[1:])
    except click.exceptions.Exit as stop:
        assert stop.exit_code == 0  # --version
        return
    if context is None:
        return
    settings = {option.name for option in context.command.params if str(option.envvar).startswith("FACEFIX_")}
    for name in settings & {item.name for item in fields(Settings)}:
        check(name, context.params[name])


@pytest.mark.parametrize("command", RUNNABLE)
@pytest.mark.usefixtures("roomy")
def test_a_command_that_is_shown_runs(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: Path) -> None:
    words = shlex.split(command, comments=True)[1:]
    for name in ("clip.mp4", "shots/sc01_a.mp4", "shots/sub/b.mp4", "incoming/c.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(clip, tmp_path / name)
    (tmp_path / "weights").mkdir()
    if "--plan" in words and words[0] != "inspect":
        dump(plan_for(clip, 80), tmp_path / "plan.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACEFIX_QUEUE", str(tmp_path / "queue.sqlite"))
    monkeypatch.setenv("FACEFIX_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setattr(analysing, "loaded", lambda *_: _NoFaces())
    # Their checksums are computed elsewhere.
    monkeypatch.setattr(zoo, "intact", lambda *_: True)
    with pytest.raises(SystemExit) as stop:
        main(words)
    assert int(stop.value.code or 0) == 0


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eighty frames without a face."""
    return write_clip(tmp_path_factory.mktemp("docs") / "clip.mp4", moving(80))


class _NoFaces:
    """A detector that finds none."""

    def detect(self, pictures: list[object], frames: list[int]) -> list[list[object]]:
        return [[] for _ in frames]


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} -> {target}"
