"""Kernels for convolutions: sums along lines (see `lines`), sample by sample.

A sample is laid out in lines in memory of the kernel's own, which stays in the cache until it has
been read; so do the sums, until they are copied to where the outputs lie.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..rules import conv
from .lines import Planes, Tile, lanes, multiply, registers, tile_of
from .moves import MOVES, Written, fill
from .places import Place, contiguous
from .program import Call, Value

__all__: list[str] = []

_SLACK = 1024  # numbers that may be read behind the last line
_CACHE = 1 << 20  # bytes of samples whose products are summed up at a time
_PHASES = 16


def _planes(x: Any, y: Any, kernel: Any, attrs: dict[str, Any], char: str) -> Planes | None:
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


def _fits(places: dict[Value, Place], *values: Value) -> bool:
    char = values[0].dtype.char
    return all(
        v.dtype.char == char and places[v].strides == contiguous(v.shape) and not places[v].offset
        for v in values
    )


def _indented(lines: list[str], times: int = 1) -> list[str]:
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
             groups: int) -> tuple[str, str, str]:  # fmt: skip
    """Lay tables and filters out; name the pointers to the shifts, the filters and the sums."""
    rows = [row for s in all_sums for row in s.rows]
    shifts, sources = (
        w.pointer(Value("constant", (len(rows),), np.dtype(np.int64), np.array(column)))
        for column in zip(*rows, strict=True)
    )
    begin = place = 0
    for s in all_sums:
        s.begin, s.filters_from = begin, place
        begin, place = begin + len(s.rows), place + groups * s.size
    filters = w.table((max(place, 1),), weight)
    sums = w.table((max(s.tile.channels * s.tile.pitch for s in all_sums),), weight)
    source = w.pointer(base)
    w.lines += fill(filters, place, "0")
    for s in all_sums:
        w.lines += s.lay_filters(source, sources, filters, groups)
    return shifts, filters, sums


def _forward(call: Call, places: dict[Value, Place]) -> Written | None:
    x, weight, *rest = call.args
    p = _planes(x.shape, call.out.shape, weight.shape[2:], call.attrs, x.dtype.char)
    if p is None or not _fits(places, *call.operands):
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
    shifts, filters, sums = _prepare(w, [s], weight, places[weight].base, p.groups)
    image, out = w.pointer(places[x].base), w.pointer(call.out)
    laid = w.table((p.x_size + _SLACK,), x)
    w.lines += fill(laid, p.x_size + _SLACK, "0")
    bias = f" + {w.pointer(places[rest[0]].base)}[channel]" if rest else ""
    nest, pad, source, target = p.outputs()
    size = math.prod(p.out)
    w.lines += [
        f"for n in range({p.count}):",
        f"    first = n * {p.groups * p.inner * math.prod(p.size)}",
        *_indented(p.lay_x(image, laid, "")),
        f"    for g in range({p.groups}):",
        f"        start = g * {p.inner * len(p.phases) * p.plane}",
        f"        for b in range({tile.blocks}):",
        f"            place = (g * {tile.blocks} + b) * {len(rows) * tile.channels}",
        *_indented(multiply(tile, len(rows), shifts, 0, laid, filters, sums), 3),
        f"            for o in range(smaller({tile.channels}, {p.outer} - b * {tile.channels})):",
        f"                channel = g * {p.outer} + b * {tile.channels} + o",
        f"                ahead = (n * {p.groups * p.outer} + channel) * {size}",
        *_indented(nest, 4),
        f"                {pad}{out}[ahead + {target}] = {sums}[o * {tile.pitch} + {source}]{bias}",
    ]
    return w


def _back(call: Call, places: dict[Value, Place]) -> Written | None:
    y, weight = call.args
    p = _planes(call.out.shape, y.shape, weight.shape[2:], call.attrs, y.dtype.char)
    if p is None or not _fits(places, y, weight):
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
    shifts, filters, sums = _prepare(
        w, [s for s, _ in parts], weight, places[weight].base, p.groups
    )
    given, out = w.pointer(places[y].base), w.pointer(call.out)
    room = p.margin + p.y_size + _SLACK
    laid = w.table((room,), y)
    w.lines += fill(laid, room, "0")
    size = p.groups * p.inner * math.prod(p.size)
    if bare:
        w.lines += fill(out, p.count * size, "0")
    w.lines += [
        f"for n in range({p.count}):",
        f"    ahead = n * {p.groups * p.outer * math.prod(p.out)}",
        *_indented(p.lay_y(given, laid, f"{p.margin} + ")),
        f"    for g in range({p.groups}):",
    ]
    for s, phase in parts:
        t, begin = s.tile, p.reach(phase)[0]
        nest, pad, source, target = p.elements(phase)
        w.lines += _indented([
            f"start = g * {p.outer * p.apart} + {begin}",
            f"for b in range({t.blocks}):",
            f"    place = {s.filters_from} + (g * {t.blocks} + b) * {len(s.rows) * t.channels}",
            *_indented(multiply(t, len(s.rows), shifts, s.begin, laid, filters, sums)),
            f"    for o in range(smaller({t.channels}, {p.inner} - b * {t.channels})):",
            f"        channel = g * {p.inner} + b * {t.channels} + o",
            f"        first = n * {size} + channel * {math.prod(p.size)}",
            *_indented(nest, 2),
            f"        {pad}{out}[first + {target}] = {sums}[o * {t.pitch} + {source} - {begin}]",
        ], 2)  # fmt: skip
    return w


def _to_weight(call: Call, places: dict[Value, Place]) -> Written | None:
    x, y = call.args
    p = _planes(x.shape, y.shape, call.attrs["kernel"], call.attrs, x.dtype.char)
    if p is None or not _fits(places, x, y):
        return None
    w = Written(stem="sums")
    wide, item = lanes(p.kind), x.dtype.itemsize
    taps = len(p.positions)
    rows = [
        (c * len(p.phases) + phase) * p.plane + shift
        for c in range(p.inner)
        for phase, shift in map(p.shift, p.positions)
    ]
    outs = min(4, p.outer)
    blocks = -(-p.outer // outs)
    outs = -(-p.outer // blocks)
    most = registers(p.kind) // outs
    pieces = -(-len(rows) // most)
    each = -(-len(rows) // pieces)
    rows += rows[-1:] * (pieces * each - len(rows))
    shifts = w.pointer(Value("constant", (len(rows),), np.dtype(np.int64), np.array(rows)))
    image, given, out = w.pointer(places[x].base), w.pointer(places[y].base), w.pointer(call.out)
    at_once = max(1, min(p.count, _CACHE // ((p.x_size + p.y_size) * item)))
    room_x, room_y = at_once * p.x_size + _SLACK, at_once * p.y_size + outs * p.apart + _SLACK
    xs, ys = w.table((room_x,), x), w.table((room_y,), y)
    pitch = pieces * each
    total = w.table((p.groups * blocks * outs * pitch,), x)
    w.lines += fill(xs, room_x, "0") + fill(ys, room_y, "0")
    w.lines += fill(total, p.groups * blocks * outs * pitch, "0")
    pairs = [(i, j) for i in range(outs) for j in range(each)]
    start = f"n * {p.x_size} + g * {p.inner * len(p.phases) * p.plane}"
    w.lines += [
        f"for m in range(0, {p.count}, {at_once}):",
        f"    here = smaller({at_once}, {p.count} - m)",
        "    for n in range(here):",
        f"        first = (m + n) * {p.groups * p.inner * math.prod(p.size)}",
        f"        ahead = (m + n) * {p.groups * p.outer * math.prod(p.out)}",
        *_indented(p.lay_x(image, xs, f"n * {p.x_size} + "), 2),
        *_indented(p.lay_y(given, ys, f"n * {p.y_size} + "), 2),
        f"    for g in range({p.groups}):",
        f"        for b in range({blocks}):",
        f"            for r in range({pieces}):",
        *_indented([f"k{j} = {shifts}[r * {each} + {j}]" for j in range(each)], 4),
        *_indented([f"s{i}_{j} = all{wide}({p.kind}(0))" for i, j in pairs], 4),
        "                for n in range(here):",
        f"                    at_x = {start}",
        f"                    at_y = n * {p.y_size} + (g * {p.outer} + b * {outs}) * {p.apart}",
        f"                    for q in range(0, {p.line}, {wide}):",
        *_indented([f"y{i} = load{wide}({ys}, at_y + {i * p.apart} + q)" for i in range(outs)], 6),
    ]
    for j in range(each):
        w.lines += _indented([
            f"x = load{wide}({xs}, at_x + k{j} + q)",
            *[f"s{i}_{j} = fma{wide}(x, y{i}, s{i}_{j})" for i in range(outs)],
        ], 6)  # fmt: skip
    w.lines += [
        f"                place = ((g * {blocks} + b) * {outs}) * {pitch} + r * {each}",
        *_indented([
            f"{total}[place + {i * pitch + j}] = {total}[place + {i * pitch + j}] + "
            f"sum{wide}(s{i}_{j})" for i, j in pairs
        ], 4),
        f"for g in range({p.groups}):",
        f"    for o in range({p.outer}):",
        f"        for r in range({p.inner * taps}):",
        f"            {out}[(g * {p.outer} + o) * {p.inner * taps} + r] = "
        f"{total}[(g * {blocks * outs} + o) * {pitch} + r]",
    ]  # fmt: skip
    return w


MOVES[conv.conv] = MOVES[conv.conv_bias] = _forward
MOVES[conv.conv_weight] = _to_weight
MOVES[conv.conv_transpose] = _back
