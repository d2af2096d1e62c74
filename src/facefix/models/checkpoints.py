"""Reader of the `.pth` files in which published networks come: tensors by name, alone or inside a container.

Nothing is unpickled but tensors and plain containers (`torch.load(weights_only=True)`), whoever wrote the file.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING

from facefix.errors import ModelError
from facefix.models import own

if TYPE_CHECKING:
    from torch import Tensor

    from facefix.models.own import Network

_CONTAINERS = ("params_ema", "params")
"""As basicsr saves a training's outcome, best first: the running mean of the weights, the weights."""


def tensors(path: Path, what: str) -> dict[str, Tensor]:
    """All tensors of a `.pth` file by the names of the network's own modules, on the CPU.

    Raises ModelError, naming `what` they are for, where it cannot be read or holds more than tensors.
    """
    import torch

    try:
        with warnings.catch_warnings():
            # Guesses about files of other origin: such are told below.
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, UnpicklingError, EOFError, OSError, ValueError, KeyError, AttributeError) as error:
        # What torch says of it fills a page.
        raise ModelError(f"{path} holds no weights of {what} that can be read; delete it and fetch it again.") from error
    for name in _CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    if not isinstance(content, Mapping) or not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise ModelError(f"{path} holds no weights of {what}: something else is in it.")
    # Trained on several devices, every module lies in one that is called so.
    return {str(name).removeprefix("module."): value for name, value in content.items()}


def load(network: Network, path: Path, what: str) -> Network:
    """The network with the weights of a `.pth` file, not to be trained further.

    Raises ModelError, naming the file, where it cannot be read or its weights are another network's.
    """
    return own.filled(network, tensors(path, what), path, what)
