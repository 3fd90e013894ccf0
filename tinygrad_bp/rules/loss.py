"""Softmax and the losses that need a rule of their own to stay exact at extreme inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import constant, elementwise, primitive
from .elementwise import sigmoid
from .native import native, native_pull
from .reduce import ones, spread, sum
from .rows import softmax_pull, softmax_rows

# NumPy reduces rows one after the other. Short ones are faster turned, all at once (64 × 10: 2 µs
# in place of 5.5); and BLAS adds them up as a product with ones (768 × 65: 6 µs in place of 25).
_SHORT = 32

# Logits from which machine code pays, and what it saves for each, in products (see `native`).
_LARGE, _WORK = 512, 20
#: What NumPy's calls for it cost, however few numbers there are.
_CALLS = 1 << 19


def _top(x: Any, axis: int) -> Any:
    """Give the maximum along an axis, the axis kept with length 1."""
    if x.ndim == 2 and axis in (1, -1) and x.shape[1] <= _SHORT:
        return np.maximum.reduce(x.T.copy(), axis=0)[:, None]
    return np.maximum.reduce(x, axis=axis, keepdims=True)


def _total(e: Any, axis: int) -> Any:
    """Add up along an axis, which is kept with length 1."""
    if axis in (-1, e.ndim - 1) and e.flags.c_contiguous:
        return e.dot(ones(e.shape[-1], e.dtype))[..., None]
    return np.add.reduce(e, axis=axis, keepdims=True)


def _shifted(x: Any, axis: int) -> Any:
    """Subtract the maximum: the softmax stays the same, and e^x can't overflow.

    A row with +∞, or of −∞ alone, has no softmax: ∞ − ∞ makes it NaN, as in PyTorch.
    """
    return x - _top(x, axis) if x.size else x


def _shifted_columns(x: Any) -> Any:
    """Subtract its maximum from each row, as above, and give the rows as columns of a new array."""
    if x.shape[1] > _SHORT:
        return _shifted(x, 1).T
    z = x.T.copy()
    z -= np.maximum.reduce(z, axis=0)
    return z


def _softmax_x(g: Any, out: Any, axis: int) -> Any:
    if axis in (-1, len(out.shape) - 1):
        return softmax_pull(g, out)
    return out * (g - sum(g * out, axis=axis, keepdims=True))


@primitive(promotion="float", quiet=True, x=lambda g, out, *, axis: _softmax_x(g, out, axis))
def softmax(x: Any, *, axis: int) -> Any:
    """Give e^z / Σ e^z along an axis."""
    if x.ndim > 2 and axis in (-1, x.ndim - 1):
        return softmax_rows(x, np.nan)
    e = np.asarray(np.exp(_shifted(x, axis)))
    e /= _total(e, axis)
    return e


@primitive(
    promotion="float", quiet=True,
    x=lambda g, out, *, axis: g - np.exp(out) * sum(g, axis=axis, keepdims=True),
)  # fmt: skip
def log_softmax(x: Any, *, axis: int) -> Any:
    """Give z − log Σ e^z along an axis."""
    z = _shifted(x, axis)
    return z - np.log(_total(np.exp(z), axis))


def _logsumexp_x(g: Any, x: Any, out: Any, axis: Any) -> Any:
    # Where everything is −∞ the sum stays −∞ under any finite change: no gradient, where −∞ − (−∞)
    # would give NaN (as PyTorch does).
    top = spread(out, shape=x.shape, axis=axis)
    top = np.where(top == -np.inf, np.zeros_like(top), top)
    return spread(g, shape=x.shape, axis=axis) * np.exp(x - top)


@primitive(
    promotion="float", quiet=True, x=lambda g, x, out, *, axis: _logsumexp_x(g, x, out, axis)
)
def logsumexp(x: Any, *, axis: tuple[int, ...], keepdims: Any = False) -> Any:
    """Give log Σ e^z over the axes, without overflow."""
    if not x.size:
        return np.log(np.add.reduce(np.exp(x), axis=axis, keepdims=keepdims))
    top = np.maximum.reduce(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, np.zeros_like(top))
    total = np.log(np.add.reduce(np.exp(x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis)


# σ(z) − y: the loss and its gradient in the logit z, where log σ(z) alone would give ∞ − ∞.
@elementwise(promotion="float", quiet=True,
             x=lambda g, x, y: g * (sigmoid(x) - y), y=lambda g, x: -g * x)  # fmt: skip
def bce_with_logits(x: Any, y: Any) -> Any:
    """Give −y log σ(z) − (1 − y) log(1 − σ(z)), in the form that can't overflow."""
    return np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))


