"""Products in recurrent kernels: panels of weights, and tiles of the sums that stay in registers.

BLAS copies a matrix into an order of its own at every call. A step of a recurrent net multiplies
few rows by a weight that is the same for all steps: here it is put in order once, in *panels*, and
the rows that one thread has go through all steps without waiting for others.

A panel holds two vectors' width of columns, row after row: what a tile reads is one stream.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...op import Op
from ..passes.places import Place
from ..program import Call, Value
from .moves import MOVES, Written
from .shares import parts_for

__all__ = ["ROWS", "fits", "lanes_of", "panel", "panels", "restored", "tile", "width_of"]

#: Rows of a tile: with two vectors each they keep 16 of 32 registers, and hide the time that a sum
#: takes.
ROWS = 8

_VECTOR = 64  # bytes
_PACKED = 0.5  # nanoseconds to put an element into a panel
_CACHED = 1 << 20  # bytes of a core's cache that weights may take


def lanes_of(dtype: np.dtype[Any]) -> int:
    """Return how many numbers a vector holds."""
    return _VECTOR // dtype.itemsize


def panel(dtype: np.dtype[Any]) -> int:
    """Return how many columns a panel has."""
    return 2 * lanes_of(dtype)


def width_of(columns: int, dtype: np.dtype[Any]) -> int:
    """Return how many columns the panels have together."""
    return -(-columns // panel(dtype)) * panel(dtype)


def _panels(weight: Any, *, turned: bool) -> Any:
    matrix = weight.T if turned else weight
    depth, columns = matrix.shape
    wide = panel(weight.dtype)
    whole = np.zeros((depth, width_of(columns, weight.dtype)), weight.dtype)
    whole[:, :columns] = matrix
    return whole.reshape(depth, -1, wide).transpose(1, 0, 2).copy()


#: A matrix, or its transpose, in panels: (panels, rows, width); zeros fill the last one.
panels = Op(_panels, {}, name="panels")


def restored(packed: Any, columns: int) -> Any:
    """Give the matrix that was put into panels."""
    return packed.transpose(1, 0, 2).reshape(packed.shape[1], -1)[:, :columns]


def _pack(call: Call, places: dict[Value, Place]) -> Written:
    """Write the loops that put a matrix into panels."""
    weight, place = call.args[0], places[call.args[0]]
    count, depth, wide = call.out.shape
    down, right = place.strides[::-1] if call.attrs["turned"] else place.strides
    columns = weight.shape[0 if call.attrs["turned"] else 1]
    parts = parts_for(_PACKED * math.prod(call.out.shape), count)
    w = Written(stem="panels", extent=count, parts=parts)
    source, target = w.pointer(place.base), w.pointer(call.out)
    # Where columns are missing the last one is repeated: nobody reads what comes of it.
    column = f"smaller(q * {wide} + j, {columns - 1})"
    begin = f"{place.offset} + " if place.offset else ""
    # What lies side by side in the source is read so: writing is what may jump.
    outer, inner = (("j", wide), ("k", depth)) if right > down else (("k", depth), ("j", wide))
    w.lines += [
        f"for q in range({'lo, hi' if parts > 1 else count}):",
        f"    for {outer[0]} in range({outer[1]}):",
        f"        for {inner[0]} in range({inner[1]}):",
        f"            x = {source}[{begin}k * {down} + {column} * {right}]",
        f"            {target}[(q * {depth} + k) * {wide} + j] = x",
    ]
    return w


def tile(rows: int, columns: int, dtype: np.dtype[Any],
         sources: list[tuple[Callable[[int], str], str, int]],
         begin: Callable[[int, str], str], target: Callable[[int, str], str],
         ) -> list[str]:  # fmt: skip
    """Write C = B + Σ A P, a tile after the other.

    Parameters
    ----------
    rows, columns : int
        Of C; all rows are in one tile.
    sources : list of (callable, str, int)
        The element of A in a row and column ``k``; the pointer to the panels; their depth.
    begin : callable
        What a row of C begins with, from a column on: a vector.
    target : callable
        Where a row of C lies, from a column on: a pointer and an index.
    """
    lanes, wide = lanes_of(dtype), panel(dtype)
    at = [f"q * {wide}", f"q * {wide} + {lanes}"]
    cells = [(r, v) for r in range(rows) for v in range(2)]
    lines = [f"for q in range({width_of(columns, dtype) // wide}):"]
    lines += [f"    c{r}_{v} = {begin(r, at[v])}" for r, v in cells]
    for a, packed, depth in sources:
        lines += [
            f"    for k in range({depth}):",
            *(f"        w{v} = load{lanes}({packed}, (q * {depth} + k) * {wide} + {v * lanes})"
              for v in range(2)),
        ]  # fmt: skip
        for r in range(rows):
            lines.append(f"        a = all{lanes}({a(r)})")
            lines += [f"        c{r}_{v} = fma{lanes}(a, w{v}, c{r}_{v})" for v in range(2)]
    lines += [f"    store{lanes}({target(r, at[v])}, c{r}_{v})" for r, v in cells]
    return lines


def fits(*shapes: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    """Whether weights of these shapes stay in a core's cache from step to step."""
    return sum(math.prod(s) for s in shapes) * dtype.itemsize <= _CACHED


MOVES[panels] = _pack
