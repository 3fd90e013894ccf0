"""A compiled step: the function, and the programs that it was traced to.

The first call with arguments of a kind runs the function as ever, and notes what it does; the next
ones run the program that came of it. A program goes for shapes, dtypes and flags; what these are
is checked in every call (see `guards`), and where nothing fits the function is traced again.
"""

from __future__ import annotations

import functools
import gc
import random
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..dtype import get_default_dtype
from ..graph import topological_order
from ..mode import modes
from ..nn.modules.module import Module
from ..source import is_ours
from ..storage import storage_of
from ..tensor import Tensor, wrap
from .entry import MISS, Entry, write_entry
from .errors import CompileWarning, TraceError, refuse
from .forward import Backward
from .guards import Conditions, Surroundings, tensors_in
from .program import Program, Value
from .recording import Recording
from .reference import Build, Execute, reference
from .scalars import ask_for
from .watch import watching

__all__ = ["CompiledStep", "Specialised"]

#: Programs that are kept for other arguments; the one that was not used for the longest time goes.
LIMIT = 16

class CompiledStep:
    """A function whose calls run as one program. Made by :func:`tinygrad_bp.compile`."""

    def __init__(self, function: Callable[..., Any], fallback: bool = False,
                 build: Build | None = None) -> None:  # fmt: skip
        self.function, self.fallback = function, fallback
        self._build = build or reference
        self.specialised: list[Specialised] = []
        self.traces = 0
        self._eager: str | None = None  # why not compiled
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run a step."""
        for i, one in enumerate(self.specialised):
            out = one.entry(args, kwargs)
            if out is not MISS:
                if i:
                    self.specialised.insert(0, self.specialised.pop(i))
                return out
        if self._eager is not None or modes.trace is not None:
            return self.function(*args, **kwargs)
        return self._traced(args, kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        # Decorated methods: one compiled step an instance.
        if instance is None:
            return self
        bound = CompiledStep(self.function.__get__(instance), self.fallback, self._build)
        name = getattr(self.function, "__name__", "step")
        vars(instance).setdefault(name, bound)
        return vars(instance)[name]

    def __getattr__(self, name: str) -> Any:
        if name == "function":
            raise AttributeError(name)
        return getattr(self.function, name)  # a compiled module is still looked into

    def _traced(self, args: Any, kwargs: Any) -> Any:
        self.traces += 1
        try:
            out, one = trace(self.function, args, kwargs, self._build)
        except TraceError as error:
            if not self.fallback:
                raise
            self._eager = str(error)
            warnings.warn(f"{error} It runs eagerly from now on.", CompileWarning, stacklevel=3)
            return self.function(*args, **kwargs)
        self.specialised.insert(0, one)
        del self.specialised[LIMIT:]
        return out


@dataclass
class Specialised:
    """A program, and the way into it.

    Attributes
    ----------
    program : Program
    execute : callable
        Runs it.
    entry : callable
        ``entry(args, kwargs)`` does all of a call, or returns ``MISS`` if this program does not go
        for it.
    """

    program: Program
    execute: Execute
    entry: Entry


def trace(
    function: Any, args: Any, kwargs: Any, build: Build
) -> tuple[Any, Specialised]:
    """Run a function as ever, and make a program of what it did."""
    named = [
        pair
        for i, arg in enumerate(args)
        for pair in tensors_in(f"args[{i}]", arg)
    ] + [pair for key, arg in kwargs.items() for pair in tensors_in(f"kwargs[{key!r}]", arg)]
    conditions = Conditions()
    conditions.add("len(args) == {n} and len(kwargs) == {m}", n=len(args), m=len(kwargs))
    for i, arg in enumerate(args):
        conditions.argument(f"args[{i}]", arg)
    for key, arg in kwargs.items():
        conditions.add("{k} in kwargs", k=key)
        conditions.argument(f"kwargs[{key!r}]", arg)
    conditions.add(
        "modes.grad is {g} and not modes.watched and modes.trace is None"
        " and default_dtype() is {d}",
        g=modes.grad, d=get_default_dtype(),
    )  # fmt: skip
    surroundings = Surroundings(function)
    recording = Recording()
    for array in surroundings.arrays:
        recording.there_before(array)
    for text, tensor in named:
        recording.input(tensor._array, _spoken(text))
    if modes.watched:
        raise refuse(
            "anomaly detection, inference mode or saved_tensors_hooks is on", "Switch it off."
        )
    others = random.getstate(), _numpy_stream()
    with watching(recording):
        out = function(*args, **kwargs)
        open_ends = [
            t for t in leaves_of(out)
            if recording.was_made(t) and t.requires_grad and not recording.went_through(t)
        ]  # fmt: skip
        backward = Backward(recording, open_ends, named) if open_ends else None
    for text, tensor in named:
        if id(tensor) in recording.entered:
            raise refuse(
                f"{_spoken(text)} requires a gradient, and backward is called in the step",
                "Pass x.detach(), or use fallback=True.", _line_of(function),
            )  # fmt: skip
    if (random.getstate(), _numpy_stream()) != others:
        raise refuse(
            "the step draws from Python's or NumPy's own generator of random numbers",
            "Draw with tgb.rand and the like, which are drawn anew in each step.",
            _line_of(function),
        )
    surroundings.check_after()
    for module in recording.modules.values():
        surroundings.add(module)
    recording.check_options()
    return out, _specialised(recording, out, conditions, surroundings, named, build, function,
                             backward)  # fmt: skip


def _specialised(recording: Recording, out: Any, conditions: Conditions,
                 surroundings: Surroundings, named: Any, build: Build,
                 function: Any, backward: Backward | None) -> Specialised:  # fmt: skip
    program = recording.program
    program.stores += recording.stores()
    allowed: set[int] = set()
    gradients = []
    for tensor, before in recording.entered.values():
        gradient = tensor.grad
        if before is not ...:
            conditions.add("{t}.grad is {g}", t=tensor, g=before)
        if gradient is not None and recording.was_made(gradient):
            new = recording.value(gradient._array)
            memory = Value("state", new.shape, new.dtype, gradient._array, "gradient")
            program.stores.append((memory, new))
            allowed.add(id(gradient))
        gradients.append((tensor, gradient))
    for tensor in recording.tensors:
        if tensor is None or any(tensor is t for _, t in named):
            continue
        conditions.add("{t}._array is {a}", t=tensor, a=tensor._array)
        conditions.add("{t}._node is {n}" if tensor._node is not None else "{t}._node is None",
                       t=tensor, n=tensor._node)  # fmt: skip
    for optimizer in recording.optimizers:
        conditions.add("{o}.state is {s} and len({o}.state) == {n}", o=optimizer,
                       s=optimizer.state, n=len(optimizer.state))  # fmt: skip
        for state in optimizer.state.values():
            allowed.update(map(id, state.values()))
    leaves: list[Any] = []
    rebuild = _Rebuild(out, recording, leaves, named)
    allowed.update(map(id, leaves))
    # The history of what is returned keeps gradients of leaves that the step made.
    history = topological_order(t.node for t in leaves if t.node is not None)
    allowed.update(id(n.extra.grad) for n in history if n.extra is not None)
    program.outputs += [recording.value(leaf._array) for leaf in leaves]
    if backward is not None:
        program.outputs += backward.carried
        backward.build(build)
        rebuild.record(backward, [
            i for i, leaf in enumerate(leaves)
            if leaf.requires_grad and not recording.went_through(leaf)
        ])  # fmt: skip
    allowed.update(id(t) for t in rebuild.shown)
    _check_escaped(recording, allowed, function)
    rebuild.shown.clear()
    surroundings.conditions(conditions)
    arguments = [text for text, _ in named]
    inputs = "".join(f"{text}._array, " for text in arguments)
    for question, answer in recording.questions:
        conditions.add(f"{{f}}(({inputs}), (), ())[0] == {{a}}", f=reference(question), a=answer)
    written = {id(state.array) for state, _ in program.stores}
    storages = [storage_of(t._array) for t in recording.tensors if id(t._array) in written]
    ask = ask_for(recording.updates, program)
    execute = build(program)
    entry = write_entry(conditions, arguments, ask, recording.draws, execute, gradients,
                        storages, None if rebuild.simple else rebuild,
                        "" if backward is None else backward.operands())  # fmt: skip
    return Specialised(program, execute, entry)


def _check_escaped(recording: Recording, allowed: set[int], function: Any) -> None:
    """Refuse a step that leaves tensors behind elsewhere: the next ones would not be there."""
    for attempt in range(2):
        left = [t for t in recording.alive() if id(t) not in allowed]
        if not left:
            return
        if not attempt:
            del left
            gc.collect()
    tensor = left[0]
    where = tensor._node.line if tensor._node is not None else None
    raise refuse(
        f"a tensor of shape {tuple(tensor.shape)} that the step makes is kept somewhere (in a "
        "list, an attribute, a closure) when the step returns",
        "Return it instead, and keep it outside of the step; or use fallback=True.",
        where or _line_of(function),
    )


def leaves_of(x: Any) -> list[Any]:
    """List the tensors in what a step returns."""
    if isinstance(x, Tensor):
        return [x]
    if isinstance(x, (tuple, list)):
        return [t for y in x for t in leaves_of(y)]
    if isinstance(x, dict):
        return [t for y in x.values() for t in leaves_of(y)]
    return []


class _Rebuild:
    """Puts what a step returns together again, of the program's outputs."""

    def __init__(self, out: Any, recording: Recording, leaves: list[Any], named: Any) -> None:
        self.recording, self.leaves = recording, leaves
        self.shown: list[Any] = []
        self.inputs = [id(t) for _, t in named]
        self.pattern = self._pattern(out)
        self.simple = type(self.pattern) is _Output
        self.backward: Backward | None = None
        self.count = len(leaves)
        self.open: list[int] = []
        del self.recording, self.leaves

    def _pattern(self, x: Any) -> Any:
        if isinstance(x, Tensor):
            if not self.recording.was_made(x) and id(x) not in self.inputs:
                return x  # one that was there before: itself
            if self.recording.lives_on(x._array):
                self.shown.append(x)
                return _Shown(x._array)
            if not any(t is x for t in self.leaves):
                self.leaves.append(x)
            return _Output(next(i for i, t in enumerate(self.leaves) if t is x))
        if isinstance(x, tuple) and hasattr(x, "_fields"):
            return type(x)(*map(self._pattern, x))
        if type(x) in (tuple, list):
            return type(x)(map(self._pattern, x))
        if type(x) is dict:
            return {k: self._pattern(v) for k, v in x.items()}
        if x is None or isinstance(x, (int, float, str, bool)):
            return x
        raise refuse(
            f"the step returns a {type(x).__name__}",
            "Return tensors, numbers, and tuples, lists and dicts of them.",
        )

    def record(self, backward: Backward, open_ends: list[int]) -> None:
        """Let some outputs come from an operation with this backward."""
        self.backward, self.open, self.simple = backward, open_ends, False

    def __call__(self, outputs: Any, given: Any) -> Any:
        results = [wrap(x) for x in outputs[: self.count]]
        if self.backward is not None:
            ends = [results[i] for i in self.open]
            ends = self.backward.recorded(ends, outputs[self.count :], given)
            for i, end in zip(self.open, ends, strict=True):
                results[i] = end
        return _put(self.pattern, results)


