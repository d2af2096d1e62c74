"""Makes the project's own virtual environment once, and runs commands in it. Standard library only.

Needs Python 3.10, 3.11 or 3.12 somewhere on the PATH, and a package registry that pip reaches. A stamp of
pyproject.toml in the environment makes every later run start at once.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "facefix-installed"
SUPPORTED = ((3, 11), (3, 12), (3, 10))
TRIES = 3
"""How often pip is started: a download of hundreds of megabytes may break off, and what has arrived is kept."""


def ready() -> Path:
    """The environment's python, installed first if it is not; exits with a sentence when that cannot be."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == digest and _runs(str(PYTHON)):
        return PYTHON
    base = _supported_python()
    print(f"Installing facefix into {VENV} (a few minutes and about 6 GB the first time) ...", flush=True)
    if not _runs(str(PYTHON)):
        shutil.rmtree(VENV, ignore_errors=True)
        _must([base, "-m", "venv", str(VENV)], "the virtual environment cannot be made; install Python's venv module")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _must([*pip, "--upgrade", "pip"], "pip cannot reach the package registry", TRIES)
    _must([*pip, "--editable", f"{ROOT}[dev]"], "the packages cannot be installed; pip's message above says why", TRIES)
    STAMP.write_text(digest)
    return PYTHON


def run(*command: str) -> int:
    """Run a command with the environment's python from the project's root; its exit code."""
    return subprocess.run([str(ready()), *command], cwd=ROOT, check=False).returncode


def _supported_python() -> str:
    if sys.version_info[:2] in SUPPORTED:
        return sys.executable
    for major, minor in SUPPORTED:
        found = shutil.which(f"python{major}.{minor}")
        if found and _runs(found):
            return found
    sys.exit("facefix needs Python 3.10, 3.11 or 3.12; none was found on the PATH.")


def _runs(python: str) -> bool:
    """Whether that python starts and is of a supported version."""
    probe = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return False
    return tuple(map(int, answer)) in SUPPORTED


def _must(command: list[str], otherwise: str, tries: int = 1) -> None:
    for left in reversed(range(tries)):
        if subprocess.run(command, check=False).returncode == 0:
            return
        if left:
            print("facefix: that failed; trying again ...", flush=True)
    sys.exit(f"facefix: {otherwise}.")
