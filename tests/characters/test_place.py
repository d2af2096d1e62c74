from pathlib import Path

import pytest

from facefix.characters import place
from facefix.errors import SettingsError


def test_what_is_asked_for_goes_before_the_variable_before_the_project_before_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, scene = tmp_path / "film", tmp_path / "film" / "scenes" / "one"
    scene.mkdir(parents=True)
    monkeypatch.delenv(place.VARIABLE, raising=False)
    assert place.folder(start=scene).parent != project
    (project / "characters").mkdir()
    assert place.folder(start=scene) == project / "characters"
    monkeypatch.setenv(place.VARIABLE, str(tmp_path / "elsewhere"))
    assert place.folder(start=scene) == tmp_path / "elsewhere"
    assert place.folder(str(tmp_path / "asked"), scene) == tmp_path / "asked"


@pytest.mark.parametrize("name", ["mia", "Old Tom", "Zoë", "agent-7_b"])
def test_names_that_are_folders_are_names(name: str) -> None:
    assert place.checked(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "../mia", "a/b", "a\\b", " mia", "a=b", ".hidden", "x" * 65, "a\nb"])
def test_names_that_lead_elsewhere_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="no name for a character"):
        place.checked(name)
