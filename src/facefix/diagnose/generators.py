"""Video generators: how a file gives them away, and what their faces suffer from. One table, `GENERATORS`.

A prior is a factor on the severity of a mode's findings while they are in doubt (`spans.with_prior`); what is visible at
once stays as it is. The factors are small because what is known of generators is what editors report of versions that
change every few months, not a measurement. Nobody's faces are collapsed by habit, so no preset shifts that mode.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from facefix.types import Generator, Origin

AUTO, NONE = "auto", "none"
_LIKELY, _RATHER, _UNLIKELY = 1.2, 1.1, 0.9
_SPOKEN = ("title", "artist", "album", "album_artist", "composer", "genre", "lyrics", "location", "show")
"""Tags that tell what a clip is about, not what made it."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A generator."""

    name: str
    describe: str
    """What its faces are known for: the reason of its priors."""
    priors: Mapping[str, float]
    """Mode -> factor; 1 where missing."""
    tags: str
    """Regular expression (case ignored) of what its files, and workflows that call it, have in their tags. Names that are
    words too (a runway, a pika, wan) count only where they can not be met in the description of a scene."""
    credentials: tuple[str, ...] = field(default=())
    """Regular expressions, all of which some string of its Content Credentials matches; none where it writes none."""


_PRESETS = (
    Preset(
        "kling",
        "faces stretch and double in turns and fast motion",
        {"warp": _LIKELY},
        r"\bkling[ _-]?(ai|v?\d)|klingai|kling\w*node|可灵|^kling$",
        (r"\bkling",),
    ),
    Preset(
        "sora",
        "soft, glossy skin; faces seldom break",
        {"waxy": _LIKELY, "warp": _UNLIKELY},
        r"\bopenai\b|sora\.(com|chatgpt)|\bsora[ _-]?[12]\b|^sora$",
        # OpenAI signs videos and pictures alike; here it is a video.
        (r"OpenAI|Truepic Lens CLI in Sora|^Sora\b",),
    ),
    Preset(
        "runway",
        "the person changes over a long shot",
        {"drift": _LIKELY},
        r"runway ?ml|runway[ _-]?gen|runway\w*node|runway ai\b|^runway$",
        (r"runway (ai|ml)\b|^runway\b",),
    ),
    Preset(
        "pika",
        "the person changes over a long shot; little skin detail",
        {"drift": _LIKELY, "waxy": _RATHER},
        r"pika[ _-]?labs|pika\.art|\bpika[ _-]v?[12]\.\d|pika\w*node|^pika$",
        (r"\bpika[ _-]?(labs|art)|^pika\b",),
    ),
    Preset(
        "wan",
        "small faces wobble and boil from frame to frame",
        {"flicker": _RATHER, "warp": _RATHER},
        r"\bwan[ _-]?(video|2[._-]?\d)|wan\w*(sampler|tovideo)\b|wan-ai/|^wan$",
        (r"\bwan ?2\.\d|tongyi",),
    ),
    Preset(
        "veo",
        "calm, smooth skin; identity holds over its short clips",
        {"waxy": _RATHER, "drift": _UNLIKELY},
        r"\bgoogle[ _-]veo|\bveo[ _-]?[23](\.\d)?\b|veo\w*node|made with google ai|^veo$",
        # Google's cameras sign what they film as well.
        (r"Google (LLC|C2PA)|\bveo\b", r"trainedAlgorithmicMedia|Google Generative AI|\bveo\b"),
    ),
    Preset(
        "hailuo",
        "large, fast motion in which faces stretch",
        {"warp": _RATHER},
        r"hailuo|minimax[ _-]?(video|\w*node)|海螺|^minimax$",
        (r"hailuo|minimax",),
    ),
)
GENERATORS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in _PRESETS})


def priors(name: str) -> Mapping[str, float]:
    """Mode -> factor of a generator; empty for `NONE`."""
    return GENERATORS[name].priors if name in GENERATORS else MappingProxyType({})


def resolve(choice: str, origin: Origin) -> Generator:
    """The generator to assume. choice: a name of `GENERATORS`, `NONE`, or `AUTO` to ask the file itself.

    Content Credentials outrank tags, which anyone may copy along; where either names two, none is assumed.
    """
    if choice != AUTO:
        return Generator(choice, "as asked." if choice != NONE else "no generator is to be assumed.")
    for where, found in (("its Content Credentials say", _by_credentials(origin)), ("its tags say", _by_tags(origin))):
        if len(found) == 1:
            ((name, text),) = found.items()
            return Generator(name, f"{where} {_quoted(text)}.")
        if found:
            return Generator(NONE, f"{where} {' and '.join(found)}, so none is assumed.")
    return Generator(NONE, "neither tags nor Content Credentials name one.")


def _by_credentials(origin: Origin) -> dict[str, str]:
    """Generator -> the string that names it."""
    found = {}
    for preset in _PRESETS:
        hits = [_first(pattern, origin.credentials) for pattern in preset.credentials]
        if hits and all(hit is not None for hit in hits):
            found[preset.name] = hits[0] or ""
    return found


def _by_tags(origin: Origin) -> dict[str, str]:
    texts = tuple(text for name, text in origin.tags if name.split("-")[0] not in _SPOKEN)
    hits = {preset.name: _first(preset.tags, texts) for preset in _PRESETS}
    return {name: hit for name, hit in hits.items() if hit is not None}


def _first(pattern: str, texts: tuple[str, ...]) -> str | None:
    """What surrounds the first match in any of the texts."""
    for text in texts:
        if match := re.search(pattern, text.strip(), re.IGNORECASE):
            return text.strip()[max(0, match.start() - 8) : match.end() + 16]
    return None


def _quoted(text: str) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f'"{plain}"'
