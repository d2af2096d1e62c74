"""What holds for all that is done for one call: where weights are looked for, what decodes, and how sums are shared out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

from facefix.media import acceleration
from facefix.models import devices, zoo
from facefix.settings import Settings


@contextmanager
def equipped(settings: Settings) -> Iterator[None]:
    """A context for work on a clip. Raises SettingsError where there is no such folder or device."""
    # numpy's matrices are small here: handing them out to threads costs several times what it saves, and the threads that wait
    # for more take the cores from the networks. torch has threads of its own.
    with (
        zoo.searched(settings.models_dir),
        acceleration.on_card(devices.card(settings.devices[0])),
        threadpool_limits(1, "blas"),
    ):
        yield
