"""Layer norm over the last axis: mean, variance, scale and shift as one operation.

`rules.norm` says the same in two operations, for any axes. This one is for speed: a transformer
does little else between its matrix products (768 × 128, forward and backward: 0.4 ms in place of
1.0). All three gradients come from one walk over the rows, and lie in one array (ADR 7).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..op import primitive
from .native import native, native_pull
from .reduce import mean, sum
from .rows import row_sum
from .shape import reshape

_BLOCK = 131072

#: What machine code saves for each number, in products (see `native`).
_WORK = 30


def _blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Cut rows into blocks that stay in the cache."""
    step = max(_BLOCK // max(shape[1], 1), 1)
    for start in range(0, shape[0], step):
        yield slice(start, start + step)


def _matrix(x: Any) -> Any:
    """Flatten all axes but the last."""
    return reshape(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))


def _centre(x: Any, out: Any, eps: float) -> Any:
    """Subtract the mean of each row; return 1 / √(variance + ε), a column."""
    n = x.dtype.type(max(x.shape[1], 1))
    np.subtract(x, row_sum(x) / n, out=out)
    return 1 / np.sqrt(np.vecdot(out, out)[:, None] / n + x.dtype.type(eps))


# The rules of the gradients. With z = (x − mean) s, dz = J dx for the symmetric matrix
# J v = s (v − mean v − z mean(z v)) of each row; hence dx = J (g w), dw = Σ g z, db = Σ g. A change
# of x changes s by −s² z / n, and z by J.


def _average(v: Any) -> Any:
    return mean(v, axis=(-1,), keepdims=True)


def _second(g: Any, gradient: Any, x: Any, weight: Any, eps: float) -> Any:
    """Pull back through `layer_norm_pull`: the gradients of its `gradient`, `x` and `weight`."""
    shape = x.shape
    to_x, to_weight, to_bias = g[:-2], g[-2], g[-1]
    x, gradient = _matrix(x), _matrix(gradient)
    centred = x - _average(x)
    s = 1 / np.sqrt(_average(centred * centred) + eps)
    z = centred * s

    def jacobian(v: Any) -> Any:
        return s * (v - _average(v) - z * _average(z * v))

    h, along = gradient * weight, jacobian(to_x)
    pulled = jacobian(h)
    for_x = jacobian(gradient * to_weight) - s * (
        z * _average(to_x * pulled) + _average(h * z) * along + _average(to_x * z) * pulled
    )
    for_gradient = along * weight + z * to_weight + to_bias
    return (
        reshape(for_gradient, shape=shape),
        reshape(for_x, shape=shape),
        sum(gradient * along, axis=0),
    )


@primitive(
    quiet=True,
    shared=lambda g, gradient, x, weight, *, eps: _second(g, gradient, x, weight, eps),
    gradient=lambda g, shared: shared[0],
    x=lambda g, shared: shared[1],
    weight=lambda g, shared: shared[2],
)
def layer_norm_pull(gradient: Any, x: Any, weight: Any, *, eps: float) -> Any:
    """Give the gradients of :func:`layer_norm`: dx, row by row; below it dw, and then db."""
    out = native(layer_norm_pull, (gradient, x, weight), {"eps": eps}, _WORK * x.size)
    if out is not None:
        return out
    x, gradient = _matrix(x), _matrix(gradient)
    n = x.shape[1]
    weight = np.broadcast_to(weight, (n,))
    out = np.empty((len(x) + 2, n), x.dtype)
    dx, parameters = out[:-2], out[-2:]
    parameters[...] = 0
    for rows in _blocks(x.shape):
        g, centred = gradient[rows], np.empty_like(x[rows])
        s = _centre(x[rows], centred, eps)
        # All sums over rows and columns are products with vectors, in BLAS.
        both = g * centred
        parameters[0] += s[:, 0] @ both
        parameters[1] += np.ones(len(g), g.dtype) @ g
        average = (g @ weight)[:, None] * (s / n)
        slope = (both @ weight)[:, None] * (s * s * s / n)
        pulled = np.multiply(g, weight, out=dx[rows])
        pulled *= s
        centred *= slope
        pulled -= centred
        pulled -= average
    return out


@primitive(
    quiet=True,
    shared=lambda g, x, weight, *, eps: layer_norm_pull(g, x, weight, eps=eps),
    x=lambda g, x_shape, shared: reshape(shared[:-2], shape=x_shape),
    weight=lambda g, shared: shared[-2],
    bias=lambda g, shared: shared[-1],
)
def layer_norm(x: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    """Give (x − mean) / √(variance + ε) · weight + bias, row by row along the last axis.

    Weight and bias are vectors, or each one constant number.
    """
    out = native(layer_norm, (x, weight, bias), {"eps": eps}, _WORK * x.size)
    if out is not None:
        return out
    source = _matrix(x)
    out = np.empty(source.shape, x.dtype)
    for rows in _blocks(source.shape):
        part = out[rows]
        scale = _centre(source[rows], part, eps)
        part *= scale
        part *= weight
        part += bias
    return out.reshape(x.shape)


native_pull(layer_norm, lambda g, kept: _WORK * g.size)
