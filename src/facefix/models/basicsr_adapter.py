"""The one place that makes basicsr (and what is built on it: realesrgan, gfpgan) importable, quietly.

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
    from torch import nn

_REMOVED = "torchvision.transforms.functional_tensor"


def rrdbnet(blocks: int, features: int = 64, scale: int = 4) -> nn.Module:
    """ESRGAN's network with random weights: (N, 3, H, W) RGB 0..1 -> (N, 3, scale*H, scale*W).

    `blocks` is 23 for x4plus and 6 for x4plus-anime. Raises ModelError where basicsr cannot be imported.
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


def gfpgan_clean() -> type[nn.Module]:
    """The class `GFPGANv1Clean` of the package gfpgan. Raises ModelError where it cannot be imported."""
    return imported("gfpgan.archs.gfpganv1_clean_arch").GFPGANv1Clean


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
