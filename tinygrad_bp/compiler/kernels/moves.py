"""Kernels for what moves elements: joining, laying into zeros, rows by number.

A kernel of this kind is written for one call. `Written` is what all such kernels come as, those of
`windows` and `convolutions` too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...op import Op
from ...rules import embedding, index, shape
from ..passes.places import Place, as_view, contiguous
from ..program import Call, Value
from .shares import element_cost, parts_for

__all__ = ["MOVES", "Written", "fill", "nest"]


@dataclass
class Written:
    """The text of a kernel for one call.

    Attributes
    ----------
    parameters : list of Value
        Whose memory ``p0``, ``p1``, … point to.
    lines : list of str
    scratch : list of Value
        Those of them that only this kernel needs.
    limits : list of (Value, int)
        Indices that have to be checked before: each below this number.
    blas : bool
        Whether it multiplies matrices, for which it gets ``table``.
    stem : str
        What its name begins with; loops of a "move" may be unrolled (see `translate`).
    extent, parts : int
        Of its outermost loop, and into how many parts that is divided: if more than one, its lines
        go from ``lo`` to ``hi``, and write nothing that another ``part`` writes.
    before, after : Written or None
        What runs once before all parts, and after them.
    """

    parameters: list[Value] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    scratch: list[Value] = field(default_factory=list)
    limits: list[tuple[Value, int]] = field(default_factory=list)
    blas: bool = False
    stem: str = "move"
    extent: int = 0
    parts: int = 1
    before: Written | None = None
    after: Written | None = None

    def pointer(self, base: Value) -> str:
        """Name the pointer to a value's memory."""
        if base not in self.parameters:
            self.parameters.append(base)
        return f"p{self.parameters.index(base)}"

    def table(self, extents: tuple[int, ...], like: Value) -> str:
        """Ask for memory; name the pointer to it."""
        return self.pointer(self.room(extents, like))

    def room(self, extents: tuple[int, ...], like: Value) -> Value:
        """Ask for memory that is used in `before` or `after` too."""
        made = Value("scratch", extents, like.dtype)
        self.scratch.append(made)
        return made

    def divide(self, extent: int, nanoseconds: float, most: int = 16) -> str:
        """Divide the outermost loop if that pays; return its range."""
        self.extent, self.parts = extent, min(parts_for(nanoseconds, extent), most)
        return "lo, hi" if self.parts > 1 else f"0, {extent}"

    def mine(self, size: int) -> str:
        """Write where the memory of a part begins, in which each has so much for itself."""
        return f"part * {size}" if self.parts > 1 else "0"


def nest(extents: tuple[int, ...], pad: str = "") -> tuple[list[str], str]:
    """Begin loops over these extents, by i0, i1, …; return the lines and the indent within."""
    lines = []
    for k, n in enumerate(extents):
        lines.append(f"{pad}for i{k} in range({n}):")
        pad += "    "
    return lines, pad


def at(offset: int, steps: tuple[int, ...]) -> str:
    """Write the index of an element in such loops."""
    terms = [str(offset)] if offset else []
    terms += [f"i{k}" if s == 1 else f"i{k} * {s}" for k, s in enumerate(steps) if s]
    return " + ".join(terms) or "0"


def fill(pointer: str, size: int, value: str, begin: str = "") -> list[str]:
    """Write one number into a row of memory, which begins at `begin`."""
    return [f"for i in range({size}):", f"    {pointer}[{begin}i] = {value}"]


def _copy(w: Written, v: Value, place: Place, out: Value, offset: int,
          steps: tuple[int, ...]) -> None:  # fmt: skip
    """Copy all of a value to where it lies in the result."""
    lines, pad = nest(v.shape)
    source, target = w.pointer(place.base), w.pointer(out)
    element = f"{source}[{at(place.offset, place.strides)}]"
    w.lines += [*lines, f"{pad}{target}[{at(offset, steps)}] = {element}"]


def _concatenate(call: Call, places: dict[Value, Place]) -> Written | None:
    w, start = Written(), 0
    steps, axis = contiguous(call.out.shape), call.attrs["axis"]
    for v in call.operands:
        if v.dtype != call.out.dtype:
            return None
        _copy(w, v, places[v], call.out, start * steps[axis], steps)
        start += v.shape[axis]
    return w


