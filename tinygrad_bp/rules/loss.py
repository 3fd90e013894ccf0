"""Softmax and the losses that need a rule of their own to stay exact at extreme inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import elementwise, primitive
from .elementwise import sigmoid
from .reduce import spread, sum


def _shifted(x: Any, axis: int) -> Any:
    """Subtract the maximum: the softmax stays the same, and e^x can't overflow."""
    if not x.size:
        return x
    top = np.maximum.reduce(x, axis=axis, keepdims=True)
    return x - np.where(np.isfinite(top), top, np.zeros_like(top))


@primitive(promotion="float", quiet=True,
           x=lambda g, out, *, axis: out * (g - sum(g * out, axis=axis, keepdims=True)))  # fmt: skip
def softmax(x: Any, *, axis: int) -> Any:
    """Give e^z / Σ e^z along an axis."""
    e = np.exp(_shifted(x, axis))
    return e / np.add.reduce(e, axis=axis, keepdims=True)


@primitive(promotion="float", quiet=True,
           x=lambda g, out, *, axis: g - np.exp(out) * sum(g, axis=axis, keepdims=True))  # fmt: skip
def log_softmax(x: Any, *, axis: int) -> Any:
    """Give z − log Σ e^z along an axis."""
    z = _shifted(x, axis)
    return z - np.log(np.add.reduce(np.exp(z), axis=axis, keepdims=True))


def _logsumexp_x(g: Any, x: Any, out: Any, axis: Any) -> Any:
    # Where everything is −∞ the sum stays −∞ under any finite change: no gradient.
    top = spread(out, shape=x.shape, axis=axis)
    finite = np.isfinite(top)
    return spread(g, shape=x.shape, axis=axis) * np.exp(x - np.where(finite, top, np.zeros_like(top)))


@primitive(promotion="float", quiet=True, x=lambda g, x, out, *, axis: _logsumexp_x(g, x, out, axis))
def logsumexp(x: Any, *, axis: tuple[int, ...], keepdims: bool = False) -> Any:
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
