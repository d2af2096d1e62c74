"""What a queue holds: jobs, and what became of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from facefix.characters import bank, bible, place
from facefix.files import page_path
from facefix.settings import Settings
from facefix.types import Verdict

State = Literal["queued", "running", "done", "failed", "cancelled"]
STATES: tuple[State, ...] = ("queued", "running", "done", "failed", "cancelled")

_WITHOUT_EFFECT = ("device", "report")
"""Settings that say where a result is made or told of, not what it is."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done: everything an engine needs, wherever it runs."""

    clip: Path
    """Absolute."""
    out: Path
    """Absolute."""
    settings: Settings
    overwrite: bool = False

    @property
    def page(self) -> Path | None:
        """Where the page about it goes, if there is to be one."""
        return page_path(self.clip, Path(self.settings.report)) if self.settings.report else None

    @property
    def wish(self) -> str:
        """The same for orders that want the same of a clip. Raises InputError where a character is missing."""
        told = {name: value for name, value in asdict(self.settings).items() if name not in _WITHOUT_EFFECT}
        if self.settings.character:
            # Who a character is, is what its pictures show.
            home = place.folder(self.settings.characters_dir)
            told["pictures"] = [bank.key(bible.read(home, name), ()) for name in self.settings.character]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an order that was carried out."""

    verdict: Verdict
    frames: int
    summary: str
    """For the user, one line."""
    document: Mapping[str, Any]
    """As `fix --json` has it."""


@dataclass(frozen=True, slots=True)
class Job:
    """A row of the queue."""

    id: int
    content: str
    """Fingerprint of the clip; empty where it could not be read."""
    clip: Path
    out: Path
    settings: str
    """As `settings_json` has them: read only by those who need them, for they ask registries that are slow to import."""
    overwrite: bool
    wish: str
    state: State
    priority: int
    """Higher ones first."""
    attempts: int
    """How often it was begun, since it last came forward."""
    not_before: float
    """Seconds of the epoch."""
    worker: str | None
    lease: float
    """Until when its worker may be silent, seconds of the epoch."""
    added: float
    started: float | None
    ended: float | None
    seconds: float
    """Spent on it, all attempts together."""
    frames: int | None
    """Of the clip, as far as it is known."""
    stage: str
    done: int
    total: int | None
    """Frames done in its present stage, and in all."""
    verdict: Verdict | None
    summary: str
    error: str
    """One sentence: why it failed, or waits for another attempt."""
    result: str
    """Fingerprint of the result when it was delivered."""
    begun: bool
    """Whether the place of the result was free when the job was first begun: what lies there now is the job's own."""

    @property
    def open(self) -> bool:
        return self.state in ("queued", "running")

    @property
    def order(self) -> Order:
        """What is to be done."""
        return Order(self.clip, self.out, settings_from(self.settings), self.overwrite)


def settings_json(settings: Settings) -> str:
    """Settings as a row holds them."""
    return json.dumps(asdict(settings))


def settings_from(text: str) -> Settings:
    """Settings of a row; what this facefix does not know is left out."""
    told = json.loads(text)
    known = {item.name: told[item.name] for item in fields(Settings) if item.name in told}
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in known.items()}
    return Settings(**values)
