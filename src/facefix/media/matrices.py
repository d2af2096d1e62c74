"""The equations between RGB and YUV: which matrix and range a stream means, and their numbers."""

from __future__ import annotations

from av.video.reformatter import Colorspace

from facefix.media.planes import Layout
from facefix.types import ColourTags

_BT709, _BT601, _FCC, _SMPTE240, _BT2020 = 1, 6, 4, 7, 9
# Matrix coefficients of ITU-T H.273 -> (kr, kb) and libswscale's name.
_MATRICES: dict[int, tuple[float, float, Colorspace]] = {
    _BT709: (0.2126, 0.0722, Colorspace.ITU709),
    _FCC: (0.30, 0.11, Colorspace.FCC),
    5: (0.299, 0.114, Colorspace.SMPTE170M),
    _BT601: (0.299, 0.114, Colorspace.SMPTE170M),
    _SMPTE240: (0.212, 0.087, Colorspace.SMPTE240M),
    _BT2020: (0.2627, 0.0593, Colorspace.BT2020),
    10: (0.2627, 0.0593, Colorspace.BT2020),
}

# Decoders of these codecs tell that chroma sits over the left of two luma columns; for others libswscale centres it.
_LEFT_SITED = {"h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4", "vc1", "wmv3"}


def effective_matrix(tags: ColourTags, width: int, height: int) -> int:
    """The matrix to convert with: the declared one; where none (or none known) is declared, the one players guess.

    Players commonly take BT.709 for high definition and BT.601 below, because SD material predates
    BT.709. `width` and `height` are those of the picture the samples belong to.
    """
    if tags.matrix in _MATRICES:
        return tags.matrix
    return _BT709 if width >= 1280 or height >= 720 else _BT601


def swscale_matrix(matrix: int) -> Colorspace:
    """libswscale's name of a matrix that `effective_matrix` returned."""
    return _MATRICES[matrix][2]


def is_full_range(tags: ColourTags, layout: Layout) -> bool:
    """Whether samples span their whole range: as the format says, else as declared, else limited (as players do)."""
    return layout.full_range if layout.full_range is not None else tags.range == 2


def luma_weights(matrix: int) -> tuple[float, float]:
    """(kr, kb) of ITU-T H.273 for a matrix that `effective_matrix` returned."""
    kr, kb, _ = _MATRICES[matrix]
    return kr, kb


def code_scales(layout: Layout, full: bool) -> tuple[int, int, int, int]:
    """(luma range, luma black, chroma range, chroma middle) in sample steps."""
    unit, middle = 1 << (layout.bits - 8), 1 << (layout.bits - 1)
    return (layout.peak, 0, layout.peak, middle) if full else (219 * unit, 16 * unit, 224 * unit, middle)


def is_left_sited(codec: str) -> bool:
    """Whether the codec's decoder tells libswscale that chroma lies over the left of two luma columns."""
    return codec in _LEFT_SITED
