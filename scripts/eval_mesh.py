"""Measure the mesh network on persons and clips that training never saw, beside its teacher.

    python scripts/eval_mesh.py DATA RUN --teacher TEACHER/bin/python [--weights models/mesh.safetensors]

DATA is the folder of pictures and clips, RUN the training's folder, TEACHER as in scripts/mesh/teacher.py; what the teacher
says is kept in RUN/trial and asked for once. The truth is the teacher on the clean picture, mean of four views. An error is
the mean distance (x, y) of the 478 points from the truth over the distance of the outer eye corners in space. Both find the
face themselves in every picture: the network through the product's detector, the teacher through its own. "Place known"
gives the network the detector's points in the undamaged picture, as a track knows from its neighbours where the face is. Both
give a face up (lost) where they are not sure of it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))

from facefix.faces import align
from facefix.faces.detectors import DETECTORS
from facefix.faces.mesh import topology
from facefix.faces.mesh.mesher import LOST, Mesher
from mesh import trial
from mesh.data import eye_distance, yaw_deg

Floats = NDArray[np.float32]


def teach(python: Path | None, folder: Path, name: str, pictures: NDArray[np.uint8] | None, views: int, *more: str) -> Floats:
    """(N, views, 478, 3) what the teacher says; left-right order of the mirrored view restored."""
    answer = folder / f"{name}.npz"
    if not answer.exists():
        if python is None:
            raise SystemExit(f"{answer} is missing: give --teacher.")
        np.save(folder / f"{name}.npy", pictures)
        script = Path(__file__).parent / "mesh" / "teacher.py"
        subprocess.run([python, script, folder / f"{name}.npy", answer, "--views", str(views), *more], check=True)
    meshes = np.load(answer)["meshes"]
    if views > 1:
        meshes[:, 1] = meshes[:, 1, topology.MIRROR]
    meshes[..., 2] -= meshes[..., :468, 2].mean(-1)[..., None]
    return meshes


def kept(path: Path, make: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The array in a file, made and put there the first time."""
    if not path.exists():
        np.save(path, make())
    return np.load(path)


def detected(folder: Path, name: str, pictures: NDArray[np.uint8], expected: Floats) -> Floats:
    """(N, 5, 2) the detector's points of the face nearest to where one is, NaN where it finds none. Kept in a file."""
    path = folder / f"{name}_points.npy"
    if path.exists():
        return np.load(path)
    detector = next(iter(DETECTORS.values())).load("cpu")
    out = np.full((len(pictures), 5, 2), np.nan, np.float32)
    for i, picture in enumerate(pictures):
        faces = detector.detect([picture], [0])[0]
        if faces:
            out[i] = min((f.points for f in faces), key=lambda p: float(np.abs(p.mean(0) - expected[i].mean(0)).sum()))
    np.save(path, out)
    return out


def error(meshes: Floats, truth: Floats) -> Floats:
    """(N,) in per cent; NaN where there is no mesh."""
    return 100 * np.linalg.norm((meshes - truth)[..., :2], axis=-1).mean(-1) / eye_distance(truth)


def ask(
    mesher: Mesher, pictures: NDArray[np.uint8], points: Floats, passes: int, give_up: bool = True
) -> tuple[Floats, Floats]:
    """Meshes (N, 478, 3), NaN where the network says there is none; confidence (N, 478). Both NaN where none is detected."""
    meshes = np.full((len(pictures), 478, 3), np.nan, np.float32)
    sure = np.full((len(pictures), 478), np.nan, np.float32)
    for i in range(0, len(pictures), 16):
        some = [k for k in range(i, min(i + 16, len(pictures))) if np.isfinite(points[k]).all()]
        if some:
            answer = mesher.meshes([pictures[k] for k in some], points[some], passes)
            meshes[some], sure[some] = answer.points, answer.confidence
    if give_up:
        meshes[sure.mean(1) < LOST] = np.nan
    return meshes, sure


