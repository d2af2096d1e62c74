"""Measure how faces move and how faults move them: the statistics by which meshes are straightened.

    python scripts/geometry/tracks.py RUN/tracks CLIPS...        # cut faces out
    python scripts/geometry/sequences.py RUN --count 1500        # inject faults, measure meshes; also with --held-out
    python scripts/geometry/sequences.py RUN --first 2000 --count 60 --kinds collapsed
    python scripts/fit_straightening.py RUN --export models/straightening.safetensors
    python scripts/fit_straightening.py RUN --known models/straightening.safetensors --anew collapsed --export ...

Printed for the held-out sequences with one fault of severity 0.3 and more, its span known: how much nearer to the clean mesh
the straightened one lies, by distance and by squared distance, and the same of the sequences that were measured.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from scipy.optimize import nnls
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(Path(__file__).parent))

from facefix.bench.faults import COLLAPSED, VARIANTS
from facefix.faces import align
from facefix.faces.mesh import framing, shape
from facefix.faces.mesh import path as paths
from facefix.faces.mesh.movement import KERNELS_S, MODES, SMEAR, Statistics, load, matern
from facefix.faces.mesh.straightening import Bent, likely
from facefix.types import Span
from geometry.sequences import OWN, mine

Floats = NDArray[np.float64]

COMPONENTS = 60
PER_SEQUENCE, EVERY = 8, 4
"""Frames that the axes are taken from."""
LAGS = 40
FAULTY = 0.25
MILDEST, CURABLE = 0.3, 0.75
"""Severities from which on a fault counts, and up to which something of a face that melts is left to repair."""
OTHERS = 0.1
"""Share of any warp's covariance in that of smears."""


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A stretch of a track with faults: its path and what was added to it."""

    path: paths.Path
    clean: paths.Path
    """With the usual place of `path`."""
    moved: NDArray[np.float32]
    """(T,) severity of what moves features."""
    fps: float
    faults: list[dict]

    @property
    def single(self) -> dict | None:
        """The fault that moves features, if there is one and nothing else."""
        moving = [f for f in self.faults if mode_of(f["kind"]) in MODES]
        return moving[0] if len(moving) == 1 == len(self.faults) else None


def mode_of(kind: str) -> str | None:
    return "warp" if kind == OWN else VARIANTS[kind].mode if kind in VARIANTS else None


def in_picture(meshes: NDArray[np.float32], matrices: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, 478, 3) in the picture's pixels of crops' (T, 2, 3)."""
    return np.stack([framing.through(align.inverse(m), mesh) for m, mesh in zip(matrices, meshes, strict=True)])


def held_as(path: paths.Path, other: paths.Path) -> paths.Path:
    """`path` told against the usual place of `other`."""
    usual = path.usual
    mine, theirs = Rotation.from_matrix(usual.rotation), Rotation.from_matrix(other.usual.rotation)
    shift = usual.shift + usual.scale * path.held[:, :3] @ usual.rotation.T
    moved = (shift - other.usual.shift) @ other.usual.rotation / other.usual.scale
    size = path.held[:, 3] + np.log(usual.scale / other.usual.scale)
    turned = (theirs.inv() * mine * Rotation.from_rotvec(path.held[:, 4:])).as_rotvec()
    return paths.Path(path.shapes, np.concatenate([moved, size[:, None], turned], 1), other.usual)


def read(run: Path, pattern: str, model: shape.ShapeModel) -> list[Sequence]:
    tracks, found = {}, []
    for path in sorted(run.glob(pattern)):
        with np.load(path) as row:
            about, fps = json.loads(str(row["about"])), float(row["fps"])
            meshes, moved = row["meshes"], row["moved"]
        name = about["track"]
        if name not in tracks:
            with np.load(run / "tracks" / f"{name}.npz") as cut, np.load(run / "clean" / f"{name}.npz") as measured:
                tracks[name] = cut["matrix"], measured["meshes"]
        matrices, clean = (a[about["first"] : about["first"] + len(meshes)] for a in tracks[name])
        bent = paths.path(model, in_picture(meshes, matrices))
        found.append(Sequence(bent, held_as(paths.path(model, in_picture(clean, matrices)), bent), moved, fps, about["faults"]))
    return found


