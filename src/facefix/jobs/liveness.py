"""Names of workers, and whether they still live."""

from __future__ import annotations

import os
import platform

import psutil


def name_of(number: int = 0) -> str:
    """The name of a worker of this process: host, process, when that started, number in it."""
    me = psutil.Process()
    return f"{platform.node()}|{me.pid}|{me.create_time():.2f}|{number}"


def alive(worker: str) -> bool | None:
    """Whether the process of that worker still runs; None where it is, or was, on another machine."""
    try:
        host, pid, started, _ = worker.rsplit("|", 3)
        if host != platform.node():
            return None
        process = psutil.Process(int(pid))
        return process.status() != psutil.STATUS_ZOMBIE and f"{process.create_time():.2f}" == started
    except ValueError:
        return None
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def orphaned(parent: int | None) -> bool:
    """Whether the process that started this one is gone. parent: its pid; None: nobody is meant to watch."""
    return parent is not None and os.getppid() != parent
