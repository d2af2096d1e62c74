"""The identity bank: what networks make of a character's pictures, kept beside them.

A safetensors file, which holds numbers and nothing that runs. Its key is a hash of the pictures and of the networks: a bank
whose key is another is no longer this character's and is made again.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.characters.bible import Character
from facefix.errors import InputError
from facefix.files import write_bytes
from facefix.types import Look, Pose

FILE = "bank.safetensors"
_VERSION = 2
_KEY = "key"


@dataclass(frozen=True, slots=True, eq=False)
class Banked:
    """One view."""

    look: Look
    mesh: NDArray[float32]
    """(478, 3) pixels of the picture."""
    points: NDArray[float32]
    """(5, 2) likewise."""


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """All views of a character, in their order."""

    key: str
    views: tuple[Banked, ...]

    @property
    def identities(self) -> NDArray[float32]:
        """(N, 128) of the views whose identity can be told."""
        known = [view.look.identity for view in self.views if view.look.identity is not None]
        return np.stack(known) if known else np.empty((0, 128), float32)

    @property
    def spread(self) -> float:
        """How far the character's views lie apart: mean identity distance of two of them, 0 where there are not two."""
        faces = self.identities
        if len(faces) < 2:
            return 0.0
        apart = np.linalg.norm(faces[:, None] - faces[None], axis=-1)
        return float(apart.sum() / (len(faces) * (len(faces) - 1)))


def key(character: Character, networks: Iterable[str]) -> str:
    """Changes with the pictures, their order, and the networks, of which checksums are given. Raises InputError."""
    digest = hashlib.sha256(repr((_VERSION, sorted(networks))).encode())
    for view in character.views:
        try:
            digest.update(hashlib.sha256(character.picture(view).read_bytes()).digest())
        except OSError as error:
            raise InputError(f"{character.picture(view)}: cannot be read ({error.strerror}).") from error
    return digest.hexdigest()


def load(character: Character, wanted: str) -> Bank | None:
    """The bank of that key; None where there is none, or only an older or damaged one."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(character.folder / FILE, framework="numpy") as file:
            if (file.metadata() or {}).get(_KEY) != wanted:
                return None
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        views = tuple(_view(arrays, i) for i in range(len(arrays["mesh"])))
    except (OSError, KeyError, ValueError, IndexError, struct.error, SafetensorError):
        return None
    return Bank(wanted, views) if len(views) == len(character.views) else None


def save(character: Character, bank: Bank) -> None:
    """Write the bank beside the pictures. Raises OutputError."""
    from safetensors.numpy import save as packed

    write_bytes(character.folder / FILE, packed(_arrays(bank.views), metadata={_KEY: bank.key}))


def _arrays(views: Sequence[Banked]) -> dict[str, NDArray[float32]]:
    nobody = np.full(128, np.nan, float32)
    columns = {
        "identity": [nobody if v.look.identity is None else v.look.identity for v in views],
        "shape": [v.look.shape for v in views],
        "pose": [(v.look.pose.yaw, v.look.pose.pitch, v.look.pose.roll) for v in views],
        "tone": [v.look.tone for v in views],
        "texture": [v.look.texture for v in views],
        "mesh": [v.mesh for v in views],
        "points": [v.points for v in views],
    }
    return {name: np.ascontiguousarray(np.stack(values), float32) for name, values in columns.items()}


def _view(arrays: dict[str, NDArray[float32]], i: int) -> Banked:
    identity = arrays["identity"][i]
    look = Look(
        identity=None if np.isnan(identity).any() else identity,
        shape=arrays["shape"][i],
        pose=Pose(*map(float, arrays["pose"][i])),
        tone=arrays["tone"][i],
        texture=arrays["texture"][i],
    )
    return Banked(look, arrays["mesh"][i], arrays["points"][i])
