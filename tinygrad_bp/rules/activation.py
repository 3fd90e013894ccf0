"""More activation functions, on each element. Slopes at kinks are PyTorch's, and named."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import elementwise
from .elementwise import sigmoid, softplus


# At both ends the slope is 0, other than that of `clip`.
@elementwise(x=lambda g, x, *, lower, upper: g * ((x > lower) & (x < upper)))
def hardtanh(x: Any, *, lower: float, upper: float) -> Any:
    """Limit to an interval."""
    if x.dtype.kind in "iu":  # the bounds become integers, not the numbers fractions
        lower, upper = int(lower), int(upper)
    return np.minimum(np.maximum(x, lower), upper)


# At −3 and 3 the slope is that of the flat side, 0 (PyTorch).
@elementwise(promotion="float", x=lambda g, x: g * ((x > -3) & (x < 3)) / 6)
def hardsigmoid(x: Any) -> Any:
    """Give min(max(z + 3, 0), 6) / 6."""
    return np.minimum(np.maximum(x + 3, 0), 6) / 6


def _hardswish_x(g: Any, x: Any) -> Any:
    # At −3 the slope is 0, at 3 it is 1 (PyTorch): both kinks take the outer side.
    between = np.where(x > -3, x / 3 + 0.5, np.zeros_like(x))
    return g * np.where(x < 3, between, np.ones_like(x))


@elementwise(promotion="float", x=_hardswish_x)
def hardswish(x: Any) -> Any:
    """Give z min(max(z + 3, 0), 6) / 6."""
    return x * (np.minimum(np.maximum(x + 3, 0), 6) / 6)


# Inside of [−λ, λ], ends included, value and slope are 0 (PyTorch).
@elementwise(x=lambda g, x, *, bound: g * ~((x >= -bound) & (x <= bound)))
def hardshrink(x: Any, *, bound: float) -> Any:
    """Give z where |z| > λ, else 0."""
    return np.where((x >= -bound) & (x <= bound), 0, x)


@elementwise(x=lambda g, x, *, bound: g * ((x > bound) | (x < -bound)))
def softshrink(x: Any, *, bound: float) -> Any:
    """Move z towards 0 by λ, at most to 0."""
    return x - np.minimum(np.maximum(x, -bound), bound)


def _celu_x(g: Any, x: Any, alpha: float) -> Any:
    # e^min(z, 0): the branch that is not taken stays finite, in every derivative.
    below = np.exp(np.where(x > 0, np.zeros_like(x), x) / alpha)
    return g * np.where(x > 0, np.ones_like(x), below)


@elementwise(promotion="float", x=lambda g, x, *, alpha: _celu_x(g, x, alpha))
def celu(x: Any, *, alpha: float) -> Any:
    """Give z for z > 0, else α (e^{z/α} − 1)."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x / alpha, 0)))


# The constants to 20 digits: with them a normal distribution of inputs stays one.
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848, 1.0507009873554804934


def _selu_x(g: Any, x: Any) -> Any:
    below = _SELU_ALPHA * np.exp(np.where(x > 0, np.zeros_like(x), x))
    return g * (_SELU_SCALE * np.where(x > 0, np.ones_like(x), below))


@elementwise(promotion="float", x=_selu_x)
def selu(x: Any) -> Any:
    """Give λ z for z > 0, else λ α (e^z − 1), with the λ and α that normalise."""
    return _SELU_SCALE * np.where(x > 0, x, _SELU_ALPHA * np.expm1(np.minimum(x, 0)))


def _mish_x(g: Any, x: Any) -> Any:
    t = np.tanh(softplus(x))
    return g * (t + x * sigmoid(x) * (1 - t * t))


@elementwise(promotion="float", quiet=True, x=_mish_x)
def mish(x: Any) -> Any:
    """Give z tanh(log(1 + e^z))."""
    return x * np.tanh(softplus(x))


# At 0 the slope is w, and w's is 0 either way.
@elementwise(
    x=lambda g, x, w: g * np.where(x > 0, np.ones_like(x), w),
    w=lambda g, x: g * np.where(x > 0, np.zeros_like(x), x),
)
def prelu(x: Any, w: Any) -> Any:
    """Give z for z > 0, else w z."""
    return np.where(x > 0, x, w * x)
