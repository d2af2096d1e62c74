import json
import os
from pathlib import Path
from typing import Any

import pytest

from facefix.errors import InputError, OutputError
from facefix.files import check_output, clips_in, folder_made, output_path, write_text


def test_names_of_outputs(tmp_path: Path) -> None:
    clip = tmp_path / "shots" / "day 1" / "café.mov"
    root = tmp_path / "shots"
    assert output_path(clip, None, None, several=False) == clip.with_name("café_fixed.mov")
    assert output_path(clip, None, None, several=False, tag="0:01-3s") == clip.with_name("café_fixed_0.01-3s.mov")
    assert output_path(clip, root, None, several=True) == tmp_path / "shots_fixed" / "day 1" / "café.mov"
    assert output_path(clip, root, tmp_path / "o", several=True) == tmp_path / "o" / "day 1" / "café.mov"
    assert output_path(clip, None, tmp_path, several=False) == tmp_path / "café_fixed.mov"
    assert output_path(clip, None, tmp_path / "x.mov", several=False) == tmp_path / "x.mov"
    assert output_path(clip, None, None, several=False, suffix=".mkv") == clip.with_name("café_fixed.mkv")
    assert output_path(clip, root, None, several=True, suffix=".mkv") == tmp_path / "shots_fixed" / "day 1" / "café.mkv"


def test_folder_walk_skips_hidden_and_foreign_files(tmp_path: Path) -> None:
    for name in ("b.MP4", "sub/a.mov", ".cache/c.mp4", "notes.txt", "d.mp4.part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".cache" / "empty").mkdir()
    assert clips_in(tmp_path) == [tmp_path / "b.MP4", tmp_path / "sub" / "a.mov"]
    with pytest.raises(InputError, match="holds no video clip"):
        clips_in(tmp_path / ".cache" / "empty")


def test_outputs_that_would_lose_something_are_refused(tmp_path: Path) -> None:
    clip, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    clip.write_text("x")
    other.write_text("y")
    link = tmp_path / "link.mp4"
    link.symlink_to(clip)
    for out in (clip, link):
        with pytest.raises(OutputError, match="the output is the input"):
            check_output(clip, out, overwrite=True)
    check_output(clip, other, overwrite=True)
    dangling = tmp_path / "dangling.mp4"
    dangling.symlink_to(tmp_path / "nowhere.mp4")
    for out in (other, dangling):
        with pytest.raises(OutputError, match="exists already; -y"):
            check_output(clip, out, overwrite=False)


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("no/c.mp4", "no such folder"),
        ("a.mp4/c.mp4", "is a file, not a folder"),
        (".", "is a folder; name a file"),
        ("x" * 252 + ".mp4", "cannot be written .*too long"),
        ("x" * 248 + ".mp4", "cannot be written .*too long"),
    ],
)
def test_outputs_that_cannot_be_are_refused_before_the_work(tmp_path: Path, out: str, said: str) -> None:
    (tmp_path / "a.mp4").write_text("x")
    with pytest.raises(OutputError, match=said):
        check_output(tmp_path / "a.mp4", tmp_path / out, overwrite=False)


def test_a_folder_made_for_results_stays_only_with_results(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), folder_made(tmp_path / "a" / "b"):
        raise ZeroDivisionError
    assert not (tmp_path / "a").exists()
    with folder_made(tmp_path / "a" / "b"):
        (tmp_path / "a" / "b" / "result").touch()
    with folder_made(tmp_path / "a"):
        pass
    assert (tmp_path / "a" / "b" / "result").exists()
    with pytest.raises(OutputError, match="cannot be made"), folder_made(tmp_path / "a" / "b" / "result" / "c"):
        pass


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="read-only"):
        check_output(tmp_path / "a.mp4", locked / "b.mp4", overwrite=False)


def test_a_folder_that_will_be_made_is_not_missed_nor_made_for_the_look(tmp_path: Path) -> None:
    """Workers look at the same time: what one makes and removes again for its look, another would miss."""
    check_output(tmp_path / "a.mp4", tmp_path / "new" / "one" / "b.mp4", overwrite=False, made=True)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file, not a folder"):
        check_output(tmp_path / "a.mp4", tmp_path / "file" / "one" / "b.mp4", overwrite=False, made=True)
    with pytest.raises(OutputError, match="cannot be written"):
        check_output(tmp_path / "a.mp4", tmp_path / "new" / f"{'b' * 300}.mp4", overwrite=False, made=True)


def test_small_files_are_written_whole(tmp_path: Path) -> None:
    write_text(tmp_path / "a.json", "é")
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == "é"
    write_text(tmp_path / "a.json", '"\udcff"')
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == "\udcff"
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(tmp_path / "no" / "a.json", "x")
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_that_another_worker_removes_while_it_is_made_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []
    make = Path.mkdir

    def raced(self: Path, *words: Any, **named: Any) -> None:
        tries.append(self)
        if len(tries) == 1:
            raise FileExistsError(17, "File exists", str(self))
        make(self, *words, **named)

    monkeypatch.setattr(Path, "mkdir", raced)
    with folder_made(tmp_path / "out"):
        assert (tmp_path / "out").is_dir()
