"""Who a file says it was made by: its tags, and the readable strings of its Content Credentials (C2PA).

A C2PA manifest lies in an MP4 or MOV file in a top-level `uuid` box (C2PA specification 2.1, annex A.5): extended type,
version and flags, a purpose that ends with a zero byte, an offset, then JUMBF boxes (ISO/IEC 19566-5) that hold CBOR,
JSON and embedded pictures. To name the generator the text in it is enough, so CBOR (RFC 8949) is read for its text alone
and no signature is checked: c2pa-python would do that, a compiled wheel of 16 MB. All reads are bounded; a damaged or
hostile file gives fewer strings, never an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from av.container import InputContainer

from facefix.types import Origin

C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MAX_BOXES = 4096
_MAX_MANIFEST_BYTES = 8 << 20
_MAX_DEPTH = 8
_MAX_STRINGS = 4096
_MAX_TAG = 20_000
"""Characters of a tag that are kept: ComfyUI writes whole workflows."""
_TEXT = re.compile(rb"[\x20-\x7e]{4,400}")
_MOST_TEXT = 400
"""Bytes of a string that are kept."""


def origin(path: Path, container: InputContainer) -> Origin:
    """What an open file says about its making; empty where it says nothing."""
    return Origin(tuple(_tags(container)), tuple(dict.fromkeys(_credentials(path))))


def _tags(container: InputContainer) -> Iterator[tuple[str, str]]:
    for metadata in (container.metadata, *(stream.metadata for stream in container.streams)):
        for name, text in metadata.items():
            yield name.lower(), text[:_MAX_TAG]


def _credentials(path: Path) -> Iterator[str]:
    """The strings of every C2PA box of a file of boxes, in order."""
    found = 0
    try:
        with path.open("rb") as file:
            for manifest in _manifests(file):
                for text in _strings(manifest):
                    yield text
                    found += 1
                    if found >= _MAX_STRINGS:
                        return
    except OSError:
        return


def _manifests(file: BinaryIO) -> Iterator[bytes]:
    """The contents of the top-level boxes of C2PA's type, at most `_MAX_MANIFEST_BYTES` of each."""
    end = file.seek(0, 2)
    place = 0
    for _ in range(_MAX_BOXES):
        file.seek(place)
        size, kind, header = _header(file.read(16), end - place)
        if size < header or place + header > end or (place == 0 and kind not in (b"ftyp", b"uuid")):
            return
        file.seek(place + header)
        if kind == b"uuid" and file.read(16) == C2PA_UUID:
            yield file.read(min(size - header - 16, _MAX_MANIFEST_BYTES))
        place += size


def _header(head: bytes, left: int) -> tuple[int, bytes, int]:
    """(size with header, type, size of the header) of the box that begins with `head`; (0, b"", 1) where there is none."""
    if len(head) < 8:
        return 0, b"", 1
    size, kind = int.from_bytes(head[:4], "big"), head[4:8]
    if size == 1 and len(head) >= 16:
        return int.from_bytes(head[8:16], "big"), kind, 16
    return (left if size == 0 else size), kind, 8


def _strings(manifest: bytes) -> Iterator[str]:
    """The text of a C2PA box behind its type."""
    _, _, rest = manifest[4:].partition(b"\0")
    yield from _texts_of_boxes(rest[8:], 0)


def _texts_of_boxes(content: bytes, depth: int) -> Iterator[str]:
    """The text of CBOR and JSON boxes at any depth of JUMBF boxes."""
    place = 0
    for _ in range(_MAX_BOXES):
        size, kind, header = _header(content[place : place + 16], len(content) - place)
        if size < header:
            return
        inner = content[place + header : place + size]
        if kind == b"jumb" and depth < _MAX_DEPTH:
            yield from _texts_of_boxes(inner, depth + 1)
        elif kind == b"cbor":
            yield from _texts_of_cbor(inner)
        elif kind == b"json":
            yield from _readable(inner)
        place += size


def _texts_of_cbor(data: bytes) -> Iterator[str]:
    """Its text strings, and what is readable in its byte strings: certificates lie in those.

    Items follow each other and containers only announce how many, so one pass without a stack meets them all.
    """
    place = 0
    while place < len(data):
        major, info = data[place] >> 5, data[place] & 31
        place += 1
        extra = {24: 1, 25: 2, 26: 4, 27: 8}.get(info, 0)
        value = int.from_bytes(data[place : place + extra], "big") if extra else info
        place += extra
        if major not in (2, 3) or info == 31:
            continue
        content = data[place : place + value]
        if major == 3:
            yield content[:_MOST_TEXT].decode("utf-8", "replace")
        else:
            yield from _readable(content)
        place += value


def _readable(content: bytes) -> Iterator[str]:
    """Its runs of ASCII."""
    for match in _TEXT.finditer(content):
        yield match[0].decode("ascii")
