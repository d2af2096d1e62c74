"""Versions that matter for a bug report; nothing heavy is imported for them."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from importlib import metadata, util
from pathlib import Path

import facefix

MISSING = "missing"
_PACKAGES = {"NumPy": "numpy", "OpenCV": "opencv-python", "PySceneDetect": "scenedetect", "dlib": "dlib-bin"}


def versions() -> Mapping[str, str]:
    """Name -> version, facefix first; MISSING for a package that is not installed."""
    return {
        "facefix": facefix.__version__,
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "OS": f"{platform.platform()}, {platform.machine()}",
        "PyTorch": _torch(),
        "PyAV": _av(),
        **{name: _installed(package) for name, package in _PACKAGES.items()},
    }


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return MISSING


def _torch() -> str:
    """Its version and that of the CUDA it was built for, read from its own file: importing it takes seconds."""
    installed = _installed("torch")
    spec = util.find_spec("torch")
    file = Path(spec.origin).with_name("version.py") if spec is not None and spec.origin else None
    if file is None or not file.is_file():
        return installed
    built = re.search(r"^cuda[^=]*= '([\d.]+)'", file.read_text(encoding="utf-8"), re.MULTILINE)
    return f"{installed}, {f'CUDA {built[1]}' if built else 'without CUDA'}"


def _av() -> str:
    try:
        import av
    except ImportError:
        return _installed("av")
    return f"{av.__version__}, FFmpeg {av.ffmpeg_version_info}"
