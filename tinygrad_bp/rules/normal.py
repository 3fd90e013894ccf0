"""The normal distribution: the complementary and inverse error functions, Φ, log Φ and Φ⁻¹.

All of it rests on the scaled function e^{x²} erfc(x) of `rules.special`, which neither under- nor
overflows for x ≥ 0. The inverses refine a rough first value by Newton's method on the logarithm,
which converges in the far tail too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import elementwise
from ._series import double
from .special import erf, scaled_erfc

_ROOT_2, _ROOT_PI = math.sqrt(2), math.sqrt(math.pi)


def _exp_of_square(x: Any) -> Any:
    """Give e^{−x²} with full relative precision: the square is split in two parts."""
    coarse = np.round(np.clip(x, -1e150, 1e150) * 16) / 16
    return np.exp(-coarse * coarse) * np.exp(-(x - coarse) * (x + coarse))


def _erfc(x: Any) -> Any:
    size = np.minimum(np.abs(x), 30)  # beyond, the answer is 0 or 2
    tail = _exp_of_square(size) * scaled_erfc(size)
    far = np.where(x > 0, tail, 2 - tail)
    return np.where(np.abs(x) < 0.5, 1 - erf(x), far)


def _erfcx(x: Any) -> Any:
    size = np.abs(x)
    above = scaled_erfc(size)
    return np.where(x >= 0, above, 2 / _exp_of_square(np.minimum(size, 30)) - above)


def _erfc_inverse(p: Any) -> Any:
    """Solve erfc(x) = p for 0 < p ≤ 1, where x ≥ 0."""
    log_p = np.log(p)
    # From the left, where log erfc is concave: the iterates climb without overshooting.
    t = np.sqrt(np.maximum(-log_p, 0))
    x = np.where(p > 0.5, (1 - p) * (_ROOT_PI / 2), t * 0.8)
    for _ in range(8):
        scaled = scaled_erfc(x)
        x = np.maximum(x + (np.log(scaled) - x * x - log_p) * (_ROOT_PI / 2) * scaled, 0)
    return x


def _erfinv(y: Any) -> Any:
    size = np.abs(y)
    # Near 0 a step of Newton's method on erf itself keeps the relative precision.
    near = np.minimum(size, 0.5)
    x = near * (_ROOT_PI / 2)
    for _ in range(5):
        x = x - (erf(x) - near) * (_ROOT_PI / 2) * np.exp(x * x)
    far = _erfc_inverse(np.clip(1 - size, 1e-300, 0.5))
    solved = np.copysign(np.where(size <= 0.5, x, far), y)
    return np.where(size < 1, solved, np.where(size == 1, np.copysign(np.inf, y), np.nan))


def _log_ndtr(x: Any) -> Any:
    z = x / _ROOT_2
    left = np.log(scaled_erfc(np.maximum(-z, 0)) / 2) - z * z
    return np.where(x < -1, left, np.log1p(-_erfc(z) / 2))


def _ndtri(p: Any) -> Any:
    tail = np.clip(np.minimum(p, 1 - p), 5e-324, 0.5)
    # In the middle the inverse of erf, in the tails that of erfc.
    middle = _ROOT_2 * _erfinv(np.clip(2 * p - 1, -0.5, 0.5))
    outer = _ROOT_2 * _erfc_inverse(2 * tail)
    solved = np.where(np.abs(p - 0.5) <= 0.25, middle, np.where(p < 0.5, -outer, outer))
    ends = np.where(p == 0, -np.inf, np.where(p == 1, np.inf, np.nan))
    return np.where((p > 0) & (p < 1), solved, ends)


@elementwise(promotion="float", x=lambda g, x: -g * (2 / _ROOT_PI) * np.exp(-x * x))
def erfc(x: Any) -> Any:
    """Give 1 − erf(x), with its digits where that is small."""
    return double(_erfc, x)


@elementwise(promotion="float", x=lambda g, x, out: g * (2 * x * out - 2 / _ROOT_PI))
def erfcx(x: Any) -> Any:
    """Give e^{x²} erfc(x)."""
    return double(_erfcx, x)


@elementwise(promotion="float", x=lambda g, out: g * (_ROOT_PI / 2) * np.exp(out * out))
def erfinv(x: Any) -> Any:
    """Give the inverse of erf."""
    return double(_erfinv, x)


@elementwise(
    promotion="float",
    x=lambda g, x: g * (1 / math.sqrt(2 * math.pi)) * np.exp(-0.5 * x * x),
)
def ndtr(x: Any) -> Any:
    """Give Φ(x), the distribution function of the normal distribution."""
    return double(lambda z: _erfc(-z / _ROOT_2) / 2, x)


# φ / Φ, by the scaled function: finite in the left tail, where both vanish.
@elementwise(promotion="float", x=lambda g, x: g * math.sqrt(2 / math.pi) / erfcx(-x / _ROOT_2))
def log_ndtr(x: Any) -> Any:
    """Give log Φ(x)."""
    return double(_log_ndtr, x)


@elementwise(
    promotion="float", x=lambda g, out: g * math.sqrt(2 * math.pi) * np.exp(0.5 * out * out)
)
def ndtri(x: Any) -> Any:
    """Give the inverse of Φ."""
    return double(_ndtri, x)
