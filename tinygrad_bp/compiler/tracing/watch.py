"""What is different while a step is traced.

Eager code pays nothing for the compiler: for the time of a trace some functions are exchanged for
others that ask whether this thread is the one that traces. One trace runs at a time.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import random
from ...memory import on_line
from ...mode import modes
from ...nn.modules.module import Module
from ...op import SPEAKERS
from ...optim.lr_scheduler import LRScheduler
from ...optim.optimizer import Optimizer
from ...storage import Storage
from ...tensor import Tensor, apply
from .trace import Draw, Trace, speak, speak_watched
from .traced import Traced, bare

__all__ = ["watching"]

_one_at_a_time = threading.RLock()

#: Code that keeps the books of autograd: it sees the arrays themselves.
_HOUSE = __file__.rpartition("compiler")[0]
_MACHINERY = frozenset(
    f"{_HOUSE}{name}.py"
    for name in (
        "tensor",
        "engine",
        "graph",
        "inplace",
        "lane",
        "origin",
        "storage",
        "hooks",
        "promotion",
        "optim/optimizer",
        "compiler/tracing/trace",
        "compiler/tracing/scalars",
        "compiler/specialise",
        "compiler/tracing/sameness",
        "compiler/step",
        "compiler/tracing/watch",
        "compiler/tracing/guards",
        "compiler/tracing/surroundings",
        "compiler/tracing/recording",
        "memory",
        "nn/parameter",
    )
)
_HANDING_OUT = {"numpy": ".numpy()", "__array__": "a NumPy function takes it",
                "__dlpack__": "its memory is handed on"}  # fmt: skip

_slot: Any = Tensor.__dict__["_array"]
_slot_set = _slot.__set__


def _get(tensor: Any) -> Any:
    array = _slot.__get__(tensor)
    trace = modes.trace
    if trace is None:
        return array
    if trace.hosting:
        return array
    trace.seen(tensor, array)
    code = sys._getframe(1).f_code
    if code.co_filename in _MACHINERY:
        return array
    shown = trace.watched(array)
    if code.co_filename == f"{_HOUSE}printing.py":
        return shown._number("it is printed")
    if code.co_name in _HANDING_OUT and code.co_filename == f"{_HOUSE}exchange.py":
        return shown._number(_HANDING_OUT[code.co_name])
    return shown


def _set(tensor: Any, array: Any) -> None:
    trace = modes.trace
    _slot_set(tensor, array.plain if type(array) is Traced else array)
    if trace is not None:
        if trace.is_old(tensor):
            if trace.array_of(tensor) is _slot.__get__(tensor):
                return  # x.data -= …
            trace.refuse(
                "the memory of a tensor is exchanged (.data = …, resize_)",
                "Copy into it: with tgb.no_grad(): x.copy_(…).",
            )
        trace.made(tensor, _slot.__get__(tensor))


class _Stream:
    """NumPy's generator while a step is traced: what is drawn from it is drawn again each time."""

    def __init__(self, generator: Any, real: Any, trace: Trace) -> None:
        self._parts = generator, real, trace

    def __getattr__(self, name: str) -> Any:
        generator, real, trace = self._parts
        method = getattr(real, name)
        if name in ("bit_generator", "spawn", "shuffle"):
            trace.refuse(
                f"the generator's {name} is used",
                "Do it outside of the step, or use fallback=True.",
            )
            return method

        def draw(*args: Any, **kwargs: Any) -> Any:
            if any(type(a) is Traced for a in (*args, *kwargs.values())):
                trace.refuse(
                    f"random numbers are drawn ({name}) whose distribution depends on tensors",
                    "Draw standard numbers and transform them (rsample), or use fallback=True.",
                )
            if trace.failed is not None:
                return method(*bare(args), **bare(kwargs))
            numbers = np.asarray(method(*args, **kwargs))
            return trace.drawn(numbers, Draw(generator, name, args, kwargs))

        return draw


def _stream_of(real: property | None) -> property:
    def get(generator: Any) -> Any:
        stream = vars(generator)["numpy"] if real is None else real.fget(generator)  # type: ignore[misc]
        trace = modes.trace
        return stream if trace is None else _Stream(generator, stream, trace)

    def put(generator: Any, value: Any) -> None:
        if modes.trace is not None:
            modes.trace.refuse("a generator is started anew", "Seed it outside of the step.")
        if real is None:
            vars(generator)["numpy"] = value
        else:
            real.fset(generator, value)  # type: ignore[misc]

    return property(get, put)


