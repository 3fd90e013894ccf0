"""Kernels for windows over planes: the largest element, and where it lies."""

from __future__ import annotations

import itertools
import math

from ...rules import pool
from ..passes.places import Place, contiguous
from ..program import Call, Value
from .moves import MOVES, Written, fill

__all__: list[str] = []

_ELEMENT = 0.5  # nanoseconds for an element of a plane


def _plain(x: Value, size: tuple[int, ...], attrs: dict[str, tuple[int, ...]]) -> bool:
    """Whether all windows lie inside of two-dimensional planes of floats."""
    if len(attrs["kernel"]) != 2 or any(attrs["padding"]) or x.dtype.char not in "fd":
        return False
    return all(
        (m - 1) * s + d * (k - 1) < n
        for n, m, k, s, d in zip(
            x.shape[-2:], size, attrs["kernel"], attrs["stride"], attrs["dilation"], strict=True
        )
    )


def _elements(x: Value, attrs: dict[str, tuple[int, ...]]) -> list[str]:
    """Write the index of each element of window (i, j) in plane n, in order."""
    (kernel, stride, dilation) = (attrs[k] for k in ("kernel", "stride", "dilation"))
    high, wide = x.shape[-2:]
    return [
        f"n * {high * wide} + (i * {stride[0]} + {u * dilation[0]}) * {wide}"
        f" + j * {stride[1]} + {v * dilation[1]}"
        for u, v in itertools.product(range(kernel[0]), range(kernel[1]))
    ]


def _loops(w: Written, x: Value, size: tuple[int, ...]) -> list[str]:
    planes = w.divide(math.prod(x.shape[:-2]), math.prod(x.shape) * _ELEMENT)
    return [
        f"for n in range({planes}):",
        f"    for i in range({size[0]}):",
        f"        for j in range({size[1]}):",
    ]


def _largest(call: Call, places: dict[Value, Place]) -> Written | None:
    x, size = call.args[0], call.attrs["size"]
    whole = places[x].strides == contiguous(x.shape) and not places[x].offset
    if not whole or not _plain(x, size, call.attrs):
        return None
    w = Written()
    source, out = w.pointer(places[x].base), w.pointer(call.out)
    first, *others = _elements(x, call.attrs)
    lines = [f"t = {source}[{first}]"]
    lines += [f"t = larger(t, {source}[{e}])" for e in others]
    lines.append(f"{out}[n * {math.prod(size)} + i * {size[1]} + j] = t")
    w.lines = [*_loops(w, x, size), *("            " + line for line in lines)]
    return w


def _placed(call: Call, places: dict[Value, Place]) -> Written | None:
    y, x, top = call.args
    size, attrs = top.shape[-2:], call.attrs
    for v in (y, x, top):
        if places[v].strides != contiguous(v.shape) or places[v].offset:
            return None
    if not _plain(x, size, attrs) or not y.dtype == x.dtype == top.dtype:
        return None
    w = Written()
    given, source, largest = (w.pointer(places[v].base) for v in (y, x, top))
    out, kind = w.pointer(call.out), "float32" if x.dtype.char == "f" else "float64"
    tiles = attrs["kernel"] == attrs["stride"] and all(d == 1 for d in attrs["dilation"])
    place = f"n * {math.prod(size)} + i * {size[1]} + j"
    lines = [f"g = {given}[{place}]", f"t = {largest}[{place}]"]
    elements = _elements(x, attrs)
    # Of equal elements the first wins, of several NaN too; if nobody has, the last one does.
    left = ""
    for k, e in enumerate(elements):
        if k < len(elements) - 1:
            lines += [f"x{k} = {source}[{e}]", f"w{k} = (x{k} == t) | (x{k} != x{k})"]
            if left:
                lines.append(f"w{k} = w{k} & {left}")
            lines.append(f"l{k} = {left} & (not w{k})" if left else f"l{k} = not w{k}")
            won, left = f"w{k}", f"l{k}"
        else:
            won = left or "True"
        before = "" if tiles else f"{out}[{e}] + "
        lines.append(f"{out}[{e}] = {before}(g if {won} else {kind}(0))")
    exact = tiles and all(
        m * k == n for m, k, n in zip(size, attrs["kernel"], x.shape[-2:], strict=True)
    )
    plane, *loops = _loops(w, x, size)
    area = math.prod(x.shape[-2:])
    clear = [] if exact else fill(out, area, "0", f"n * {area} + ")
    w.lines = [plane, *("    " + line for line in clear), *loops]
    w.lines += ["            " + line for line in lines]
    return w


MOVES[pool.max_pool] = _largest
MOVES[pool.place_largest] = _placed
