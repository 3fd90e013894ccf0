"""GELU, z Φ(z), with the normal distribution function Φ (Hendrycks and Gimpel, 2016).

The slopes are operations of their own: written out for speed, as this function is much of the work
of a transformer, and with a rule for the second derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..op import elementwise
from .special import erf

_ROOT_2 = math.sqrt(2)
_NORMAL = 1 / math.sqrt(2 * math.pi)
_ROOT_2_OVER_PI = math.sqrt(2 / math.pi)
_CUBE = 0.044715

_BLOCK = 16384


def in_blocks(function: Callable[[Any], Any], x: Any) -> Any:
    """Do ``function(x)``, elementwise, block by block: what is between stays in the cache."""
    if x.size <= _BLOCK or not x.flags.c_contiguous:
        return function(x)
    out = np.empty(x.shape, x.dtype)
    source, target = x.reshape(-1), out.reshape(-1)
    for start in range(0, x.size, _BLOCK):
        target[start : start + _BLOCK] = function(source[start : start + _BLOCK])
    return out


def _cdf(x: Any) -> Any:
    """Give Φ(z) = (1 + erf(z/√2)) / 2."""
    return 0.5 * (1 + erf(x * (1 / _ROOT_2)))


@elementwise(promotion="float", x=lambda g, x: g * ((2 - x * x) * (np.exp(-0.5 * x * x) * _NORMAL)))
def gelu_slope(x: Any) -> Any:
    """Give Φ(z) + z φ(z), the derivative of :func:`gelu`."""
    return in_blocks(lambda z: _cdf(z) + z * (np.exp(z * z * -0.5) * _NORMAL), x)


@elementwise(promotion="float", x=lambda g, x: g * gelu_slope(x))
def gelu(x: Any) -> Any:
    """Give z Φ(z), with the normal distribution function Φ."""
    return in_blocks(lambda z: z * _cdf(z), x)


def _inner(x: Any) -> Any:
    """Give tanh u with u = √(2/π) (z + 0.044715 z³)."""
    return np.tanh((x + x * x * x * _CUBE) * _ROOT_2_OVER_PI)


def _inner_slope(x: Any) -> Any:
    """Give du/dz."""
    return _ROOT_2_OVER_PI * (1 + x * x * (3 * _CUBE))


def _gelu_tanh_slope_x(g: Any, x: Any) -> Any:
    # (1 − t²) (u' + z (u''/2 − t u'²)) for t = tanh u
    t, slope = _inner(x), _inner_slope(x)
    return g * ((1 - t * t) * (slope + x * (_ROOT_2_OVER_PI * 3 * _CUBE * x - t * slope * slope)))


@elementwise(promotion="float", x=_gelu_tanh_slope_x)
def gelu_tanh_slope(x: Any) -> Any:
    """Give ½ (1 + t) + ½ z (1 − t²) u' for t = tanh u, the derivative of :func:`gelu_tanh`."""

    def slope(z: Any) -> Any:
        t = _inner(z)
        return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * _inner_slope(z)

    return in_blocks(slope, x)


@elementwise(promotion="float", x=lambda g, x: g * gelu_tanh_slope(x))
def gelu_tanh(x: Any) -> Any:
    """Give ½ z (1 + tanh(√(2/π) (z + 0.044715 z³))), which is nearly z Φ(z)."""
    return in_blocks(lambda z: 0.5 * z * (1 + _inner(z)), x)
