"""Files as their authors would publish them, but with weights of our own making, put where facefix looks for the real ones."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from facefix.models import zoo


def publish(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, content: Mapping[str, Any], *, old: bool = False) -> Path:
    """Write a `.pth` file, name its folder to the zoo, and put its size and checksum into the table.

    old: as torch before 1.6 wrote, which is how GFPGAN and RetinaFace were published.
    """
    path = folder / name
    torch.save(content, path, _use_new_zipfile_serialization=not old)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    known = replace(zoo.entry(name), size=path.stat().st_size, sha256=digest)
    monkeypatch.setattr(zoo, "TABLE", tuple(known if row.name == name else row for row in zoo.TABLE))
    monkeypatch.setenv(zoo.MODELS_DIR_VARIABLE, str(folder))
    return path


def published_bytes(path: Path, state: Mapping[str, torch.Tensor]) -> int:
    """Size of an old file of these tensors, had their storages the names that they have in published files.

    torch names them by where they lie in memory, twice each, which are 14 digits or fewer, as the system has it.
    """
    missing = sum(14 - len(str(value.untyped_storage()._cdata)) for value in state.values())
    return path.stat().st_size + 2 * missing
