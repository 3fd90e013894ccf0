"""GELU, z Φ(z), with the normal distribution function Φ (Hendrycks and Gimpel, 2016).

The slopes are operations of their own: written out for speed, as this function is much of the work
of a transformer, and with a rule for the second derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..op import Op, elementwise, primitive
from .native import native, native_pull
from .special import erf

_ROOT_2 = math.sqrt(2)
_NORMAL = 1 / math.sqrt(2 * math.pi)
_ROOT_2_OVER_PI = math.sqrt(2 / math.pi)
_CUBE = 0.044715

_BLOCK = 32768


def in_blocks(function: Callable[..., None], *xs: Any) -> Any:
    """Do ``function(*xs, out)``, elementwise, block by block: what is between stays in the cache.

    The function gets rows of numbers, of one length, and writes into the last one.
    """
    sources = [np.ascontiguousarray(x).reshape(-1) for x in xs]
    out = np.empty(xs[0].shape, xs[0].dtype)
    target = out.reshape(-1)
    for start in range(0, target.size, _BLOCK):
        stop = start + _BLOCK
        function(*[x[start:stop] for x in sources], target[start:stop])
    return out


#: What machine code saves for each number, in products (see `native`).
_WORK = 30


def _quickest(op: Op, function: Callable[..., None], *xs: Any) -> Any:
    """Do ``function(*xs, out)`` in blocks, unless there is machine code for the operation."""
    out = native(op, xs, {}, _WORK * xs[0].size)
    return in_blocks(function, *xs) if out is None else out


#: Of log(Φ(−z) / Φ(z)) / z in z²: it gives Φ to 3e-8, half a unit in the last place below 1, and
#: grows beyond where Φ is 1. (The coefficients were fitted for this module.)
_ODDS = (
    -1.59576988, -0.0726661692, 6.51899881e-05, 1.10612371e-04, -7.92948583e-06, 2.64526443e-07,
    -3.51233493e-09,
)  # fmt: skip


def _gelu(z: Any, out: Any) -> None:
    if z.dtype != np.float32:
        np.multiply(z, 0.5 * (1 + erf(z * (1 / _ROOT_2))), out=out)
        return
    # z / (1 + e^(z P(z²))): four fifths of the time that erf takes.
    square = np.square(z)
    np.multiply(square, _ODDS[-1], out=out)
    for c in _ODDS[-2:0:-1]:
        out += c
        out *= square
    out += _ODDS[0]
    out *= z
    np.exp(out, out=out)
    out += 1
    np.divide(z, out, out=out)


def _slope(z: Any, y: Any, out: Any) -> None:
    density = np.square(z)
    density *= -0.5
    np.exp(density, out=density)
    density *= _NORMAL
    density *= z
    np.divide(y, z, out=out)
    out[z == 0] = 0.5
    out += density


# The rule has all of the second derivative, that of Φ too, which comes in through y: hence y has
# none.
@primitive(
    promotion="float",
    quiet=True,
    x=lambda g, x: g * ((2 - x * x) * (np.exp(-0.5 * x * x) * _NORMAL)),
)
def gelu_slope(x: Any, y: Any) -> Any:
    """Give Φ(z) + z φ(z), the derivative of :func:`gelu`, which gave y.

    Φ(z) is y / z: to compute it anew would take more than twice the time.
    """
    return _quickest(gelu_slope, _slope, x, y)


@elementwise(promotion="float", quiet=True, x=lambda g, x, out: g * gelu_slope(x, out))
def gelu(x: Any) -> Any:
    """Give z Φ(z), with the normal distribution function Φ."""
    return _quickest(gelu, _gelu, x)


native_pull(gelu, lambda g, kept: _WORK * g.size)


def _inner(x: Any) -> Any:
    """Give tanh u with u = √(2/π) (z + 0.044715 z³)."""
    return np.tanh(x * (_ROOT_2_OVER_PI + x * x * (_ROOT_2_OVER_PI * _CUBE)))


def _inner_slope(x: Any) -> Any:
    """Give du/dz."""
    return _ROOT_2_OVER_PI + x * x * (3 * _CUBE * _ROOT_2_OVER_PI)


def _gelu_tanh_slope_x(g: Any, x: Any) -> Any:
    # (1 − t²) (u' + z (u''/2 − t u'²)) for t = tanh u
    t, slope = _inner(x), _inner_slope(x)
    return g * ((1 - t * t) * (slope + x * (_ROOT_2_OVER_PI * 3 * _CUBE * x - t * slope * slope)))


def _tanh_slope(z: Any, out: Any) -> None:
    # ½ (1 + t) (1 + (1 − t) z u')
    t = _inner(z)
    np.subtract(1, t, out=out)
    out *= z
    out *= _inner_slope(z)
    out += 1
    t += 1
    t *= 0.5
    out *= t


@elementwise(promotion="float", quiet=True, x=_gelu_tanh_slope_x)
def gelu_tanh_slope(x: Any) -> Any:
    """Give ½ (1 + t) + ½ z (1 − t²) u' for t = tanh u, the derivative of :func:`gelu_tanh`."""
    return in_blocks(_tanh_slope, x)


def _gelu_tanh(z: Any, out: Any) -> None:
    np.add(_inner(z), 1, out=out)
    out *= 0.5
    out *= z


@elementwise(promotion="float", quiet=True, x=lambda g, x: g * gelu_tanh_slope(x))
def gelu_tanh(x: Any) -> Any:
    """Give ½ z (1 + tanh(√(2/π) (z + 0.044715 z³))), which is nearly z Φ(z)."""
    return in_blocks(_gelu_tanh, x)
