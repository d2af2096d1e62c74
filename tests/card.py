"""A CUDA card played by the CPU: what is asked of the card is checked as the card would check it, and computed for real.

Tensors say that they lie on `cuda:N`, so autocast follows its rules for CUDA, and what comes out can be compared with what the
CPU gives. Beyond that it knows what goes wrong on a card alone:

- operands on different devices are refused;
- copies to main memory that are not waited for arrive only with an event of that very card, or a wait for it;
- what is done on a stream while it is captured is recorded, and a replay does it again in the same memory;
- a capture refuses what waits for the card, and what copies from or to main memory; one that broke stays broken;
- one capture at a time in a process, and none survives that somebody waits for the whole card meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

aten = torch.ops.aten
CARDS = 2
_WAITS = {aten._local_scalar_dense.default, aten.nonzero.default, aten.equal.default, aten.masked_select.default}
_NAN = float("nan")


def _widely(func: Any) -> Callable[..., torch.Tensor]:
    """The same in single precision, rounded at the end: CPUs that do not multiply bfloat16 take minutes for it."""

    def run(*args: Any, **kwargs: Any) -> torch.Tensor:
        low = next(one.dtype for one in args if isinstance(one, torch.Tensor))
        if low is not torch.bfloat16:
            return func(*args, **kwargs)
        wide = [one.float() if isinstance(one, torch.Tensor) else one for one in args]
        return func(*wide, **kwargs).to(low)

    return run


def _normed(x: Any, weight: Any, bias: Any, mean: Any, var: Any, training: bool, pace: float, eps: float) -> Any:
    """cuDNN's batch normalisation, which the CPU does not know under that name."""
    return (*aten.native_batch_norm.default(x, weight, bias, mean, var, training, pace, eps), x.new_empty(0, dtype=torch.uint8))


_WIDE = (aten.convolution.default, aten.addmm.default, aten.mm.default)
_OURS: dict[Any, Callable[..., Any]] = {func: _widely(func) for func in _WIDE}
_OURS[aten.cudnn_batch_norm.default] = _normed


