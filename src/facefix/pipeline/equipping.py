"""What holds for all that is done for one call: where weights are looked for, and what decodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from facefix.media import acceleration
from facefix.models import devices, zoo
from facefix.settings import Settings


@contextmanager
def equipped(settings: Settings) -> Iterator[None]:
    """A context for work on a clip. Raises SettingsError where there is no such folder or device."""
    with zoo.searched(settings.models_dir), acceleration.on_card(devices.card(settings.devices[0])):
        yield