def tracks(run: Path, model: shape.ShapeModel) -> list[tuple[paths.Path, float]]:
    """Every track that is not held out as it is, and its frames per second."""
    found = []
    for path in filter(lambda path: mine(path, False), sorted((run / "clean").glob("*.npz"))):
        with np.load(path) as row, np.load(run / "tracks" / path.name) as cut:
            found.append((paths.path(model, in_picture(row["meshes"], cut["matrix"])), float(row["fps"])))
    return found


def components(sequences: list[Sequence], moving: list[paths.Path]) -> Floats:
    """(COMPONENTS, 1434) in which faults move shapes and faces move by themselves, both counting alike."""
    bent = []
    for s in sequences:
        off = paths.flat(s.path.shapes - s.clean.shapes)
        changed = off[np.abs(off).max(1) > 1e-6]
        bent.append(changed[:: max(1, len(changed) // PER_SEQUENCE)])
    own = [paths.flat(p.shapes - p.shapes.mean(0))[::EVERY] for p in moving]
    both = [some / np.sqrt(np.square(some).sum(1).mean()) for some in map(np.concatenate, (bent, own))]
    some = np.concatenate(both)
    strengths, axes = np.linalg.eigh(some.T @ some)
    return axes[:, np.argsort(-strengths)[:COMPONENTS]].T


def mixture(series: Iterable[tuple[Floats, float]]) -> Floats:
    """(kernels,) non-negative shares whose kernel fits the series' autocovariance best, least squares."""
    products, counts, seconds = (np.zeros(LAGS) for _ in range(3))
    for values, fps in series:
        for lag in range(min(LAGS, len(values) - 1)):
            pairs = len(values) - lag
            products[lag] += float((values[lag:] * values[:pairs]).sum())
            counts[lag] += pairs * values[0].size
            seconds[lag] += pairs * values[0].size * lag / fps
    known = counts > 0
    apart, level = seconds[known] / counts[known], products[known] / counts[known]
    kernels = np.stack([apart < 1e-6, *(matern(apart, reach) for reach in KERNELS_S), np.ones_like(apart)], 1)
    weight = np.sqrt(counts[known] / counts[0])[:, None]
    shares, _ = nnls(kernels * weight, level * weight[:, 0])
    return shares / shares.sum()


def moved(sequences: list[Sequence], axes: Floats, size: Floats, kind: str) -> tuple[Floats, Floats]:
    """(N, N) mean square of what their faults add to the numbers of paths, and its pace (kernels,)."""
    added = []
    for s in sequences:
        assert s.single is not None
        part = slice(max(0, s.single["start"]), s.single["end"])
        added.append(((s.path.numbers(axes) - s.clean.numbers(axes))[part], s.fps))
    squares = sum(a.T @ a for a, _ in added) / sum(len(a) for a, _ in added)
    strength, main = eigh(squares, size)
    main, strength = main[:, -20:], strength[-20:]
    pace = mixture((a @ main / np.sqrt(strength), fps) for a, fps in added)
    print(f"{kind}: {len(added)} sequences, kernels {np.round(pace, 3)}")
    return squares, pace


def of_mode(sequences: list[Sequence], mode: str) -> list[Sequence]:
    return [s for s in sequences if s.single and mode_of(s.single["kind"]) == mode]


def smeared(sequences: list[Sequence]) -> list[Sequence]:
    return [s for s in sequences if s.single and s.single["kind"] == "warp-smear"]


def of_smears(sequences: list[Sequence], axes: Floats, size: Floats, warp: Floats) -> tuple[Floats, Floats]:
    """The same of smears, a tenth of any warp's in it: few were seen."""
    squares, pace = moved(smeared(sequences), axes, size, SMEAR)
    return (1 - OTHERS) * squares + OTHERS * warp, pace


def measure(sequences: list[Sequence], moving: list[tuple[paths.Path, float]]) -> Statistics:
    axes = components(sequences, [path for path, _ in moving])
    numbers = [(path.numbers(axes), fps) for path, fps in moving]
    size, steps = (
        np.mean([np.cov(change(n).T) for n, _ in numbers], 0) for change in (lambda n: n, lambda n: np.diff(n, axis=0))
    )
    # Movements without correlation, now or from frame to frame: the slowest first (slow feature analysis; Wiskott 2002).
    little = 1e-9 * np.eye(len(size)) / len(size)
    size, steps = size + np.trace(size) * little, steps + np.trace(steps) * little
    speeds, directions = eigh(steps, size)
    moves = [((n - n.mean(0)) @ directions, fps) for n, fps in numbers]
    paces = np.stack([mixture((m[:, [k]], fps) for m, fps in moves) for k in range(len(size))])
    faults, fault_paces = {}, {}
    for mode in MODES:
        faults[mode], fault_paces[mode] = moved(of_mode(sequences, mode), axes, size, mode)
    faults[SMEAR], fault_paces[SMEAR] = of_smears(sequences, axes, size, faults["warp"])
    print(
        f"face: {len(numbers)} tracks, kernels of the slowest and the fastest movement {np.round(paces[[0, -1]], 2).tolist()}"
    )
    return Statistics(axes, size, steps, speeds, paces, faults, fault_paces)


def check(known: Statistics, sequences: list[Sequence], model: shape.ShapeModel) -> dict[str, NDArray[np.float16]]:
    """Print how much nearer to the clean meshes the straightened ones lie; what is left in some frames, mode -> (M, 478, 3)."""
    fields = np.concatenate([known.axes, paths.reach(model)])
    gram, rows, remains = fields @ fields.T, defaultdict(list), defaultdict(list)
    for s in sequences:
        one = s.single
        frames = s.moved >= FAULTY
        if one is None or one["severity"] < MILDEST or not frames.any():
            continue
        bent = Bent(str(mode_of(one["kind"])), Span(one["start"], one["end"]), one["severity"])
        numbers = s.path.numbers(known.axes)
        added = numbers - s.clean.numbers(known.axes)
        left = added - likely(known, numbers, bent, s.moved < 1e-3, s.fps)
        far = [np.sqrt(np.maximum(np.einsum("ti,ij,tj->t", d, gram, d), 0) / 478)[frames] for d in (added, left)]
        row = [v for d in far for v in (d.mean(), np.square(d).mean())]
        if bent.mode != COLLAPSED or one["severity"] <= CURABLE:
            remains[bent.mode].append(left[frames][::EVERY] @ fields)
        rows[bent.mode].append(row)
        rows[one["kind"]].append(row)
    for name, values in rows.items():
        before, squared, after, after_squared = np.mean(values, 0)
        nearer, squared_nearer = 100 * (1 - after / before), 100 * (1 - after_squared / squared)
        print(
            f"  {name:<18} {len(values):3} sequences, {100 * before:.2f} % of the eye distance off,"
            f" nearer by {nearer:.0f} %, squared {squared_nearer:.0f} %"
        )
    shaped = {mode: np.concatenate(some).reshape(-1, len(model.mean), 3) for mode, some in remains.items()}
    return {mode: (some / [1, 1, paths.DEPTH]).astype(np.float16) for mode, some in shaped.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--export", type=Path)
    parser.add_argument("--known", type=Path, help="take these statistics instead of measuring them")
    parser.add_argument("--anew", choices=(*MODES, SMEAR), action="append", default=[], help="but for those of this fault")
    parser.add_argument(
        "--remains", type=Path, help="an .npz for what is left of the faults, which the restorer learns to meet"
    )
    options = parser.parse_args()
    model = shape.load()
    sequences = read(options.run, "meshes_*.npz", model)
    if options.known:
        known = load(options.known)
        for kind in options.anew:
            squares, pace = (
                of_smears(sequences, known.axes, known.size, known.faults["warp"])
                if kind == SMEAR
                else moved(of_mode(sequences, kind), known.axes, known.size, kind)
            )
            known = replace(known, faults={**known.faults, kind: squares}, fault_paces={**known.fault_paces, kind: pace})
    else:
        known = measure(sequences, tracks(options.run, model))
    for title, some in (("measured", sequences), ("held out", read(options.run, "held_*.npz", model))):
        if not some:
            continue
        print(title)
        remains = check(known, some, model)
        if title == "measured" and options.remains:
            np.savez(options.remains, **remains)
    if options.export is None:
        return
    from safetensors.numpy import save_file

    arrays = {name: getattr(known, name) for name in ("axes", "size", "steps", "speeds", "paces")}
    arrays |= {f"fault_{kind}": known.faults[kind] for kind in (*MODES, SMEAR)}
    arrays |= {f"pace_{kind}": known.fault_paces[kind] for kind in (*MODES, SMEAR)}
    save_file({name: np.ascontiguousarray(a, np.float32) for name, a in arrays.items()}, options.export)
    print(f"{options.export}: {options.export.stat().st_size} bytes")


if __name__ == "__main__":
    main()