def row(label: str, values: Floats) -> str:
    lost = np.isnan(values).sum()
    seen = values[~np.isnan(values)]
    return (
        f"  {label:<28} mean {seen.mean():5.2f}  median {np.median(seen):5.2f}  p95 {np.percentile(seen, 95):6.2f}  lost {lost}"
    )


def accuracy(options: argparse.Namespace, folder: Path, mesher: Mesher) -> tuple[NDArray[np.uint8], Floats]:
    """Prints a block per condition; returns the clean pictures and the detector's points in them."""
    pictures, points, groups = trial.faces(options.data, options.run / "data")
    views = teach(options.teacher, folder, "clean", pictures, 4)
    truth = views.mean(1)
    # Where the teacher's views disagree it sees no face, or another one each time: no truth to be had.
    good = error(views[:, 0], truth) < 6
    pictures, points, truth, plain = pictures[good], points[good], truth[good], views[good, 0]
    groups = [g for g, keep in zip(groups, good, strict=True) if keep]
    print(f"{len(truth)} of {len(good)} faces, {len(set(groups))} persons and clips; error in % of the eye distance")
    for condition in trial.CONDITIONS:
        shown = pictures
        if condition != "clean":
            shown = kept(folder / f"{condition}.npy", lambda c=condition: trial.damaged(c, pictures, points, truth))
        marked = detected(folder, condition, shown, points)
        theirs = plain if condition == "clean" else teach(options.teacher, folder, condition, shown, 1)[:, 0]
        print(condition)
        print(row("teacher", error(theirs, truth)))
        print(row("network, 1 pass", error(ask(mesher, shown, marked, 1)[0], truth)))
        ours, sure = ask(mesher, shown, marked, 2)
        print(row("network, 2 passes", error(ours, truth)))
        if condition != "clean":
            print(row("network, place known", error(ask(mesher, shown, points, 2)[0], truth)))
            print(row("  and no face given up", error(ask(mesher, shown, points, 2, give_up=False)[0], truth)))
            print(row("  found, none given up", error(ask(mesher, shown, marked, 2, give_up=False)[0], truth)))
        if condition == "clean":
            details(ours, truth, plain, groups)
        report_confidence(condition, pictures, shown, truth, sure)
    return pictures, points


def details(ours: Floats, truth: Floats, plain: Floats, groups: list[str]) -> None:
    """Who and where the error on clean pictures comes from."""
    clip = np.array([not g.startswith(("sfhq", "house", "senate", "london")) for g in groups])
    off, turned = error(ours, truth), yaw_deg(truth) > 20
    flat = eye_distance(truth) / np.linalg.norm((truth[:, 33] - truth[:, 263])[:, :2], axis=1)
    parts = {
        f"{(~clip).sum()} portraits": off[~clip],
        f"{clip.sum()} frames of clips": off[clip],
        f"{turned.sum()} with yaw > 20": off[turned],
        "by the eye distance as seen": off * flat,
        "against one view": error(ours, plain),
        "eyelids": part_error(ours, truth, topology.RIGHT_EYE + topology.LEFT_EYE),
        "lips": part_error(ours, truth, topology.LIPS),
        "outline": part_error(ours, truth, topology.OVAL),
    }
    for name, values in parts.items():
        print(row(f"  {name}", values))


def part_error(meshes: Floats, truth: Floats, part: tuple[int, ...]) -> Floats:
    gap = np.linalg.norm((meshes - truth)[:, list(part), :2], axis=-1).mean(1)
    return 100 * gap / eye_distance(truth)


