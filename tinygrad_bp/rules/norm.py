"""Normalisation: mean and variance of groups of elements, and dividing by them.

All layers that normalise are these two operations; what differs is over which axes::

    statistics = moments(x, axes)              # [mean, variance], with keepdims
    y = normalize(x, statistics, weight, bias) # (x − mean) / √(variance + ε) · weight + bias

The statistics are an operand and not a secret of `normalize`: running ones take their place in
evaluation, and a layer that keeps running ones reads them off.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import primitive
from .reduce import count
from .shape import sum_to

Axis = tuple[int, ...]


def _moments_x(g: Any, x: Any, out: Any, axis: Axis) -> Any:
    # d mean = 1/n, d variance = 2 (x − mean)/n; the mean's own share in the variance cancels out.
    n = max(count(x.shape, axis), 1)
    return (x - out[0]) * (g[1] * (2 / n)) + g[0] / n


@primitive(quiet=True, x=lambda g, x, out, *, axis: _moments_x(g, x, out, axis))
def moments(x: Any, *, axis: Axis) -> Any:
    """Give mean and (biased) variance over the axes, in this order along a new first axis."""
    n = count(x.shape, axis)
    mean = _total(x, axis) / x.dtype.type(n)
    centred = x - mean
    return np.stack([mean, _total(np.square(centred, out=centred), axis) / x.dtype.type(n)])


def _total(x: Any, axis: Axis) -> Any:
    """Sum with keepdims; over the last axes by BLAS, at a quarter of the time."""
    first = x.ndim - len(axis)
    if axis == tuple(range(first, x.ndim)) and x.dtype.char in "fd" and x.flags.c_contiguous:
        n = count(x.shape, axis)
        if 8 <= n <= 4096:  # few enough that the order of addition does not matter
            sums = x.reshape(-1, n) @ np.ones(n, x.dtype)
            return sums.reshape(*x.shape[:first], *(1,) * len(axis))
    return np.add.reduce(x, axis=axis, keepdims=True)


def _parts(statistics: Any, eps: float) -> tuple[Any, Any]:
    """Return mean and 1 / √(variance + ε)."""
    return statistics[0], 1 / np.sqrt(statistics[1] + eps)


def _one_weight(weight: Any, scale: Any) -> bool:
    """Whether the weight is one number where the statistics are (batch norm, not layer norm).

    It can wait then until a sum has been taken, and goes along with the scale.
    """
    shape, whole = tuple(weight.shape), tuple(scale.shape)
    lead = len(whole) - len(shape)
    return lead >= 0 and all(n in (1, w) for n, w in zip(shape, whole[lead:], strict=True))


def _begin(g: Any, x: Any, statistics: Any, weight: Any, eps: float) -> Any:
    """Return the scale s, z = (x − mean) s, g (times w) and what is left to multiply with."""
    mean, scale = _parts(statistics, eps)
    z = (x - mean) * scale
    return (scale, z, g, weight) if _one_weight(weight, scale) else (scale, z, g * weight, 1)


def _normalize_statistics(shared: Any) -> Any:
    """Pull back to mean and variance: −Σ g w s and −½ s² Σ g w z."""
    scale, z, g, weight = shared
    shape = tuple(scale.shape)
    to_mean = sum_to(g, shape=shape) * (weight * -scale)
    to_variance = sum_to(g * z, shape=shape) * (weight * (scale * scale * -0.5))
    return np.stack([to_mean, to_variance])


@primitive(
    quiet=True,
    shared=lambda g, x, statistics, weight, *, eps: _begin(g, x, statistics, weight, eps),
    x=lambda g, shared: shared[2] * (shared[3] * shared[0]),
    statistics=lambda g, shared: _normalize_statistics(shared),
    weight=lambda g, weight_shape, shared: sum_to(g * shared[1], shape=weight_shape),
    bias=lambda g, bias_shape: sum_to(g, shape=bias_shape),
)
def normalize(x: Any, statistics: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    """Give (x − mean) / √(variance + ε) · weight + bias, for statistics [mean, variance]."""
    mean, scale = _parts(statistics, eps)
    if _one_weight(weight, scale):
        factor = weight * scale
        out = x * factor
        out += bias - mean * factor
        return out
    out = x - mean
    out *= scale
    out *= weight
    out += bias
    return out