# The logarithms are cut off at −100, and the slope at x (1 − x) = 1e-12, both as in PyTorch: a
# probability that has rounded to 0 or 1 gives a large finite loss and slope.
@elementwise(
    promotion="float", quiet=True,
    x=lambda g, x, y: g * ((x - y) / np.maximum(x * (1 - x), 1e-12)),
    y=lambda g, x: g * (np.maximum(np.log(1 - x), -100) - np.maximum(np.log(x), -100)),
)  # fmt: skip
def bce(x: Any, y: Any) -> Any:
    """Give −y log x − (1 − y) log(1 − x) for a probability x."""
    return -(y * np.maximum(np.log(x), -100) + (1 - y) * np.maximum(np.log1p(-x), -100))


@constant
def one_hot(y: Any, *, classes: int, dtype: Any) -> Any:
    """Give rows with a single 1, at the index that `y` names."""
    out = np.zeros((y.size, classes), dtype)
    out[np.arange(y.size), y.reshape(-1)] = 1
    return out.reshape(*y.shape, classes)


# softmax(Z) − Y, the gradient of the loss below but for 1/m: written out in place, for speed.
@primitive(quiet=True, x=lambda g, x: _softmax_x(g, softmax(x, axis=1), 1))
def softmax_error(x: Any, y: Any) -> Any:
    """Give softmax(z) − y over the rows of logits, y being a class index that stands for a 1."""
    error = _shifted_columns(x)
    np.exp(error, out=error)
    error /= ones(len(error), error.dtype).dot(error)
    error[y, np.arange(len(y))] -= 1
    return error.T.copy()


# One node from logits to loss, for speed; and its gradient is the notes' (softmax(Z) − Y) / m.
@primitive(
    name="cross_entropy", quiet=True,
    x=lambda g, x, y: softmax_error(x, y) * (g / x.shape[0]),
)  # fmt: skip
def softmax_cross_entropy(x: Any, y: Any) -> Any:
    """Give the mean of −log softmax(z)_y over the rows of logits, for class indices."""
    if x.size > _LARGE:
        found = native(softmax_cross_entropy, (x, y), {}, _CALLS + _WORK * x.size)
        if found is not None:
            return found
    z = _shifted_columns(x)
    chosen = z[y, np.arange(len(y))]
    np.exp(z, out=z)
    losses = np.log(ones(len(z), z.dtype).dot(z))
    losses -= chosen
    return np.add.reduce(losses) / len(y)


native_pull(
    softmax_cross_entropy,
    lambda g, kept: _CALLS + _WORK * kept[0].size if kept[0].size > _LARGE else 0,
)


# One node for speed too: taken apart it is six, and 20 times PyTorch's time for 32 rows.
@primitive(
    name="nll_loss",
    x=lambda g, y, x_shape, x_dtype: (
        one_hot(y, classes=x_shape[1], dtype=x_dtype) * (g / -x_shape[0])
    ),
)
def negative_log_likelihood(x: Any, y: Any) -> Any:
    """Give the mean of −x_y over the rows of log-probabilities, for class indices."""
    return np.add.reduce(x[np.arange(len(y)), y]) / x.dtype.type(-len(y))


def _error_slope(g: Any, x: Any, y: Any) -> Any:
    return (x - y) * (g * (2 / max(math.prod(x.shape), 1)))


# One node from prediction to loss, for speed: a regression on few outputs is all overhead.
@primitive(
    promotion="same",
    x=lambda g, x, y: _error_slope(g, x, y),
    y=lambda g, x, y: _error_slope(g, y, x),
)  # fmt: skip
def mean_squared_error(x: Any, y: Any) -> Any:
    """Give the mean of (x − y)² over all elements of two arrays of one shape."""
    if not x.size:
        return x.dtype.type(np.nan)  # as PyTorch
    difference = (x - y).reshape(-1)
    return np.dot(difference, difference) / x.dtype.type(x.size)
