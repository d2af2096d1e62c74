"""Ray: clips as the work of actors, on this machine or on a cluster whose nodes share the folders of clips, results and queue.

The driver holds the queue: one thread per worker claims a job, hands it to an actor and beats for it. An actor that dies takes
nothing with it but its present segment; the job goes to a new one, on whatever node there is.
"""

from __future__ import annotations

import logging
import math
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from facefix import pipeline
from facefix.errors import FacefixError, OutputError, SettingsError
from facefix.jobs.engines.contract import Audience, EngineSpec
from facefix.jobs.performing import on_its_device, perform
from facefix.jobs.records import Order, Result
from facefix.jobs.working import Terms, Worker

_LOOK_S = 0.3
_ANSWER_S = 10.0
_RAY_STEPS = 10_000
"""Into which Ray divides a unit."""


class Renderer:
    """The actor: does one order at a time, and says how far it is. What it has imported and loaded stays with it."""

    def __init__(self) -> None:
        self._place: tuple[str, int, int | None] = ("", 0, None)

    def perform(self, order: Order, renders: Path, analyses: Path) -> Result | tuple[str, int | None]:
        """The result; or, where it cannot be had, a sentence and the number of the operating system's error."""

        def progress(stage: str, done: int, total: int | None) -> None:
            self._place = stage, done, total

        try:
            return perform(order, pipeline.Workspace(renders, analyses), progress)
        except FacefixError as error:
            cause = error.__cause__
            return str(error), cause.errno if isinstance(cause, OSError) else None

    def place(self) -> tuple[str, int, int | None]:
        return self._place


class OnRay:
    """See `contract.Engine`."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray

    def run(self, terms: Terms, workers: int, audience: Audience) -> None:
        end = threading.Event()
        troubles: list[BaseException] = []

        def work(number: int) -> None:
            hand = _Hand(self._ray, end.is_set, (number, workers))
            try:
                Worker(terms, hand.perform, number=number, on_pause=audience.pause, stop=end.is_set).run()
            except KeyboardInterrupt:
                pass  # The hand says so once `end` is set; the job is queued again.
            except BaseException as error:
                troubles.append(error)
            finally:
                hand.drop()

        threads = [threading.Thread(target=work, args=(n,), name=f"worker {n}") for n in range(workers)]
        for thread in threads:
            thread.start()
        try:
            while any(thread.is_alive() for thread in threads) and not audience.stop():
                audience.tick()
                time.sleep(_LOOK_S)
        finally:
            end.set()
            for thread in threads:
                thread.join()
        audience.tick()
        if troubles:
            raise troubles[0]


class _Hand:
    """One worker's actor, made when it is first needed."""

    def __init__(self, ray: Any, ended: Callable[[], bool], place: tuple[int, int]) -> None:
        """place: its number among how many."""
        self._ray, self._ended, self._place = ray, ended, place
        self._actor: Any = None

    def perform(self, order: Order, workspace: pipeline.Workspace, progress: pipeline.Progress) -> Result:
        """A `performing.Perform`."""
        ray, order = self._ray, on_its_device(order, *self._place)
        if self._actor is None:
            needs = needed(order.settings.device, self._place[1], ray.cluster_resources())
            self._actor = ray.remote(max_concurrency=2, **needs)(Renderer).remote()
        try:
            answer = self._awaited(
                self._actor.perform.remote(order, workspace.renders, workspace.analyses), workspace, progress
            )
        except ray.exceptions.RayActorError as error:
            self._actor = None
            raise ConnectionError("the process or the node that worked on it is gone") from error
        except BaseException:
            # Whatever it is, the actor still works on what nobody wants any more.
            self.drop()
            raise
        if isinstance(answer, Result):
            return answer
        sentence, number = answer
        raise OutputError(sentence) from (None if number is None else OSError(number, os.strerror(number)))

    def drop(self) -> None:
        """End the actor, at once."""
        if self._actor is not None:
            self._ray.kill(self._actor)
            self._actor = None

    def _awaited(self, future: Any, workspace: pipeline.Workspace, progress: pipeline.Progress) -> Any:
        while not self._ray.wait([future], timeout=_LOOK_S)[0]:
            if self._ended():
                raise KeyboardInterrupt
            try:
                progress(*self._ray.get(self._actor.place.remote(), timeout=_ANSWER_S))
            except self._ray.exceptions.GetTimeoutError:
                # Busy, or still waiting for a node with room.
                continue
        return self._ray.get(future)


def needed(device: str, workers: int, there: Mapping[str, float]) -> dict[str, Any]:
    """What Ray is asked to keep for one worker's actor. there: the cluster's resources.

    Shares, so that there is room for all workers: one whose actor waits for room holds a job, and so nobody comes to an end.
    """
    cards = there.get("GPU", 0)
    needs: dict[str, Any] = {"num_cpus": _share(workers, there.get("CPU", 0)), "num_gpus": 0}
    if device in ("auto", "cuda") and cards >= 1:
        needs["num_gpus"] = _share(workers, cards)
    elif device.startswith("cuda"):
        # A card is named as the node counts it; by itself, Ray may hide a node's cards from who has asked it for none.
        needs["runtime_env"] = {"env_vars": {"RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES": "1"}}
    return needs


def _share(workers: int, units: float) -> float:
    """The most of one unit that each worker can have."""
    each = math.ceil(workers / units) if units >= 1 else 1
    return 1 if each == 1 else math.floor(_RAY_STEPS / each) / _RAY_STEPS


def _answers(address: str) -> bool:
    """Whether somebody listens at host:port; Ray itself would wait for minutes. Other forms ("auto") are Ray's to judge."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not colon or not port.isdecimal():
        return True
    try:
        socket.create_connection((host, int(port)), _ANSWER_S).close()
    except OSError:
        return False
    return True


def _start(address: str | None) -> OnRay:
    # Nothing goes over the network that the user has not asked for.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise SettingsError("--engine ray: Ray is not installed; pip install 'facefix[ray]'.") from None
    if address is not None and not _answers(address):
        raise SettingsError(
            f"--engine ray: nothing answers at {address}; `ray start --head` starts a cluster and names its address."
        )
    try:
        # A running instance is used as it is; one that is started here needs no dashboard.
        own: dict[str, Any] = {} if address else {"include_dashboard": False}
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, ignore_reinit_error=True, **own)
    except (ConnectionError, RuntimeError, ValueError) as error:
        where = address or "this machine"
        raise SettingsError(f"--engine ray: no Ray cluster answers at {where} ({str(error).splitlines()[0]}).") from error
    return OnRay(ray)


SPEC = EngineSpec("ray", "actors of a Ray cluster, or of a Ray instance started on this machine", _start)
