"""`gfpgan.GFPGANer` as its package builds it, but with weights that are given: it is what repairs are compared with.

Its own constructor downloads what it misses. Here its parts - the restorer GFPGANv1Clean, RetinaFace that finds faces, ParseNet
that cuts them out - are built by the same classes with the same arguments and put where the constructor puts them, so that
`enhance` runs as it was published.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any
from unittest import mock

from facefix.models import basicsr_adapter, checkpoints, devices, zoo

if TYPE_CHECKING:
    import torch
    from torch import nn

RESTORER, DETECTOR, PARSER = "GFPGANv1.4.pth", "detection_Resnet50_Final.pth", "parsing_parsenet.pth"
"""Names in the zoo."""
_CROP_PX = 512


def load(device: str = "auto") -> Any:
    """A `GFPGANer` that restores faces and enlarges nothing, with the published weights.

    Its `enhance` takes (H, W, 3) uint8 BGR. Raises ModelError where a file of the weights is missing or not the published one,
    and SettingsError where there is no such device.
    """
    files = [zoo.checked(name) for name in (RESTORER, DETECTOR, PARSER)]
    rival = build(device)
    helper = rival.face_helper
    for network, file in zip((rival.gfpgan, helper.face_det, helper.face_parse), files, strict=True):
        checkpoints.load(network, file, "GFPGANer")
    return rival


def build(device: str = "auto") -> Any:
    """The same with random weights: as fast, and blind. Raises ModelError where a package cannot be imported."""
    target = devices.resolve(device)
    with warnings.catch_warnings():
        # Words of torchvision's past in facexlib: nothing a user can act on.
        warnings.simplefilter("ignore")
        maker = basicsr_adapter.imported("gfpgan.utils").GFPGANer
        parser = basicsr_adapter.parsenet(_CROP_PX)
    rival = maker.__new__(maker)
    rival.upscale, rival.bg_upsampler, rival.device = 1, None, target
    rival.gfpgan = basicsr_adapter.gfpgan().eval().to(target)
    rival.face_helper = _helper(basicsr_adapter.retinaface(target), parser.to(target), target)
    return rival


def _helper(detector: nn.Module, parser: nn.Module, target: torch.device) -> Any:
    """facexlib's own helper: its constructor runs, but is handed the networks that it would download."""
    module = basicsr_adapter.imported("facexlib.utils.face_restoration_helper")
    with (
        mock.patch.object(module, "init_detection_model", lambda *words, **more: detector),
        mock.patch.object(module, "init_parsing_model", lambda *words, **more: parser),
    ):
        return module.FaceRestoreHelper(1, face_size=_CROP_PX, use_parse=True, device=target)
