"""Every choice a user has, each with its default, bounds and help stated here and nowhere else.

The command line builds its options from these fields (`facefix.cli.options`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

from facefix.errors import SettingsError
from facefix.ranges import parse_frames, parse_range

CRF_BOUNDS = (0, 63)
IN_THE_PLAN = (
    "strength",
    "only",
    "range",
    "generator",
    "detector",
    "restorer",
    "character",
    "cast",
    "identity_strength",
)
"""What a plan holds already: not to be chosen again when it is rendered."""
MODELS_DIR_VARIABLE = "FACEFIX_MODELS"
CHARACTERS_DIR_VARIABLE = "FACEFIX_CHARACTERS"


@dataclass(frozen=True, slots=True)
class Option:
    """What the command line needs to know of a field of `Settings`."""

    help: str
    flags: tuple[str, ...]
    bounds: tuple[float, float] | None = None
    choices: Callable[[], tuple[str | int, ...]] | None = None
    """Asked only when a value is checked, since registries live in modules that are slow to import."""
    metavar: str | None = None
    many: bool = False
    repeated: bool = False
    """The option may be given several times, a value each; the field is a tuple."""
    variable: str | None = None
    """Environment variable that sets it; None: FACEFIX_ and the field's name in capitals."""
    folder: bool = False
    """A path: the command line makes it absolute, for whoever carries out an order may stand elsewhere."""


def _option(default: Any, help: str, *flags: str, **more: Any) -> Any:
    return field(default=default, metadata={"option": Option(help=help, flags=flags, **more)})


def _restorers() -> tuple[str, ...]:
    from facefix.repair.restorers import RESTORERS

    return ("auto", *RESTORERS)


def _masks() -> tuple[str, ...]:
    from facefix.repair.masks import MASKS

    return ("auto", *MASKS)


def _upscalers() -> tuple[str, ...]:
    from facefix.upscale import UPSCALERS

    return ("auto", *UPSCALERS)


def _detectors() -> tuple[str, ...]:
    from facefix.faces.detectors import DETECTORS

    return ("auto", *DETECTORS)


def _modes() -> tuple[str, ...]:
    from facefix.diagnose.modes import MODES

    return tuple(MODES)


def _comparisons() -> tuple[str, ...]:
    from facefix.report.comparison import FORMS

    return tuple(FORMS)


def _generators() -> tuple[str, ...]:
    from facefix.diagnose.generators import AUTO, GENERATORS, NONE

    return (AUTO, NONE, *GENERATORS)


