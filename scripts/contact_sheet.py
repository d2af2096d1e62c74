"""Lay frames of clips side by side: one row a clip (before, after, truth ...), one column a frame.

    python scripts/contact_sheet.py before.mp4 after.mp4 truth.mp4 -o sheet.png --frames 24,28,32 --crop-face
    python scripts/contact_sheet.py clip.mp4 -o sheet.png --every 12
    python scripts/contact_sheet.py before.mp4 after.mp4 -o sheet.png --worst 6 --crop-face --difference

`--worst K` picks the K frames, well apart, in which the first two clips differ most; with a single clip, those
that differ most from the mean of their two neighbours. `--crop-face` follows the largest face of the first clip;
`--box` is a fixed crop in the first clip's pixels. Clips of other sizes are cropped at the same place.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 as shares of the picture's width and height, so that it fits clips of any size."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)
_MARGIN_PX = 4
_CAPTION_PX = 20
_THUMBNAIL_PX = (160, 160)
_DIFFERENCE_GAIN = 4


def pictures(clip: Path) -> Iterator[Picture]:
    """(H, W, 3) RGB frames of the first video stream, in coded orientation."""
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def worst_frames(clips: list[Path], count: int, box: Box) -> list[int]:
    """The `count` most suspicious frames in `box`, at least a twelfth of a second's worth (4 frames) apart."""
    first, second = clips[0], clips[1] if len(clips) > 1 else None
    thumbs = [_thumbnail(p, box) for p in pictures(first)]
    if second is not None:
        others = [_thumbnail(p, box) for p in pictures(second)]
        score = [float(np.abs(a - b).mean()) for a, b in zip(thumbs, others, strict=False)]
    else:
        inner = zip(thumbs, thumbs[1:], thumbs[2:], strict=False)
        score = [0.0, *(float(np.abs(b - (a + c) / 2).mean()) for a, b, c in inner), 0.0]
    chosen: list[int] = []
    for frame in sorted(range(len(score)), key=lambda t: -score[t]):
        if len(chosen) < count and all(abs(frame - t) >= 4 for t in chosen):
            chosen.append(frame)
    return sorted(chosen)


def follow_face(clip: Path, frames: list[int], zoom: float) -> dict[int, Box]:
    """A square crop per frame around the largest face, of one size for the whole clip; the last seen where none is."""
    from facefix.faces.detectors import DETECTORS

    detector = next(iter(DETECTORS.values())).load("cpu")
    found: dict[int, NDArray[np.float32]] = {}
    width = height = 1
    for t, picture in _pick(pictures(clip), frames):
        height, width = picture.shape[:2]
        faces = detector.detect([picture], [t])[0]
        if faces:
            found[t] = max((face.box for face in faces), key=lambda b: float((b[2] - b[0]) * (b[3] - b[1])))
    if not found:
        raise SystemExit(f"No face found in {clip}; give --box x0,y0,x1,y1 instead of --crop-face.")
    half = zoom / 2 * float(np.median([max(b[2] - b[0], b[3] - b[1]) for b in found.values()]))
    crops: dict[int, Box] = {}
    for t in frames:
        box = found[min(found, key=lambda seen: abs(seen - t))]
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        crops[t] = ((x - half) / width, (y - half) / height, (x + half) / width, (y + half) / height)
    return crops


