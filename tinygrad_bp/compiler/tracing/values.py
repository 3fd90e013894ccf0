"""What each array is while a step is traced, and what it becomes when memory is written to.

An array is known by its identity for as long as it lives, and memory by its owner: when it is
written to, the arrays that show it have another value from then on. No array of the step is kept
alive for it: a step that is traced takes no more memory than one that is not.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...mode import modes
from ...op import Op
from ...source import user_line
from ...storage import owner_of
from ..errors import TraceError, refuse
from ..program import Call, Program, Value
from .layouts import Known, Layout, Part, shows_all
from .traced import Traced

__all__ = ["Values"]

Array = np.ndarray[Any, Any]


class Values:
    """The arrays that a step has met, and the values that they have.

    Attributes
    ----------
    program : Program
        What was noted so far.
    hosting : bool
        Whether an operation runs just now, or an optimizer that keeps its books: what happens
        inside is not looked at.
    lenient : bool
        Whether what can't be compiled ends the trace only, and not the step.
    failed : TraceError or None
        Why the trace is worthless.
    """

    def __init__(self) -> None:
        self.program = Program()
        self.lenient = False
        self.failed: TraceError | None = None
        self.hosting = False
        self._known: dict[int, Known] = {}
        self._owners: dict[int, list[Known]] = {}
        self._fresh: set[int] = set()  # arrays made in this step, not by an operation
        self._made: dict[int, weakref.ref[Any]] = {}  # tensors of this step
        self._first: dict[int, Value] = {}  # array's id -> the state that it was before the step
        self._touched: dict[int, Any] = {}  # memory that was changed -> the line
        self._changed: set[int] = set()  # memory whose change is noted
        self._unnoted: list[Any] = []  # where memory was touched that is gone by now
        self._minded: dict[int, weakref.ref[Array]] = {}
        self._seen: dict[int, Any] = {}  # tensors that were there before
        self._arrays: dict[int, Array] = {}
        self._old: dict[int, Array] = {}  # and their arrays
        self._old_owners: dict[int, Array] = {}
        self._inputs: list[Array] = []

    def forget(self) -> None:
        """Let go of all arrays of the step, once its program is known: they are many."""
        held: Any
        for held in (self._minded, self._known, self._owners, self._fresh, self._arrays, self._old,
                     self._old_owners, self._inputs):  # fmt: skip
            held.clear()

    def refuse(self, what: str, remedy: str, line: Any = None) -> None:
        """Raise for what can't be compiled; or, if `lenient`, note nothing from now on."""
        error = refuse(what, remedy, line)
        if self.failed is None:
            self.failed = error
        if not self.lenient:
            raise error
        self.hosting, modes.trace = True, None

    def plain(self, x: Any) -> Any:
        """Return an operand as an operation takes it: a watched array as the array itself."""
        return x.plain if type(x) is Traced else x

    def know(self, array: Array, value: Value) -> Value:
        """Remember what an array is."""
        known = Known.of(array, value)
        self._known[self._minding(array)] = known
        self._owners.setdefault(self._minding(owner_of(array)), []).append(known)
        return value

    def _minding(self, array: Array) -> int:
        """Return an array's id, which is forgotten when the array goes: others may get it then."""
        key = id(array)
        if key not in self._minded:
            mine = weakref.ref(self)

            def gone(_: Any) -> None:
                values = mine()
                if values is not None:
                    values._gone(key)

            self._minded[key] = weakref.ref(array, gone)
        return key

    def _gone(self, key: int) -> None:
        self._minded.pop(key, None)
        self._known.pop(key, None)
        if key in self._touched:
            line = self._touched.pop(key)
            if key in self._owners and key not in self._changed:
                self._unnoted.append(line)
        self._owners.pop(key, None)
        self._changed.discard(key)
        self._fresh.discard(key)

    def fresh(self, array: Array) -> None:
        """Note an array that was made in this step, not by an operation."""
        self._fresh.add(self._minding(array))

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

    def foreign(self, array: Array) -> Value:
        """Note an array that is given from outside later: it is no argument of this program."""
        return self._new("input", array)

    def constant(self, array: Array) -> Array:
        """Note an array that is the same in every step."""
        self.fresh(array)
        return array

    def value(self, array: Array) -> Value:
        """Return what an array is now."""
        known = self._known.get(id(array))
        if known is None:
            twin = self._twin(array)
            if twin is None:
                old = id(owner_of(array)) in self._old_owners and id(array) not in self._fresh
                return self._new("state" if old else "constant", array)
            known = Known.of(array, twin.value, twin.line)
            self._known[self._minding(array)] = known
            self._owners[id(owner_of(array))].append(known)
        if known.value is None:
            self.refuse(
                f"a tensor of shape {array.shape} is read after memory that it shares was changed "
                "through another view",
                "Change a copy (x.clone()), or make the view again after the change.",
            )
            return Value("computed", array.shape, array.dtype)
        return known.value

    def _twin(self, array: Array) -> Known | None:
        """Find an array that shows the same memory in the same layout."""
        others = self._owners.get(id(owner_of(array)))
        if not others:
            return None
        layout = Layout.of(array)
        for other in reversed(others):
            if other.layout == layout:
                return other
        for other in others:
            if other.layout.meets(layout):
                if other.value is not None and other.value.kind in ("state", "constant"):
                    continue  # another part of what lives on: memory of its own
                self.refuse(
                    f"a part of a tensor of shape {other.layout.shape} is read behind the back of "
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

    def lives_on(self, array: Array) -> bool:
        """Whether an array shows memory that was there before the step."""
        owner = owner_of(array)
        return any(
            first.array is not None
            and owner_of(first.array) is owner
            and self._known[key].value is not None
            for key, first in self._first.items()
            if key in self._old
        )

    def seen(self, tensor: Any, array: Array) -> None:
        """Note that a tensor is looked at: it may have been there before the step."""
        if id(tensor) not in self._seen and not self.was_made(tensor):
            self._seen[id(tensor)] = tensor
            self._arrays[id(tensor)] = array
            self.there_before(array)

    def array_of(self, tensor: Any) -> Any:
        """Return the memory that a tensor came with."""
        return self._arrays.get(id(tensor))

    def there_before(self, array: Array) -> None:
        """Note an array that is no work of the step: its elements may be others next time."""
        owner = owner_of(array)
        self._old[id(array)] = array
        self._old_owners[id(owner)] = owner

    def has_met(self, array: Array) -> bool:
        """Whether operations of the step have read an array, or a part of it."""
        return id(owner_of(array)) in self._owners

    def was_there(self, array: Array) -> bool:
        """Whether an array is no work of the step."""
        return id(owner_of(array)) in self._old_owners and id(array) not in self._fresh

    @property
    def tensors(self) -> list[Any]:
        """The tensors that were there before the step, and were looked at."""
        return list(self._seen.values())

    def is_old(self, tensor: Any) -> bool:
        """Whether a tensor was there before the step."""
        return self._seen.get(id(tensor)) is tensor

    def made(self, tensor: Any, array: Array) -> None:
        """Note that a tensor was made over an array."""
        self._made[id(tensor)] = weakref.ref(tensor)
        known = id(array) in self._known or id(array) in self._old
        if not known and isinstance(array, np.ndarray):  # not yet a Python number's
            self.fresh(array)

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

    def touched(self, owner: Array | None) -> None:
        """Note that memory is being changed."""
        if owner is not None:
            self._touched[self._minding(owner)] = user_line()

    def changed(self, array: Array, value: Value) -> None:
        """Note that all elements of an array have a new value."""
        if id(array) not in self._known:
            self.value(array)
        owner = id(owner_of(array))
        self._changed.add(owner)
        layout, all_of_it = Layout.of(array), shows_all(array)
        others = []
        for known in self._owners[owner]:
            if known.layout == layout:
                known.value = value
            elif known.layout.meets(layout):
                others.append(known)
        # Views of the same memory change with it: through the one that shows all of it.
        whole = next((k for k in others if k.whole), None)
        new: Value | None = value if all_of_it else None
        if new is None and whole is not None and whole.value is not None:
            place = Part.of(layout, whole.layout)
            new = self._noted(Op(place.written, {}, name="write_part"), whole.value, value)
        for known in others:
            known.value, known.line = None, user_line()
            if known is whole and not all_of_it:
                known.value = new
            elif new is not None:
                # Where all is shown, in whatever shape, the elements lie in the same order.
                shown = layout if whole is None or all_of_it else whole.layout
                place = Part.of(known.layout, shown)
                known.value = self._noted(Op(place.read, {}, name="read_part"), new)

    def _noted(self, op: Op, *operands: Value) -> Value:
        first = operands[0]
        if op.name == "read_part":
            part: Part = op.forward.__self__  # type: ignore[attr-defined]
            first = Value("", part.shape, first.dtype)
        out = Value("computed", first.shape, first.dtype)
        self.program.calls.append(Call(op, operands, {}, out, user_line()))
        return out

    def stores(self) -> list[tuple[Value, Value]]:
        """List which memory that outlives the step has a new value at its end."""
        unnoted = [
            line for owner, line in self._touched.items()
            if owner in self._owners and owner not in self._changed
        ]  # fmt: skip
        for line in (*self._unnoted, *unnoted):
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
