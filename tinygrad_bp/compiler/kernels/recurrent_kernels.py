"""Kernels for recurrent layers: some sequences of the batch go through all steps in one loop.

A step is a product with a weight that was put into panels (`tiles`), then one loop over the units
for all that is not a product. Its state stays in the cache, and what backward needs is written as
eager's forward lays it out (`rules.recurrent`). A few sequences are a part of their own, which
waits for no other.

What each kind of layer computes for one unit is in `cells`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..passes.places import Place
from ..passes.recurrences import PULLS, RUNS, lower_pull, lower_run, parts_added, run, run_back
from ..program import Call, Value
from .cells import CELLS, Cell
from .moves import MOVES, Written
from .shares import parts_for
from .tiles import ROWS, lanes_of, tile, width_of

__all__ = ["PULLS", "RUNS", "lower_pull", "lower_run", "parts_added"]

#: Nanoseconds for a product that is added up, and for what a gate's curve takes.
_PRODUCT, _CURVE = 0.015, 0.5


@dataclass
class _Layer:
    """A kernel that is being written."""

    w: Written
    cell: Cell
    steps: int
    count: int  # of sequences
    hidden: int
    reverse: bool
    dtype: np.dtype[Any]
    places: dict[Value, Place]

    @classmethod
    def of(cls, call: Call, places: dict[Value, Place], start: Value) -> _Layer:
        """Begin the kernel of a call."""
        (count, hidden), attrs = start.shape, call.attrs
        w = Written(stem=f"{call.op.name}_{attrs['kind']}")
        return cls(w, CELLS[attrs["kind"]], attrs["steps"], count, hidden, attrs["reverse"],
                   start.dtype, places)  # fmt: skip

    @property
    def kind(self) -> str:
        """The type of a number."""
        return "float32" if self.dtype.char == "f" else "float64"

    @property
    def columns(self) -> int:
        """How many gates all units have."""
        return self.cell.gates * self.hidden

    def room(self, width: int, like: Value) -> str:
        """Ask for memory with a row for each sequence."""
        return self.w.table((self.count, width), like)

    def at(self, value: Any, row: str, column: str) -> str:
        """Write an element of a matrix, or of a row that is the same for all; or a number."""
        if not isinstance(value, Value):
            return f"{self.kind}({value})"
        place = self.places[value]
        steps = (0, *place.strides)[-2:]
        terms = [f"({i}) * {step}" for i, step in zip((row, column), steps, strict=True) if step]
        terms += [str(place.offset)] if place.offset else []
        return f"{self.w.pointer(place.base)}[{' + '.join(terms) or '0'}]"

    def begin(self, value: Value, sums: str, rows: int) -> tuple[list[str], Any]:
        """Write how sums begin with a value; return the lines before, and the vectors."""
        place, wide = self.places[value], width_of(self.columns, self.dtype)
        lanes = lanes_of(self.dtype)
        if self.columns == wide and place.strides[-1] == 1:
            pointer, down = self.w.pointer(place.base), (0, *place.strides)[-2]
            return (
                [],
                lambda r, at: (
                    f"load{lanes}({pointer}, {place.offset} + (row + {r}) * {down} + {at})"
                ),
            )
        target = f"{sums}[(first + r) * {wide} + j]"
        lines = self.each(rows, [f"{target} = {self.at(value, 'row + r', 'j')}"], self.columns)
        return lines, lambda r, at: f"load{lanes}({sums}, (first + {r}) * {wide} + {at})"

    def cost(self, depth: int) -> float:
        """Estimate the nanoseconds of all steps, whose sums have so many products each."""
        units = self.count * self.steps * self.hidden
        return units * (self.cell.gates * (depth * _PRODUCT + _CURVE) + _CURVE)

    def blocks(self, depth: int, body: Any) -> None:
        """Write a body for every block of sequences; the last may have fewer."""
        whole, rest = divmod(self.count, ROWS)
        w, extent = self.w, whole + (rest > 0)
        w.extent, w.parts = extent, parts_for(self.cost(depth), extent)
        for rows, begin, end in ((ROWS, 0, whole), (rest, whole, extent)):
            if rows and begin != end:
                mine = (
                    f"larger(lo, {begin}), smaller(hi, {end})" if w.parts > 1 else f"{begin}, {end}"
                )
                self.w.lines.append(f"for b in range({mine}):")
                self.w.lines.append(f"    first = b * {ROWS}")
                self.w.lines += [f"    {line}" for line in body(rows)]

    def each(self, rows: int, lines: list[str], columns: int = 0) -> list[str]:
        """Write a loop over the units of a block."""
        return [
            f"for r in range({rows}):",
            f"    for j in range({columns or self.hidden}):",
            *(f"        {line}" for line in lines),
        ]

    def time(self, backward: bool, lines: list[str]) -> list[str]:
        """Write the loop over the steps."""
        last, forth = self.steps - 1, self.reverse == backward
        back = f"smaller(t + 1, {last})" if self.reverse else "larger(t - 1, 0)"
        return [
            f"for s in range({self.steps}):",
            "    t = s" if forth else f"    t = {last} - s",
            f"    row = t * {self.count} + first",
            *([f"    back = {back} * {self.count} + first"] if backward else []),
            *(f"    {line}" for line in lines),
        ]

    def unit(self, text: str, rows: int, **more: str) -> list[str]:
        """Write the loop over the units, of the text of a cell."""
        n, columns, all_rows = self.count, self.columns, self.count * self.steps
        names: dict[str, Any] = {
            "t": self.kind, "w": self.dtype.itemsize * 8,
            "H": self.hidden, "G": columns, "nH": n * self.hidden, "nG": n * columns,
            "RG": all_rows * columns, "RH": all_rows * self.hidden, "last": self.steps - 1,
            "U": width_of(columns, self.dtype), "D": width_of(self.hidden, self.dtype),
        }  # fmt: skip
        return self.each(rows, text.format(**names, **more).strip().splitlines())


def _forward(call: Call, places: dict[Value, Place]) -> Written:
    """Write the steps of a layer, from the first to the last."""
    cell, fused = CELLS[call.attrs["kind"]], call.attrs["fused"]
    x, *rest = call.args
    states, packed, more = rest[: cell.states], rest[cell.states], rest[cell.states + 1 :]
    layer = _Layer.of(call, places, states[0])
    w, columns, wide = layer.w, layer.columns, width_of(layer.columns, layer.dtype)
    weight, out, u = w.pointer(packed), w.pointer(call.out), layer.room(wide, states[0])
    held = [layer.room(layer.hidden, s) for s in states]
    names = dict(zip("hc", held, strict=False), out=out, u=u)
    state = (lambda r: f"{held[0]}[(first + {r}) * {layer.hidden} + k]"), weight, layer.hidden
    inputs = []
    if fused:
        inputs = [((lambda r: layer.at(x, f"row + {r}", "k")), w.pointer(more[0]), x.shape[1])]

    def sums(rows: int, target: str, first: Value, sources: Any) -> list[str]:
        lines, begin = layer.begin(first, target, rows)

        def place(r: int, at: str) -> str:
            return f"{target}, (first + {r}) * {wide} + {at}"

        return [*lines, *tile(rows, columns, layer.dtype, sources, begin, place)]

    own = layer.room(wide, states[0]) if cell.apart and fused else ""
    for i in range(cell.gates if cell.apart else 0):
        at = f"{own}[(first + r) * {wide} + j + {i * layer.hidden}]"
        names[f"a{i}"] = at if fused else layer.at(x, "row + r", f"j + {i * layer.hidden}")

    def body(rows: int) -> list[str]:
        lines = layer.each(rows, [
            f"{target}[(first + r) * {layer.hidden} + j] = {layer.at(first, 'first + r', 'j')}"
            for target, first in zip(held, states, strict=True)
        ])  # fmt: skip
        step: list[str] = []
        if cell.apart:
            if fused:
                step += sums(rows, own, more[1], inputs)
            step += sums(rows, u, more[-1], [state])
        else:
            step += sums(rows, u, more[1] if fused else x, [state, *inputs])
        step += layer.unit(cell.forward, rows, **names)
        return lines + layer.time(False, step)

    layer.blocks(layer.hidden + (x.shape[1] if fused else 0), body)
    return w


def _backward(call: Call, places: dict[Value, Place]) -> Written:
    """Write the steps of a layer backward, from the last to the first."""
    cell = CELLS[call.attrs["kind"]]
    out, packed, *rest = call.args
    states, given = rest[: cell.states], rest[cell.states :]
    layer = _Layer.of(call, places, states[0])
    w, n, hidden, columns = layer.w, layer.count, layer.hidden, layer.columns
    wide, rows_of_all = width_of(hidden, layer.dtype), n * layer.steps
    to, dh = w.pointer(call.out), layer.room(wide, states[0])
    held = [(dh, wide)] + [(layer.room(hidden, s), hidden) for s in states[1:]]
    names = {"out": w.pointer(out), "to": to, "dh": dh, "dc": held[-1][0]}
    for i, (state, gradient) in enumerate(zip(states, given, strict=True)):
        names[f"start{i}"] = layer.at(state, "first + r", "j")
        names[f"g{i}"] = layer.at(gradient, "row + r", "j")
    begin = rows_of_all * columns if cell.apart else 0  # of the sums that the product was part of
    source = (
        (lambda r: f"{to}[{begin} + (row + {r}) * {columns} + k]"), w.pointer(packed), columns
    )  # fmt: skip
    lanes = lanes_of(layer.dtype)
    zero = f"all{lanes}({layer.kind}(0))"
    end = begin + rows_of_all * columns

    def row_at(r: int, at: str) -> str:
        return f"{dh}, (first + {r}) * {wide} + {at}"

    def body(rows: int) -> list[str]:
        lines = layer.each(rows, [f"{p}[(first + r) * {d} + j] = 0" for p, d in held])
        step = layer.unit(cell.backward, rows, **names)
        step += tile(rows, hidden, layer.dtype, [source],
                     lambda r, at: f"load{lanes}({row_at(r, at)})" if cell.apart else zero,
                     row_at)  # fmt: skip
        lines += layer.time(True, step)
        for i, (p, d) in enumerate(held):
            target = f"{to}[{end + i * n * hidden} + (first + r) * {hidden} + j]"
            lines += layer.each(rows, [f"{target} = {p}[(first + r) * {d} + j]"])
        return lines

    layer.blocks(hidden, body)
    return w


MOVES[run], MOVES[run_back] = _forward, _backward
