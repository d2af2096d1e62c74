"""`facefix anchor`: the last good frame of a clip, to start the next one from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from facefix.cli.options import settings_from, settings_options
from facefix.cli.terminal import say


@click.command()
@click.argument("clip", type=click.Path(readable=False, path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="PNG", help="The picture to write; default: CLIP_anchor.png."
)
@click.option("--fix", is_flag=True, help="Repair the frame; frames with a fault that can be repaired count as good, then.")
@click.option("--json", "json_to", metavar="FILE|-", help="Write what was chosen as JSON (schema 1); - for standard output.")
@click.option("-y", "--yes", is_flag=True, help="Overwrite files that exist.")
@settings_options(
    "strength", "only", "range", "generator", "detector", "restorer", "mask", "scale", "upscaler", "character", "cast",
    "identity_strength", "characters_dir", "device", "models_dir"
)  # fmt: skip
def anchor(clip: Path, output: Path | None, fix: bool, json_to: str | None, yes: bool, **options: Any) -> None:
    """Write the last good frame of CLIP as a PNG: sharp, eyes open, without a fault, still the person that it began with.

    With --character it must still be that character, and the end is held against the character's pictures.
    """
    from facefix import pipeline
    from facefix.cli.documents import check, deliver
    from facefix.cli.each import Source
    from facefix.cli.progress import Progress
    from facefix.errors import OutputError, SettingsError
    from facefix.files import check_output, write_bytes
    from facefix.media.png import png
    from facefix.report.chaining import document, lines

    settings = settings_from(options)
    out = output or clip.with_name(f"{clip.stem}_anchor.png")
    if out.suffix.lower() != ".png":
        raise SettingsError(f"-o {out}: the picture is a PNG; name a file that ends in .png.")
    if json_to not in (None, "-") and Path(json_to).resolve() == out.resolve():
        raise OutputError(f"{out}: --json and -o name the same file.")
    check(json_to, [Source(clip)], overwrite=yes)
    check_output(clip, out, overwrite=yes)
    with Progress(clip.name) as progress:
        found = pipeline.anchor(clip, settings, fix=fix, progress=progress)
    write_bytes(out, png(found.pixels, found.clip.video.sample_aspect_ratio))
    deliver(json_to, [document(found, out)], several=False)
    if json_to != "-":
        say("\n".join(lines(found, out)))
