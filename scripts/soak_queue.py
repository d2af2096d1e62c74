"""What the queue promises, measured: kills, sharing, a slow copy, a long list, overhead.

    python scripts/soak_queue.py FOLDER [--kills 30] [--clips 5] [--seed 0] [--only kills,share,slow,list,overhead]

FOLDER is made and must be empty. Clips are cut from the samples, so that faces are found and repaired. Prints one line per
promise and exits with 1 where one is not kept.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from facefix import pipeline
from facefix.jobs import liveness
from facefix.jobs.batch import Wish, enqueue
from facefix.jobs.home import home
from facefix.jobs.records import Order, Result
from facefix.jobs.store import Queue
from facefix.jobs.working import Terms, Worker
from facefix.media import decode, encode, probe
from facefix.settings import Settings
from facefix.types import Span

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
FACEFIX = [sys.executable, "-m", "facefix"]
KILL_S = (2.0, 25.0)
"""Between two kills."""


def cut(source: Path, target: Path, span: Span) -> None:
    """Part of a clip as a clip."""
    clip = probe.probe(source)
    frames = list(decode.decode(clip, Span(span.start, span.end + 1)))
    last = frames.pop() if len(frames) > len(span) else frames[-1]
    with encode.Writer(clip, target, encode.EncodeSpec(), span_pts=(frames[0].pts, last.pts)) as writer:
        for frame in frames:
            writer.write(frame)


def shots(folder: Path, count: int, rng: random.Random) -> Path:
    """Short clips, in sub-folders, some of the same name; frames of the damaged sample, 1.5 to 4 s each."""
    folder.mkdir(parents=True)
    for n in range(count):
        start, length = rng.randrange(0, 90), rng.randrange(36, 96)
        target = folder / f"scene_{n % 2}" / f"shot_{n // 2}.mp4"
        target.parent.mkdir(exist_ok=True)
        cut(SAMPLES / "astronaut_damaged.mp4", target, Span(start, min(144, start + length)))
    return folder


def content(path: Path) -> list[bytes]:
    return [f.picture.to_ndarray().tobytes() + str((f.pts, f.duration)).encode() for f in decode.decode(probe.probe(path))]


def files(folder: Path) -> list[Path]:
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def batch(root: Path, queue: Path, *more: str) -> list[str]:
    return [*FACEFIX, "batch", str(root), "--queue", str(queue), "--device", "cpu", *more]


def kills(folder: Path, options: argparse.Namespace, rng: random.Random) -> str | None:
    """Kill a batch at random moments; what is delivered is what an undisturbed one delivers, once each."""
    root = shots(folder / "shots", options.clips, rng)
    subprocess.run(batch(root, folder / "other.sqlite", "-o", str(folder / "undisturbed")), check=True, capture_output=True)
    killed = 0
    while killed < options.kills:
        process = subprocess.Popen(
            batch(root, folder / "q.sqlite"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            process.wait(rng.uniform(*KILL_S))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
            print(f"  kill {killed}", end="\r", flush=True)
        else:
            print(f"  all was done after {killed} kills; the same again, into another folder")
            if problem := checked(folder, root):
                return problem
            (folder / "shots_fixed").rename(folder / f"shots_fixed_{killed}")
    subprocess.run(batch(root, folder / "q.sqlite"), check=True, capture_output=True)
    return checked(folder, root)


def checked(folder: Path, root: Path) -> str | None:
    place = home(folder / "q.sqlite")
    jobs = Queue(place.file).jobs()
    if [job.state for job in jobs] != ["done"] * len(files(root)):
        return f"states {[job.state for job in jobs]}"
    if files(folder / "shots_fixed") != files(root):
        return f"files {files(folder / 'shots_fixed')}"
    for name in files(root):
        if content(folder / "shots_fixed" / name) != content(folder / "undisturbed" / name):
            return f"{name} differs from the undisturbed result"
    left = [
        path for path in place.folder.rglob("*") if path.is_file() and path.parent.name not in ("logs", "reports", "analyses")
    ]
    return f"left behind: {left}" if left else None


def share(folder: Path, options: argparse.Namespace, rng: random.Random) -> str | None:
    """Two batches on one folder."""
    root = shots(folder / "shots", options.clips, rng)
    both = [subprocess.Popen(batch(root, folder / "q.sqlite"), stdout=subprocess.DEVNULL) for _ in range(2)]
    codes = [process.wait() for process in both]
    place = home(folder / "q.sqlite")
    begun = [place.log(job.id).read_text().count("attempt") for job in Queue(place.file).jobs()]
    return None if codes == [0, 0] and begun == [1] * options.clips else f"exit codes {codes}, begun {begun} times"


def slow(folder: Path, options: argparse.Namespace, rng: random.Random) -> str | None:
    """A clip that grows over 20 s in a watched folder."""
    (folder / "in").mkdir()
    whole = (SAMPLES / "astronaut_short.mp4").read_bytes()
    command = [*FACEFIX, "watch", str(folder / "in"), "--queue", str(folder / "q.sqlite"), "--device", "cpu"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        with (folder / "in" / "slow.mp4").open("wb") as file:
            for n in range(40):
                file.write(whole[len(whole) * n // 40 : len(whole) * (n + 1) // 40])
                file.flush()
                time.sleep(0.5)
        end = time.monotonic() + 120
        result = folder / "in_fixed" / "slow.mp4"
        while not result.exists() and time.monotonic() < end:
            time.sleep(0.2)
        time.sleep(5)
    finally:
        # Not SIGINT: what a shell starts in the background ignores that.
        process.terminate()
        process.wait(60)
    jobs = Queue(folder / "q.sqlite").jobs()
    if len(jobs) != 1 or jobs[0].state != "done" or jobs[0].attempts != 1:
        return f"jobs {[(job.state, job.attempts) for job in jobs]}"
    taken, there = (len(content(path)) for path in (result, SAMPLES / "astronaut_short.mp4"))
    return None if taken == there else f"{taken} frames of {there}"


def long_list(folder: Path, options: argparse.Namespace, rng: random.Random) -> str | None:
    """A thousand jobs listed."""
    enqueue_all(folder, 1000)
    command = [*FACEFIX, "queue", "ls", "--queue", str(folder / "q.sqlite")]
    took = []
    for _ in range(5):
        began = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        took.append(time.monotonic() - began)
    print(f"  queue ls of 1,000 jobs: {min(took):.2f} s at best, {max(took):.2f} s at worst")
    return None if min(took) < 0.5 else "not under 0.5 s"


def overhead(folder: Path, options: argparse.Namespace, rng: random.Random) -> str | None:
    """Jobs whose work is nothing: all that is left is the queue's."""
    began = time.monotonic()
    enqueue_all(folder, 200)
    queued = time.monotonic()

    def nothing(order: Order, workspace: pipeline.Workspace, progress: pipeline.Progress) -> Result:
        workspace.deliver()
        order.out.parent.mkdir(exist_ok=True)
        order.out.write_bytes(b"result")
        return Result("clean", 24, "nothing", {})

    Worker(Terms(home(folder / "q.sqlite"), None, 0.0), nothing).run()
    done = time.monotonic()
    print(
        f"  to queue a clip {1e3 * (queued - began) / 200:.1f} ms, to take and end a job {1e3 * (done - queued) / 200:.1f} ms"
    )
    return None if (done - began) / 200 < 0.05 else "not under 50 ms a job"


def enqueue_all(folder: Path, count: int) -> None:
    (folder / "in").mkdir()
    content = (SAMPLES / "astronaut_short.mp4").read_bytes()
    for n in range(count):
        # Bytes behind the end of a clip change its content and hurt nobody.
        (folder / "in" / f"{n}.mp4").write_bytes(content + n.to_bytes(8, "big"))
    place = home(folder / "q.sqlite").made()
    enqueue(Queue(place.file, liveness.alive), sorted((folder / "in").iterdir()), Wish(folder / "in", None, Settings()))


SOAKS: dict[str, Callable[[Path, argparse.Namespace, random.Random], str | None]] = {
    "overhead": overhead,
    "list": long_list,
    "slow": slow,
    "share": share,
    "kills": kills,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--clips", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(SOAKS))
    chosen = parser.parse_args()
    kept = True
    for name in chosen.only.split(","):
        print(f"{name} ...", flush=True)
        place = chosen.folder / name
        place.mkdir(parents=True)
        problem = SOAKS[name](place, chosen, random.Random(chosen.seed))
        kept &= problem is None
        print(f"{name}: {'kept' if problem is None else f'NOT KEPT: {problem}'}", flush=True)
    sys.exit(not kept)
