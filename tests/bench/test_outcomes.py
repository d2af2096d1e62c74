"""Means over cases, the table and the sheets of the repair's bench, from invented outcomes."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pytest

from facefix.bench import outcomes, sheets, tables
from facefix.bench.cases import Case, Dose
from facefix.bench.nearness import Nearness
from facefix.bench.outcomes import OWN, Repaired, Result

COMMON = {"ssim_before": 0.9, "ssim_after": 0.95, "warping_truth": 1e-4, "warping_after": 3e-4, "psnr_kept": 30.0}


def _result(undone: float, **more: float) -> Result:
    values = dict.fromkeys((f.name for f in fields(Nearness)), 1.0) | COMMON | {"undone": undone} | more
    return Result(3, Nearness(**values), 2.0, 20)


def _repaired(mode: str, undone: float, rival: float | None = None) -> Repaired:
    doses = () if mode == "clean" else (Dose(mode, outcomes.SEVERITY),)
    case = Case("single", "held-out", Path("someone.mp4"), 0, doses)
    beside = {} if rival is None else {"none": _result(0.0), "realesrgan": _result(rival, warping_after=6e-4)}
    return Repaired(case, mode, True, _result(undone), beside)


def test_means_of_each_mode_and_method() -> None:
    table = outcomes.summary([_repaired("warp", 0.4, -0.2), _repaired("warp", 0.2, -0.4), _repaired("clean", 0.0, 0.0)])
    row = table["modes"]["warp"]
    assert row["undone"] == pytest.approx(0.3) and row["worse"] == 0 and row["cases"] == 2
    assert row["warping"] == pytest.approx(3) and table["fps"] == pytest.approx(10)
    assert list(table["methods"]) == [OWN, "none", "realesrgan"]
    assert table["methods"][OWN]["modes"] == table["modes"]
    rival = table["methods"]["realesrgan"]["modes"]["warp"]
    assert rival["undone"] == pytest.approx(-0.3) and rival["worse"] == 2 and rival["warping"] == pytest.approx(6)
    assert table["methods"]["realesrgan"]["clean"] == {"cases": 1, "untouched": 0, "least_psnr": 30.0}
    lines = list(tables.repair_lines("x", table))
    assert sum("warp " in line for line in lines) == 3 and any("clean clips by realesrgan" in line for line in lines)
    heads = next(line for line in lines if "squared error" in line)
    assert all(len(line) == len(heads) for line in lines if line.startswith("    "))


def test_without_baselines_there_is_one_row_a_mode() -> None:
    table = outcomes.summary([_repaired("warp", 0.4), _repaired("clean", 0.0)])
    assert "methods" not in table and "methods" not in outcomes.described(_repaired("warp", 0.4))
    lines = list(tables.repair_lines("x", table))
    assert sum(line.startswith("    warp") for line in lines) == 1 and "  clean clips: 1, 0 untouched" in "\n".join(lines)


def test_a_case_in_plain_data() -> None:
    plain = outcomes.described(_repaired("warp", 0.4, -0.2))
    assert plain["undone"] == 0.4 and plain["psnr_kept"] == 30 and plain["warping_truth"] == 1e-4
    assert plain["methods"]["realesrgan"]["undone"] == -0.2 and set(plain["methods"]) == {"none", "realesrgan"}


def test_sheets_of_the_worst_cases(tmp_path: Path) -> None:
    worst = sheets.Worst(count=2)
    frames = np.arange(10, 40)
    for shade, undone in enumerate((0.5, -0.1, 0.2)):
        crops = np.full((30, 64, 64, 3), 0.1 * (shade + 1), np.float32)
        worst(_repaired("warp", undone, 0.0), frames, dict.fromkeys(("truth", "before", OWN, "none", "realesrgan"), crops))
    worst(_repaired("clean", 0.0), frames, {"truth": np.zeros((30, 64, 64, 3), np.float32)})
    first, second = worst.write(tmp_path)
    assert [first, second] == sheets.places(tmp_path, 2) == sorted(tmp_path.iterdir())
    picture = cv2.imread(str(first))
    assert picture is not None
    # Rows: truth, before, facefix, realesrgan; the input is not shown twice. The face of the worst case has its shade.
    assert picture.shape[1] // (64 + 6) == sheets.COLUMNS and picture.shape[0] // (64 + 6) == 5
    assert np.median(picture[60:100, 20:60]) == 51
    assert np.median(cv2.imread(str(second))[60:100, 20:60]) in (76, 77)
