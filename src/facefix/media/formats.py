"""Which pixel format of those an encoder takes loses least of a clip's, and what is lost."""

from __future__ import annotations

from facefix.media.planes import layout_of


def nearest_format(source: str, offered: list[str]) -> str:
    """The offered pixel format that loses least of `source`: itself, else by kind, depth and chroma resolution."""
    if not offered or source in offered:
        return source
    wanted = layout_of(source)
    known = [(name, layout) for name in offered if (layout := layout_of(name)) is not None]
    if wanted is None or not known:
        return offered[0]

    # Gray has no chroma to lose, and RGB that becomes YUV should open everywhere: the commonest subsampling.
    sub_x, sub_y = (wanted.sub_x, wanted.sub_y) if wanted.kind == "yuv" else (1, 1)

    def loss(item: tuple[str, object]) -> tuple[int, ...]:
        layout = layout_of(item[0])
        assert layout is not None
        coarser = max(0, layout.sub_x - sub_x) + max(0, layout.sub_y - sub_y)
        finer = max(0, sub_x - layout.sub_x) + max(0, sub_y - layout.sub_y)
        return (
            int(layout.kind != wanted.kind and not (wanted.kind == "gray" and layout.kind == "yuv")),
            int(wanted.full_range is True and wanted.kind == "yuv" and layout.full_range is not True),
            max(0, wanted.bits - layout.bits),
            coarser,
            int(wanted.alpha and not layout.alpha),
            max(0, layout.bits - wanted.bits),
            finer,
            int(layout.alpha and not wanted.alpha),
            int(layout.shift != wanted.shift),
            int(layout.full_range is True and wanted.full_range is not True),
        )

    return min(known, key=loss)[0]


def losses(source: str, chosen: str, encoder: str) -> tuple[str, ...]:
    """Sentences for the user about a clip of format `source` that `encoder` takes as `chosen`."""
    a, b = layout_of(source), layout_of(chosen)
    if a is None or b is None or source == chosen:
        return ()
    notes = []
    if b.bits < a.bits:
        notes.append(f"{encoder} keeps {b.bits} of the {a.bits} bits per sample.")
    if b.sub_x > a.sub_x or b.sub_y > a.sub_y:
        notes.append(f"{encoder} stores colour at a lower resolution ({chosen} instead of {source}).")
    if a.alpha and not b.alpha:
        notes.append(f"{encoder} does not keep the alpha channel.")
    return tuple(notes)