def crop(picture: Picture, box: Box) -> Picture:
    """The part of the picture in `box`, black where the box leaves the picture."""
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = (round(share * side) for share, side in zip(box, (width, height, width, height), strict=True))
    out = np.zeros((max(1, y1 - y0), max(1, x1 - x0), 3), np.uint8)
    inside = picture[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)]
    top, left = max(0, -y0), max(0, -x0)
    out[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return out


def sheet(clips: list[Path], boxes: dict[int, Box], tile_px: int, difference: bool) -> Picture:
    """(H, W, 3) RGB: a row per clip, a column per key of `boxes`, captions above and beside.

    `difference` adds, for each clip but the first, a row of its difference from the first, four times amplified.
    """
    frames = sorted(boxes)
    rows: list[tuple[str, dict[int, Picture]]] = []
    for clip in clips:
        tiles = {t: _fit(crop(p, boxes[t]), tile_px) for t, p in _pick(pictures(clip), frames)}
        rows.append((clip.stem, tiles))
    if difference:
        _, before = rows[0]
        rows += [(f"{name} - {rows[0][0]}", _difference(before, tiles)) for name, tiles in rows[1:]]
    width = max((tile.shape[1] for _, tiles in rows for tile in tiles.values()), default=tile_px)
    lines = [_line(name, frames, tiles, width, tile_px) for name, tiles in rows]
    return np.vstack(lines)


def _pick(stream: Iterator[Picture], frames: list[int]) -> Iterator[tuple[int, Picture]]:
    wanted, last = set(frames), max(frames, default=-1)
    for t, picture in enumerate(stream):
        if t in wanted:
            yield t, picture
        if t >= last:
            return


def _thumbnail(picture: Picture, box: Box) -> NDArray[np.float32]:
    return cv2.resize(crop(picture, box), _THUMBNAIL_PX, interpolation=cv2.INTER_AREA).astype(np.float32)


def _fit(picture: Picture, height_px: int) -> Picture:
    scale = height_px / picture.shape[0]
    width_px = max(1, round(picture.shape[1] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, (width_px, height_px), interpolation=how)


def _difference(before: dict[int, Picture], after: dict[int, Picture]) -> dict[int, Picture]:
    both = {}
    for t in before.keys() & after.keys():
        a, b = before[t], after[t]
        if a.shape != b.shape:
            b = cv2.resize(b, a.shape[1::-1])
        both[t] = np.clip(_DIFFERENCE_GAIN * np.abs(a.astype(int) - b), 0, 255).astype(np.uint8)
    return both


def _line(name: str, frames: list[int], tiles: dict[int, Picture], width: int, height: int) -> Picture:
    top = 2 * _CAPTION_PX
    line = np.full((top + height + _MARGIN_PX, len(frames) * (width + _MARGIN_PX), 3), 24, np.uint8)
    _write(line, name, 4, _CAPTION_PX - 6)
    for column, t in enumerate(frames):
        x = column * (width + _MARGIN_PX)
        _write(line, str(t) if t in tiles else f"{t}: no such frame", x + 4, top - 6)
        if t in tiles:
            line[top : top + height, x : x + tiles[t].shape[1]] = tiles[t]
    return line


def _write(picture: Picture, text: str, x: int, y: int) -> None:
    cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (240, 240, 240), 1, cv2.LINE_AA)


def _fixed_box(text: str, clip: Path) -> Box:
    x0, y0, x1, y1 = (float(v) for v in text.split(","))
    height, width = next(pictures(clip)).shape[:2]
    return (x0 / width, y0 / height, x1 / width, y1 / height)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--frames", help="frame numbers from 0, such as 3,10,20")
    which.add_argument("--every", type=int, default=12, help="every Nth frame (default 12)")
    which.add_argument("--worst", type=int, help="the K frames that stand out most")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--crop-face", action="store_true")
    where.add_argument("--box", help="x0,y0,x1,y1 in pixels of the first clip")
    parser.add_argument("--zoom", type=float, default=1.3, help="side of the face crop in face heights (default 1.3)")
    parser.add_argument("--tile", type=int, default=256, help="height of a tile in pixels (default 256)")
    parser.add_argument("--difference", action="store_true", help="add rows of four times |clip - first clip|")
    options = parser.parse_args()

    clips: list[Path] = options.clips
    box = _fixed_box(options.box, clips[0]) if options.box else WHOLE
    if options.frames:
        frames = sorted({int(v) for v in options.frames.split(",")})
    elif options.worst:
        if options.crop_face:
            probe = follow_face(clips[0], [0], options.zoom * 1.6)
            box = next(iter(probe.values()))
        frames = worst_frames(clips, options.worst, box)
    else:
        frames = list(range(0, sum(1 for _ in pictures(clips[0])), options.every))
    boxes = follow_face(clips[0], frames, options.zoom) if options.crop_face else dict.fromkeys(frames, box)
    picture = sheet(clips, boxes, options.tile, options.difference)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(options.out), picture[..., ::-1])
    print(f"{options.out}: {len(clips)} clips, frames {', '.join(map(str, frames))}")


if __name__ == "__main__":
    main()
