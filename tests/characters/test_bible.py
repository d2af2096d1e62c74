"""A character on disk: written, edited by hand, read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from facefix.characters import bible
from facefix.characters.bible import Character, TextAnchors, View
from facefix.errors import InputError

FRONT, SIDE = View("front.png", "front", "neutral", master=True), View("side.png", "profile-left", "neutral")


def written(folder: Path) -> Character:
    text = TextAnchors(age=34, hair="auburn, short", light="soft window light from the left")
    one = Character("mia", folder / "mia", "agreed in writing", text, (FRONT, SIDE))
    bible.write(one, {"front.png": b"one", "side.png": b"two"})
    return one


def test_what_was_written_is_read(tmp_path: Path) -> None:
    one = written(tmp_path)
    assert bible.read(tmp_path, "mia") == one
    assert bible.names(tmp_path) == ["mia"]


def test_the_words_of_a_prompt_leave_the_light_to_the_scene() -> None:
    text = TextAnchors(age=34, hair="auburn", marks="a scar over the left brow", light="window light")
    assert text.prompt == "34 years old, auburn hair, a scar over the left brow"


def test_comments_and_own_fields_survive_a_change(tmp_path: Path) -> None:
    one = written(tmp_path)
    file = one.folder / bible.FILE
    file.write_text(
        "# ours\n" + file.read_text(encoding="utf-8").replace("age = 34", "age = 35  # since May"), encoding="utf-8"
    )
    again = bible.read(tmp_path, "mia")
    bible.write(bible.with_views(again, [View("up.png", "up", "neutral")]), {"up.png": b"three"})
    text = file.read_text(encoding="utf-8")
    assert "# ours" in text and "# since May" in text and bible.read(tmp_path, "mia").text.age == 35
    assert [view.file for view in bible.read(tmp_path, "mia").views] == ["front.png", "side.png", "up.png"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("schema = 1", "schema = 9"),
        ("age = 34", 'age = "old"'),
        ("age = 34", "agee = 34"),
        ('file = "side.png"', 'file = "../../secret.png"'),
        ('file = "side.png"', 'file = "gone.png"'),
        ("master = true", "master = false"),
        ("\n[[view]]", "\n[[view"),
    ],
)
def test_a_file_that_makes_no_sense_is_named_in_one_sentence(tmp_path: Path, old: str, new: str) -> None:
    file = written(tmp_path).folder / bible.FILE
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError, match=r"character\.toml"):
        bible.read(tmp_path, "mia")


def test_a_missing_character_is_told_with_those_there_are(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(InputError, match=r"tom: no such character .*\(mia\)"):
        bible.read(tmp_path, "tom")


def test_removing_leaves_what_is_not_ours(tmp_path: Path) -> None:
    one = written(tmp_path)
    (one.folder / "notes.txt").write_text("mine", encoding="utf-8")
    bible.remove(one)
    assert [path.name for path in one.folder.iterdir()] == ["notes.txt"]
    bible.remove(written(tmp_path / "b"))
    assert not (tmp_path / "b" / "mia").exists()
