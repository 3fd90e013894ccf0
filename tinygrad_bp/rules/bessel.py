"""Bessel functions of the orders 0 and 1, the spherical one, and Airy's.

Near 0 a Chebyshev series of the entire part, far from it of the slowly varying factors: with
χ = x − nπ/2 − π/4, J = √(2/πx) (P cos χ − Q sin χ) and Y = √(2/πx) (P sin χ + Q cos χ) (Abramowitz
and Stegun, 9.2.5, 9.2.6, 10.4.60). The derivatives are Bessel functions again (9.1.28, 9.6.27).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..op import constant, elementwise
from . import _bessel_series as series
from ._series import chebyshev, double

Coefficients = tuple[float, ...]

# ------------------------------------------------------------------------------- waves: J and Y


def _wave(x: Any, order: int, p: Coefficients, q: Coefficients) -> tuple[Any, Any]:
    """Give (J, Y) for x ≥ 8."""
    t = 2 * (8 / x) ** 2 - 1
    even, odd = chebyshev(t, p), chebyshev(t, q) / x
    c, s = np.cos(x), np.sin(x)
    cos, sin = (c + s, s - c) if order == 0 else (s - c, -s - c)
    size = 1 / np.sqrt(math.pi * x)
    still = np.isinf(x)
    first = np.where(still, 0, size * (even * cos - odd * sin))
    return first, np.where(still, 0, size * (even * sin + odd * cos))


def _bessel_j(x: Any, order: int) -> Any:
    """Give the Bessel function J(x) of the first kind."""
    size = np.abs(x)
    near = np.minimum(size, 8)
    t = near * near / 32 - 1
    sign: Any = 1.0
    if order == 0:
        small = chebyshev(t, series.J0_NEAR)
        large = _wave(np.maximum(size, 8), 0, series.P0, series.Q0)[0]
    else:
        small, sign = near * chebyshev(t, series.J1_NEAR), np.where(x < 0, -1.0, 1.0)
        large = _wave(np.maximum(size, 8), 1, series.P1, series.Q1)[0]
    return np.where(np.isnan(x), x, sign * np.where(size < 8, small, large))


def _bessel_y(x: Any, order: int) -> Any:
    """Give the Bessel function Y(x) of the second kind."""
    near = np.clip(x, 0, 8)
    t = near * near / 32 - 1
    turn = (2 / math.pi) * np.log(near / 2) * _bessel_j(near, order)
    if order == 0:
        small = chebyshev(t, series.Y0_NEAR) + turn
        large = _wave(np.maximum(x, 8), 0, series.P0, series.Q0)[1]
    else:
        small = near * chebyshev(t, series.Y1_NEAR) + turn - (2 / math.pi) / near
        large = _wave(np.maximum(x, 8), 1, series.P1, series.Q1)[1]
    above = np.where(x == 0, -np.inf, np.where(x < 8, small, large))
    return np.where(x >= 0, above, np.nan)


# ----------------------------------------------------------------------- growth and decay: I and K


def _scaled_i(x: Any, order: int) -> Any:
    """Give e^−|x| I(x)."""
    size = np.abs(x)
    near, far = np.minimum(size, 8), np.maximum(size, 8)
    sign: Any = 1.0
    if order == 0:
        small = chebyshev(near / 4 - 1, series.I0_NEAR)
        large = chebyshev(16 / far - 1, series.I0_FAR) / np.sqrt(far)
    else:
        small, sign = near * chebyshev(near / 4 - 1, series.I1_NEAR), np.where(x < 0, -1.0, 1.0)
        large = chebyshev(16 / far - 1, series.I1_FAR) / np.sqrt(far)
    return np.where(np.isnan(x), x, sign * np.where(size < 8, small, large))


def _bessel_i(x: Any, order: int) -> Any:
    """Give the modified Bessel function I(x) of the first kind."""
    half = np.exp(np.abs(x) / 2)  # in two steps: I is finite a little beyond e^x
    return np.where(np.isinf(x), x if order else np.abs(x), half * _scaled_i(x, order) * half)


def _scaled_k(x: Any, order: int) -> Any:
    """Give e^x K(x)."""
    near, far = np.clip(x, 0, 2), np.maximum(x, 2)
    turn = np.log(near / 2) * _bessel_i(near, order)
    t = near * near / 2 - 1
    if order == 0:
        small = chebyshev(t, series.K0_NEAR) - turn
        large = chebyshev(4 / far - 1, series.K0_FAR) / np.sqrt(far)
    else:
        small = chebyshev(t, series.K1_NEAR) / near + turn
        large = chebyshev(4 / far - 1, series.K1_FAR) / np.sqrt(far)
    above = np.where(x == 0, np.inf, np.where(x <= 2, small * np.exp(near), large))
    return np.where(x >= 0, above, np.nan)


def _bessel_k(x: Any, order: int) -> Any:
    """Give the modified Bessel function K(x) of the second kind."""
    return np.exp(-x) * _scaled_k(x, order)


# ---------------------------------------------------------------------------------- the table


def _per(y: Any, x: Any, at_zero: float) -> Any:
    """Divide by x, with the limit at 0."""
    flat = x == 0
    return np.where(flat, np.full_like(x, at_zero), y / np.where(flat, np.ones_like(x), x))


def _op(f: Callable[..., Any], order: int, name: str, x: Callable[..., Any]) -> Any:
    def bessel(x: Any) -> Any:
        return double(f, x, order=order)

    bessel.__doc__ = f"{(f.__doc__ or '').rstrip('.')}, of order {order}."
    return elementwise(bessel, name=name, promotion="float", x=x)


bessel_j0 = _op(_bessel_j, 0, "bessel_j0", lambda g, x: -g * bessel_j1(x))
bessel_j1 = _op(_bessel_j, 1, "bessel_j1", lambda g, x, out: g * (bessel_j0(x) - _per(out, x, 0.5)))
bessel_y0 = _op(_bessel_y, 0, "bessel_y0", lambda g, x: -g * bessel_y1(x))
bessel_y1 = _op(_bessel_y, 1, "bessel_y1", lambda g, x, out: g * (bessel_y0(x) - out / x))
i0 = _op(_bessel_i, 0, "i0", lambda g, x: g * i1(x))
i1 = _op(_bessel_i, 1, "i1", lambda g, x, out: g * (i0(x) - _per(out, x, 0.5)))
i0e = _op(_scaled_i, 0, "i0e", lambda g, x, out: g * (i1e(x) - np.sign(x) * out))
i1e = _op(
    _scaled_i,
    1,
    "i1e",
    lambda g, x, out: g * (i0e(x) - np.sign(x) * out - _per(out, x, 0.5)),
)
bessel_k0 = _op(_bessel_k, 0, "modified_bessel_k0", lambda g, x: -g * bessel_k1(x))
bessel_k1 = _op(_bessel_k, 1, "modified_bessel_k1", lambda g, x, out: -g * (bessel_k0(x) + out / x))
scaled_k0 = _op(
    _scaled_k, 0, "scaled_modified_bessel_k0", lambda g, x, out: g * (out - scaled_k1(x))
)
scaled_k1 = _op(
    _scaled_k,
    1,
    "scaled_modified_bessel_k1",
    lambda g, x, out: g * (out - scaled_k0(x) - out / x),
)


def _spherical(x: Any) -> Any:
    whole = np.where(x == 0, 1.0, x)
    return np.where(x == 0, 1.0, np.where(np.isinf(x), 0.0, np.sin(whole) / whole))


@elementwise(
    name="spherical_bessel_j0",
    promotion="float",
    x=lambda g, x, out: g * _per(np.cos(x) - out, x, 0.0),
)
def spherical_j0(x: Any) -> Any:
    """Give the spherical Bessel function sin x / x."""
    return double(_spherical, x)


def _airy(x: Any) -> Any:
    middle = chebyshev(np.clip(x, -2, 2) / 2, series.AIRY_NEAR)
    size = np.maximum(np.abs(x), 2)
    root = np.sqrt(size)
    z, z_least = size * root * (2 / 3), (2 / 3) * 2 * math.sqrt(2)
    quarter = np.sqrt(root)
    right = chebyshev(2 * z_least / z - 1, series.AIRY_RIGHT) * np.exp(-z)
    t = 2 * (z_least / z) ** 2 - 1
    even, odd = chebyshev(t, series.AIRY_P), chebyshev(t, series.AIRY_Q) / z
    c, s = np.cos(z), np.sin(z)
    left = (even * (s + c) - odd * (c - s)) / (math.sqrt(2 * math.pi) * quarter)
    outer = np.where(x > 0, right / (2 * math.sqrt(math.pi) * quarter), left)
    found = np.where(np.abs(x) <= 2, middle, np.where(np.isposinf(x), 0.0, outer))
    return np.where(np.isnan(x), x, found)


# PyTorch has no derivative of it either.
@constant(promotion="float", broadcasts=True)
def airy_ai(x: Any) -> Any:
    """Give Airy's function Ai(x)."""
    return double(_airy, x)
