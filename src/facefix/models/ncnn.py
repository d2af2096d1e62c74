"""Reader of ncnn's `.param` / `.bin` pair: convolution and PReLU weights, in the order of the graph.

Format (ncnn wiki, "param and model file structure"): the `.param` text has a magic number, the counts of layers and
blobs, then one layer a line: type, name, number of inputs and outputs, their names, and `id=value` parameters,
where an id of -233xx is a counted array. The `.bin` is the weights of those layers one after another: per
convolution a 4-byte tag (0x01306B47: float16, padded to a multiple of 4 bytes; 0: float32), the weights, then the
bias as float32; per PReLU its slopes as float32. Little-endian. Nothing is executed or unpickled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy import float32
from numpy.typing import NDArray

from facefix.errors import ModelError

if TYPE_CHECKING:
    import torch

_MAGIC = "7767517"
_FLOAT16_TAG = 0x01306B47
_FLOAT32_TAG = 0
_WEIGHTLESS = frozenset({"Input", "Split", "Concat", "Eltwise", "BinaryOp", "Interp", "PixelShuffle", "ReLU"})
_ARRAY_ID = -23300


@dataclass(frozen=True, slots=True)
class Layer:
    """One line of a `.param` file."""

    kind: str
    name: str
    parameters: dict[int, tuple[float, ...]] = field(default_factory=dict)

    def integer(self, key: int, default: int = 0) -> int:
        values = self.parameters.get(key)
        return int(values[0]) if values else default


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """What the `.bin` file holds for one layer."""

    kind: str
    """"Convolution" or "PReLU"."""
    name: str
    weight: NDArray[float32]
    """(out, in, height, width) of a convolution, (channels,) slopes of a PReLU."""
    bias: NDArray[float32] | None


def read_layers(param: Path) -> tuple[Layer, ...]:
    """The layers of a `.param` file, in order. Raises ModelError where it is no such file or is cut short."""
    try:
        lines = param.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{param} cannot be read as an ncnn .param file: {error}.") from error
    try:
        if lines[0].strip() != _MAGIC:
            raise ValueError("wrong magic number")
        declared = int(lines[1].split()[0])
        layers = tuple(_parse_layer(line) for line in lines[2:] if line.strip())
        if len(layers) != declared:
            raise ValueError(f"{len(layers)} layers where {declared} are declared")
    except (IndexError, ValueError) as error:
        raise ModelError(f"{param} is no intact ncnn .param file ({error}); install it again.") from error
    return layers


def read_weights(param: Path, weights: Path) -> Iterator[Weights]:
    """The weights of each layer that has any, in the order of the `.param` file.

    Raises ModelError where the `.bin` file is too short, too long or quantized, or a layer is of an unknown type.
    """
    layers = read_layers(param)
    try:
        data = memoryview(weights.read_bytes())
    except OSError as error:
        raise ModelError(f"{weights} cannot be read: {error.strerror}.") from error
    cursor = _Cursor(data, weights)
    for layer in layers:
        if layer.kind == "Convolution":
            yield _read_convolution(layer, cursor)
        elif layer.kind == "PReLU":
            yield Weights(layer.kind, layer.name, cursor.float32(layer.integer(0)), None)
        elif layer.kind not in _WEIGHTLESS:
            raise ModelError(f"{param} has a layer of the unknown type {layer.kind}; this reader does not know it.")
    cursor.expect_end()


def state_dict(param: Path, weights: Path, network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The weights under the names of `network`, whose convolutions and PReLUs are met in the order of the file.

    Every such module must have its layer and every layer its module, of the same shape; else ModelError. Modules
    of other kinds must have no weights.
    """
    import torch

    kinds = {torch.nn.Conv2d: "Convolution", torch.nn.PReLU: "PReLU"}
    modules = [(name, kinds[type(m)], m) for name, m in network.named_modules() if type(m) in kinds]
    layers = list(read_weights(param, weights))
    if len(layers) != len(modules):
        raise ModelError(f"{param} has {len(layers)} layers with weights where the network has {len(modules)}.")
    state: dict[str, torch.Tensor] = {}
    for layer, (name, kind, module) in zip(layers, modules, strict=True):
        named = {f"{name}.weight": layer.weight}
        if layer.bias is not None:
            named[f"{name}.bias"] = layer.bias
        expected = {f"{name}.{key}": tuple(value.shape) for key, value in module.state_dict().items()}
        if layer.kind != kind or {key: value.shape for key, value in named.items()} != expected:
            raise ModelError(f"{param}: layer {layer.name} does not fit the network's {name}; it is another model.")
        state.update({key: torch.from_numpy(value) for key, value in named.items()})
    return state


