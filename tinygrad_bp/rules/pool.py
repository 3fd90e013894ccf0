"""Windows that are reduced to one number: the largest, or the sum.

==================  ==================  =========================================
sum_windows         spread_windows      adjoint: each is the rule of the other
pick_largest        place_largest       adjoint, where the largest elements lie
==================  ==================  =========================================

Windows are never copied. With `i` running through the positions of the kernel along one axis, the
elements at position i of all windows are a slice of the input with the stride as its step: a window
function is a few operations on whole slices. Both reductions separate: first along the last axis,
then along the one before it, so that a k × k window costs 2 k operations.

What lies outside of the input (padding, and the last windows under `ceil_mode`) is left out of the
slices: it is less than every number, and adds 0.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..op import constant, primitive
from .index import take_along_axis
from .native import native

Shape = tuple[int, ...]

#: How many products an element costs, for `native`.
_COST = 16


def _reach(n: int, out: int, start: int, stride: int) -> tuple[slice, slice]:
    """Name the windows that have an element ``start + stride · window`` inside, and the elements.

    Returns two slices of one length: of the windows, and of the axis of `n` elements.
    """
    first = max(-(start // stride), 0) if start < 0 else 0
    last = min((n - 1 - start) // stride + 1, out)
    if last <= first:
        return slice(0, 0), slice(0, 0)
    begin = first * stride + start
    return slice(first, last), slice(begin, begin + stride * (last - first - 1) + 1, stride)


def _along(axis: int, part: slice) -> tuple[Any, ...]:
    """Return the index of a slice along one axis, counted from behind."""
    return (..., part, *(slice(None),) * (-axis - 1))


def _lowest(dtype: Any) -> Any:
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


def _largest_along(x: Any, axis: int, k: int, stride: int, padding: int, dilation: int,
                   out: int) -> Any:  # fmt: skip
    shape = list(x.shape)
    n, shape[axis] = shape[axis], out
    reach = [_reach(n, out, i * dilation - padding, stride) for i in range(k)]
    if k > 1 and reach[0][0] == reach[1][0] == slice(0, out):
        total = np.maximum(x[_along(axis, reach[0][1])], x[_along(axis, reach[1][1])])
        reach = reach[2:]
    else:
        total = np.full(shape, _lowest(x.dtype), x.dtype)
    for windows, elements in reach:
        shown = total[_along(axis, windows)]
        np.maximum(shown, x[_along(axis, elements)], out=shown)
    return total


@primitive(
    x=lambda g, x, out, *, kernel, stride, padding, dilation: place_largest(
        g, x, out, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    ),
)
def max_pool(x: Any, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape,
             size: Shape) -> Any:  # fmt: skip
    """Give the largest element of each window; `size` says how many windows along each axis."""
    how = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    found = native(max_pool, (x,), {**how, "size": size}, _COST * x.size)
    if found is not None:
        return found
    rank = len(kernel)
    for axis in range(-1, -rank - 1, -1):
        x = _largest_along(
            x, axis, kernel[axis], stride[axis], padding[axis], dilation[axis], size[axis]
        )
    return x


Places = Iterator[tuple[tuple[Any, ...], tuple[Any, ...], Shape]]


def _places(size: Shape, out: Shape, kernel: Shape, stride: Shape, padding: Shape,
            dilation: Shape) -> Places:  # fmt: skip
    """Yield, for each position in the kernel: the windows, their elements, and the position."""
    for place in itertools.product(*map(range, kernel)):
        pairs = [
            _reach(n, o, i * d - p, s)
            for n, o, i, s, p, d in zip(size, out, place, stride, padding, dilation, strict=True)
        ]
        yield (..., *(w for w, _ in pairs)), (..., *(e for _, e in pairs)), place


def _winners(x: Any, out: Any, kernel: Shape, stride: Shape, padding: Shape,
             dilation: Shape) -> Any:  # fmt: skip
    """Yield, for each position in the kernel: the windows, the elements, and which of them won.

    Of equal elements the first in the window wins, and of several NaN the first: PyTorch's
    convention for ties.
    """
    size, count = x.shape[-len(kernel) :], out.shape[-len(kernel) :]
    strange = bool(np.isnan(out).any()) if out.dtype.kind == "f" else False
    last = tuple(k - 1 for k in kernel)
    left = np.ones(out.shape, bool)  # windows that have no winner yet
    for windows, elements, place in _places(size, count, kernel, stride, padding, dilation):
        shown = left[windows]
        if place == last:  # somebody has to win
            yield windows, elements, shown
            return
        here = x[elements]
        won = here == out[windows]
        if strange:
            won |= here != here
        won &= shown
        shown ^= won
        yield windows, elements, won


def _tiles(x: Any, out: Any, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> bool:
    """Whether the windows lie side by side and leave no element out."""
    size, count = x.shape[-len(kernel) :], out.shape[-len(kernel) :]
    return (
        kernel == stride and not any(padding) and all(d == 1 for d in dilation)
        and all(n == m * k for n, m, k in zip(size, count, kernel, strict=True))
    )  # fmt: skip


@primitive(
    y=lambda g, x, top, *, kernel, stride, padding, dilation: pick_largest(
        g, x, top, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    ),
)
def place_largest(y: Any, x: Any, top: Any, *, kernel: Shape, stride: Shape, padding: Shape,
                  dilation: Shape) -> Any:  # fmt: skip
    """Add each element of `y` where the largest element of its window of `x` lies."""
    how = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    found = native(place_largest, (y, x, top), how, _COST * x.size)
    if found is not None:
        return found
    tiles = _tiles(x, top, kernel, stride, padding, dilation)
    total = (np.empty if tiles else np.zeros)(x.shape, y.dtype)

    for windows, elements, won in _winners(x, top, kernel, stride, padding, dilation):
        shown = total[elements]
        if tiles:
            np.multiply(y, won, out=shown)
        else:
            shown += y[windows] * won
    return total


@primitive(
    v=lambda g, x, top, *, kernel, stride, padding, dilation: place_largest(
        g, x, top, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    ),
)
def pick_largest(v: Any, x: Any, top: Any, *, kernel: Shape, stride: Shape, padding: Shape,
                 dilation: Shape) -> Any:  # fmt: skip
    """Take, for each window, the element of `v` that lies where the largest of `x` does."""
    total = np.zeros(top.shape, v.dtype)
    for windows, elements, won in _winners(x, top, kernel, stride, padding, dilation):
        shown = total[windows]
        shown += v[elements] * won
    return total


@constant
def largest_positions(x: Any, out: Any, *, kernel: Shape, stride: Shape, padding: Shape,
                      dilation: Shape) -> Any:  # fmt: skip
    """Say where in its plane (row by row) the largest element of each window lies."""
    rank = len(kernel)
    size = x.shape[-rank:]
    numbers = np.arange(np.prod(size, dtype=np.int64)).reshape(size)
    positions = np.zeros(out.shape, np.int64)
    for windows, elements, won in _winners(x, out, kernel, stride, padding, dilation):
        np.copyto(positions[windows], numbers[elements], where=won)
    return positions


@constant
def largest_of(x: Any, positions: Any) -> Any:
    """Choose of each row of `positions` the one that names the largest element of `x`.

    `x` is of shape (samples, channels, elements), `positions` (samples or 1, channels or 1,
    windows, elements of a window): for windows of any form.
    """
    shape = (*x.shape[:2], *positions.shape[2:])
    spread = np.broadcast_to(positions, shape)
    lines = spread.reshape(*shape[:2], math.prod(shape[2:]))
    values = np.take_along_axis(x, lines, 2).reshape(shape)
    best = np.argmax(values, axis=-1)[..., None]
    return np.take_along_axis(spread, best, -1)[..., 0]


@primitive(x=lambda g, positions: take_along_axis(g, positions, axis=-1))
def put(x: Any, positions: Any, *, length: int) -> Any:
    """Lay the elements of the last axis down at the positions named, among zeros."""
    out = np.zeros((*x.shape[:-1], length), x.dtype)
    np.put_along_axis(out, positions, x, axis=-1)
    return out


# --------------------------------------------------------------------------------------------- sums


@primitive(
    x=lambda g, x_shape, *, kernel, stride, padding: spread_windows(
        g, kernel=kernel, stride=stride, padding=padding, size=tuple(x_shape[-len(kernel) :])
    ),
)
def sum_windows(x: Any, *, kernel: Shape, stride: Shape, padding: Shape, size: Shape) -> Any:
    """Add up each window; `size` says how many there are along each axis."""
    # The last axis comes last: there the slices have gaps, and by then the array is small.
    for axis in range(-len(kernel), 0):
        shape = list(x.shape)
        n, out = shape[axis], size[axis]
        reach = [_reach(n, out, i - padding[axis], stride[axis]) for i in range(kernel[axis])]
        if len(reach) > 1 and reach[0][0] == reach[1][0] == slice(0, out):
            total = np.add(x[_along(axis, reach[0][1])], x[_along(axis, reach[1][1])])
            reach = reach[2:]
        else:
            shape[axis] = out
            total = np.zeros(shape, x.dtype)
        for windows, elements in reach:
            shown = total[_along(axis, windows)]
            shown += x[_along(axis, elements)]
        x = total
    return x


@primitive(
    y=lambda g, y_shape, *, kernel, stride, padding: sum_windows(
        g, kernel=kernel, stride=stride, padding=padding, size=tuple(y_shape[-len(kernel) :])
    ),
)
def spread_windows(y: Any, *, kernel: Shape, stride: Shape, padding: Shape, size: Shape) -> Any:
    """Add each element of `y` to every element of its window, in planes of lengths `size`."""
    # The last axis comes first, where the slices have gaps: then the array is small yet.
    for axis in range(-1, -len(kernel) - 1, -1):
        shape = list(y.shape)
        out, shape[axis] = shape[axis], size[axis]
        side_by_side = kernel[axis] == stride[axis] and out * stride[axis] == size[axis]
        tiles = side_by_side and not padding[axis]
        total = (np.empty if tiles else np.zeros)(shape, y.dtype)
        for i in range(kernel[axis]):
            windows, elements = _reach(size[axis], out, i - padding[axis], stride[axis])
            shown = total[_along(axis, elements)]
            if tiles:
                shown[...] = y
            else:
                shown += y[_along(axis, windows)]
        y = total
    return y
