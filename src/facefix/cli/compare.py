"""`facefix compare`: who is who in several clips, and which of them does not show the same person."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from facefix.cli.options import clips_argument, settings_from, settings_options
from facefix.cli.terminal import complain, say


@click.command()
@clips_argument
@click.option(
    "--reference", type=click.Path(path_type=Path), metavar="CLIP",
    help="The one of the clips that is right; without it, what most clips agree on.",
)  # fmt: skip
@click.option("--json", "json_to", metavar="FILE|-", help="Write the comparison as JSON (schema 1); - for standard output.")
@click.option(
    "--report", type=click.Path(path_type=Path), metavar="DIR",
    help="Write a page there, consistency.html: each person's best and worst frames, clip by clip.",
)  # fmt: skip
@click.option("-y", "--yes", is_flag=True, help="Overwrite files that exist.")
@settings_options("character", "characters_dir", "range", "detector", "device", "models_dir")
def compare(
    clips: tuple[Path, ...],
    reference: Path | None,
    json_to: str | None,
    report: Path | None,
    yes: bool,
    **options: Any,
) -> int:
    """Hold the faces of clips against each other: who is who, what changed, and which clip to generate again.

    With --character they are held against that character's pictures. A folder stands for all clips under it.
    """
    from facefix import pipeline
    from facefix.cli.documents import check, deliver
    from facefix.cli.each import expand
    from facefix.cli.progress import Progress
    from facefix.errors import SettingsError
    from facefix.files import check_output, folder_made, write_text
    from facefix.report.consistency import document, lines
    from facefix.report.html.consistency import html

    settings = settings_from(options)
    sources = expand(clips)
    for source in sources:
        if source.problem is not None:
            raise source.problem
    paths = [source.clip for source in sources]
    if len(paths) < 2 and not settings.character:
        raise SettingsError(f"{paths[0]}: is one clip alone; name two or more, a folder of them, or a --character.")
    if reference is not None and reference.resolve() not in [path.resolve() for path in paths]:
        raise SettingsError(f"--reference {reference}: is none of the clips that are compared; name it among them, too.")
    check(json_to, sources, overwrite=yes)
    page = None if report is None else report / "consistency.html"
    with folder_made(page.parent) if page is not None else nullcontext(), Progress("compare") as progress:
        if page is not None:
            for source in sources:
                check_output(source.clip, page, overwrite=yes)
        found = pipeline.compare(paths, settings, reference=reference, progress=progress)
        if page is not None:
            write_text(page, html(found, pipeline.pictures(found, progress=progress), pipeline.portraits(found)))
    deliver(json_to, [document(found)], several=False)
    if json_to != "-":
        say("\n".join(lines(found)))
    for failure in found.failures:
        complain(failure)
    return 3 if found.failures else 0
