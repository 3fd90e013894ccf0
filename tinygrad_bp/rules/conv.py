"""Convolution, over any number of spatial axes. Three products of one bilinear form.

Between an input x, a weight w and an output y there is one trilinear form,
Σ w[o, c, k] x[n, c, s·p + d·k] y[n, o, p], and each of the three operations leaves one of them out:

==================  =========  ===============================================
conv                x, w → y   the convolution itself (a correlation, as usual)
conv_transpose      y, w → x   its adjoint in x
conv_weight         x, y → w   its adjoint in w
==================  =========  ===============================================

So the rules of each are the other two, and derivatives of any order stay among them.

How it is computed: the windows of a few samples are copied side by side (im2col), in blocks that
stay in the processor's cache, and multiplied by the weights in one matrix product a block. With
stride 1 the copy takes in each plane as one long line: windows of consecutive outputs are the same
line, shifted. Outputs that would start in one row and end in the next are computed too, and
dropped; for a 3×3 kernel on 28×28 that is 8 % more products, and a third of the time for the copy
(64 samples, 32 channels: 1.2 ms in place of 3.1). The adjoint adds whole blocks along such lines:
2.1 ms in place of 6.7 plane by plane. In `conv_weight` the windows stand on the left of the
product, where BLAS is faster (6.4 ms in place of 8.7).

Where the extra `compile` is installed, most convolutions run in kernels that copy no windows at all
(`native`): 64 samples, 32 → 64 channels, 3×3 on 26², by one thread: 10 ms in place of 17.
"""

from __future__ import annotations

import builtins
import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..op import Op, primitive
from .native import native
from .reduce import spread, sum

Shape = tuple[int, ...]

#: How many bytes of windows and of their products are in work at a time: they should stay in a
#: processor's cache (1 → 32 channels of 28×28, the weight's gradient: 1.4 ms with four samples,
#: 2.3 with five).
BLOCK = 1 << 19

#: Outputs in a plane below which the weight's gradient is left to BLAS if there is a stride: sums
#: along lines as short as that are half overhead (8 samples, 32 → 96 channels, 5×5, 14²: 4.5 ms
#: against 3.2; 64 → 64, 3×3, 28²: 2.5 against 3.6).
_SHORT = 400


class Geometry(NamedTuple):
    """Where the windows of a convolution lie, and in which pieces it is computed."""

    groups: int
    inner: int  # channels of x in a group
    outer: int  # channels of y in a group
    kernel: Shape
    out: Shape  # spatial lengths of y
    plane: Shape  # of x with its padding
    steps: Shape  # how far apart in the plane neighbouring outputs start, along each axis
    shifts: tuple[int, ...]  # where in a plane the element of each kernel position begins
    line: int  # how many outputs are computed a plane; more than there are if `wide`
    wide: bool  # whether outputs lie as in the plane, a line from the first to the last
    stride: Shape
    dilation: Shape
    padding: Shape
    block: int  # samples at a time


@functools.lru_cache(maxsize=512)
def _geometry(size: Shape, channels: tuple[int, int], kernel: Shape, out: Shape, stride: Shape,
              padding: Shape, dilation: Shape, groups: int, itemsize: int) -> Geometry:  # fmt: skip
    plane = tuple(n + 2 * p for n, p in zip(size, padding, strict=True))
    steps = tuple(math.prod(plane[i + 1 :]) for i in range(len(plane)))
    apart = [d * step for d, step in zip(dilation, steps, strict=True)]
    shifts = tuple(_at(place, apart) for place in itertools.product(*map(range, kernel)))
    exact = math.prod(out)
    line = _at([n - 1 for n in out], steps) + 1
    wide = all(s == 1 for s in stride) and exact > 0 and line <= 1.6 * exact
    inner, outer = channels[0] // groups, channels[1] // groups
    line = line if wide else exact
    sample = (channels[0] * len(shifts) + channels[1]) * max(line, 1) * itemsize
    return Geometry(
        groups, inner, outer, kernel, out, plane, steps, shifts, line, wide, stride, dilation,
        padding, max(1, BLOCK // max(sample, 1)),
    )  # fmt: skip


def _at(place: Sequence[int], steps: Sequence[int]) -> int:
    return builtins.sum(i * step for i, step in zip(place, steps, strict=True))


def output_size(
    size: Shape, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape
) -> Shape:
    """Return how many windows fit along each axis."""
    return tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(size, kernel, stride, padding, dilation, strict=True)
    )


