"""The regularized incomplete gamma functions P(a, x) and Q(a, x) = 1 − P(a, x).

A power series for P below x ≈ a, one for Q at small x, a continued fraction for Q above (Abramowitz
and Stegun, 6.5.29, 6.5.31); each with the common factor x^a e^−x / Γ(a + 1), which is computed so
that a large `a` does not cost its digits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import elementwise
from ._series import chebyshev, double, polynomial
from .gamma import LGAMMA, STIRLING, lgamma, log_gamma

_TINY = 1e-300


def _log_rest(ratio: Any, excess: Any) -> Any:
    """Give log r − (r − 1), of a ratio r and what it exceeds 1 by."""
    small = np.clip(excess, -0.3, 0.3)
    r = small / (2 + small)
    square = r * r
    # log(1 + d) = 2 artanh r, and 2r − d = −r d.
    odd = polynomial(square, tuple(2 / (2 * k + 3) for k in range(14)))
    series = r * square * odd - r * small
    return np.where(np.abs(excess) < 0.3, series, np.log(ratio) - excess)


def _log_gamma_next(a: Any) -> Any:
    """Give log Γ(a + 1), exact to the last places at a = 0 too."""
    low = np.minimum(a, 1)
    return np.where(a <= 1, low * (low - 1) * chebyshev(2 * low - 1, LGAMMA), log_gamma(a + 1))


def _factor(a: Any, x: Any) -> Any:
    """Give x^a e^−x / Γ(a + 1)."""
    large = np.maximum(a, 10)
    stirling = polynomial(1 / (large * large), STIRLING) / large
    exponent = large * _log_rest(x / large, (x - large) / large) - stirling
    wide = np.exp(exponent) / np.sqrt(2 * math.pi * large)
    return np.where(a >= 10, wide, np.exp(a * np.log(x) - x - _log_gamma_next(a)))


def _series(a: Any, x: Any) -> Any:
    """Give P / factor = 1 + x / (a + 1) + x² / ((a + 1)(a + 2)) + …, for x < a + 1 or so."""
    term, total, k = np.ones_like(a), np.ones_like(a), a
    while np.any(term > total * 1e-17):
        k = k + 1
        term = term * x / k
        total = total + term
    return total


def _fraction(a: Any, x: Any) -> Any:
    """Give Q / (a factor) by the continued fraction, after Lentz, for x > a + 1 or so."""
    b = x + 1 - a
    c, d = np.full_like(b, 1 / _TINY), 1 / b
    total, change, k = d, np.full_like(b, 2.0), 0
    while np.any(np.abs(change - 1) > 2e-16) and k < 10_000:
        k += 1
        step = -k * (k - a)
        b = b + 2
        d, c = step * d + b, b + step / c
        d = 1 / np.where(np.abs(d) < _TINY, _TINY, d)
        c = np.where(np.abs(c) < _TINY, _TINY, c)
        change = c * d
        total = total * change
    return total


def _small(a: Any, x: Any) -> Any:
    """Give Q for small x, where 1 − P would lose its digits: −Σ (−x)ᵏ a / (k! (a + k)), and on."""
    term, total, k = np.ones_like(a), np.zeros_like(a), 0
    while k < 60 and np.any(np.abs(term) > 1e-18):
        k += 1
        term = term * -x / k
        total = total + term / (a + k)
    power = a * np.log(x) - _log_gamma_next(a)
    return -np.expm1(power) - np.exp(power) * a * total


def _pair(a: Any, x: Any) -> tuple[Any, Any]:
    """Give (P, Q)."""
    a, x = np.broadcast_arrays(a, x)
    inside = (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
    safe_a, safe_x = np.where(inside, a, 1.0), np.where(inside, x, 1.0)
    by_fraction = safe_x > np.maximum(safe_a, 1.0) + 0.1
    below_x = np.where(by_fraction, 0.5 * safe_a, safe_x)
    above_x = np.where(by_fraction, safe_x, safe_a + 2.0)
    factor = _factor(safe_a, safe_x)
    lower = np.minimum(factor * _series(safe_a, below_x), 1.0)
    upper = factor * safe_a * _fraction(safe_a, above_x)
    at_small = ~by_fraction & (safe_x <= 1.1) & (lower > 0.5)
    small = _small(np.where(at_small, safe_a, 1.0), np.where(at_small, safe_x, 0.5))
    q = np.where(by_fraction, upper, np.where(at_small, small, 1 - lower))
    p = np.where(by_fraction, 1 - upper, lower)
    edge = _at_the_edge(a, x)
    return np.where(inside, p, edge), np.where(inside, q, 1 - edge)


def _at_the_edge(a: Any, x: Any) -> Any:
    """Give P where an argument is 0, infinite, or none at all."""
    nothing = ~((a >= 0) & (x >= 0)) | ((a == 0) & (x == 0)) | (np.isinf(a) & np.isinf(x))
    return np.where(nothing, np.nan, np.where((a == 0) | np.isinf(x), 1.0, 0.0))


def _density(g: Any, a: Any, x: Any) -> Any:
    return g * np.exp(np.log(x) * (a - 1) - x - lgamma(a))


# There is no formula for the slope in a, here or in PyTorch.
@elementwise(promotion="float", x=_density)
def igamma(a: Any, x: Any) -> Any:
    """Give the lower regularized incomplete gamma function P(a, x)."""
    return double(lambda a, x: _pair(a, x)[0], a, x)


@elementwise(promotion="float", x=lambda g, a, x: -_density(g, a, x))
def igammac(a: Any, x: Any) -> Any:
    """Give the upper regularized incomplete gamma function Q(a, x) = 1 − P(a, x)."""
    return double(lambda a, x: _pair(a, x)[1], a, x)


# They have no rule for it, but `a` takes part in the dtype.
igamma.first_promoted = igammac.first_promoted = 0