def report_confidence(condition: str, clean: NDArray[np.uint8], shown: NDArray[np.uint8], truth: Floats, sure: Floats) -> None:
    """Mean confidence, and where things were put in front, of covered points and of the others."""
    known = np.isfinite(sure[:, 0])
    if condition != "occluded":
        print(f"  confidence                   mean {sure[known].mean():.2f}")
        return
    side = clean.shape[1]
    x, y = np.clip(np.round(truth[..., :2]).astype(int), 0, side - 1).transpose(2, 0, 1)
    n = np.arange(len(clean))[:, None]
    changed = np.abs(shown[n, y, x].astype(int) - clean[n, y, x]).max(-1) > 12
    covered, free = sure[known][changed[known]], sure[known][~changed[known]]
    pair = np.random.default_rng(0)
    auc = (pair.choice(free, 20000) > pair.choice(covered, 20000)).mean()
    print(f"  confidence                   covered {covered.mean():.2f}, free {free.mean():.2f}, AUC {auc:.2f}")


def jitter(options: argparse.Namespace, folder: Path, mesher: Mesher, pictures: NDArray[np.uint8], points: Floats) -> None:
    """Standard deviation of each point over noisy copies of a still, mean over points and stills."""
    chosen = np.linspace(0, len(pictures) - 1, trial.STILLS).astype(int).tolist()
    noisy = trial.trembling(pictures, chosen)
    repeated = points[chosen].repeat(trial.NOISY_FRAMES, 0)
    marked = detected(folder, "noisy", noisy, repeated)
    size = eye_distance(ask(mesher, pictures[chosen], points[chosen], 2)[0])

    def tremble(meshes: Floats) -> str:
        runs = meshes.reshape(len(chosen), trial.NOISY_FRAMES, 478, 3)
        spread = np.sqrt(np.nanvar(runs[..., :2], axis=1).sum(-1)).mean(-1)
        return f"{100 * np.nanmean(spread / size):.3f} %"

    print(f"jitter on {len(chosen)} stills, noise of {trial.NOISE:g} / 255, standard deviation in % of the eye distance")
    print(f"  teacher, every frame anew    {tremble(teach(options.teacher, folder, 'noisy', noisy, 1)[:, 0])}")
    tracked = teach(options.teacher, folder, "noisy_tracked", noisy, 1, "--sequence", str(trial.NOISY_FRAMES))[:, 0]
    print(f"  teacher, tracking            {tremble(tracked)}")
    for passes in (1, 2, 3):
        print(f"  network, {passes} pass             {tremble(ask(mesher, noisy, marked, passes)[0])}")
    print(f"  network, crop held still     {tremble(ask(mesher, noisy, repeated, 1)[0])}")


def speed(mesher: Mesher, pictures: NDArray[np.uint8], points: Floats) -> None:
    eight, five = list(pictures[:8]), points[:8]
    crops = np.stack([align.crop(p, align.transform(q, 128), 128).pixels for p, q in zip(eight, five, strict=True)])

    def best(job) -> float:
        times = []
        for _ in range(60):
            start = time.perf_counter()
            job()
            times.append(time.perf_counter() - start)
        return 1000 * min(times) / 8  # the machine may be busy with other things

    print(f"speed, batch of 8: network {best(lambda: mesher.run(crops)):.2f} ms a face,"
          f" cut and one pass {best(lambda: mesher.meshes(eight, five, 1)):.2f},"
          f" two passes {best(lambda: mesher.meshes(eight, five, 2)):.2f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--teacher", type=Path, help="the Python of the teacher's environment")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--speed-only", action="store_true")
    options = parser.parse_args()
    folder = options.run / "trial"
    folder.mkdir(parents=True, exist_ok=True)
    mesher = Mesher(options.device, options.weights)
    if options.speed_only:
        rng = np.random.default_rng(0)
        noise = rng.integers(0, 255, (8, trial.SIDE_PX, trial.SIDE_PX, 3), np.uint8)
        speed(mesher, noise, np.repeat(align.FFHQ_TEMPLATE[None].astype(np.float32), 8, 0))
        return
    pictures, points = accuracy(options, folder, mesher)
    jitter(options, folder, mesher, pictures, points)
    speed(mesher, pictures, points)


if __name__ == "__main__":
    main()
