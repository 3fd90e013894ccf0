"""Kernels for convolutions: sums along lines (see `lines`), sample by sample.

A sample is laid out in lines in memory of the kernel's own, which stays in the cache until it has
been read; so do the sums, until they are copied to where the outputs lie.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from ...op import Op
from ...rules import conv
from ...rules import elementwise as ew
from ..passes.places import Place, contiguous
from ..program import Call, Program, Value
from .lines import Planes, Tile, multiply, tile_of
from .moves import MOVES, Written, fill
from .vectors import lanes

__all__ = ["SLACK", "indented", "join", "lie_plain", "planes_of"]

SLACK = 1024  # numbers that may be read behind the last line
_CACHE = 1 << 18
_PARTS = 8  # in which threads share the samples: each has memory of its own
_PHASES = 16


def planes_of(x: Any, y: Any, kernel: Any, attrs: dict[str, Any], char: str) -> Planes | None:
    """Describe a convolution; None if its lines would be much longer than its outputs."""
    if char not in "fd" or math.prod(attrs["stride"]) > _PHASES:
        return None
    kind, groups = "float32" if char == "f" else "float64", attrs["groups"]
    planes = Planes(
        x[0], groups, x[1] // groups, y[1] // groups, tuple(x[2:]), tuple(y[2:]), tuple(kernel),
        tuple(attrs["stride"]), tuple(attrs["padding"]), tuple(attrs["dilation"]), kind,
    )  # fmt: skip
    wide = lanes(kind)
    fits = -(-planes.line // wide) * wide <= 2.5 * math.prod(y[2:])
    return planes if fits else None


def lie_plain(places: dict[Value, Place], *values: Value) -> bool:
    """Whether these are of one type, each in memory of its own without gaps."""
    char = values[0].dtype.char
    return all(
        v.dtype.char == char and places[v].strides == contiguous(v.shape) and not places[v].offset
        for v in values
    )


def indented(lines: list[str], times: int = 1) -> list[str]:
    """Move lines to the right."""
    return ["    " * times + line for line in lines]


class _Sums:
    """The sums along lines that some channels are: which rows they read, by which filters.

    `rows` holds, for each row, how far it is shifted, and where in the weight its filter lies: that
    of the first channel, and `step` further that of the next.
    """

    def __init__(self, tile: Tile, rows: list[tuple[int, int]], step: int, apart: int,
                 channels: int) -> None:  # fmt: skip
        self.tile, self.rows, self.step, self.apart = tile, rows, step, apart
        self.channels = channels
        self.begin = self.filters_from = 0

    def lay_filters(self, weight: str, sources: str, filters: str, groups: int) -> list[str]:
        """Copy the weight: block by block, row by row, the channels of the block side by side."""
        t = self.tile
        channel = f"(b * {t.channels} + i)"
        to = f"((g * {t.blocks} + b) * {len(self.rows)} + r) * {t.channels} + i"
        source = f"g * {self.apart} + {sources}[{self.begin} + r] + {channel} * {self.step}"
        end = f"smaller({t.channels}, {self.channels} - b * {t.channels})"
        return [
            f"for g in range({groups}):",
            f"    for b in range({t.blocks}):",
            f"        for r in range({len(self.rows)}):",
            f"            for i in range({end}):",
            f"                {filters}[{self.filters_from} + {to}] = {weight}[{source}]",
        ]

    @property
    def size(self) -> int:
        """How many filters there are for a group, those of no channel too."""
        return self.tile.blocks * self.tile.channels * len(self.rows)


def _prepare(w: Written, all_sums: list[_Sums], weight: Value, base: Value,
             groups: int) -> tuple[str, str]:  # fmt: skip
    """Lay tables and filters out before; name the pointers to the shifts and the filters."""
    rows = [row for s in all_sums for row in s.rows]
    shifts, sources = (
        Value("constant", (len(rows),), np.dtype(np.int64), np.array(column))
        for column in zip(*rows, strict=True)
    )
    begin = size = 0
    for s in all_sums:
        s.begin, s.filters_from = begin, size
        begin, size = begin + len(s.rows), size + groups * s.size
    filters = w.room((size,), weight)
    w.before = before = Written(stem="filters")
    source, table, target = (before.pointer(v) for v in (base, sources, filters))
    before.lines += fill(target, size, "0")
    for s in all_sums:
        before.lines += s.lay_filters(source, table, target, groups)
    return w.pointer(shifts), w.pointer(filters)


def _forward(call: Call, places: dict[Value, Place]) -> Written | None:
    x, weight, *rest = call.args
    p = planes_of(x.shape, call.out.shape, weight.shape[2:], call.attrs, x.dtype.char)
    if p is None or not lie_plain(places, *call.operands):
        return None
    w = Written(stem="sums")
    places_of = [p.shift(position) for position in p.positions]
    taps = len(places_of)
    rows = [
        ((c * len(p.phases) + phase) * p.plane + shift, c * taps + k)
        for c in range(p.inner)
        for k, (phase, shift) in enumerate(places_of)
    ]
    tile = tile_of(p.outer, p.line, p.kind)
    s = _Sums(tile, rows, p.inner * taps, p.outer * p.inner * taps, p.outer)
    shifts, filters = _prepare(w, [s], weight, places[weight].base, p.groups)
    image, out = w.pointer(places[x].base), w.pointer(call.out)
    samples = w.divide(p.count, p.nanoseconds, _PARTS)
    room, each = p.x_size + SLACK, tile.channels * tile.pitch
    laid, sums = w.table((w.parts, room), x), w.table((w.parts, each), x)
    w.lines += [f"own = {w.mine(room)}", f"mine = {w.mine(each)}", *fill(laid, room, "0", "own + ")]
    bias = f" + {w.pointer(places[rest[0]].base)}[channel]" if rest else ""
    result = "0 if value <= 0 else value" if call.op is conv_relu else "value"
    nest, pad, source, target = p.outputs()
    size = math.prod(p.out)
    w.lines += [
        f"for n in range({samples}):",
        f"    first = n * {p.groups * p.inner * math.prod(p.size)}",
        *indented(p.lay_x(image, laid, "own + ")),
        f"    for g in range({p.groups}):",
        f"        start = own + g * {p.inner * len(p.phases) * p.plane}",
        f"        for b in range({tile.blocks}):",
        f"            place = (g * {tile.blocks} + b) * {len(rows) * tile.channels}",
        *indented(multiply(tile, len(rows), shifts, 0, laid, filters, sums), 3),
        f"            for o in range(smaller({tile.channels}, {p.outer} - b * {tile.channels})):",
        f"                channel = g * {p.outer} + b * {tile.channels} + o",
        f"                ahead = (n * {p.groups * p.outer} + channel) * {size}",
        *indented(nest, 4),
        f"                {pad}value = {sums}[mine + o * {tile.pitch} + {source}]{bias}",
        f"                {pad}{out}[ahead + {target}] = {result}",
    ]
    return w


def _back(call: Call, places: dict[Value, Place]) -> Written | None:
    y, weight, *gate = call.args
    p = planes_of(call.out.shape, y.shape, weight.shape[2:], call.attrs, y.dtype.char)
    if p is None or not lie_plain(places, y, weight, *gate):
        return None
    w = Written(stem="sums")
    taps, places_of = len(p.positions), [p.shift(position) for position in p.positions]
    parts: list[tuple[_Sums, tuple[int, ...]]] = []
    bare = False  # whether no window reaches some phase
    for f, phase in enumerate(p.phases):
        if p.empty(phase):
            continue
        rows = [
            (o * p.apart + p.margin - shift, o * p.inner * taps + k)
            for o in range(p.outer)
            for k, (read, shift) in enumerate(places_of) if read == f
        ]  # fmt: skip
        if not rows:
            bare = True
            continue
        tile = tile_of(p.inner, p.reach(phase)[1], p.kind)
        parts.append((_Sums(tile, rows, taps, p.outer * p.inner * taps, p.inner), phase))
    if not parts:
        return None
    shifts, filters = _prepare(w, [s for s, _ in parts], weight, places[weight].base, p.groups)
    given, out = w.pointer(places[y].base), w.pointer(call.out)
    condition = w.pointer(places[gate[0]].base) if gate else ""
    samples = w.divide(p.count, p.nanoseconds, _PARTS)
    room, each = p.margin + p.y_size + SLACK, max(s.tile.channels * s.tile.pitch for s, _ in parts)
    laid, sums = w.table((w.parts, room), y), w.table((w.parts, each), y)
    w.lines += [f"own = {w.mine(room)}", f"mine = {w.mine(each)}", *fill(laid, room, "0", "own + ")]
    size = p.groups * p.inner * math.prod(p.size)
    if bare and w.before is not None:
        w.before.lines += fill(w.before.pointer(call.out), p.count * size, "0")
    w.lines += [
        f"for n in range({samples}):",
        f"    ahead = n * {p.groups * p.outer * math.prod(p.out)}",
        *indented(p.lay_y(given, laid, f"own + {p.margin} + ")),
        f"    for g in range({p.groups}):",
    ]
    for s, phase in parts:
        t, begin = s.tile, p.reach(phase)[0]
        nest, pad, source, target = p.elements(phase)
        w.lines += indented([
            f"start = own + g * {p.outer * p.apart} + {begin}",
            f"for b in range({t.blocks}):",
            f"    place = {s.filters_from} + (g * {t.blocks} + b) * {len(s.rows) * t.channels}",
            *indented(multiply(t, len(s.rows), shifts, s.begin, laid, filters, sums)),
            f"    for o in range(smaller({t.channels}, {p.inner} - b * {t.channels})):",
            f"        channel = g * {p.inner} + b * {t.channels} + o",
            f"        first = n * {size} + channel * {math.prod(p.size)}",
            *indented(nest, 2),
            f"        {pad}value = {sums}[mine + o * {t.pitch} + {source} - {begin}]",
            f"        {pad}{out}[first + {target}] = "
            + (f"value if {condition}[first + {target}] != 0 else 0" if gate else "value"),
        ], 2)  # fmt: skip
    return w


def _relu(*args: Any, **how: Any) -> Any:
    return ew.relu.forward((conv.conv_bias if len(args) > 2 else conv.conv).forward(*args, **how))


def _gated(y: Any, weight: Any, condition: Any, **how: Any) -> Any:
    return ew.gate.forward(condition, conv.conv_transpose.forward(y, weight, **how))


#: Two operations in one: the second is done while the sums are copied.
conv_relu = Op(_relu, {}, name="conv_relu")
conv_transpose_gated = Op(_gated, {}, name="conv_transpose_gated")


def join(program: Program) -> None:
    """Make a convolution one with the ReLU, or its gradient with the gate, that alone reads it."""
    readers = Counter(v for call in program.calls for v in call.operands)
    readers.update(v for _, v in program.stores)
    readers.update(program.outputs)
    made = {call.out: call for call in program.calls}
    joined = set()
    for i, call in enumerate(program.calls):
        if call.op not in (ew.relu, ew.gate):
            continue
        *rest, last = call.args
        source = made.get(last)
        if source is None or readers[last] != 1 or call.out.dtype != last.dtype:
            continue
        op: Op | None = None
        if call.op is ew.relu and source.op in (conv.conv, conv.conv_bias):
            op = conv_relu
        elif call.op is ew.gate and source.op is conv.conv_transpose:
            same = isinstance(rest[0], Value) and rest[0].shape == last.shape
            op = conv_transpose_gated if same and rest[0].dtype == last.dtype else None
        if op is not None:
            args = (*source.args, *rest)
            program.calls[i] = Call(op, args, source.attrs, call.out, source.line)
            joined.add(source)
    program.calls = [call for call in program.calls if call not in joined]


MOVES[conv.conv] = MOVES[conv.conv_bias] = MOVES[conv_relu] = _forward
MOVES[conv.conv_transpose] = MOVES[conv_transpose_gated] = _back