class _Output(int):
    """The number of an output, in the pattern of what is returned."""


@dataclass
class _Shown:
    """Memory that lives on, which the step returns a view of."""

    array: Any


def _put(x: Any, outputs: Any) -> Any:
    if type(x) is _Shown:
        return wrap(x.array)
    if type(x) is _Output:
        return outputs[x]
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*[_put(y, outputs) for y in x])
    if type(x) in (tuple, list):
        return type(x)(_put(y, outputs) for y in x)
    if type(x) is dict:
        return {k: _put(y, outputs) for k, y in x.items()}
    return x


def _spoken(text: str) -> str:
    """Say which argument an expression stands for."""
    return text.replace("args[", "argument ", 1).replace("]", "", 1)


def _numpy_stream() -> Any:
    """Return the position of NumPy's global stream, if anything can have drawn from it."""
    module = sys.modules.get("numpy.random")
    if module is None:
        return None
    state: Any = module.get_state(legacy=False)
    return state["state"]["pos"], state["has_gauss"], int(np.sum(state["state"]["key"]))


def _line_of(function: Any) -> Any:
    """Return the first line of the user's function, for a message about all of it."""
    f = function.forward if isinstance(function, Module) else function
    f = getattr(f, "__func__", f)
    code = getattr(f, "__code__", None)
    return None if code is None or is_ours(f) else (code, 0)
