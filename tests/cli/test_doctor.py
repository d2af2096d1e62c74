"""What `facefix doctor` finds, says and exits with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from facefix import health
from facefix.cli import main
from facefix.health import Check


def _run(*words: object) -> int:
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return int(stop.value.code or 0)


@pytest.mark.usefixtures("roomy")
def test_the_doctor_finds_everything_in_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("doctor", "--json", "-", "--queue", tmp_path / "q.sqlite") == 0
    document = json.loads(capsys.readouterr().out)
    states = {check["about"]: check["state"] for check in document["checks"]}
    assert document["ok"] and states["encoders"] == "ok" and states["model mesh.safetensors"] == "ok"
    assert "device" in states and "folder of the queue" in states
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("roomy")
def test_the_doctor_names_what_is_damaged_and_its_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mesh.safetensors").write_bytes(b"broken")
    bad = [check for check in health.checks(str(tmp_path)) if check.state == "bad"]
    assert [check.about for check in bad] == ["model mesh.safetensors"]
    assert bad[0].cure == "pip install --force-reinstall facefix"
    monkeypatch.setattr(health, "checks", lambda *_: iter([Check("model x", "bad", "missing", "pip install x")]))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "facefix.toml").write_text("strenght = 1")
    assert _run("doctor") == 1
    said = capsys.readouterr().out
    assert "bad   model x: missing\n      -> pip install x\n" in said
    assert "facefix.toml, line 1: strenght" in said and "2 to mend." in said


def test_the_doctor_finds_fault_with_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_500_000_000))
    monkeypatch.chdir(tmp_path)
    assert _run("doctor", "--queue", tmp_path / "q.sqlite") == 1
    said = capsys.readouterr().out
    assert f"bad   disk here: 1.5 GB free\n      -> free some space at {tmp_path}\n" in said and "2 to mend." in said