def _blocks(count: int, block: int) -> Iterator[slice]:
    return (slice(i, min(i + block, count)) for i in range(0, count, block))


def _padded(x: Any, at: slice, geometry: Geometry) -> Any:
    """Return some samples, with zeros around each plane."""
    part = x[at]
    if not any(geometry.padding):
        return np.ascontiguousarray(part)
    whole = np.zeros((*part.shape[:2], *geometry.plane), part.dtype)
    whole[_inside(geometry, part.shape[2:])] = part
    return whole


def _inside(geometry: Geometry, size: Shape) -> tuple[Any, ...]:
    """Return the index of the plane without its padding."""
    return (..., *(slice(p, p + n) for p, n in zip(geometry.padding, size, strict=True)))


def _room(count: int, geometry: Geometry, dtype: Any) -> Any:
    """Make room for the windows of a block: memory that is used again costs no page fault."""
    most = min(count, geometry.block)
    windows = geometry.groups * len(geometry.shifts) * geometry.inner
    return np.empty(windows * most * geometry.line, dtype)


def _windows(whole: Any, geometry: Geometry, room: Any) -> Any:
    """Copy the windows side by side: (groups, kernel positions · channels, samples · outputs)."""
    g, count = geometry, len(whole)
    size = whole.itemsize
    plane, channel = math.prod(g.plane), math.prod(g.plane) * g.inner
    strides = (
        channel, *(d * s for d, s in zip(g.dilation, g.steps, strict=True)), plane,
        channel * g.groups,
        *((1,) if g.wide else (t * s for t, s in zip(g.stride, g.steps, strict=True))),
    )  # fmt: skip
    shape = (g.groups, *g.kernel, g.inner, count, *((g.line,) if g.wide else g.out))
    shown = np.ndarray(shape, whole.dtype, whole, 0, tuple(size * s for s in strides))
    room = room[: shown.size]
    np.copyto(room.reshape(shape), shown)
    return room.reshape(g.groups, len(g.shifts) * g.inner, count * g.line)


def _spread(room: Any, count: int, geometry: Geometry) -> Any:
    """Show the outputs in a block of lines, as (samples, groups, channels, *out)."""
    lines = room.reshape(geometry.groups, geometry.outer, count, -1)
    if geometry.wide:
        steps = tuple(room.itemsize * s for s in geometry.steps)
        shape = (*lines.shape[:3], *geometry.out)
        lines = np.ndarray(shape, room.dtype, lines, 0, (*lines.strides[:3], *steps))
    else:
        lines = lines.reshape(*lines.shape[:3], *geometry.out)
    return lines.transpose(2, 0, 1, *range(3, lines.ndim))


def _lines(y: Any, geometry: Geometry, line: int) -> Any:
    """Lay some samples of y out in lines, with zeros where no output is: the inverse of _spread."""
    make = np.zeros if geometry.wide else np.empty
    room = make((geometry.groups, geometry.outer, len(y) * line), y.dtype)
    grouped = y.reshape(len(y), geometry.groups, geometry.outer, *geometry.out)
    _spread(room, len(y), geometry)[...] = grouped
    return room


