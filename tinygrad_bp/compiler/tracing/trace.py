"""The trace of a step: what each array is, and how it came about.

While a step runs as ever, every operation is noted: on which values, with which result.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...graph import Node, backprop, topological_order
from ...mode import modes
from ...op import SPEAKERS, Op
from ...promotion import alike, promote
from ...source import user_line
from ...tensor import Tensor, apply, wrap
from ..errors import TraceError
from ..program import Call, Program, Value
from .traced import Traced, bare
from .values import Values

__all__ = ["Draw", "Trace", "speak", "speak_watched"]

Array = np.ndarray[Any, Any]


@dataclass
class Draw:
    """Random numbers: ``generator.numpy.method(*args, **kwargs)``, drawn anew in every step."""

    generator: Any
    method: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def __call__(self) -> Array:
        """Draw."""
        return np.asarray(getattr(self.generator.numpy, self.method)(*self.args, **self.kwargs))


_LONGEST = 16  # calls of a question that is asked again in every step

#: Operations whose result has as many elements as something was found in their operands.
_COUNTING = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "numpy_")
    for name in (
        "argwhere", "bincount", "compress", "delete", "extract", "flatnonzero", "histogram",
        "intersect1d", "isin", "masked_select", "nonzero", "repeat", "setdiff1d", "trim_zeros",
        "union1d", "unique",
    )
)  # fmt: skip

_gradient: Any = Tensor.__dict__["grad"].fget  # past what `watch` puts in its place


class Trace(Values):
    """The values and operations of one run of a step.

    Attributes
    ----------
    draws : list of Draw
        How the program's draws are drawn.
    entered : dict
        Tensors whose gradient was looked at, by id, with the gradient that they came with; or
        ``...`` where that was forgotten at once.
    questions : list of (Program, ndarray)
        What our own code asked of the arguments: how it is computed, and the answer.
    """

    def __init__(self) -> None:
        super().__init__()
        self.draws: list[Draw] = []
        self.entered: dict[int, tuple[Any, Any]] = {}
        self.questions: list[tuple[Program, Array]] = []
        self.modules: dict[int, Any] = {}  # that were called
        self._freed: list[int] = []  # the numbers of nodes whose backward has run
        self._instead: tuple[Any, Any] = None, None  # a shape that stands for another one

    def drawn(self, array: Array, draw: Draw) -> Traced:
        """Note random numbers."""
        value = self._new("drawn", array, draw.method)
        self.program.draws.append(value)
        self.draws.append(draw)
        return self.watched(array)

    def scalar(self, array: Array, name: str) -> Value:
        """Note a number that is asked for anew in every step."""
        value = self._new("scalar", array, name)
        self.program.scalars.append(value)
        return value

    @contextlib.contextmanager
    def standing_in(self, arrays: list[Array]) -> Iterator[list[Array]]:
        """Give an array of one element for each: elementwise operations are noted on those.

        What the operations compute is not looked at, and would take time, and memory.
        """
        whole = arrays[0].shape
        small = (1,) * len(whole)
        instead = [np.ones(small, array.dtype) for array in arrays]
        for array, one in zip(arrays, instead, strict=True):
            self.know(one, self.value(array))
        self._instead = small, whole
        try:
            yield instead
        finally:
            self._instead = None, None

    def note(self, op: Op, args: Iterable[Any], attrs: dict[str, Any], out: Array) -> Value:
        """Note that an operation was run."""
        operands = tuple([self._operand(a) for a in args])
        for name, attr in attrs.items():
            if isinstance(attr, np.ndarray) and not self.is_constant(self.plain(attr)):
                self.refuse(
                    f"'{op.name}' takes {name!r} from the elements of a tensor",
                    "It has to be the same in every step: compute it outside.",
                )
        if op.name in _COUNTING or any(
            isinstance(a, Value) and a.dtype.kind == "b" and a.kind != "constant"
            for a in (operands[1:] if op.name in ("index", "numpy_getitem") else ())
        ):
            self.refuse(
                f"the shape of what '{op.name}' gives depends on the elements of a tensor",
                "Use tgb.where, or multiply by a mask; or use fallback=True.",
            )
        small, whole = self._instead
        shape = whole if out.shape == small else out.shape
        value = Value("computed", shape, out.dtype)
        self.program.calls.append(Call(op, operands, attrs, value, user_line()))
        return self.know(out, value)

    def _operand(self, operand: Any) -> Any:
        operand = getattr(operand, "_array", operand)
        if isinstance(operand, np.ndarray):
            return self.value(self.plain(operand))
        if isinstance(operand, np.generic):
            array = np.asarray(operand)
            self.fresh(array)
            return self.value(array)
        return operand

    def inside(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call what is noted as a whole: nothing inside is."""
        before = self.hosting
        self.hosting = True
        try:
            return function(*args, **kwargs)
        finally:
            self.hosting = before

    def run(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
        """Run an operation on tensors as ever, and note it."""
        operands = []
        for arg in args:
            arg = self.plain(arg)
            if isinstance(arg, np.generic):
                arg = np.asarray(arg)
                self.fresh(arg)
            operands.append(arg)
        values = [getattr(a, "_array", a) for a in operands]
        for value in values:
            if isinstance(value, np.ndarray):
                self.value(value)  # met before the result is, which may be this very array
        if op.promotion and not alike(op, values):
            # Conversions are operations too, of plain arrays as well.
            operands = [wrap(a) if isinstance(a, np.ndarray) else a for a in operands]
            before = list(operands)
            operands = list(promote(op, tuple(operands), values))
            for old, new in zip(before, operands, strict=True):
                if new is not old and isinstance(new, np.ndarray):
                    self.fresh(new)
        out = self.inside(apply, op, tuple(operands), attrs)
        array = out._array
        if self._same_memory_as_operand(operands, array):
            return out
        self.note(op, operands, attrs, array)
        return out

    def _same_memory_as_operand(self, operands: list[Any], array: Array) -> bool:
        return any(getattr(a, "_array", a) is array for a in operands)

    def enter(self, tensor: Any, forget: bool = False) -> None:
        """Note that the gradient of a tensor is about to be looked at, or to be forgotten."""
        if id(tensor) not in self.entered and not self.was_made(tensor):
            gradient = ... if forget else _gradient(tensor)
            self.entered[id(tensor)] = tensor, gradient

    def backprop(self, seeds: dict[Node, Any], keep: bool, wanted: Any,
                 collect: bool = True) -> Any:  # fmt: skip
        """Run the rules on tensors, so that they are noted too."""
        before = modes.grad
        modes.grad = False
        try:
            seeds = {
                n: g if hasattr(g, "_array") else wrap(np.asarray(g)) for n, g in seeds.items()
            }
            found = backprop(seeds, keep, lambda array, _: wrap(array), wanted)
        finally:
            modes.grad = before
        if not keep:
            self._freed += [node.number for node in seeds]
        for node in found if collect else ():
            if node.op is None and node.made is not None:
                leaf = node.made()
                if leaf is not None:
                    self.enter(leaf)
        return found

    def went_through(self, tensor: Any) -> bool:
        """Whether a backward of this step started from a tensor, or from what came of it.

        Or from what the tensor came of, as a sum of losses: that can't be gone through again.
        """
        if any(tensor.node.number <= number for number in self._freed):
            return True
        return any(node.saved is None for node in topological_order([tensor.node]))

    def numpy_call(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Run a NumPy function on watched arrays; note it as an operation."""
        if self.failed is not None:
            return function(*bare(args), **bare(kwargs))
        arrays: list[Any] = []
        pattern, named = _taken_out(args, arrays), _taken_out(kwargs, arrays)

        rest = pattern[len(arrays) :]
        if (*map(_Place, range(len(arrays))), *rest) == pattern:  # the arrays first, then the rest

            def forward(*xs: Any) -> Any:
                return function(*xs, *rest, **named)
        else:

            def forward(*xs: Any) -> Any:
                return function(*_put_in(pattern, xs), **_put_in(named, xs))

        out = self.inside(forward, *arrays)
        if isinstance(out, (tuple, list)):
            self.refuse(
                f"np.{name} gives several arrays", "It can't be compiled yet: use fallback=True."
            )
            return out
        if not isinstance(out, (np.ndarray, np.generic)):
            return out
        if all(self.is_constant(a) for a in arrays):
            return self.watched(self.constant(np.asarray(out)))
        array = out if type(out) is np.ndarray else np.asarray(out)
        self.note(Op(forward, {}, name=f"numpy_{name}"), arrays, {}, array)
        return self.watched(array)

    def table_call(self, op: Op, args: Any, **attrs: Any) -> Any:
        """Run an operation of the table on watched arrays; note it."""
        arrays = [self.plain(a) for a in args]
        out = np.asarray(self.inside(op.run, *arrays, **attrs))
        self.note(op, arrays, attrs, out)
        return self.watched(out)

    def asked(self, array: Array) -> bool:
        """Note that the program goes for this answer only; or say that only the step gives it."""
        question = self.question(array)
        if question is not None:
            self.questions.append((question, array.copy()))
        return question is not None

    def question(self, array: Array) -> Program | None:
        """Return how an array is computed of the arguments; None if it takes more, or much."""
        known = self._known.get(id(array))
        if known is None or known.value is None:
            return None
        made = {call.out: call for call in self.program.calls}
        needed: set[Value] = set()
        stack = [known.value]
        while stack:
            value = stack.pop()
            if value in needed:
                continue
            needed.add(value)
            if value in made:
                stack += made[value].operands
            elif value.kind not in ("input", "constant", "state"):
                return None
        question = Program(inputs=self.program.inputs, outputs=[known.value])
        question.calls = [call for call in self.program.calls if call.out in needed]
        # What takes long would be computed twice in every step.
        return question if len(question.calls) <= _LONGEST else None


def _taken_out(x: Any, arrays: list[Any]) -> Any:
    """Replace arrays in nested arguments by their number in `arrays`, which they are added to."""
    if type(x) is Traced or isinstance(x, np.ndarray):
        arrays.append(x.plain if type(x) is Traced else x)
        return _Place(len(arrays) - 1)
    if hasattr(x, "_array"):
        raise TraceError("a tensor among the operands of a NumPy function on its memory")
    if isinstance(x, (list, tuple)) and type(x) in (list, tuple):
        return type(x)(_taken_out(y, arrays) for y in x)
    if type(x) is dict:
        return {k: _taken_out(y, arrays) for k, y in x.items()}
    return x


@dataclass(frozen=True)
class _Place:
    number: int


def _put_in(x: Any, arrays: Any) -> Any:
    if type(x) is _Place:
        return arrays[x.number]
    if type(x) in (list, tuple):
        return type(x)(_put_in(y, arrays) for y in x)
    if type(x) is dict:
        return {k: _put_in(y, arrays) for k, y in x.items()}
    return x


def speak(op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Run an operation on tensors: noted in the thread that traces, as ever in the others."""
    trace = modes.trace
    return apply(op, args, attrs) if trace is None else trace.run(op, args, attrs)


def speak_watched(op: Op, args: tuple[Any, ...], attrs: dict[str, Any]) -> Any:
    """Run an operation on watched arrays."""
    trace = next(a for a in args if type(a) is Traced).trace
    kind = next((t for t in map(type, args) if t in SPEAKERS and t is not Traced), None)
    if kind is not None:
        return speak(op, args, attrs)
    arrays = [trace.plain(a) for a in args]
    out = np.asarray(trace.inside(op.run, *arrays, **attrs))
    trace.note(op, arrays, attrs, out)
    return trace.watched(out)
