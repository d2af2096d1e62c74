"""Before numpy is imported, and what several tests ask of a machine."""

import os
import shutil
from pathlib import Path

import pytest

# As `pipeline.equipped` has it: threads that share out small matrices, and wait for more, take most of the cores' time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture
def roomy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with room: `doctor` finds fault with one that is nearly full, as the tests' own may be."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**12))
