"""Kernels for the gradient of a convolution's weight: products of lines with shifted lines.

dw[o, r] = Σ_n Σ_q y[o, q] x[shift_r + q]: the sums go along the lines, so that a vector of partial
sums for each of some outputs and rows is kept, and added up after a few samples.
"""

from __future__ import annotations

import math

import numpy as np

from ...rules import conv
from ..passes.places import Place
from ..program import Call, Value
from .convolutions import SLACK, indented, lie_plain, planes_of
from .lines import Planes
from .moves import MOVES, Written, fill
from .vectors import lanes, registers

__all__: list[str] = []

_OUTPUTS = 4  # whose lines are read at a time
_NEAR = 24 << 10  # bytes of these lines: they stay in the first cache while all of x passes
_TOTALS = 8 << 20  # bytes of sums in parts


class _Products:
    """Which products are in work at a time."""

    def __init__(self, p: Planes, itemsize: int) -> None:
        self.planes = p
        rows = [
            (c * len(p.phases) + phase) * p.plane + shift
            for c in range(p.inner)
            for phase, shift in map(p.shift, p.positions)
        ]
        self.count = len(rows)
        self.blocks = -(-p.outer // _OUTPUTS)
        self.outs = -(-p.outer // self.blocks)
        self.pieces = -(-len(rows) // (registers(p.kind) // self.outs))
        self.each = -(-len(rows) // self.pieces)
        self.rows = rows + rows[-1:] * (self.pitch - len(rows))
        self.at_once = max(1, min(p.count, _NEAR // (self.outs * p.apart * itemsize)))

    @property
    def pitch(self) -> int:
        """Sums for an output, those of no row too."""
        return self.pieces * self.each

    @property
    def size(self) -> int:
        """Sums in all, those of no output too."""
        return self.planes.groups * self.blocks * self.outs * self.pitch

    def lines(self, xs: str, ys: str, shifts: str, total: str, blocks: str) -> list[str]:
        """Write the products of `here` samples that are laid out in lines."""
        p, wide, outs, each = self.planes, lanes(self.planes.kind), self.outs, self.each
        pairs = [(i, j) for i in range(outs) for j in range(each)]
        inner = [f"y{i} = load{wide}({ys}, at_y + {i * p.apart} + q)" for i in range(outs)]
        for j in range(each):
            inner.append(f"x = load{wide}({xs}, at_x + k{j} + q)")
            inner += [f"s{i}_{j} = fma{wide}(x, y{i}, s{i}_{j})" for i in range(outs)]
        ends = []
        for i, j in pairs:
            to = f"{total}[place + {i * self.pitch + j}]"
            ends.append(f"{to} = {to} + sum{wide}(s{i}_{j})")
        return [
            f"for g in range({p.groups}):",
            f"    for b in range({blocks}):",
            f"        for r in range({self.pieces}):",
            *indented([f"k{j} = {shifts}[r * {each} + {j}]" for j in range(each)], 3),
            *indented([f"s{i}_{j} = all{wide}({p.kind}(0))" for i, j in pairs], 3),
            "            for n in range(here):",
            f"                at_x = own_x + n * {p.x_size} + g * {p.x_size // p.groups}",
            f"                at_y = own_y + n * {p.y_size}"
            f" + (g * {p.outer} + b * {outs}) * {p.apart}",
            f"                for q in range(0, {p.line}, {wide}):",
            *indented(inner, 5),
            f"            place = mine + (g * {self.blocks} + b) * {outs * self.pitch}"
            f" + r * {each}",
            *indented(ends, 3),
        ]

    def add_up(self, w: Written, total: Value, parts: int, out: Value) -> None:
        """Write afterwards the sum of all parts' sums, without those of no row and no output."""
        p, w.after = self.planes, Written()
        source, target = w.after.pointer(total), w.after.pointer(out)
        w.after.lines += [
            f"for g in range({p.groups}):",
            f"    for o in range({p.outer}):",
            f"        to = (g * {p.outer} + o) * {self.count}",
            f"        at = (g * {self.blocks * self.outs} + o) * {self.pitch}",
            f"        for r in range({self.count}):",
            f"            {target}[to + r] = {source}[at + r]",
            f"        for k in range(1, {parts}):",
            f"            for r in range({self.count}):",
            f"                {target}[to + r] = {target}[to + r]"
            f" + {source}[k * {self.size} + at + r]",
        ]


def _to_weight(call: Call, places: dict[Value, Place]) -> Written | None:
    x, y = call.args
    p = planes_of(x.shape, y.shape, call.attrs["kernel"], call.attrs, x.dtype.char)
    if p is None or not lie_plain(places, x, y):
        return None
    w, item = Written(stem="filters"), x.dtype.itemsize
    t = _Products(p, item)
    blocks, parts = str(t.blocks), 1
    samples = w.divide(p.count, p.nanoseconds, 8)
    if w.parts * t.size * item > _TOTALS:  # then every part takes some outputs of all samples
        some = w.divide(p.groups * t.blocks, p.nanoseconds, 8)
        samples = f"0, {p.count}"
        if some == "lo, hi":
            blocks = f"larger(0, lo - g * {t.blocks}), smaller({t.blocks}, hi - g * {t.blocks})"
    else:
        parts = w.parts
    shifts = w.pointer(Value("constant", (t.pitch,), np.dtype(np.int64), np.array(t.rows)))
    image, given = w.pointer(places[x].base), w.pointer(places[y].base)
    room_x = t.at_once * p.x_size + SLACK
    room_y = t.at_once * p.y_size + t.outs * p.apart + SLACK
    xs, ys = w.table((w.parts, room_x), x), w.table((w.parts, room_y), y)
    totals = w.room((parts, t.size), x)
    total = w.pointer(totals)
    begin, end = samples.split(", ")
    w.lines += [
        f"own_x = {w.mine(room_x)}", f"own_y = {w.mine(room_y)}",
        f"mine = {w.mine(t.size) if parts > 1 else '0'}",
        *fill(xs, room_x, "0", "own_x + "), *fill(ys, room_y, "0", "own_y + "),
    ]  # fmt: skip
    zero = fill(total, t.size, "0", "mine + ")
    if parts < w.parts:
        w.before = Written()
        w.before.lines += fill(w.before.pointer(totals), t.size, "0")
    else:
        w.lines += zero
    w.lines += [
        f"for m in range({begin}, {end}, {t.at_once}):",
        f"    here = smaller({t.at_once}, {end} - m)",
        "    for n in range(here):",
        f"        first = (m + n) * {p.groups * p.inner * math.prod(p.size)}",
        f"        ahead = (m + n) * {p.groups * p.outer * math.prod(p.out)}",
        *indented(p.lay_x(image, xs, f"own_x + n * {p.x_size} + "), 2),
        *indented(p.lay_y(given, ys, f"own_y + n * {p.y_size} + "), 2),
        *indented(t.lines(xs, ys, shifts, total, blocks)),
    ]
    t.add_up(w, totals, parts, call.out)
    return w


MOVES[conv.conv_weight] = _to_weight
