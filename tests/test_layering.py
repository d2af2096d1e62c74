"""The rules of the layout, checked on the source text."""

import ast
from pathlib import Path

import facefix

SOURCE = Path(facefix.__file__).parent
STAGES = {"media", "shots", "faces", "diagnose", "repair", "compose", "upscale"}
SHARED = {"types", "errors"}
WITH_TORCH = {"faces", "diagnose", "repair", "upscale", "models", "bench"}


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return names


def _stage(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def test_stages_never_import_each_other() -> None:
    for path in SOURCE.rglob("*.py"):
        stage = _stage(path)
        if stage not in STAGES:
            continue
        for name in _imports(path):
            if name.startswith("facefix."):
                other = name.split(".")[1]
                # Weights are no stage: networks ask the zoo for theirs.
                assert other in SHARED | {stage, "models"}, f"{path} imports {name}"


def test_characters_know_files_and_numbers_but_no_stage() -> None:
    for path in (SOURCE / "characters").rglob("*.py"):
        for name in _imports(path):
            if name.startswith("facefix."):
                assert name.split(".")[1] in SHARED | {"characters", "files", "settings"}, f"{path} imports {name}"


def test_torch_stays_where_networks_run() -> None:
    for path in SOURCE.rglob("*.py"):
        if _stage(path) not in WITH_TORCH:
            assert not any(n.split(".")[0] in ("torch", "torchvision") for n in _imports(path)), path


def test_files_stay_readable() -> None:
    for path in SOURCE.rglob("*.py"):
        lines = path.read_text(encoding="utf-8").count("\n")
        assert lines <= 320, f"{path.relative_to(SOURCE)} has {lines} lines"


def test_the_public_api_is_what_it_says() -> None:
    for name in facefix.__all__:
        assert getattr(facefix, name) is not None
    assert set(facefix._HOME) | {"__version__"} == set(facefix.__all__)