def _rows(weight: Any, groups: int) -> Any:
    """Turn a weight into a matrix a group: (groups, outputs, kernel positions · channels)."""
    outputs, inner = weight.shape[:2]
    moved = np.moveaxis(weight.reshape(groups, outputs // groups, inner, -1), 2, 3)
    return moved.reshape(groups, outputs // groups, -1)


def _pointwise(geometry: Geometry) -> bool:
    """Whether every window is one element: then there is nothing to copy."""
    return (
        len(geometry.shifts) == 1 and all(s == 1 for s in geometry.stride)
        and geometry.out == geometry.plane and not any(geometry.padding)
    )  # fmt: skip


def _native(op: Op, operands: tuple[Any, ...], attrs: dict[str, Any], geometry: Geometry) -> Any:
    """Run a call as machine code; None if NumPy is to run it."""
    g = geometry
    strided = max(g.stride) > 1
    if not g.wide and not strided:  # lines would be far longer than outputs
        return None
    if op is not conv_transpose and len(g.shifts) == 1:  # there is one copy, and then BLAS
        return None
    if op is conv_weight and strided and math.prod(g.out) < _SHORT:
        return None
    work = len(operands[0]) * g.groups * g.inner * g.outer * len(g.shifts) * g.line
    return native(op, operands, attrs, work)


def _conv(x: Any, weight: Any, bias: Any, size: Any, stride: Shape, padding: Shape,
          dilation: Shape, groups: int) -> Any:  # fmt: skip
    out = size or output_size(x.shape[2:], weight.shape[2:], stride, padding, dilation)
    geometry = _geometry(
        x.shape[2:], (x.shape[1], weight.shape[0]), weight.shape[2:], out, stride, padding,
        dilation, groups, x.itemsize,
    )  # fmt: skip
    count, rows = len(x), _rows(weight, groups)
    if bias is not None:
        bias = bias.reshape(groups, -1, 1)
    if _pointwise(geometry):
        y = np.matmul(rows, x.reshape(count, groups, geometry.inner, geometry.line))
        if bias is not None:
            y += bias
        return y.reshape(count, len(weight), *out)
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    if bias is None:
        found = _native(conv, (x, weight), {**how, "size": size}, geometry)
    else:
        found = _native(conv_bias, (x, weight, bias.reshape(-1)), how, geometry)
    if found is not None:
        return found
    y = np.empty((count, groups, geometry.outer, *out), np.result_type(x, weight))
    room = _room(count, geometry, x.dtype)
    for at in _blocks(count, geometry.block):
        lines = np.matmul(rows, _windows(_padded(x, at, geometry), geometry, room))
        if bias is not None:
            lines += bias
        y[at] = _spread(lines, at.stop - at.start, geometry)
    return y.reshape(count, len(weight), *out)


def _conv_x(g: Any, weight: Any, x_shape: Shape, **how: Any) -> Any:
    return conv_transpose(g, weight, size=tuple(x_shape[2:]), **how)


def _conv_w(g: Any, x: Any, weight_shape: Shape, **how: Any) -> Any:
    return conv_weight(x, g, kernel=tuple(weight_shape[2:]), **how)


@primitive(
    promotion="same",
    x=lambda g, weight, x_shape, *, stride, padding, dilation, groups: _conv_x(
        g, weight, x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    weight=lambda g, x, weight_shape, *, stride, padding, dilation, groups: _conv_w(
        g, x, weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
)
def conv(x: Any, weight: Any, *, stride: Shape, padding: Shape, dilation: Shape, groups: int,
         size: Shape | None = None) -> Any:  # fmt: skip
    """Give y[n, o, p] = Σ w[o, c, k] x[n, c, s·p + d·k], all windows or the first `size`."""
    return _conv(x, weight, None, size, stride, padding, dilation, groups)


#: Numbers from which machine code sums them more quickly than BLAS, whose threads would spin after.
_SUMMED = 1 << 13


@primitive(x=lambda g, x_shape: spread(g, shape=x_shape, axis=(0, *range(2, len(x_shape)))))
def channel_sums(x: Any) -> Any:
    """Sum over samples and places: over the samples by BLAS (64 × 32 × 26²: 0.2 ms, not 0.4)."""
    if x.size > _SUMMED:
        out = native(channel_sums, (x,), {}, 10 * x.size)
        if out is not None:
            return out
    channels, line = x.shape[1], math.prod(x.shape[2:])
    plane = sum(x.reshape(x.shape[0], channels * line), axis=0)
    return sum(plane.reshape(channels, line), axis=1)


@primitive(
    name="conv",
    promotion="same",
    x=lambda g, weight, x_shape, *, stride, padding, dilation, groups: _conv_x(
        g, weight, x_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    weight=lambda g, x, weight_shape, *, stride, padding, dilation, groups: _conv_w(
        g, x, weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
    bias=lambda g: channel_sums(g),
)
def conv_bias(x: Any, weight: Any, bias: Any, *, stride: Shape, padding: Shape, dilation: Shape,
              groups: int) -> Any:  # fmt: skip
    """Give :func:`conv` plus one number a channel, added while the block is in the cache."""
    return _conv(x, weight, bias, None, stride, padding, dilation, groups)


def _add_windows(columns: Any, count: int, geometry: Geometry) -> Any:
    """Add windows up where they came from: (samples, groups, channels, *plane)."""
    g = geometry
    if g.wide:
        # Lines as long as the plane: whole blocks are shifted, and zeros run over into the next.
        length = columns.shape[-1] * g.inner
        columns = columns.reshape(g.groups, len(g.shifts), length)
        total = columns[:, 0].copy()
        for i, shift in enumerate(g.shifts[1:], 1):
            total[:, shift:] += columns[:, i, : length - shift]
        total = total.reshape(g.groups, g.inner, count, *g.plane)
    else:
        columns = columns.reshape(g.groups, len(g.shifts), g.inner, count, *g.out)
        total = np.zeros((g.groups, g.inner, count, *g.plane), columns.dtype)
        for i, place in enumerate(itertools.product(*map(range, g.kernel))):
            total[_every(place, g)] += columns[:, i]
    return total.transpose(2, 0, 1, *range(3, total.ndim))


def _every(place: Shape, geometry: Geometry) -> tuple[Any, ...]:
    """Return the index, in the plane, of the element of all windows at a kernel position."""
    lengths = zip(place, geometry.dilation, geometry.stride, geometry.out, strict=True)
    return (..., *(slice(k * d, k * d + s * max(n - 1, 0) + 1, s) for k, d, s, n in lengths))


@primitive(
    promotion="same",
    y=lambda g, weight, y_shape, *, stride, padding, dilation, groups: conv(
        g, weight, stride=stride, padding=padding, dilation=dilation, groups=groups,
        size=tuple(y_shape[2:]),
    ),
    weight=lambda g, y, weight_shape, *, stride, padding, dilation, groups: _conv_w(
        y, g, weight_shape, stride=stride, padding=padding, dilation=dilation, groups=groups
    ),
)  # fmt: skip
def conv_transpose(y: Any, weight: Any, *, size: Shape, stride: Shape, padding: Shape,
                   dilation: Shape, groups: int) -> Any:  # fmt: skip
    """Give x[n, c, s·p + d·k] = Σ w[o, c, k] y[n, o, p], of the spatial lengths `size`."""
    count, inner = len(y), weight.shape[1]
    geometry = _geometry(
        size, (inner * groups, weight.shape[0]), weight.shape[2:], y.shape[2:], stride, padding,
        dilation, groups, y.itemsize,
    )  # fmt: skip
    columns = _rows(weight, groups).swapaxes(1, 2)
    if _pointwise(geometry):
        x = np.matmul(columns, y.reshape(count, groups, geometry.outer, geometry.line))
        return x.reshape(count, groups * weight.shape[1], *size)
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    found = _native(conv_transpose, (y, weight), {"size": size, **how}, geometry)
    if found is not None:
        return found
    line = math.prod(geometry.plane) if geometry.wide else geometry.line
    x = np.empty((count, groups, inner, *size), np.result_type(y, weight))
    for at in _blocks(count, geometry.block):
        given = y[at]
        products = np.matmul(columns, _lines(given, geometry, line))
        x[at] = _add_windows(products, len(given), geometry)[_inside(geometry, size)]
    return x.reshape(count, groups * weight.shape[1], *size)


@primitive(
    promotion="same",
    x=lambda g, y, x_shape, *, stride, padding, dilation, groups: conv_transpose(
        y, g, size=tuple(x_shape[2:]), stride=stride, padding=padding, dilation=dilation,
        groups=groups,
    ),
    y=lambda g, x, y_shape, *, stride, padding, dilation, groups: conv(
        x, g, stride=stride, padding=padding, dilation=dilation, groups=groups,
        size=tuple(y_shape[2:]),
    ),
)  # fmt: skip
def conv_weight(x: Any, y: Any, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape,
                groups: int) -> Any:  # fmt: skip
    """Give w[o, c, k] = Σ x[n, c, s·p + d·k] y[n, o, p], of the spatial lengths `kernel`."""
    geometry = _geometry(
        x.shape[2:], (x.shape[1], y.shape[1]), kernel, y.shape[2:], stride, padding, dilation,
        groups, x.itemsize,
    )  # fmt: skip
    if not _pointwise(geometry):
        how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        found = _native(conv_weight, (x, y), {"kernel": kernel, **how}, geometry)
        if found is not None:
            return found
    count, rows = len(x), len(geometry.shifts) * geometry.inner
    total: Any = np.zeros((groups, rows, geometry.outer), np.result_type(x, y))
    room = _room(count, geometry, x.dtype)
    for at in _blocks(count, geometry.block):
        windows = _windows(_padded(x, at, geometry), geometry, room)
        total += np.matmul(windows, _lines(y[at], geometry, geometry.line).swapaxes(1, 2))
    places = total.reshape(groups, -1, geometry.inner, geometry.outer).transpose(0, 3, 2, 1)
    return places.reshape(y.shape[1], geometry.inner, *kernel)


# ---------------------------------------------------------------------------------- windows alone


@primitive(
    x=lambda g, x_shape, *, kernel, stride, padding, dilation: col2im(
        g, size=tuple(x_shape[2:]), kernel=kernel, stride=stride, padding=padding,
        dilation=dilation,
    ),
)  # fmt: skip
def im2col(x: Any, *, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape) -> Any:
    """Lay windows side by side: (samples, channels · kernel positions, windows)."""
    out = output_size(x.shape[2:], kernel, stride, padding, dilation)
    geometry = _geometry(
        x.shape[2:], (x.shape[1], 1), kernel, out, stride, padding, dilation, 1, x.itemsize
    )
    whole = _padded(x, slice(None), geometry)
    columns = np.empty((*x.shape[:2], len(geometry.shifts), *out), x.dtype)
    for i, place in enumerate(itertools.product(*map(range, kernel))):
        columns[:, :, i] = whole[_every(place, geometry)]
    return columns.reshape(len(x), x.shape[1] * len(geometry.shifts), math.prod(out))


@primitive(
    x=lambda g, *, kernel, stride, padding, dilation: im2col(
        g, kernel=kernel, stride=stride, padding=padding, dilation=dilation
    ),
)
def col2im(x: Any, *, size: Shape, kernel: Shape, stride: Shape, padding: Shape,
           dilation: Shape) -> Any:  # fmt: skip
    """Add windows up where they came from: (samples, channels, *size)."""
    out = output_size(size, kernel, stride, padding, dilation)
    places = math.prod(kernel)
    channels = x.shape[1] // places
    geometry = _geometry(size, (channels, 1), kernel, out, stride, padding, dilation, 1, x.itemsize)
    columns = x.reshape(len(x), channels, places, *out)
    total = np.zeros((len(x), channels, *geometry.plane), x.dtype)
    for i, place in enumerate(itertools.product(*map(range, kernel))):
        total[_every(place, geometry)] += columns[:, :, i]
    return np.ascontiguousarray(total[_inside(geometry, size)])
