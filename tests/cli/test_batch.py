"""`facefix batch`, `watch` and `queue` as processes, with everything that can happen to one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.clips import Recipe, moving, write_clip

from facefix.jobs.home import home
from facefix.jobs.store import Queue
from facefix.media import decode, probe

FACEFIX = [sys.executable, "-m", "facefix"]


def run(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*FACEFIX, *map(str, words)], capture_output=True, text=True, timeout=200)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def shots(folder: Path, count: int, frames: int = 20) -> Path:
    """Clips without faces; they are encoded again because --crf asks for it."""
    for n in range(count):
        path = folder / ("sub" if n % 2 else "") / f"{n // 2}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_clip(path, moving(frames, 192, 128, seed=n), Recipe(audio_tracks=1))
    return folder


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def frames(path: Path) -> list[bytes]:
    return [frame.picture.to_ndarray().tobytes() + str(frame.pts).encode() for frame in decode.decode(probe.probe(path))]


def test_a_folder_and_again(tmp_path: Path) -> None:
    root = shots(tmp_path / "shots", 3)
    (root / "bad.mp4").write_text("no clip")
    more = ("--queue", tmp_path / "q.sqlite", "--json", tmp_path / "summary.json")
    first = run("batch", root, *more, code=3)
    assert "bad.mp4 cannot be read as a video" in first.stderr and "4 clips: 3 done, 1 failed, 3 clean" in first.stdout
    assert files(tmp_path / "shots_fixed") == ["0.mp4", "1.mp4", "sub/0.mp4"]
    told = json.loads((tmp_path / "summary.json").read_text())
    assert told["schema"] == 1 and told["counts"] == {"failed": 1, "done": 3}
    assert all(Path(job["report"]).exists() and Path(job["log"]).exists() for job in told["jobs"] if job["state"] == "done")
    (root / "bad.mp4").unlink()
    (root / "1.mp4").rename(root / "renamed.mp4")
    second = run("batch", root, *more, "-y")
    assert "2 of 3 clips were done before." in second.stdout and "whose result was copied" in second.stdout


def test_what_is_wrong_is_said_before_the_work(tmp_path: Path) -> None:
    root, queue = shots(tmp_path / "shots", 1), ("--queue", tmp_path / "q.sqlite")
    assert "is no folder" in run("batch", root / "0.mp4", *queue, code=1).stderr
    assert "holds no clip that --include" in run("batch", root, "--include", "*.mov", *queue, code=1).stderr
    assert "choose from local, ray" in run("batch", root, "--engine", "spark", *queue, code=2).stderr
    assert not (tmp_path / "q.sqlite").exists()
    (tmp_path / "empty").mkdir()
    assert "holds no video clip" in run("batch", tmp_path / "empty", *queue, code=1).stderr
    (tmp_path / "text").write_text("no database, and long enough not to be taken for the beginning of one " * 20)
    assert "is no queue that can be used" in run("batch", root, "--queue", tmp_path / "text", code=1).stderr
    assert "is no folder to watch" in run("watch", tmp_path / "no", *queue, code=1).stderr
    assert "There is no job 99" in run("queue", "show", 99, *queue, code=1).stderr


def test_a_report_is_made_with_the_work_or_after_it(tmp_path: Path) -> None:
    root, report = shots(tmp_path / "shots", 3), tmp_path / "report"
    (root / "bad.mp4").write_text("no clip")
    words = ("batch", root, "--queue", tmp_path / "q.sqlite", "--exclude", "sub/*")
    run(*words, "--include", "0.mp4")
    begun = frames(tmp_path / "shots_fixed" / "0.mp4")
    stamp = (tmp_path / "shots_fixed" / "0.mp4").stat().st_mtime_ns
    run(*words, "--report", report, code=3)
    assert (tmp_path / "shots_fixed" / "0.mp4").stat().st_mtime_ns == stamp and begun, "what was done was not done again"
    index = (report / "index.html").read_text(encoding="utf-8")
    assert 'href="0.html"' in index and 'href="1.html"' in index and "bad.mp4 cannot be read as a video" in index
    assert "sub/" not in index
    run("batch", root, "--queue", tmp_path / "q.sqlite", "--report", report, "--include", "sub/*")
    assert 'href="sub/0.html"' in (report / "index.html").read_text(encoding="utf-8")
    assert files(report / "sub") == ["0.html", "0_report/before.mp4", "0_report/entry.json"]
    again = run("batch", root, "--queue", tmp_path / "q.sqlite", "--report", report, "--include", "sub/*")
    assert "1 of 1 clips were done before." in again.stdout


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    root = shots(tmp_path / "shots", 4, frames=60)
    run("batch", root, "--crf", 20, "-o", tmp_path / "undisturbed", "--queue", tmp_path / "other.sqlite")
    command = [*FACEFIX, "batch", str(root), "--crf", "20", "--queue", str(tmp_path / "q.sqlite")]
    for n in range(5):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1.2 + 0.4 * n)
        process.kill()
        process.wait()
    run(*command[3:])
    assert files(tmp_path / "shots_fixed") == files(root)
    for name in files(root):
        assert frames(tmp_path / "shots_fixed" / name) == frames(tmp_path / "undisturbed" / name)
    place = home(tmp_path / "q.sqlite")
    jobs = Queue(place.file).jobs()
    assert len(jobs) == 4 and all(job.state == "done" for job in jobs)
    delivered = [sum("written to" in line for line in place.log(job.id).read_text().splitlines()) for job in jobs]
    assert delivered == [1, 1, 1, 1] and not list((place.folder / "renders").iterdir())


def test_a_missing_character_is_refused_before_anything_is_queued(tmp_path: Path) -> None:
    root, file = shots(tmp_path / "shots", 1), tmp_path / "q.sqlite"
    done = run("batch", root, "--character", "nobody", "--characters-dir", tmp_path, "--queue", file, code=1)
    assert "nobody: no such character" in done.stderr
    assert not file.exists()


def test_two_share_one_folder(tmp_path: Path) -> None:
    root = shots(tmp_path / "shots", 6)
    command = [*FACEFIX, "batch", str(root), "--crf", "20", "--queue", str(tmp_path / "q.sqlite")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for _ in range(2)]
    told = [process.communicate(timeout=200)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0] and all("6 clips: 6 done" in text for text in told)
    place = home(tmp_path / "q.sqlite")
    begun = [place.log(job.id).read_text().count("attempt") for job in Queue(place.file).jobs()]
    assert begun == [1] * 6 and files(tmp_path / "shots_fixed") == files(root)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_an_interrupt_keeps_the_queue_and_leaves_no_junk(tmp_path: Path) -> None:
    root = shots(tmp_path / "shots", 3, frames=80)
    command = [*FACEFIX, "batch", str(root), "--crf", "20", "--queue", str(tmp_path / "q.sqlite")]
    log = tmp_path / "log"
    with log.open("w") as target:
        process = subprocess.Popen(
            command, stderr=target, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler)
        )
        while "finding faces" not in log.read_text() and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    assert "the same command goes on where it stopped" in log.read_text() and "Traceback" not in log.read_text()
    assert not [name for name in files(tmp_path) if name.endswith(".part")]
    assert "queued" in run("queue", "ls", "--queue", tmp_path / "q.sqlite").stdout
    run(*command[3:])
    assert files(tmp_path / "shots_fixed") == files(root)


def test_queue_commands(tmp_path: Path) -> None:
    root, more = shots(tmp_path / "shots", 2), ("--queue", tmp_path / "q.sqlite")
    (root / "bad.mp4").write_text("no clip")
    run("batch", root, *more, code=3)
    listed = json.loads(run("queue", "ls", "--json", *more).stdout)["jobs"]
    (bad,) = [job for job in listed if job["state"] == "failed"]
    assert "bad.mp4" in run("queue", "show", bad["id"], *more).stdout
    assert "1 queued again." in run("queue", "retry", *more).stdout
    assert "1 cancelled." in run("queue", "cancel", bad["id"], *more).stdout
    assert "Nothing is queued." in run("queue", "run", *more).stdout
    run("queue", "retry", bad["id"], *more)
    assert "cannot be read as a video" in run("queue", "run", *more, code=1).stderr
    assert "3 forgotten." in run("queue", "clear", "--all", *more).stdout
    assert not files(tmp_path / "q_work" / "logs") and not files(tmp_path / "q_work" / "reports")


def test_a_watch_folder_once(tmp_path: Path) -> None:
    root = shots(tmp_path / "shots", 2)
    words = ("watch", root, "--once", "--settle", 0.2, "--queue", tmp_path / "q.sqlite", "--move-done", tmp_path / "old")
    done = run(*words, "--on-done", f"{sys.executable} -c \"import sys; print('told', *sys.argv[1:])\" {{verdict}}")
    assert done.stdout.count("told clean") == 2
    assert files(tmp_path / "shots_fixed") == files(tmp_path / "old") == ["0.mp4", "sub/0.mp4"] and not files(root)