@dataclass(frozen=True, slots=True)
class Settings:
    """How to analyse, repair and write a clip. Checked on creation.

    Raises:
        SettingsError: a value is out of bounds or no registered choice.
    """

    strength: float = _option(
        0.6,
        "How far repairs may go: 0 leaves faces as they are; above 0.75 only milder faults get more.",
        "--strength",
        bounds=(0.0, 1.0),
    )
    only: tuple[str, ...] = _option(
        (), "Repair only these failure modes, comma-separated.", "--only", choices=_modes, metavar="MODE,...", many=True
    )
    range: str | None = _option(
        None,
        "Work on a part only: frames (40-58, the end exclusive) or times (1.5s-3s, 0:01-0:03). The output holds just it.",
        "--range",
        metavar="A-B",
    )
    generator: str = _option(
        "auto",
        "What made the clip, which shifts doubtful findings: auto (what its metadata say), none, "
        "kling, sora, runway, pika, wan, veo or hailuo.",
        "--generator",
        choices=_generators,
    )
    detector: str = _option(
        "auto",
        "Network that finds faces: centerface, retinaface; auto: retinaface where it was fetched and there is a GPU, else "
        "centerface, which is much faster on a CPU.",
        "--detector",
        choices=_detectors,
    )
    restorer: str = _option(
        "auto",
        "Network that redraws detail in waxy faces: unwaxing, gfpgan, realesrgan, none; auto: gfpgan where it was fetched, "
        "else unwaxing.",
        "--restorer",
        choices=_restorers,
    )
    mask: str = _option(
        "auto",
        "What of a face a repair may touch: points (an oval), parsenet (without what covers it: hands, hair, microphones); "
        "auto: parsenet where it was fetched and there is a GPU, else points.",
        "--mask",
        choices=_masks,
    )
    scale: int = _option(
        1, "Enlarge the repaired clip so many times: 1, 2 or 4.", "--scale", choices=lambda: (1, 2, 4), metavar="1|2|4"
    )
    upscaler: str = _option(
        "auto",
        "What enlarges it: auto (by clip and machine), realesrgan, general, anime, animevideo or lanczos.",
        "--upscaler",
        choices=_upscalers,
    )
    character: tuple[str, ...] = _option(
        (),
        "Hold the faces of this character to its pictures (`facefix character add`); repeatable. Which face is whose is found.",
        "--character",
        metavar="NAME",
        repeated=True,
    )
    cast: tuple[str, ...] = _option(
        (), "Say whose face a track is, where that was not found; repeatable.", "--map", metavar="TRACK=NAME", repeated=True
    )
    identity_strength: float = _option(
        0.75,
        "How far a character's pictures count against the clip's own frames: 0 not at all, 1 as much as can be.",
        "--identity-strength",
        bounds=(0.0, 1.0),
    )
    characters_dir: str | None = _option(
        None,
        "Folder that holds characters; default: the environment variable FACEFIX_CHARACTERS, else the nearest folder "
        "`characters` from here upwards, else one in your data folder.",
        "--characters-dir",
        metavar="DIR",
        folder=True,
        variable=CHARACTERS_DIR_VARIABLE,
    )
    device: str = _option(
        "auto",
        "Where networks run: auto, cpu, cuda, cuda:N or mps; several as cuda:0,cuda:1, which share the clips of a queue, and "
        "the frames of a clip that is enlarged.",
        "--device",
    )
    models_dir: str | None = _option(
        None,
        "Folder in which model weights are looked for first, and into which they are fetched; default: what the environment "
        "variable FACEFIX_MODELS says.",
        "--models-dir",
        metavar="DIR",
        folder=True,
        variable=MODELS_DIR_VARIABLE,
    )
    codec: str | None = _option(
        None, "Video encoder, such as libx264, libx265, prores_ks, h264_nvenc; default: the source's family.", "--codec"
    )
    crf: int | None = _option(
        None, "Encoder quality, lower is better; default: visually lossless for the codec.", "--crf", bounds=CRF_BOUNDS
    )
    compare: bool = _option(False, "Also write a clip of before and after, with captions of what was found.", "--compare")
    frames: tuple[str, ...] = _option(
        (),
        "Also write these frames before and after as PNG files: numbers or times (40,52,1.5s), comma-separated.",
        "--frames",
        metavar="N,...",
        many=True,
    )
    compare_as: str = _option(
        "side",
        "How --compare shows them: side (by side) or wipe (a line swings over one picture).",
        "--compare-as",
        choices=_comparisons,
    )
    report: str | None = _option(
        None,
        "Also write a page into this folder for each clip, which any browser opens: findings, signals, before and after.",
        "--report",
        metavar="DIR",
        folder=True,
    )

    def __post_init__(self) -> None:
        for item in fields(self):
            check(item.name, getattr(self, item.name))
        if self.scale == 1 and self.upscaler != "auto":
            raise SettingsError(f"--upscaler {self.upscaler}: enlarges nothing without --scale 2 or --scale 4.")
        parse_cast(self.cast, self.character)

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that `device` names; where one has to do, it is the first."""
        return tuple(self.device.split(","))


def check(name: str, value: Any) -> None:
    """Raises SettingsError where a field cannot have that value, whatever the others have."""
    option: Option = next(item.metadata["option"] for item in fields(Settings) if item.name == name)
    if value is None:
        return
    if name == "device":
        _check_device(value)
    if name == "range":
        parse_range(value)
    if name == "frames":
        parse_frames(value)
    flag = option.flags[0]
    if option.bounds is not None and not option.bounds[0] <= value <= option.bounds[1]:
        raise SettingsError(f"{flag} {value}: must lie between {option.bounds[0]:g} and {option.bounds[1]:g}.")
    if option.choices is not None:
        allowed = option.choices()
        for item in value if option.many else (value,):
            if item not in allowed:
                raise SettingsError(f"{flag} {item}: choose from {', '.join(map(str, allowed))}.")


def parse_cast(texts: tuple[str, ...], names: tuple[str, ...]) -> dict[int, str]:
    """Read "0=mia" ...: track -> character.

    Raises:
        SettingsError: a text is no such thing, names a track twice, or a character that was not asked for.
    """
    found: dict[int, str] = {}
    for text in texts:
        track, equals, name = text.partition("=")
        if not equals or not track.strip().isdecimal() or not name.strip():
            raise SettingsError(f"--map {text}: write the face's number and the character's name, as 0=mia.")
        if name.strip() not in names:
            raise SettingsError(f"--map {text}: name the character too, with --character {name.strip()}.")
        if found.setdefault(int(track), name.strip()) != name.strip():
            raise SettingsError(f"--map {text}: face {int(track)} is {found[int(track)]} already.")
    return found


def _check_device(text: str) -> None:
    if not re.fullmatch(r"auto|cpu|mps|cuda|cuda:\d+(,cuda:\d+)*", text):
        raise SettingsError(f"--device {text}: choose auto, cpu, cuda, cuda:N, mps, or several as cuda:0,cuda:1.")
    names = text.split(",")
    if len(set(names)) < len(names):
        raise SettingsError(f"--device {text}: names a device twice.")
