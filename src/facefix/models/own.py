"""Networks trained in this project, with their weights, ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from facefix.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

    Network = TypeVar("Network", bound=nn.Module)


def tensors(path: Path, what: str) -> dict[str, Tensor]:
    """All tensors of a safetensors file in full precision.

    Raises ModelError, naming `what` they are for, where it cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return {name: tensor.float() for name, tensor in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} holds no weights of {what} ({error}).") from error


def filled(network: Network, state: Mapping[str, Tensor], path: Path, what: str) -> Network:
    """The network with these weights, not to be trained further.

    Raises ModelError, naming the file they are from, where they are another network's.
    """
    try:
        missing, unexpected = network.load_state_dict(state, strict=False)
    except RuntimeError as error:
        raise ModelError(f"{path} holds the weights of another network than {what}.") from error
    # Batch normalisation counts its batches for training alone.
    if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
        raise ModelError(f"{path} holds the weights of another network than {what}.")
    return network.eval().requires_grad_(False)


def load(network: Network, path: Path, what: str) -> Network:
    """Both of the above."""
    return filled(network, tensors(path, what), path, what)
