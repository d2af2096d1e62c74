"""The equations between RGB and YUV: which matrix and range a stream means, and how libswscale is told so."""

from __future__ import annotations

import av
from av.video.reformatter import Colorspace

from facefix.media.planes import Layout
from facefix.types import ColourTags

_BT709, _BT601, _FCC, _SMPTE240, _BT2020 = 1, 6, 4, 7, 9
# libswscale's flags for `reformat`; PyAV has names for all of them only from version 18 on.
SWS_BILINEAR, SWS_BICUBIC = 1 << 1, 1 << 2
SWS_FULL_CHROMA_OUT, SWS_FULL_CHROMA_IN, SWS_ACCURATE = 1 << 13, 1 << 14, 1 << 18

# libswscale's SWS_CS_BT2020; PyAV has a name for it only from version 18 on.
_SWS_BT2020 = 9
# Matrix coefficients of ITU-T H.273 -> (kr, kb) and libswscale's number.
_MATRICES: dict[int, tuple[float, float, int]] = {
    _BT709: (0.2126, 0.0722, Colorspace.ITU709),
    _FCC: (0.30, 0.11, Colorspace.FCC),
    5: (0.299, 0.114, Colorspace.SMPTE170M),
    _BT601: (0.299, 0.114, Colorspace.SMPTE170M),
    _SMPTE240: (0.212, 0.087, Colorspace.SMPTE240M),
    _BT2020: (0.2627, 0.0593, _SWS_BT2020),
    10: (0.2627, 0.0593, _SWS_BT2020),
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


def swscale_matrix(matrix: int, picture: av.VideoFrame) -> int:
    """libswscale's number of a matrix that `effective_matrix` returned, for `reformat` of `picture`.

    PyAV below 18 does not pass on the number of BT.2020 and leaves the picture's own tag to decide; so that tag is
    set. Samples are not touched.
    """
    number = _MATRICES[matrix][2]
    if number == _SWS_BT2020:
        picture.colorspace = _BT2020
    return number


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
