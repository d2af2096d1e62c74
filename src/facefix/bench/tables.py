"""The bench's results as lines of text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from facefix.bench.scoring import NONE, PLAIN


def lines(title: str, summary: Mapping[str, Any]) -> Iterator[str]:
    """The tables of one part; `summary` is what `scoring.summary` returns."""
    speed = summary["fps"]
    drawn = f"{summary['cases']} cases from {summary['clips']} clips"
    yield f"{title}: {drawn}, analysed at {_number(speed, '.1f')} frames per second"
    yield ""
    yield f"  frames, faults of severity >= {PLAIN:g}     recall   visible   precision   recall at 0.3   Spearman"
    for mode, scores in summary["frames"].items():
        cells = [_percent(scores[key]) for key in ("recall", "recall_visible", "precision", "recall_mild")]
        rank = _number(summary["spearman"].get(mode), "+.2f")
        yield f"    {mode:<30}{cells[0]:>9}{cells[1]:>10}{cells[2]:>12}{cells[3]:>16}{rank:>11}"
    yield ""
    yield from _confusion(summary["confusion"])
    yield ""
    yield "  nothing wrong with it    minutes   false findings   per minute   regenerate"
    for name, row in summary["false"].items():
        found = ", ".join(f"{mode} {count}" for mode, count in sorted(row["modes"].items()))
        yield (
            f"    {name:<20}{row['minutes']:>10.2f}{row['findings']:>17}{_number(row['per_minute'], '.1f'):>13}"
            f"{row['regenerate']:>13}{'   ' + found if found else ''}"
        )
    yield ""
    yield "  verdicts                  clean   repair   regenerate"
    for kind, row in summary["verdicts"].items():
        counts = [row.get(verdict, 0) for verdict in ("clean", "repair", "regenerate")]
        yield f"    {kind:<20}{counts[0]:>9}{counts[1]:>9}{counts[2]:>13}"


def repair_lines(title: str, summary: Mapping[str, Any]) -> Iterator[str]:
    """The table of one part; `summary` is what `outcomes.summary` returns. With baselines each mode has a row a method.

    The column "flow" is the warping error: its own name would be taken for the fault.
    """
    how = "told what is wrong" if summary["told"] else "as diagnosed"
    yield f"{title}: {summary['cases']} cases from {summary['clips']} clips, {how}, severity {summary['severity']:g}"
    yield ""
    yield (
        "  of the damage undone          cases  squared error   worse   SSIM before -> after   mesh   identity   tremble  VIDD"
        "  flow  seam"
    )
    methods = summary.get("methods", {})
    for mode, row in summary["modes"].items():
        if not methods:
            yield _repair_row(mode, row)
        for name, method in methods.items():
            yield _repair_row(f"{mode:<8} {name}", method["modes"][mode])
    if not methods and summary["clean"]["cases"]:
        yield f"  clean clips: {_kept(summary['clean'])}"
    for name, method in methods.items():
        if method["clean"]["cases"]:
            yield f"  clean clips by {name}: {_kept(method['clean'])}"
    yield f"  rendered at {summary['fps']:.1f} frames per second; tremble, VIDD and flow: of the truth's; seam: of the input's"


def _repair_row(label: str, row: Mapping[str, Any]) -> str:
    ssim = f"{row['ssim_before']:.4f} -> {row['ssim_after']:.4f}"
    return (
        f"    {label:<26}{row['cases']:>7}{_percent(row['undone']):>15}{row['worse']:>8}{ssim:>23}{_percent(row['mesh']):>7}"
        f"{_percent(row['identity']):>11}{row['tremble']:>10.2f}{row['vidd']:>6.2f}{row['warping']:>6.2f}{row['seam']:>6.2f}"
    )


def _kept(clean: Mapping[str, Any]) -> str:
    least = "nothing changed" if clean["least_psnr"] is None else f"at least {clean['least_psnr']:.1f} dB kept"
    return f"{clean['cases']}, {clean['untouched']} untouched, {least}"


def _confusion(table: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    names = [*table, *sorted({name for row in table.values() for name in row} - {*table, NONE}), NONE]
    yield f"  single faults >= {PLAIN:g} are called" + "".join(f"{name:>11}" for name in names)
    for truth, row in table.items():
        yield f"    {truth:<29}" + "".join(f"{row.get(name, 0) or '.':>11}" for name in names)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
