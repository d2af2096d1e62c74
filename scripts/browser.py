"""A browser for the tests of the report's pages: finds one, or installs one into the project's environment where it can.

    python scripts/browser.py      # by the environment's python

Looked for are, in this order: the program that FACEFIX_BROWSER names, Playwright's own Chromium, the one that was unpacked
here, and a Chromium or Chrome on the PATH. Where there is none, Playwright is asked to download its own; where its server
cannot be reached, the npm package @sparticuz/chromium (Linux on x86-64) is unpacked into .venv/browser. Nothing is installed
system-wide. Ends with 0 in any case: without a browser those tests are skipped, and say so.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNPACKED = ROOT / ".venv" / "browser"
PACKAGE = "@sparticuz/chromium@147.0.0"
SHA256 = "18fe5404ce845594cd7d592fc07f37a19514079ba4d9c27192ad8b908743f16b"
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_DOWNLOAD_S = 300
# Brotli is in Node, which comes with npm, and not in Python.
_UNBROTLI = """
const zlib = require("zlib"), fs = require("fs"), [from, to] = process.argv.slice(1);
fs.writeFileSync(to, zlib.brotliDecompressSync(fs.readFileSync(from)));
"""
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>/usr/share/fonts</dir><dir>{0}</dir><cachedir>{0}</cachedir></fontconfig>
"""


def found() -> str | None:
    """The path of a browser that can be started; None where there is none."""
    named = os.environ.get("FACEFIX_BROWSER")
    if named:
        return named
    own = UNPACKED / "chromium"
    candidates = [_playwrights(), str(own) if own.exists() else None, *(shutil.which(name) for name in NAMES)]
    return next((path for path in candidates if path), None)


def surroundings(browser: str) -> dict[str, str]:
    """The environment to start it in: the unpacked one brings libraries along, and letters for a machine that has none."""
    if Path(browser).parent != UNPACKED:
        return dict(os.environ)
    libraries = [str(UNPACKED / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    own = {"LD_LIBRARY_PATH": os.pathsep.join(filter(None, libraries)), "FONTCONFIG_PATH": str(UNPACKED)}
    return {**os.environ, **own}


def _playwrights() -> str | None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        full = Path(playwright.chromium.executable_path)
    # What runs without a window is another program, in a folder of its own.
    shells = full.parents[2].glob("chromium_headless_shell-*/*/*headless*shell*") if len(full.parents) > 2 else ()
    return next((str(path) for path in (full, *sorted(shells)) if path.is_file() and os.access(path, os.X_OK)), None)


def install() -> str | None:
    """Try to get one; its path, None where that was not possible."""
    command = [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
    if _ran(command) and (path := found()):
        return path
    if platform.system() == "Linux" and platform.machine() == "x86_64" and shutil.which("npm") and shutil.which("node"):
        try:
            _unpack()
        except (OSError, ValueError, subprocess.SubprocessError, tarfile.TarError) as error:
            print(f"The browser of {PACKAGE} cannot be installed ({error}).")
    return found()


def _unpack() -> None:
    """The browser of the npm package, with the libraries and fonts it needs, into `UNPACKED`."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        subprocess.run(
            ["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, timeout=_DOWNLOAD_S, stdout=subprocess.DEVNULL
        )
        (package,) = folder.glob("*.tgz")
        if hashlib.sha256(package.read_bytes()).hexdigest() != SHA256:
            raise ValueError("the package is not the one that was looked at")
        with tarfile.open(package) as archive:
            archive.extractall(folder, filter="data")
        packed, made = folder / "package" / "bin", folder / "made"
        made.mkdir()
        for name in ("chromium", "al2023.tar", "fonts.tar"):
            target = made / name if name == "chromium" else folder / name
            subprocess.run(["node", "-e", _UNBROTLI, str(packed / f"{name}.br"), str(target)], check=True, timeout=_DOWNLOAD_S)
            if name != "chromium":
                with tarfile.open(target) as archive:
                    archive.extractall(made, filter="data")
        # Without one font it dies of the first page.
        (made / "fonts.conf").write_text(_FONTS.format(UNPACKED / "fonts"))
        (made / "chromium").chmod(0o755)
        shutil.rmtree(UNPACKED, ignore_errors=True)
        shutil.move(made, UNPACKED)


def _ran(command: list[str]) -> bool:
    try:
        return subprocess.run(command, check=False, timeout=_DOWNLOAD_S, capture_output=True).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    browser = found() or install()
    print(f"Pages are tested in {browser}." if browser else "No browser can be had here; the tests that need one are skipped.")
