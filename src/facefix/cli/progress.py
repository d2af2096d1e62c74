"""Progress: a tqdm bar with an ETA per pass on a terminal, one quiet line per pass elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from facefix.cli.stopping import heed
from facefix.cli.terminal import record, say, wishes


class Progress:
    """Called by the pipeline as `progress(stage, done, total)`; total is None where it is not known.

    Raises KeyboardInterrupt or SystemExit where a signal came that had no effect.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._terminal = sys.stderr.isatty() and not wishes().get("quiet")
        self._bar = None
        self._stage = ""
        self._done = 0
        self._since = time.monotonic()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        heed()
        if stage != self._stage:
            self._finish()
            self._stage, self._since = stage, time.monotonic()
            if self._terminal:
                from tqdm import tqdm

                self._bar = tqdm(total=total, desc=f"{self._label}: {stage}", unit="frame", leave=False, file=sys.stderr)
        self._done = done
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def _finish(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        if self._stage:
            spent = time.monotonic() - self._since
            line = f"{self._label}: {self._stage} {self._done} frames in {spent:.1f} s"
            record(line) if self._terminal else say(line, err=True)
        self._stage = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self._stage = ""
        self._finish()
