"""Where each value lies: in memory of its own, or in that of another, which it is a view of.

Reshapes, transposes, slices and broadcasts move nothing: a reader walks the same memory with other
strides. What can't be said in strides (a reshape of a transpose) becomes a copy first, which is a
call like any other and fuses like any other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...rules import shape
from ...rules.index import slice_
from ..program import Call, Program, Value

__all__ = ["Place", "as_view", "contiguous", "lay_out"]


@dataclass(frozen=True)
class Place:
    """Elements of `base`: the first at `offset`, the next along axis i `strides[i]` further."""

    base: Value
    offset: int
    strides: tuple[int, ...]


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides, in elements, of an array without gaps."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def as_view(key: Any) -> Any:
    """Return a basic index that shows a single element too, where NumPy gives a number."""
    keys = key if isinstance(key, tuple) else (key,)
    return keys if any(k is Ellipsis for k in keys) else (*keys, Ellipsis)


def _viewed(call: Call, place: Place) -> Place | None:
    """Ask NumPy where the elements of a view lie, on memory that nobody touches."""
    source = call.args[0]
    size = math.prod(place.base.shape)
    if size and place.base.strides is not None:
        extents = zip(place.base.shape, place.base.strides, strict=True)
        size = 1 + sum([(n - 1) * step for n, step in extents])
    if not size or not math.prod(call.out.shape):
        return None
    memory = np.empty(size, source.dtype)  # from the system, untouched: it costs no memory
    wide = memory.itemsize
    shown = np.ndarray(source.shape, source.dtype, memory, place.offset * wide,
                       [s * wide for s in place.strides])  # fmt: skip
    if call.op is shape.reshape and not _stays(shown, call.out.shape):
        return None
    attrs = {"key": as_view(call.attrs["key"])} if call.op is slice_ else call.attrs
    seen = call.op.forward(shown, **attrs)
    if not isinstance(seen, np.ndarray) or seen.base is None:
        return None
    offset = seen.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    return Place(place.base, offset // wide, tuple(s // wide for s in seen.strides))


def _stays(x: np.ndarray, to: tuple[int, ...]) -> bool:
    try:
        np.reshape(x, to, copy=False)
    except ValueError:
        return False
    return True


def lay_out(program: Program) -> dict[Value, Place]:
    """Find the place of every value; put a copy before the views that need one."""
    places: dict[Value, Place] = {}

    def own(value: Value) -> Place:
        if value not in places:
            strides = contiguous(value.shape) if value.strides is None else value.strides
            if value.array is not None and value.array.size:
                strides = tuple(s // value.array.itemsize for s in value.array.strides)
            places[value] = Place(value, 0, strides)
        return places[value]

    calls = []
    for call in program.calls:
        for value in call.operands:
            own(value)
        view = None
        if call.op.view:
            view = _viewed(call, places[call.args[0]])
            if view is None and call.op is shape.reshape:
                source = call.args[0]
                copied = Value("computed", source.shape, source.dtype)
                calls.append(Call(shape.copy, (source,), {}, copied, call.line))
                own(copied)
                call = Call(call.op, (copied,), call.attrs, call.out, call.line)
                view = _viewed(call, places[copied])
        calls.append(call)
        if view is None:
            own(call.out)
        else:
            places[call.out] = view
    program.calls = calls
    for value in [*program.outputs, *(v for pair in program.stores for v in pair)]:
        own(value)
    return places