class OnCard(torch.Tensor):
    """A tensor that says it lies on a card; `held` has its numbers, on the CPU."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor, index: int) -> OnCard:
        made = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=f"cuda:{index}",
        )
        made.held = held
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    def __tensor_flatten__(self) -> tuple[list[str], int]:
        return ["held"], self.device.index

    @staticmethod
    def __tensor_unflatten__(inner: dict[str, torch.Tensor], index: int, *_: Any) -> OnCard:
        return OnCard(inner["held"], index)

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _CARDS[-1].run(func, args, kwargs or {})


@dataclass(eq=False)
class Stream:
    """Work in order; `pending` are copies to main memory that have not arrived."""

    device: torch.device
    pending: list[Callable[[], None]] = field(default_factory=list)
    capture: Graph | None = None

    def wait_stream(self, other: Stream) -> None:
        self.pending, other.pending = other.pending + self.pending, self.pending

    def synchronize(self) -> None:
        todo, self.pending = self.pending, []
        for copy in todo:
            copy()


class Graph:
    """As `torch.cuda.CUDAGraph`."""

    def __init__(self) -> None:
        self.tape: list[tuple[Any, Any, Any, list[torch.Tensor]]] = []
        self.broken = False
        self.ready = False

    def replay(self) -> None:
        assert self.ready, "replayed without a capture"
        for func, args, kwargs, outs in self.tape:
            again = [t for t in tree_flatten(func(*args, **kwargs))[0] if isinstance(t, torch.Tensor)]
            for out, new in zip(outs, again, strict=True):
                if out.data_ptr() != new.data_ptr():
                    out.copy_(new)


class Cards:
    """The machine's cards, and what of `torch.cuda` the project uses."""

    def __init__(self, bfloat16: bool) -> None:
        self.bfloat16 = bfloat16
        self.emptied = 0
        self.captures = 0
        self.capturing: list[Graph] = []
        self._defaults = [Stream(torch.device("cuda", index)) for index in range(CARDS)]
        self._thread = threading.local()

    # What torch.cuda offers.

    def current(self) -> int:
        return getattr(self._thread, "device", 0)

    def current_stream(self, device: Any = None) -> Stream:
        index = self._index(device)
        return self._streams().get(index, self._defaults[index])

    @contextmanager
    def device(self, device: Any) -> Iterator[None]:
        before = self.current()
        self._thread.device = self._index(device)
        try:
            yield
        finally:
            self._thread.device = before

    def stream(self, stream: Stream) -> _On:
        return _On(self, stream)

    def new_stream(self, device: Any = None) -> Stream:
        return Stream(torch.device("cuda", self._index(device)))

    def synchronize(self, device: Any = None) -> None:
        for graph in self.capturing:
            graph.broken = True
        if self.capturing:
            raise RuntimeError("CUDA error: operation not permitted when stream is capturing")
        for stream in {self._defaults[self._index(device)], self.current_stream(device)}:
            stream.synchronize()

    def empty_cache(self) -> None:
        self.emptied += 1

    # What happens to tensors.

    def run(self, func: Any, args: Any, kwargs: Any) -> Any:
        if func is aten._pin_memory.default:
            return args[0].clone()
        if func is aten.is_pinned.default:
            return False
        if func in (aten._to_copy.default, aten.copy_.default) and (moved := self._moved(func, args, kwargs)) is not None:
            return moved
        kwargs = dict(kwargs)
        pinned = kwargs.pop("pin_memory", False)
        target = kwargs.get("device")
        target = torch.device(target) if target is not None else None
        if target is not None and target.type == "cuda":
            kwargs["device"] = "cpu"
        tensors = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, torch.Tensor)]
        on = {t.device.index for t in tensors if isinstance(t, OnCard)}
        index = self._index(target) if target is not None and target.type == "cuda" else next(iter(on), None)
        if index is None:
            made = func(*args, **kwargs)
            return made.fill_(_NAN) if pinned and made.is_floating_point() else made
        stream = self.current_stream(index)
        self._check(func, tensors, on, stream)
        return self._done(func, args, kwargs, index, stream)

    def _check(self, func: Any, tensors: list[torch.Tensor], on: set[int], stream: Stream) -> None:
        strangers = [t for t in tensors if not isinstance(t, OnCard) and t.dim()]
        indexing = func in (aten.index.Tensor, aten.index_put_.default)
        if len(on) > 1 or (strangers and not indexing):
            raise RuntimeError(f"Expected all tensors to be on the same device, but {func} got {[t.device for t in tensors]}")
        if func in _WAITS or strangers or (indexing and any(t.dtype is torch.bool for t in tensors)):
            self._waits(func, stream)

    def _waits(self, what: Any, stream: Stream) -> None:
        """Something that waits for the card, or for main memory."""
        if stream.capture is not None:
            stream.capture.broken = True
            raise RuntimeError(f"CUDA error: operation not permitted when stream is capturing ({what})")

    def _done(self, func: Any, args: Any, kwargs: Any, index: int, stream: Stream) -> Any:
        wrappers: dict[int, OnCard] = {}

        def bare(one: Any) -> Any:
            if isinstance(one, OnCard):
                wrappers[id(one.held)] = one
                return one.held
            return one

        args, kwargs = tree_map(bare, args), tree_map(bare, kwargs)
        func = _OURS.get(func, func)
        answer = func(*args, **kwargs)
        flat, shape = tree_flatten(answer)
        if stream.capture is not None:
            stream.capture.tape.append((func, args, kwargs, [t for t in flat if isinstance(t, torch.Tensor)]))

        def clothed(one: Any) -> Any:
            # What was changed in its place stays what it was.
            known = wrappers.get(id(one))
            return one if not isinstance(one, torch.Tensor) else OnCard(one, index) if known is None else known

        return tree_unflatten([clothed(one) for one in flat], shape)

    def _moved(self, func: Any, args: Any, kwargs: Any) -> Any:
        """A copy between devices; None where it is none."""
        if func is aten.copy_.default:
            into, source = args[0], args[1]
            later = kwargs.get("non_blocking", args[2] if len(args) > 2 else False)
        else:
            source, target = args[0], torch.device(kwargs.get("device") or args[0].device)
            later = kwargs.get("non_blocking", False)
            if target.type == source.device.type and target.index in (None, source.device.index):
                return None
            form = kwargs.get("memory_format") or torch.preserve_format
            dtype = kwargs.get("dtype") or source.dtype
            bare = source.held if isinstance(source, OnCard) else source
            fresh = torch.empty_like(bare, dtype=dtype, memory_format=form)
            into = OnCard(fresh, self._index(target)) if target.type == "cuda" else fresh
        if into.device == source.device:
            return None
        card = source if isinstance(source, OnCard) else into
        stream = self.current_stream(card.device)
        self._waits(func, stream)
        if not isinstance(into, OnCard):
            return self._fetched(into, source, stream, later)
        into.held.copy_(source.held if isinstance(source, OnCard) else source)
        return into

    def _fetched(self, into: torch.Tensor, source: OnCard, stream: Stream, later: bool) -> torch.Tensor:
        if later:
            seen = source.held.clone()
            stream.pending.append(lambda: into.copy_(seen))
        else:
            stream.synchronize()
            into.copy_(source.held)
        return into

    def _index(self, device: Any) -> int:
        if device is None:
            return self.current()
        if isinstance(device, int):
            return device
        index = torch.device(device).index
        return self.current() if index is None else index

    def put(self, stream: Stream, device: int) -> None:
        """The thread's present stream and card."""
        self._streams()[stream.device.index or 0], self._thread.device = stream, device

    def _streams(self) -> dict[int, Stream]:
        if not hasattr(self._thread, "streams"):
            self._thread.streams = {}
        return self._thread.streams


