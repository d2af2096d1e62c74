"""The oval that the face's five points span, whatever is in front of it."""

from __future__ import annotations

from facefix.repair.masks.contract import MaskSpec

SPEC = MaskSpec(
    name="points",
    describe="The oval that eyes, nose and mouth span.",
    licence="Apache-2.0",
    load=lambda device: None,
)
