"""The one place that makes basicsr (and what is built on it or beside it: realesrgan, gfpgan, facexlib) importable, quietly.

basicsr 1.4.2 imports `torchvision.transforms.functional_tensor`, which torchvision removed in 0.17. It needs one
function of it, `rgb_to_grayscale`, still public one module higher, so a module of the old name that holds it is
registered while basicsr loads.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
import warnings
from typing import TYPE_CHECKING

from facefix.errors import ModelError

if TYPE_CHECKING:
    import torch
    from torch import nn

_REMOVED = "torchvision.transforms.functional_tensor"


def rrdbnet(blocks: int, features: int = 64, scale: int = 4) -> nn.Module:
    """ESRGAN's network with random weights: (N, 3, H, W) RGB 0..1 -> (N, 3, scale*H, scale*W).

    `blocks` is 23 for x4plus and x2plus, 6 for x4plus-anime. With a scale of 2, H and W must be even: it folds 2 x 2 pixels
    into channels and enlarges by 4. Raises ModelError where basicsr cannot be imported.
    """
    network = imported("basicsr.archs.rrdbnet_arch").RRDBNet
    return network(3, 3, scale=scale, num_feat=features, num_block=blocks, num_grow_ch=features // 2)


def srvgg(convolutions: int, features: int = 64, scale: int = 4) -> nn.Module:
    """Real-ESRGAN's compact network with random weights: (N, 3, H, W) RGB 0..1 -> (N, 3, scale*H, scale*W).

    `convolutions` is 16 for animevideov3 and 32 for general-x4v3. Raises ModelError where realesrgan cannot be
    imported.
    """
    network = imported("realesrgan.archs.srvgg_arch").SRVGGNetCompact
    return network(3, 3, num_feat=features, num_conv=convolutions, upscale=scale, act_type="prelu")


def gfpgan() -> nn.Module:
    """GFPGAN's network as GFPGANer builds it for versions 1.3 and 1.4, with random weights.

    (N, 3, 512, 512) RGB -1..1 -> the same, in a pair with what it gives on the way. Raises ModelError where gfpgan cannot be
    imported.
    """
    network = imported("gfpgan.archs.gfpganv1_clean_arch").GFPGANv1Clean
    return network(
        out_size=512, num_style_feat=512, channel_multiplier=2, decoder_load_path=None, fix_decoder=False,
        num_mlp=8, input_is_latent=True, different_w=True, narrow=1, sft_half=True,
    )  # fmt: skip


def retinaface(device: torch.device) -> nn.Module:
    """facexlib's RetinaFace on a ResNet-50 with random weights, on that device, in evaluation mode.

    (N, 3, H, W) BGR 0..255 less its `mean_tensor` -> offsets (N, A, 4) of boxes, scores (N, A, 2) and offsets (N, A, 10) of
    points, for A anchors. Raises ModelError where facexlib cannot be imported.
    """
    module = imported("facexlib.detection")
    with warnings.catch_warnings():
        # It speaks to torchvision as one did years ago: nothing a user can act on.
        warnings.simplefilter("ignore")
        return module.RetinaFace("resnet50", half=False, device=device)


def parsenet(side_px: int) -> nn.Module:
    """facexlib's ParseNet as GFPGANer builds it, with random weights, in evaluation mode.

    (N, 3, side_px, side_px) RGB -1..1 -> (N, 19, side_px, side_px) logits of its labels, in a pair with a picture. Raises
    ModelError where facexlib cannot be imported.
    """
    module = imported("facexlib.parsing")
    return module.ParseNet(in_size=side_px, out_size=side_px, parsing_ch=19).eval()


def imported(module: str) -> types.ModuleType:
    """A module of basicsr or of what is built on it. Raises ModelError where it cannot be imported."""
    if module in sys.modules:
        return sys.modules[module]
    package = module.partition(".")[0]
    try:
        with warnings.catch_warnings():
            # The packages' own deprecations (scipy.ndimage.filters, distutils) are nothing a user can act on.
            warnings.simplefilter("ignore")
            _restore_functional_tensor()
            return importlib.import_module(module)
    except ImportError as error:
        raise ModelError(f"The package {package} cannot be imported ({error}); pip install {package}.") from error


def _restore_functional_tensor() -> None:
    if _REMOVED in sys.modules or importlib.util.find_spec(_REMOVED) is not None:
        return
    from torchvision.transforms.functional import rgb_to_grayscale

    module = types.ModuleType(_REMOVED, "Stands in for the module that torchvision removed.")
    module.__dict__["rgb_to_grayscale"] = rgb_to_grayscale
    sys.modules[_REMOVED] = module