class _On:
    """As `torch.cuda.stream`. No generator: one that is not left must not be left by the garbage collector."""

    def __init__(self, cards: Cards, stream: Stream) -> None:
        self._cards, self._stream = cards, stream

    def __enter__(self) -> None:
        index = self._stream.device.index
        self._before = self._cards.current_stream(index), self._cards.current()
        self._cards.put(self._stream, index)

    def __exit__(self, *error: Any) -> None:
        self._cards.put(*self._before)


class _Event:
    def __init__(self, cards: Cards) -> None:
        self._cards = cards
        self._stream: Stream | None = None
        self._until = 0

    def record(self, stream: Stream | None = None) -> None:
        self._stream = stream or self._cards.current_stream()
        self._until = len(self._stream.pending)

    def synchronize(self) -> None:
        assert self._stream is not None
        todo, self._stream.pending = self._stream.pending[: self._until], self._stream.pending[self._until :]
        for copy in todo:
            copy()


class _Capture:
    """As `torch.cuda.graph`: where it begins or ends by an error, the stream that it had set stays set."""

    default: Stream | None = None

    def __init__(self, cards: Cards, graph: Graph, pool: Any = None, stream: Any = None, capture_error_mode: str = "global"):
        if stream is None and _Capture.default is None:
            _Capture.default = cards.new_stream()
        self._cards, self._graph = cards, graph
        self._stream: Stream = stream or _Capture.default
        self._context = cards.stream(self._stream)
        assert capture_error_mode == "thread_local", "other threads use the card meanwhile"

    def __enter__(self) -> None:
        self._cards.synchronize()
        self._cards.empty_cache()
        self._context.__enter__()
        if self._cards.capturing:
            raise RuntimeError("one capture at a time in a process")
        self._stream.capture = self._graph
        self._cards.capturing.append(self._graph)

    def __exit__(self, *error: Any) -> None:
        self._stream.capture = None
        self._cards.capturing.remove(self._graph)
        if self._graph.broken:
            raise RuntimeError("CUDA error: operation failed due to a previous error during capture")
        self._graph.ready = True
        self._cards.captures += 1
        self._context.__exit__(*error)


class _Mode(TorchDispatchMode):
    def __init__(self, cards: Cards) -> None:
        super().__init__()
        self._cards = cards

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self._cards.run(func, args, kwargs or {})


_CARDS: list[Cards] = []


def _in_threads_too(patch: pytest.MonkeyPatch, made: Cards) -> None:
    run = threading.Thread.run

    def run_with_cards(self: threading.Thread) -> None:
        with _Mode(made):
            run(self)

    patch.setattr(threading.Thread, "run", run_with_cards)


@contextmanager
def cards(patch: pytest.MonkeyPatch, bfloat16: bool = True) -> Iterator[Cards]:
    """A context with two cards, for this thread and those that it begins. bfloat16: whether they multiply it."""
    if torch.cuda.is_available():
        pytest.skip("a real card is here")
    made = Cards(bfloat16)
    torch._C._ensureCUDADeviceGuardSet()  # type: ignore[attr-defined]
    about = SimpleNamespace(name="Card", total_memory=24e9, major=8 if bfloat16 else 7)
    offered: dict[str, Any] = {
        "_lazy_init": lambda: None,
        "is_available": lambda: True,
        "device_count": lambda: CARDS,
        "current_device": made.current,
        "is_bf16_supported": lambda including_emulation=True: bfloat16 or including_emulation,
        "get_device_properties": lambda device=None: about,
        "mem_get_info": lambda device=None: (int(20e9), int(24e9)),
        "memory_reserved": lambda device=None: 0,
        "memory_allocated": lambda device=None: 0,
        "device": made.device,
        "stream": made.stream,
        "Stream": made.new_stream,
        "current_stream": made.current_stream,
        "Event": lambda: _Event(made),
        "CUDAGraph": Graph,
        "graph": lambda *words, **more: _Capture(made, *words, **more),
        "graph_pool_handle": object,
        "synchronize": made.synchronize,
        "empty_cache": made.empty_cache,
    }
    for name, offer in offered.items():
        patch.setattr(torch.cuda, name, offer)
    make = torch.tensor
    # It looks for a driver before anything here is asked.
    patch.setattr(torch, "tensor", lambda data, device=None, **more: make(data, **more).to(device or "cpu"))
    # Tensors that a class wraps cannot be views of such that were made outside of inference mode.
    patch.setattr(torch, "inference_mode", torch.no_grad)
    patch.setattr("torch.cuda.amp.common.amp_definitely_not_available", lambda *words: False)
    _in_threads_too(patch, made)
    _CARDS.append(made)
    _Capture.default = None
    try:
        with _Mode(made):
            yield made
    finally:
        _CARDS.pop()
