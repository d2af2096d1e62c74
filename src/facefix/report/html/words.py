"""What a page says in words: the state of a clip, and what became of each finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from facefix.report import timecode
from facefix.types import Analysis, Diagnosis, Finding

Outcome = Mapping[str, Any]
"""What a render did, as `report.schema.outcome` has it."""

_WORST_FACES = 3
IMPROVED, REPAIRED, TAKEN_BACK, LEFT = "improved", "repaired", "taken back", "left as it was"


def summary(analysis: Analysis, outcome: Outcome | None) -> list[str]:
    """Sentences: what was found, and what was done and measured."""
    told = [_found(analysis)]
    if len(analysis.diagnoses) > 1:
        ill = sorted((d for d in analysis.diagnoses if d.findings), key=lambda d: -max(f.severity for f in d.findings))
        told += [_worst(d, analysis) for d in ill[:_WORST_FACES]]
    if outcome is not None:
        told += _done(outcome)
    return told


def badge(analysis: Analysis, outcome: Outcome | None) -> str:
    """The verdict in a word; of what was to be repaired, and has been, that it is."""
    repaired = analysis.verdict == "repair" and outcome is not None and outcome["repaired_frames"]
    return "repaired" if repaired else analysis.verdict


def facts(analysis: Analysis, outcome: Outcome | None) -> list[str]:
    """Figures of the clip, each a few words."""
    video = analysis.clip.video
    width, height = video.display_size
    told = [f"{width}x{height}", f"{float(video.rate):g} fps" if video.rate else "unknown rate", f"{analysis.frames} frames"]
    if len(analysis.span) < analysis.frames:
        told.append(f"range {timecode.frames(analysis.span)}")
    if analysis.generator.name != "none":
        told.append(analysis.generator.name)
    if outcome is not None and outcome["scale"] > 1:
        told.append(f"enlarged to {outcome['width']}x{outcome['height']}")
    return told


def fate(finding: Finding, outcome: Outcome | None) -> tuple[str, list[str]]:
    """What became of a finding ("" where nothing was tried), and what was measured, in sentences."""
    if outcome is None:
        return "", []
    proofs = [
        proof
        for proof in outcome["proofs"]
        if (proof["track"], proof["mode"]) == (finding.track, finding.mode)
        and finding.span.start <= proof["start"] < proof["end"] <= finding.span.end
    ]
    sentences = [proof["why"] for proof in proofs]
    if not _treated(finding, outcome):
        return (TAKEN_BACK if any(not proof["kept"] for proof in proofs) else LEFT), sentences
    return (IMPROVED if any(proof["improved"] and proof["kept"] for proof in proofs) else REPAIRED), sentences


def _treated(finding: Finding, outcome: Outcome) -> bool:
    same = (finding.track, finding.mode, finding.span.start, finding.span.end)
    return any(one["treated"] and (one["track"], one["mode"], one["start"], one["end"]) == same for one in outcome["findings"])


def _found(analysis: Analysis) -> str:
    faces = len(analysis.diagnoses)
    if not faces:
        return "No face was found."
    where = f" in {count(len(analysis.shots), 'shot')}" if len(analysis.shots) > 1 else ""
    modes = Counter(f.mode for d in analysis.diagnoses for f in d.findings)
    if not modes:
        return f"{count(faces, 'face')}{where}, nothing wrong with {'it' if faces == 1 else 'them'}."
    told = ", ".join(f"{mode}{f' ({n} times)' if n > 1 else ''}" for mode, n in modes.most_common())
    return f"{count(faces, 'face')}{where}. Found: {told}."


def _worst(diagnosis: Diagnosis, analysis: Analysis) -> str:
    """A face's severest finding."""
    worst = max(diagnosis.findings, key=lambda f: f.severity)
    times = timecode.times(worst.span, analysis.clip.video.rate)
    place = f"frames {timecode.frames(worst.span)}{f' ({times})' if times else ''}"
    return f"Face {diagnosis.track.id} is worst in {place}: {worst.mode}, severity {worst.severity:.2f}."


def _done(outcome: Outcome) -> Iterator[str]:
    if outcome["copied"]:
        yield "Nothing was changed; the clip was copied, not encoded again."
        return
    if outcome["repaired_frames"]:
        repaired = f"{outcome['repaired_frames']} of {outcome['frames']} frames were repaired"
        yield f"{repaired}." if outcome["scale"] > 1 else f"{repaired}; the rest of the picture was left alone."
    else:
        yield "No frame was repaired."
    if outcome["upscaler"] is not None:
        yield f"Enlarged {outcome['scale']} times by {outcome['upscaler']}."
    proofs = outcome["proofs"]
    if proofs:
        better = sum(proof["kept"] and proof["improved"] for proof in proofs)
        back = sum(not proof["kept"] for proof in proofs)
        same = len(proofs) - better - back
        parts = [(better, "better"), (same, "without a change that could be measured"), (back, "taken back")]
        told = ", ".join(f"{n} {what}" for n, what in parts if n)
        yield f"{count(len(proofs), 'repair')}, measured before and after: {told}."


def count(number: int, noun: str) -> str:
    """`1 face`, `2 faces`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
