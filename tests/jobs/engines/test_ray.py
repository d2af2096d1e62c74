"""A Ray cluster of two nodes on this machine."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.clips import moving, write_clip
from tests.jobs.orders import home_in

from facefix.errors import SettingsError
from facefix.files import clips_in
from facefix.jobs import heartbeat, liveness, working
from facefix.jobs.batch import Wish, enqueue
from facefix.jobs.engines import Audience, start
from facefix.jobs.engines.ray import needed
from facefix.jobs.home import Home
from facefix.jobs.store import Queue
from facefix.jobs.working import Terms
from facefix.settings import Settings

ray = pytest.importorskip("ray", reason="Ray is not installed")

# Ray itself leaves sockets and processes to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": 10**8})
    made.add_node(num_cpus=1, object_store_memory=10**8)
    yield made
    ray.shutdown()
    made.shutdown()


def silent() -> Audience:
    return Audience(None, lambda sentence: None, lambda: None)


def folder(root: Path, clips: int, frames: int = 30) -> Path:
    root.mkdir()
    for n in range(clips):
        write_clip(root / f"{n}.mp4", moving(frames, 320, 240, seed=n))
    return root


def run(home: Home, root: Path, out: Path, engine: str, address: str | None, workers: int = 2) -> None:
    queue = Queue(home.file, liveness.alive)
    ids = enqueue(queue, clips_in(root), Wish(root, out, Settings(crf=20, device="cpu"))).ids
    start(engine, address).run(Terms(home, tuple(ids), 0.0), workers, silent())
    assert all(job.state == "done" for job in queue.jobs())


def test_results_are_those_of_this_machine(tmp_path: Path, cluster: Any) -> None:
    root = folder(tmp_path / "in", 3)
    run(home_in(tmp_path / "one"), root, tmp_path / "ray", "ray", cluster.address)
    run(home_in(tmp_path / "two"), root, tmp_path / "local", "local", None)
    for clip in clips_in(root):
        assert (tmp_path / "ray" / clip.name).read_bytes() == (tmp_path / "local" / clip.name).read_bytes()


def test_a_killed_actor_costs_nothing_but_time(tmp_path: Path, cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(working, "BACK_OFF_S", 0.1)
    monkeypatch.setattr(heartbeat, "BEAT_S", 0.05)
    home, root = home_in(tmp_path / "queue"), folder(tmp_path / "in", 3, 120)
    killed: list[int] = []

    def kill() -> None:
        queue = Queue(home.file)
        while not killed:
            # At any stage: a clip without a face is hardly a moment at one of them.
            if any(job.stage for job in queue.jobs(("running",))):
                actors = [one for one in psutil.process_iter() if one.name().startswith("ray::Renderer")]
                for actor in actors[:1]:
                    actor.kill()
                    killed.append(actor.pid)
            time.sleep(0.05)

    murderer = threading.Thread(target=kill, daemon=True)
    murderer.start()
    run(home, root, tmp_path / "out", "ray", cluster.address)
    assert killed
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.mp4", "1.mp4", "2.mp4"]


@pytest.mark.parametrize(
    ("device", "workers", "there", "cpus", "gpus"),
    [
        ("auto", 2, {"CPU": 16.0, "GPU": 2.0}, 1, 1),
        ("auto", 4, {"CPU": 16.0, "GPU": 1.0}, 1, 0.25),
        ("cuda", 4, {"CPU": 2.0, "GPU": 3.0}, 0.5, 0.5),
        ("auto", 3, {"CPU": 16.0}, 1, 0),
        ("cpu", 3, {"CPU": 1.0, "GPU": 1.0}, 0.3333, 0),
    ],
)
def test_there_is_room_for_all_workers(device: str, workers: int, there: dict[str, float], cpus: float, gpus: float) -> None:
    assert needed(device, workers, there) == {"num_cpus": cpus, "num_gpus": gpus}


def test_a_card_that_is_named_is_not_hidden() -> None:
    needs = needed("cuda:1", 2, {"CPU": 16.0, "GPU": 2.0})
    assert needs.pop("runtime_env") == {"env_vars": {"RAY_EXPERIMENTAL_NOSET_CUDA_VISIBLE_DEVICES": "1"}}
    assert needs == {"num_cpus": 1, "num_gpus": 0}


def test_more_workers_than_cores_come_to_an_end(tmp_path: Path, cluster: Any) -> None:
    root = folder(tmp_path / "in", 4, 8)
    run(home_in(tmp_path / "queue"), root, tmp_path / "out", "ray", cluster.address, workers=4)
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_no_cluster_is_one_sentence() -> None:
    ray.shutdown()
    with pytest.raises(SettingsError, match=r"nothing answers at 127\.0\.0\.1:1;"):
        start("ray", "127.0.0.1:1")
