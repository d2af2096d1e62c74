from __future__ import annotations

import subprocess
import sys

import pytest

from facefix.errors import ModelError
from facefix.models import basicsr_adapter


def test_networks_import_in_a_fresh_process_without_a_word() -> None:
    code = "from facefix.models import basicsr_adapter as a; print(len(list(a.rrdbnet(blocks=1, features=8).modules())))"
    run = subprocess.run([sys.executable, "-W", "default", "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 10
    assert run.stderr == ""


def test_the_compact_network_has_the_scale_asked_for() -> None:
    import torch

    with torch.inference_mode():
        out = basicsr_adapter.srvgg(convolutions=1, features=4, scale=2)(torch.zeros(1, 3, 6, 8))
    assert tuple(out.shape) == (1, 3, 12, 16)


def test_a_package_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "realesrgan.archs", None)
    monkeypatch.delitem(sys.modules, "realesrgan.archs.srvgg_arch", raising=False)
    with pytest.raises(ModelError, match="pip install realesrgan"):
        basicsr_adapter.srvgg(convolutions=1)