def _parse_layer(line: str) -> Layer:
    words = line.split()
    kind, name, inputs, outputs = words[0], words[1], int(words[2]), int(words[3])
    if inputs < 0 or outputs < 0 or len(words) < 4 + inputs + outputs:
        raise ValueError(f"layer {name} is cut short")
    parameters: dict[int, tuple[float, ...]] = {}
    for word in words[4 + inputs + outputs :]:
        key, _, text = word.partition("=")
        values = tuple(float(value) for value in text.split(","))
        if int(key) <= _ARRAY_ID:
            if int(values[0]) != len(values) - 1:
                raise ValueError(f"layer {name} has an array of the wrong length")
            parameters[_ARRAY_ID - int(key)] = values[1:]
        else:
            parameters[int(key)] = values
    return Layer(kind, name, parameters)


def _read_convolution(layer: Layer, cursor: _Cursor) -> Weights:
    """Parameters (ncnn's Convolution): 0 outputs, 1 kernel width, 11 height, 5 bias term, 6 count of weights."""
    outputs, count = layer.integer(0), layer.integer(6)
    width = layer.integer(1)
    height = layer.integer(11, width)
    per_input = outputs * width * height
    if per_input <= 0 or count <= 0 or count % per_input:
        raise ModelError(f"{cursor.path}: layer {layer.name} declares {count} weights, which fit no kernel.")
    weight = cursor.tagged(count).reshape(outputs, count // per_input, height, width)
    bias = cursor.float32(outputs) if layer.integer(5) else None
    return Weights(layer.kind, layer.name, weight, bias)


class _Cursor:
    """Reads numbers from a buffer and never past its end."""

    def __init__(self, data: memoryview, path: Path) -> None:
        self._data = data
        self._offset = 0
        self.path = path

    def float32(self, count: int) -> NDArray[float32]:
        return self._take(count, np.dtype("<f4"))

    def tagged(self, count: int) -> NDArray[float32]:
        tag = int(self._take(1, np.dtype("<u4"))[0])
        if tag == _FLOAT32_TAG:
            return self._take(count, np.dtype("<f4"))
        if tag != _FLOAT16_TAG:
            raise ModelError(f"{self.path} is corrupt or quantized (tag 0x{tag:08X}); install it again.")
        values = self._take(count, np.dtype("<f2"))
        self._take(count % 2, np.dtype("<u2"))  # padding to 4 bytes
        return values

    def expect_end(self) -> None:
        if self._offset != len(self._data):
            surplus = len(self._data) - self._offset
            raise ModelError(f"{self.path} has {surplus} bytes more than its .param file declares; install it again.")

    def _take(self, count: int, dtype: np.dtype) -> NDArray:
        size = count * dtype.itemsize
        if count < 0 or self._offset + size > len(self._data):
            raise ModelError(f"{self.path} is cut short; install it again.")
        values = np.frombuffer(self._data, dtype, count, self._offset)
        self._offset += size
        # A copy: native byte order, writable, and no view that keeps the whole file in memory.
        return values.astype(np.float32) if dtype.kind == "f" else values.copy()
