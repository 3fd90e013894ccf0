"""Normalisation channel by channel, with its own statistics: batch, group and instance norm.

The composition of :mod:`.norm` (moments, then normalize) reads and writes arrays of the input's
size a dozen times in backward. With z = (x − m) s, s = 1 / √(v + ε), u = w g, and M[·] the mean
over the elements that share a mean and a variance, all of it together is

    dx = s (u − M[u] − z M[u z]),

which needs of each channel two sums, Σ g and Σ g z, and then one pass over g and x, in blocks that
stay in the processor's cache (64 × 32 × 28 × 28, forward and backward: 7 ms in place of 20).

The statistics are of shape (2, n, k): means and variances of k groups of neighbouring channels, for
each of n samples, or of all together (n = 1). Batch norm has (1, C), instance norm (N, C), group
norm (N, groups). They are taken once, by :func:`channel_moments`, since running ones need them too;
the operations below get them as an operand without a rule, and count their share in the rule of x.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..op import constant, primitive
from .elementwise import rsqrt
from .norm import moments
from .reduce import ones, sum
from .shape import reshape

#: How many bytes of an operand are in work at a time.
_BLOCK = 1 << 18

#: Planes shorter than this are laid out with the channels, as one long row a sample.
_SHORT = 256


def _step(x: Any) -> int:
    """Say how many samples make up a block."""
    return max(1, min(len(x), _BLOCK * len(x) // max(int(x.nbytes), 1)))


def _blocks(x: Any) -> Iterator[slice]:
    """Name a block of the samples at a time."""
    step = _step(x)
    return (slice(i, min(i + step, len(x))) for i in range(0, len(x), step))


def _room(x: Any) -> Any:
    """Make room for a block: memory that is used again costs no page fault."""
    return np.empty((_step(x), *x.shape[1:]), x.dtype)


def _layout(x: Any, *coefficients: Any) -> list[Any]:
    """Return x as rows, and numbers a channel, of shape (n, C), in a shape that broadcasts to it.

    Short planes would make NumPy's inner loops short: there the numbers are repeated.
    """
    count, channels = x.shape[:2]
    length = math.prod(x.shape[2:])
    if length < _SHORT and coefficients and len(coefficients[0]) == 1:
        return [x.reshape(count, channels * length),
                *(np.repeat(c, length, axis=1) for c in coefficients)]  # fmt: skip
    return [x.reshape(count, channels, length), *(c[..., None] for c in coefficients)]


def _of(coefficient: Any, at: slice) -> Any:
    """Return the numbers for some samples."""
    return coefficient if len(coefficient) == 1 else coefficient[at]


def _each(statistic: Any, channels: int) -> Any:
    """Repeat a number a group for each of its channels: (n, k) becomes (n, C)."""
    each = channels // statistic.shape[1]
    return statistic if each == 1 else np.repeat(statistic, each, axis=1)


def _pooled(sums: Any, statistics: Any) -> Any:
    """Add up numbers a channel, (N or n, C), over what shares a mean and a variance: (n, k)."""
    _, n, k = statistics.shape
    if len(sums) != n:
        sums = np.add.reduce(sums, axis=0, keepdims=True)
    return sums if k == sums.shape[1] else np.add.reduce(sums.reshape(n, k, -1), axis=2)


def _size(x: Any, statistics: Any) -> int:
    """Count the elements that share a mean and a variance."""
    _, n, k = statistics.shape
    return int(math.prod(x.shape) // max(n * k, 1))


def _row_sums(x: Any) -> Any:
    """Sum over the plane: (N, C)."""
    count, channels = x.shape[:2]
    length = math.prod(x.shape[2:])
    if length == 1:
        return x.reshape(count, channels)
    rows = np.ascontiguousarray(x).reshape(count * channels, length)
    return rows.dot(ones(length, x.dtype)).reshape(count, channels)


def _row_products(x: Any, y: Any, mean: Any) -> Any:
    """Give Σ (x − m)(y or x − m) over the plane: (N, C), or (1, C) where that is quicker."""
    channels, together = x.shape[1], len(mean) == 1
    rows, mean = _layout(x, mean)
    other = None if y is None else y.reshape(rows.shape)
    short = rows.ndim == 2  # then the sum over the samples comes first
    total: Any = None if short else np.empty(rows.shape[:2], x.dtype)

    room = _room(rows)
    column = np.zeros(rows.shape[1], x.dtype)
    for at in _blocks(rows):
        part = room[: at.stop - at.start]
        np.subtract(rows[at], _of(mean, at), out=part)
        factor = part if other is None else other[at]
        if short:
            np.multiply(part, factor, out=part)
            column += ones(len(part), x.dtype).dot(part)
        else:
            np.vecdot(part, factor, out=total[at])
    if short:
        return np.add.reduce(column.reshape(1, channels, -1), axis=2)
    return np.add.reduce(total, axis=0, keepdims=True) if together else total


@constant(quiet=True)
def channel_moments(x: Any, *, groups: int, together: bool) -> Any:
    """Give mean and (biased) variance of groups of channels, of each sample or of all together."""
    count, channels = x.shape[:2]
    out = np.empty((2, 1 if together else count, groups), x.dtype)
    size = x.dtype.type(_size(x, out))
    mean = _pooled(_row_sums(x), out) / size
    out[0] = mean
    out[1] = _pooled(_row_products(x, None, _each(mean, channels)), out) / size
    return out


def _column(weight: Any, x: Any) -> Any:
    """Shape numbers a channel so that they broadcast to x."""
    return reshape(weight, shape=(*weight.shape[:-1], -1, *(1,) * (len(x.shape) - 2)))


def _scales(statistics: Any, channels: int, eps: float) -> tuple[Any, Any]:
    """Return mean and 1 / √(variance + ε) for each channel, (n, C)."""
    return _each(statistics[0], channels), _each(1 / np.sqrt(statistics[1] + eps), channels)


def _pull(g: Any, x: Any, statistics: Any, weight: Any, eps: float) -> Any:
    """Carry a gradient of `standardize` back to x."""
    sums = standardize_sums(g, x, statistics, eps=eps)
    return standardize_x(g, x, statistics, weight, sums, eps=eps)


def _ones(x: Any) -> Any:
    return ones(x.shape[1], np.dtype(x.dtype))


def _unit(x: Any, statistics: Any, eps: float) -> Any:
    """Give z = (x − m) s."""
    return standardize(x, statistics, _ones(x), np.zeros_like(_ones(x)), eps=eps)


def _over_planes(x: Any) -> Any:
    """Sum all that belongs to a channel: (C,)."""
    flat = reshape(x, shape=(*x.shape[:2], math.prod(x.shape[2:])))
    return sum(sum(flat, axis=2), axis=0)


@primitive(
    quiet=True,
    shared=lambda g, x, statistics, *, eps: standardize_sums(g, x, statistics, eps=eps),
    x=lambda g, x, statistics, weight, shared, *, eps: standardize_x(
        g, x, statistics, weight, shared, eps=eps
    ),
    weight=lambda g, shared: sum(shared[1], axis=0),
    bias=lambda g, shared: sum(shared[0], axis=0),
)
def standardize(x: Any, statistics: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    """Give (x − mean) / √(variance + ε) · weight + bias, for the moments of x itself."""
    mean, scale = _scales(statistics, x.shape[1], eps)
    factor = weight * scale
    rows, factor, offset = _layout(x, factor, bias - mean * factor)
    out = np.empty(x.shape, x.dtype)
    laid = out.reshape(rows.shape)
    for at in _blocks(rows):
        part = laid[at]
        np.multiply(rows[at], _of(factor, at), out=part)
        part += _of(offset, at)
    return out


# B(u, x) = s (u − M[u] − z M[u z]) is its own adjoint in u, and z pulls back by it too.
@primitive(
    quiet=True,
    u=lambda g, x, statistics, *, eps: (
        _column(g[0], x) + _column(g[1], x) * _unit(x, statistics, eps)
    ),
    x=lambda g, u, x, statistics, *, eps: _pull(_column(g[1], x) * u, x, statistics, _ones(x), eps),
)
def standardize_sums(u: Any, x: Any, statistics: Any, *, eps: float) -> Any:
    """Give Σ u and Σ u z of each channel, over its plane (and over the samples, if together)."""
    mean, scale = _scales(statistics, x.shape[1], eps)
    sums = _row_sums(u)
    if len(mean) == 1:
        sums = np.add.reduce(sums, axis=0, keepdims=True)
    return np.stack([sums, _row_products(x, u, mean) * scale])


@primitive(
    quiet=True,
    u=lambda g, x, statistics, weight, *, eps: (
        _column(weight, x) * _pull(g, x, statistics, _ones(x), eps)
    ),
    x=lambda g, u, x, statistics, weight, *, eps: _bend(g, u, x, statistics, weight, eps),
    weight=lambda g, u, x, statistics, *, eps: _over_planes(
        u * _pull(g, x, statistics, _ones(x), eps)
    ),
)
def standardize_x(u: Any, x: Any, statistics: Any, weight: Any, sums: Any, *, eps: float) -> Any:
    """Give s (w u − M[w u] − z M[w u z]), for the `sums` of :func:`standardize_sums`."""
    channels, size = x.shape[1], x.dtype.type(_size(x, statistics))
    mean, scale = _scales(statistics, channels, eps)
    level, slope = (_each(_pooled(weight * part, statistics) / size, channels) for part in sums)
    slope = -slope * scale * scale
    offset = -level * scale - slope * mean
    rows, factor, slope, offset = _layout(x, weight * scale, slope, offset)
    out, given = np.empty(x.shape, x.dtype), u.reshape(rows.shape)
    laid = out.reshape(rows.shape)
    room = _room(rows)
    for at in _blocks(rows):
        part, other = laid[at], room[: at.stop - at.start]
        np.multiply(given[at], _of(factor, at), out=part)
        np.multiply(rows[at], _of(slope, at), out=other)
        other += _of(offset, at)
        part += other
    return out


def _bend(g: Any, u: Any, x: Any, statistics: Any, weight: Any, eps: float) -> Any:
    """Pull Σ g B(w u, x) back to x: the product rule over s and z, in closed form."""
    _, n, k = statistics.shape
    grouped = (x.shape[0], k, math.prod(x.shape[1:]) // k)
    axis = (0, 2) if n == 1 else (2,)

    def average(y: Any) -> Any:
        return sum(y, axis=axis, keepdims=True) / _size(x, statistics)

    # Moments with a history: what is differentiated a third time goes through them.
    s = rsqrt(moments(reshape(x, shape=grouped), axis=axis)[1] + eps)
    z = reshape(_unit(x, statistics, eps), shape=grouped)
    h, v = (reshape(part, shape=grouped) for part in (g, _column(weight, x) * u))
    hz, vz = average(h * z), average(v * z)
    through_z = reshape(s * (h * vz + v * hz), shape=x.shape)
    through_s = s * s * z * (average(h * v) - average(h) * average(v) - hz * vz)
    return -_pull(through_z, x, statistics, _ones(x), eps) - reshape(through_s, shape=x.shape)
