"""The trace of a step: what each array is, and how it came about.

While a step runs as ever, every operation is noted: on which values, with which result. An array is
known by its identity (the trace keeps all of them alive, so that no identity is used twice), and
memory by its owner: when it is written to, the arrays that show it have another value from then on.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import Node, backprop
from ..mode import modes
from ..op import SPEAKERS, Op
from ..promotion import alike, promote
from ..source import user_line
from ..storage import owner_of
from ..tensor import Tensor, apply, wrap
from .errors import TraceError, refuse
from .program import Call, Program, Value
from .traced import Traced

__all__ = ["Draw", "Known", "Trace"]

Array = np.ndarray[Any, Any]


@dataclass
class Known:
    """An array that the trace has met, and the value that it has now; None: it was overwritten."""

    array: Array
    value: Value | None
    line: Any = None  # where it was overwritten


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


def _layout(array: Array) -> tuple[Any, ...]:
    return (
        array.__array_interface__["data"][0], array.shape, array.strides, array.dtype,
    )  # fmt: skip


class Trace:
    """The values and operations of one run of a step.

    Attributes
    ----------
    program : Program
        What was noted so far.
    draws : list of Draw
        How the program's draws are drawn.
    entered : dict
        Tensors whose gradient was looked at, by id, with the gradient that they came with; or
        ``...`` where that was forgotten at once.
    """

    def __init__(self) -> None:
        self.program = Program()
        self.draws: list[Draw] = []
        self.entered: dict[int, tuple[Any, Any]] = {}
        self._known: dict[int, Known] = {}
        self._owners: dict[int, list[Known]] = {}
        self._fresh: dict[int, Array] = {}  # made in this step, not by an operation
        self._made: dict[int, weakref.ref[Any]] = {}  # tensors of this step
        self._first: dict[int, Value] = {}  # owner's id -> the state that it was before the step
        self._touched: dict[int, Any] = {}  # memory that was changed -> the line
        self._changed: set[int] = set()  # memory whose change is noted
        self._keep: list[Any] = []
        self._seen: dict[int, Any] = {}  # tensors that were there before
        self._old: dict[int, Array] = {}  # and their arrays
        self._old_owners: dict[int, Array] = {}
        self._inputs: list[Array] = []
        #: Whether an operation runs just now, or an optimizer that keeps its books: what happens
        #: inside is not looked at.
        self.hosting = False
        #: What our own code asked of the arguments: how it is computed, and the answer.
        self.questions: list[tuple[Program, Array]] = []
        self._freed: list[int] = []  # the numbers of nodes whose backward has run

    # ------------------------------------------------------------------------------ what arrays are

    def plain(self, x: Any) -> Any:
        """Return an operand as an operation takes it: a watched array as the array itself."""
        return x.plain if type(x) is Traced else x

    def know(self, array: Array, value: Value) -> Value:
        """Remember what an array is."""
        known = Known(array, value)
        self._known[id(array)] = known
        owner = owner_of(array)
        self._keep.append(owner)
        self._owners.setdefault(id(owner), []).append(known)
        return value

    def state(self, array: Array, name: str = "") -> Value:
        """Return the value of memory that outlives the step, though it may be made in it."""
        known = self._known.get(id(array))
        if id(array) in self._first or (known is not None and id(array) in self._old):
            return self.value(array)
        return self._new("state", array, name)

    def _new(self, kind: str, array: Array, name: str = "") -> Value:
        value = Value(kind, array.shape, array.dtype, None, name)
        if kind in ("state", "constant"):
            # A constant may be written to later in the step: a copy.
            value.array = array if kind == "state" else array.copy()
            if kind == "state":
                self._first[id(array)] = value
        return self.know(array, value)

    def input(self, array: Array, name: str) -> Value:
        """Note an argument of the step."""
        if id(array) in self._known:
            raise refuse(
                f"the argument {name!r} is the same array as another one",
                "Pass a copy: x.clone().",
            )
        value = self._new("input", array, name)
        self.program.inputs.append(value)
        self._inputs.append(array)
        return value

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

    def value(self, array: Array) -> Value:
        """Return what an array is now."""
        known = self._known.get(id(array))
        if known is None:
            twin = self._twin(array)
            if twin is None:
                old = id(owner_of(array)) in self._old_owners and id(array) not in self._fresh
                return self._new("state" if old else "constant", array)
            known = Known(array, twin.value, twin.line)
            self._known[id(array)] = known
            self._owners[id(owner_of(array))].append(known)
        if known.value is None:
            raise refuse(
                f"a tensor of shape {array.shape} is read after memory that it shares was changed "
                "through another view",
                "Change a copy (x.clone()), or make the view again after the change.",
            )
        return known.value

    def _twin(self, array: Array) -> Known | None:
        """Find an array that shows the same memory in the same layout."""
        others = self._owners.get(id(owner_of(array)))
        if not others:
            return None
        layout = _layout(array)
        for other in reversed(others):
            if _layout(other.array) == layout:
                return other
        for other in others:
            if np.may_share_memory(other.array, array):
                if other.value is not None and other.value.kind in ("state", "constant"):
                    continue  # another part of what lives on: memory of its own
                raise refuse(
                    f"a part of a tensor of shape {other.array.shape} is read behind the back of "
                    "the operations",
                    "Use tensors' own methods, not NumPy's on their memory.",
                )
        return None

    def watched(self, array: Array) -> Traced:
        """Show an array to code that is not of the table: what is done with it is noted."""
        shown = array.view(Traced)
        shown.plain, shown.trace = array, self
        return shown

    def is_constant(self, array: Array) -> bool:
        """Whether an array was made in this step from nothing that could be another next time."""
        known = self._known.get(id(array))
        if known is not None:
            return known.value is not None and known.value.kind == "constant"
        if id(array) not in self._fresh and id(owner_of(array)) in self._old_owners:
            return False
        return self._twin(array) is None

    # ---------------------------------------------------------------------------------- operations

    def seen(self, tensor: Any, array: Array) -> None:
        """Note that a tensor is looked at: it may have been there before the step."""
        if id(tensor) not in self._seen and not self.was_made(tensor):
            self._seen[id(tensor)] = tensor
            self.there_before(array)

    def there_before(self, array: Array) -> None:
        """Note an array that is no work of the step: its elements may be others next time."""
        owner = owner_of(array)
        self._old[id(array)] = array
        self._old_owners[id(owner)] = owner

    @property
    def tensors(self) -> list[Any]:
        """The tensors that were there before the step, and were looked at."""
        return list(self._seen.values())

    def enter(self, tensor: Any, forget: bool = False) -> None:
        """Note that the gradient of a tensor is about to be looked at, or to be forgotten."""
        if id(tensor) not in self.entered and not self.was_made(tensor):
            gradient = ... if forget else _gradient(tensor)
            self.entered[id(tensor)] = tensor, gradient

    def is_old(self, tensor: Any) -> bool:
        """Whether a tensor was there before the step."""
        return self._seen.get(id(tensor)) is tensor

    def made(self, tensor: Any, array: Array) -> None:
        """Note that a tensor was made over an array."""
        self._made[id(tensor)] = weakref.ref(tensor)
        if id(array) not in self._known and id(array) not in self._old:
            self._fresh[id(array)] = array

    def constant(self, array: Array) -> Array:
        """Note an array that is the same in every step."""
        self._fresh[id(array)] = array
        return array

    def was_made(self, tensor: Any) -> bool:
        """Whether a tensor was made in this step."""
        made = self._made.get(id(tensor))
        return made is not None and made() is tensor

    def alive(self) -> Iterator[Any]:
        """Yield the tensors of this step that somebody still has."""
        for ref in self._made.values():
            tensor = ref()
            if tensor is not None:
                yield tensor

    def note(self, op: Op, args: Iterable[Any], attrs: dict[str, Any], out: Array) -> Value:
        """Note that an operation was run."""
        operands = tuple([self._operand(a) for a in args])
        for name, attr in attrs.items():
            if isinstance(attr, np.ndarray) and not self.is_constant(self.plain(attr)):
                raise refuse(
                    f"'{op.name}' takes {name!r} from the elements of a tensor",
                    "It has to be the same in every step: compute it outside.",
                )
        if op.name in _COUNTING or any(
            isinstance(a, Value) and a.dtype.kind == "b" and a.kind != "constant"
            for a in (operands[1:] if op.name in ("index", "numpy_getitem") else ())
        ):
            raise refuse(
                f"the shape of what '{op.name}' gives depends on the elements of a tensor",
                "Use tgb.where, or multiply by a mask; or use fallback=True.",
            )
        value = Value("computed", out.shape, out.dtype)
        self.program.calls.append(Call(op, operands, attrs, value, user_line()))
        return self.know(out, value)

    def _operand(self, operand: Any) -> Any:
        operand = getattr(operand, "_array", operand)
        if isinstance(operand, np.ndarray):
            return self.value(self.plain(operand))
        if isinstance(operand, np.generic):
            array = np.asarray(operand)
            self._fresh[id(array)] = array
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
                self._fresh[id(arg)] = arg
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
                    self._fresh[id(new)] = new
        out = self.inside(apply, op, tuple(operands), attrs)
        array = out._array
        if self._same_memory_as_operand(operands, array):
            return out
        self.note(op, operands, attrs, array)
        return out

    def _same_memory_as_operand(self, operands: list[Any], array: Array) -> bool:
        return any(getattr(a, "_array", a) is array for a in operands)

    def backprop(self, seeds: dict[Node, Any], keep: bool, wanted: Any) -> Any:
        """Run the rules on tensors, so that they are noted too."""
        before = modes.grad
        modes.grad = False
        try:
            seeds = {n: g if hasattr(g, "_array") else wrap(np.asarray(g)) for n, g in seeds.items()}
            found = backprop(seeds, keep, lambda array, _: wrap(array), wanted)
        finally:
            modes.grad = before
        if not keep:
            self._freed += [node.number for node in seeds]
        for node in found:
            if node.op is None and node.made is not None:
                leaf = node.made()
                if leaf is not None:
                    self.enter(leaf)
        return found

    def lives_on(self, array: Array) -> bool:
        """Whether an array shows memory that was there before the step."""
        owner = owner_of(array)
        return any(
            owner_of(k.array) is owner and k.value is not None
            for k in self._owners.get(id(owner), ())
            if id(k.array) in self._first and id(k.array) in self._old
        )

    def asked(self, array: Array) -> bool:
        """Note that the program goes for this answer only; or say that only the step gives it."""
        known = self._known.get(id(array))
        if known is None or known.value is None:
            return False
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
                return False
        question = Program(inputs=self.program.inputs, outputs=[known.value])
        question.calls = [call for call in self.program.calls if call.out in needed]
        if len(question.calls) > _LONGEST:  # it would be computed twice in every step
            return False
        self.questions.append((question, array.copy()))
        return True

    def went_through(self, tensor: Any) -> bool:
        """Whether a backward of this step started from a tensor, or from what came of it."""
        return any(tensor.node.number <= number for number in self._freed)

    def numpy_call(self, name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Run a NumPy function on watched arrays; note it as an operation."""
        arrays: list[Any] = []
        pattern, named = _taken_out(args, arrays), _taken_out(kwargs, arrays)

        def forward(*xs: Any) -> Any:
            return function(*_put_in(pattern, xs), **_put_in(named, xs))

        out = self.inside(forward, *arrays)
        if isinstance(out, (tuple, list)):
            raise refuse(
                f"np.{name} gives several arrays", "It can't be compiled yet: use fallback=True."
            )
        if not isinstance(out, (np.ndarray, np.generic)):
            return out
        if all(self.is_constant(a) for a in arrays):
            return self.watched(self.constant(np.asarray(out)))
        array = out if type(out) is np.ndarray else np.asarray(out)
        self.note(Op(forward, {}, name=f"numpy_{name}"), arrays, {}, array)
        return self.watched(array)

    def table_call(self, op: Op, args: Any) -> Any:
        """Run an operation of the table on watched arrays; note it."""
        arrays = [self.plain(a) for a in args]
        out = np.asarray(self.inside(op.run, *arrays))
        self.note(op, arrays, {}, out)
        return self.watched(out)

    # ---------------------------------------------------------------------------- changes in place

    def touched(self, owner: Array | None) -> None:
        """Note that memory is being changed."""
        if owner is not None:
            self._touched[id(owner)] = user_line()
            self._keep.append(owner)

    def changed(self, array: Array, value: Value) -> None:
        """Note that all elements of an array have a new value."""
        if id(array) not in self._known:
            self.value(array)
        owner = id(owner_of(array))
        self._changed.add(owner)
        layout = _layout(array)
        others = []
        for known in self._owners[owner]:
            if _layout(known.array) == layout:
                known.value = value
            elif np.may_share_memory(known.array, array):
                others.append(known)
        # Views of the same memory change with it: through the one that shows all of it.
        whole = next((k for k in others if _shows_all(k.array)), None)
        new: Value | None = value if _shows_all(array) else None
        if new is None and whole is not None and whole.value is not None:
            place = _Part.of(array, whole.array)
            new = self._noted(Op(place.written, {}, name="write_part"), whole.value, value)
        for known in others:
            known.value, known.line = None, user_line()
            if known is whole:
                known.value = new
            elif new is not None:
                place = _Part.of(known.array, array if _shows_all(array) else whole.array)  # type: ignore[union-attr]
                known.value = self._noted(Op(place.read, {}, name="read_part"), new)

    def _noted(self, op: Op, *operands: Value) -> Value:
        first = operands[0]
        if op.name == "read_part":
            part: _Part = op.forward.__self__  # type: ignore[attr-defined]
            first = Value("", part.shape, first.dtype)
        out = Value("computed", first.shape, first.dtype)
        self.program.calls.append(Call(op, operands, {}, out, user_line()))
        return out

    def stores(self) -> list[tuple[Value, Value]]:
        """List which memory that outlives the step has a new value at its end."""
        for owner, line in self._touched.items():
            if owner in self._owners and owner not in self._changed:
                raise refuse(
                    "a tensor is changed in place in a way that can't be compiled yet",
                    "Compute a new tensor instead, or use fallback=True.", line,
                )  # fmt: skip
        found = []
        for key, first in self._first.items():
            known = self._known[key]
            if known.value is None:
                raise refuse(
                    f"a tensor of shape {first.shape} is changed through a view of it",
                    "Change the tensor itself, or use fallback=True.", known.line,
                )  # fmt: skip
            if known.value is not first:
                found.append((first, known.value))
        for value, array in zip(self.program.inputs, self._inputs, strict=True):
            known = self._known[id(array)]
            if known.value is not value:
                raise refuse(
                    f"the argument {value.name!r} is changed in place",
                    "Change a copy: x = x.clone() first.", known.line,
                )  # fmt: skip
        return found


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


def _shows_all(array: Array) -> bool:
    return array.flags.c_contiguous and array.nbytes == owner_of(array).nbytes


@dataclass(frozen=True)
class _Part:
    """Which elements of an array in C's order another one shows, in its memory."""

    offset: int  # in bytes
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def of(cls, array: Array, whole: Array) -> _Part:
        start = _layout(array)[0] - _layout(whole)[0]
        return cls(start, array.shape, array.strides)

    def _shown(self, whole: Array) -> Array:
        return np.ndarray(self.shape, whole.dtype, whole.data, self.offset, self.strides)

    def read(self, x: Any) -> Any:
        """Give the part."""
        return self._shown(np.ascontiguousarray(x)).copy()

    def written(self, x: Any, v: Any) -> Any:
        """Give `x` with the part replaced."""
        out = np.array(x, order="C")
        self._shown(out)[...] = v
        return out


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