def _converted(real: Callable[..., Any], copies: bool) -> Callable[..., Any]:
    """Exchange np.asarray and its like, which would strip a watched array of its watch."""

    def convert(a: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
        trace = modes.trace
        if trace is None or trace.hosting:
            return real(a, dtype, *args, **kwargs)
        if hasattr(a, "_array"):
            a = trace.watched(_slot.__get__(a))
        elif type(a) is np.ndarray and trace.was_there(a):
            a = trace.watched(a)  # the user's own array, which may have other elements next time
        if type(a) is Traced:
            if trace.is_constant(a.plain):
                return real(a.plain, dtype, *args, **kwargs)
            if dtype is not None and np.dtype(dtype) != a.dtype:
                return a.astype(dtype)
            return a.copy() if copies and kwargs.get("copy", True) else a
        if isinstance(a, (list, tuple)):
            for x in a:
                if type(x) is Traced or hasattr(x, "_array"):
                    shown = x if type(x) is Traced else trace.watched(_slot.__get__(x))
                    shown._number("an array is made of a list of it")
        return real(a, dtype, *args, **kwargs)

    return convert


def _filled(real: Callable[..., Any]) -> Callable[..., Any]:
    """Exchange np.zeros and its like: what is written into the array later is to be noted."""

    def make(*args: Any, **kwargs: Any) -> Any:
        trace = modes.trace
        if trace is None or trace.hosting:
            return real(*args, **kwargs)
        if any(type(a) is Traced for a in (*args, *kwargs.values())):
            trace.refuse("an array is filled with an element of a tensor", "Use tensors' methods.")
            return real(*bare(args), **bare(kwargs))
        return trace.watched(trace.constant(on_line(real(*args, **kwargs))))

    return make


def _touch(real: Any) -> Any:
    def touch(storage: Any) -> None:
        real(storage)
        if modes.trace is not None:
            modes.trace.touched(storage.owner())

    return touch


def _only_here(real: Callable[..., Any], instead: Callable[..., Any]) -> Callable[..., Any]:
    """Make a method that runs `instead` in the thread that traces."""

    def method(*args: Any, **kwargs: Any) -> Any:
        trace = modes.trace
        return real(*args, **kwargs) if trace is None else instead(trace, real, *args, **kwargs)

    return method


def _grad_of(real: property) -> property:
    def get(tensor: Any) -> Any:
        if modes.trace is not None:
            modes.trace.enter(tensor)
        return real.fget(tensor)  # type: ignore[misc]

    def put(tensor: Any, value: Any) -> None:
        if modes.trace is not None:
            modes.trace.enter(tensor, value is None)
        real.fset(tensor, value)  # type: ignore[misc]

    return property(get, put, lambda tensor: put(tensor, None))


def _called(trace: Trace, real: Any, module: Any, *args: Any, **kwargs: Any) -> Any:
    trace.modules[id(module)] = module
    return real(module, *args, **kwargs)


def _zero_grad(trace: Any, real: Any, optimizer: Any, set_to_none: bool = True) -> None:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    trace.zeroed(parameters, set_to_none)


def _scheduled(trace: Any, real: Any, *args: Any, **kwargs: Any) -> Any:
    return trace.scheduled(real, *args, **kwargs)


def _rates_asked(trace: Any, real: Any, scheduler: Any) -> Any:
    trace.refuse(
        "a scheduler is asked for its rates, which may be others in later steps",
        "Ask it outside of the step.",
    )
    return real(scheduler)


def _kinds_of(kind: type) -> set[type]:
    """Collect a class and those that are derived from it."""
    return {kind}.union(*map(_kinds_of, kind.__subclasses__()))


@contextlib.contextmanager
def watching(trace: Trace) -> Iterator[None]:
    """Let this thread's operations be noted in `trace`."""
    with _one_at_a_time, _changed(trace):
        yield


@contextlib.contextmanager
def _changed(trace: Trace) -> Iterator[None]:
    default = type(random.default_generator)
    changes: list[tuple[Any, str, Any]] = [
        (Tensor, "_array", property(_get, _set)),
        (Storage, "touch", _touch(Storage.touch)),
        (random.Generator, "numpy", _stream_of(None)),
        (default, "numpy", _stream_of(default.__dict__["numpy"])),
        (Tensor, "grad", _grad_of(Tensor.__dict__["grad"])),
        (Module, "__call__", _only_here(Module.__call__, _called)),
        (Optimizer, "zero_grad", _only_here(Optimizer.zero_grad, _zero_grad)),
        (Optimizer, "_run", staticmethod(
            _only_here(Optimizer._run, lambda trace, real, *args: trace.update(real, *args))
        )),
        *[(kind, name, _only_here(kind.__dict__[name], instead))
          for kind in _kinds_of(LRScheduler)
          for name, instead in (("step", _scheduled), ("get_last_lr", _rates_asked))
          if name in kind.__dict__],
        (np, "asarray", _converted(np.asarray, False)),
        (np, "ascontiguousarray", _converted(np.ascontiguousarray, False)),
        (np, "array", _converted(np.array, True)),
        *[(np, name, _filled(getattr(np, name))) for name in ("zeros", "ones", "empty", "full")],
    ]  # fmt: skip
    speakers = dict(SPEAKERS)
    before = [(where, name, where.__dict__.get(name, changes)) for where, name, _ in changes]
    try:
        for kind, speaker in speakers.items():
            if speaker is apply:
                SPEAKERS[kind] = speak
        SPEAKERS[Traced] = speak_watched
        for where, name, value in changes:
            setattr(where, name, value)
        modes.trace = trace
        yield
    finally:
        modes.trace = None
        for where, name, value in before:
            if value is changes:
                delattr(where, name)
            else:
                setattr(where, name, value)
        SPEAKERS.update(speakers)
        del SPEAKERS[Traced]
