from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from facefix.errors import ModelError, SettingsError
from facefix.models import zoo

CONTENT = b"weights"


@pytest.fixture
def row() -> zoo.ModelFile:
    source = zoo.ReleaseSource("someone/something", "v1", "net.pth")
    return zoo.ModelFile("net.pth", "restorer", "MIT", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), source)


def test_rows_are_unique_and_complete() -> None:
    assert len({row.name for row in zoo.TABLE}) == len(zoo.TABLE)
    for row in zoo.TABLE:
        assert len(bytes.fromhex(row.sha256)) == 32
        assert row.licence
        assert row.size > 1000
        assert "NC" not in row.licence


def test_packaged_files_are_found_and_are_the_published_ones() -> None:
    packaged = [row for row in zoo.TABLE if isinstance(row.source, zoo.PackageSource)]
    assert packaged
    for row in packaged:
        assert zoo.checked(row.name).is_file()


def test_our_own_files_come_along_with_their_cards() -> None:
    own = [row for row in zoo.TABLE if isinstance(row.source, zoo.OwnSource)]
    assert own
    for row in own:
        path = zoo.checked(row.name)
        assert path.stat().st_size < 10e6
        assert any(row.name in card.read_text(encoding="utf-8") for card in path.parent.glob("*.md"))


def test_the_users_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "centerface.onnx").write_bytes(b"mine")
    packaged = zoo.find("centerface.onnx")
    monkeypatch.setenv("FACEFIX_MODELS", str(tmp_path))
    assert zoo.find("centerface.onnx") == tmp_path / "centerface.onnx" != packaged
    with pytest.raises(ModelError, match="not the published"):
        zoo.checked("centerface.onnx")


def test_a_folder_can_be_named_for_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_variable, by_option = tmp_path / "variable", tmp_path / "option"
    for folder in (by_variable, by_option):
        folder.mkdir()
        (folder / "mesh.safetensors").touch()
    monkeypatch.setenv("FACEFIX_MODELS", str(by_variable))
    with zoo.searched(str(by_option)):
        assert zoo.find("mesh.safetensors").parent == zoo.folder() == by_option
        with zoo.searched(None), ThreadPoolExecutor(1) as other:
            assert zoo.find("mesh.safetensors").parent == by_option
            # What runs beside it is not told of it.
            assert other.submit(zoo.find, "mesh.safetensors").result().parent == by_variable
    assert zoo.find("mesh.safetensors").parent == zoo.folder() == by_variable
    monkeypatch.delenv("FACEFIX_MODELS")
    assert zoo.folder() == zoo.cache_folder()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(SettingsError, match=r"--models-dir .*nowhere: there is no"),
        zoo.searched(tmp_path / "nowhere"),
    ):
        pass


def test_a_missing_file_names_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEFIX_MODELS", str(tmp_path))
    monkeypatch.setattr(zoo, "cache_folder", lambda: tmp_path / "cache")
    with pytest.raises(ModelError, match=r"GFPGANv1\.4\.pth is not installed; run `facefix models fetch GFPGANv1\.4\.pth`\.$"):
        zoo.find("GFPGANv1.4.pth")
    missing = {status.entry.name for status in zoo.statuses() if status.path is None}
    assert "GFPGANv1.4.pth" in missing
    assert "centerface.onnx" not in missing
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "GFPGANv1.4.pth").touch()
    assert zoo.find("GFPGANv1.4.pth") == tmp_path / "cache" / "GFPGANv1.4.pth"


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(ModelError, match="models ls"):
        zoo.find("no_such.pth")


def test_a_file_that_changes_is_checked_again(tmp_path: Path, row: zoo.ModelFile) -> None:
    path = tmp_path / row.name
    path.write_bytes(CONTENT)
    zoo.verify(path, row)
    path.write_bytes(b"WEIGHTS")  # the same size
    os.utime(path, ns=(1, 1))
    with pytest.raises(ModelError, match="not the published"):
        zoo.verify(path, row)
    path.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        zoo.verify(path, row)
