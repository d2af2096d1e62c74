"""What a registry of exchangeable networks holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

Built = TypeVar("Built")


@dataclass(frozen=True)
class Backend(Generic[Built]):
    """One that can be chosen by name: cheap to list, its network is read only by `load`."""

    name: str
    describe: str
    """One sentence for the user."""
    licence: str
    load: Callable[[str], Built]
    """Takes a device: auto, cpu, cuda, cuda:N or mps. Raises ModelError where weights are missing or unreadable,
    SettingsError where there is no such device."""
    files: tuple[str, ...] = ()
    """What `load` reads, by its names in the zoo."""
