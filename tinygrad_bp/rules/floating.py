"""Floating-point numbers and integers taken apart: signs, exponents, fractions, infinities."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import constant, elementwise, primitive
from .shape import cast

# --------------------------------------------------------------------------- signs and fractions


def _copysign_x(g: Any, x: Any, out: Any) -> Any:
    # Without a sign of its own, 0 has slope 0 (PyTorch).
    flat = x == 0
    return g * np.where(flat, np.zeros_like(x), out / np.where(flat, np.ones_like(x), x))


copysign = elementwise(np.copysign, promotion="float", x=_copysign_x, y=lambda g: g * 0)
fraction = elementwise(
    lambda x: x - np.trunc(x), name="fraction", promotion="float", quiet=True, x=lambda g: g
)


@elementwise(quiet=True, x=lambda g, x: g * np.isfinite(x))
def nan_to_num(x: Any, *, nan: float, posinf: float | None, neginf: float | None) -> Any:
    """Replace NaN and the infinities by numbers; without one given, by the largest there is."""
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


@primitive(quiet=True, x=lambda g, x: g / np.exp2(cast(exponent(x), dtype=g.dtype)))
def mantissa(x: Any) -> Any:
    """Give m of x = m 2^e, with ½ ≤ |m| < 1."""
    return np.frexp(x)[0]


@constant(quiet=True)
def exponent(x: Any) -> Any:
    """Give e of x = m 2^e."""
    return np.frexp(x)[1]


# --------------------------------------------------- extremes that pass over NaN, steps, neighbours


# The first operand wins a tie, as in PyTorch.
def _ahead(x: Any, y: Any) -> Any:
    return (x >= y) | np.isnan(y)


fmax = elementwise(np.fmax, x=lambda g, x, y: g * _ahead(x, y), y=lambda g, x, y: g * ~_ahead(x, y))
fmin = elementwise(
    np.fmin,
    promotion="ordered",
    x=lambda g, x, y: g * _ahead(-x, -y),
    y=lambda g, x, y: g * ~_ahead(-x, -y),
)


@constant(promotion="same", broadcasts=True)
def heaviside(x: Any, y: Any) -> Any:
    """Give 0 for x < 0, 1 for x > 0, and y at 0."""
    return np.where(x == 0, y, (x > 0).astype(x.dtype))


nextafter = constant(np.nextafter, promotion="float", broadcasts=True)


@constant(broadcasts=True)
def isposinf(x: Any) -> Any:
    """Whether it is +∞."""
    return np.equal(x, np.inf)


@constant(broadcasts=True)
def isneginf(x: Any) -> Any:
    """Whether it is −∞."""
    return np.equal(x, -np.inf)


# --------------------------------------------------------------------------------------- integers

gcd = constant(np.gcd, promotion="same", broadcasts=True)
lcm = constant(np.lcm, promotion="same", broadcasts=True)