def _stack(call: Call, places: dict[Value, Place]) -> Written | None:
    w, axis = Written(), call.attrs["axis"]
    steps = list(contiguous(call.out.shape))
    step = steps.pop(axis)
    for i, v in enumerate(call.operands):
        if v.dtype != call.out.dtype:
            return None
        _copy(w, v, places[v], call.out, i * step, tuple(steps))
    return w


def _laid(call: Call, places: dict[Value, Place], key: Any, zero: float) -> Written | None:
    """Fill the result, and copy the operand to the part that the key names."""
    (x, *_), out = call.args, call.out
    memory = np.empty(math.prod(out.shape), out.dtype)  # untouched: only asked for addresses
    part = memory.reshape(out.shape)[as_view(key)]
    if part.shape != x.shape or x.dtype != out.dtype or not part.size:
        return None
    wide = memory.itemsize
    begin = part.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
    w = Written()
    if part.size != memory.size:
        w.lines += fill(w.pointer(out), memory.size, repr(zero))
    _copy(w, x, places[x], out, begin // wide, tuple(s // wide for s in part.strides))
    return w


def _embed(call: Call, places: dict[Value, Place]) -> Written | None:
    return _laid(call, places, call.attrs["key"], 0)


def _pad(call: Call, places: dict[Value, Place]) -> Written | None:
    pairs = zip(call.attrs["widths"], call.out.shape, strict=True)
    key = (*(slice(before, n - after) for (before, after), n in pairs), ...)
    value = call.attrs.get("value", 0.0)
    return _laid(call, places, key, value) if math.isfinite(value) else None


def _whole(places: dict[Value, Place], *values: Value) -> bool:
    """Whether these lie in memory without gaps."""
    return all(places[v].strides == contiguous(v.shape) for v in values)


def _embedding(call: Call, places: dict[Value, Place]) -> Written | None:
    table, numbers = call.args
    if not _whole(places, table, numbers) or numbers.dtype.char not in "lqi":
        return None
    w = Written(limits=[(numbers, table.shape[0])])
    width, n = math.prod(table.shape[1:]), math.prod(numbers.shape)
    source, chosen = w.pointer(places[table].base), w.pointer(places[numbers].base)
    first, begin, out = places[table].offset, places[numbers].offset, w.pointer(call.out)
    rows = w.divide(n, n * element_cost((), 2 * width * table.dtype.itemsize))
    w.lines += [
        f"for i in range({rows}):",
        f"    row = int64({chosen}[{begin} + i]) * {width} + {first}",
        f"    for j in range({width}):",
        f"        {out}[i * {width} + j] = {source}[row + j]",
    ]
    return w


def _add_rows(call: Call, places: dict[Value, Place]) -> Written | None:
    x, numbers = call.args
    if not _whole(places, x, numbers) or numbers.dtype.char not in "lqi":
        return None
    w = Written(limits=[(numbers, call.attrs["count"])])
    width, n = x.shape[-1], math.prod(numbers.shape)
    source, chosen = w.pointer(places[x].base), w.pointer(places[numbers].base)
    first, begin, out = places[x].offset, places[numbers].offset, w.pointer(call.out)
    # Of columns, since two threads may not add to one element.
    columns = w.divide(width, n * element_cost((), 3 * width * x.dtype.itemsize),
                       max(width // 16, 1))  # fmt: skip
    w.lines += [
        f"for i in range({math.prod(call.out.shape) // width}):",
        f"    for j in range({columns}):",
        f"        {out}[i * {width} + j] = 0",
        f"for i in range({n}):",
        f"    row = int64({chosen}[{begin} + i]) * {width}",
        f"    for j in range({columns}):",
        f"        {out}[row + j] = {out}[row + j] + {source}[{first} + i * {width} + j]",
    ]
    return w


Move = Callable[[Call, dict[Value, Place]], "Written | None"]

MOVES: dict[Op, Move] = {
    index.concatenate: _concatenate,
    index.stack: _stack,
    index.embed: _embed,
    shape.pad: _pad,
    embedding.embedding: _embedding,
    embedding.add_rows: _add_rows,
}
