"""The gamma function's family: its logarithm, that one's derivatives, and the Hurwitz zeta.

log Γ on [1, 2] is (x − 1)(x − 2) times a Chebyshev series whose coefficients were computed for this
module with 40 digits; from there a recurrence leads to [0, 3], Stirling's series beyond, and the
reflection formula below 0. Derivatives: polygamma(n, x) = (−1)ⁿ⁺¹ n! ζ(n + 1, x), the sum by Euler
and Maclaurin (Abramowitz and Stegun, 6.1.41, 6.3.18, 6.4.10, 23.1.30).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import elementwise
from ._series import chebyshev, double, polynomial

LGAMMA = (
    0.9828307860587743, -0.07611416167043585, 0.008432324965932778, -0.001079493726328608,
    0.00014900748003692963, -2.1512399888556784e-05, 3.1979329860862186e-06,
    -4.851693012139927e-07, 7.47148782116316e-08, -1.1638296700170518e-08,
    1.829400437118668e-09, -2.8969180607129607e-10, 4.61570140620909e-11,
    -7.392810230497983e-12, 1.1894280008333085e-12, -1.9212068676522805e-13,
    3.113975526387164e-14, -5.0628432984486114e-15, 8.254150281631144e-16,
    -1.3490578987574844e-16, 2.209876116782623e-17, -3.6274129549239766e-18,
)  # fmt: skip
STIRLING = (
    0.08333333333333333, -0.002777777777777778, 0.0007936507936507937, -0.0005952380952380953,
    0.0008417508417508417, -0.0019175269175269176, 0.00641025641025641, -0.029550653594771242,
)  # fmt: skip
_PSI = (
    0.08333333333333333, -0.008333333333333333, 0.003968253968253968, -0.004166666666666667,
    0.007575757575757576, -0.021092796092796094, 0.08333333333333333, -0.4432598039215686,
)  # fmt: skip
_BERNOULLI = (
    0.08333333333333333, -0.001388888888888889, 3.306878306878307e-05, -8.267195767195768e-07,
    2.08767569878681e-08, -5.284190138687493e-10, 1.3382536530684679e-11,
    -3.3896802963225827e-13, 8.586062056277845e-15, -2.174868698558062e-16,
    5.5090028283602295e-18, -1.3954464685812522e-19,
)  # fmt: skip


def _log_gamma_inside(x: Any) -> Any:
    """Give log Γ on [1, 2], exact to the last places at its zeros 1 and 2."""
    return (x - 1) * (x - 2) * chebyshev(2 * x - 3, LGAMMA)


def _stirling(x: Any) -> Any:
    """Give log Γ for x ≥ 10."""
    tail = polynomial(1 / (x * x), STIRLING) / x
    return x * (np.log(x) - 1) - 0.5 * np.log(x) + 0.5 * math.log(2 * math.pi) + tail


def _log_gamma_above(x: Any) -> Any:
    """Give log Γ for x > 0."""
    near = np.clip(x, 0, 3)
    place = np.where(near < 1, near + 1, np.where(near < 2, near, near - 1))
    shift = np.where(near < 1, -np.log(near), np.where(near < 2, 0, np.log(near - 1)))
    small = _log_gamma_inside(place) + shift
    product = np.ones_like(x)
    start = np.clip(x, 3, 10)
    for k in range(7):
        product = product * (start + k)
    middle = _stirling(start + 7) - np.log(product)
    large = np.where(np.isinf(x), x, _stirling(np.maximum(x, 10)))
    return np.where(x < 3, small, np.where(x < 10, middle, large))


def sin_pi(x: Any) -> Any:
    """Give sin πx, exact at the integers."""
    whole = np.round(x)
    return np.where(whole % 2 == 0, 1.0, -1.0) * np.sin(math.pi * (x - whole))


def log_gamma(x: Any) -> Any:
    """Give log |Γ(x)|: infinite at 0 and below at each integer."""
    above = _log_gamma_above(np.where(x > 0, x, 1 - x))
    finite = np.where(np.isinf(x), 0.5, x)
    below = math.log(math.pi) - np.log(np.abs(sin_pi(finite)))
    reflected = np.where(np.isinf(x), np.inf, below - above)
    return np.where(np.isnan(x), x, np.where(x > 0, above, reflected))


def _psi(x: Any) -> Any:
    """Give ψ = (log Γ)′."""
    z = np.where(x > 0, x, 1 - x)
    shift = np.zeros_like(z)
    for _ in range(10):
        low = z < 10
        shift = shift + np.where(low, 1 / z, 0)
        z = np.where(low, z + 1, z)
    square = 1 / (z * z)
    above = np.log(z) - 0.5 / z - square * polynomial(square, _PSI) - shift
    part = x - np.round(x)
    below = np.where(part == 0, np.nan, above - math.pi / np.tan(math.pi * part))
    below = np.where(x == 0, np.copysign(np.inf, -x), below)
    return np.where(np.isnan(x), x, np.where(x > 0, above, below))


def hurwitz(s: Any, q: Any) -> Any:
    """Give ζ(s, q) = Σ (q + k)^−s over k ≥ 0, for s > 1."""
    s, q = np.broadcast_arrays(s, q)
    start = np.where(np.isfinite(q), q, 1.0)
    place, total = start, np.zeros_like(start)
    step = 0
    # Nine terms at least, and so many that the rest begins beyond 9.
    while step < 9 or np.any(place <= 9):
        more = (place <= 9) | (step < 9)
        total = total + np.where(more, place**-s, 0)
        place = np.where(more, place + 1, place)
        step += 1
    power = place**-s
    total = total + power * place / (s - 1) + 0.5 * power
    factor = s * power / place
    for k, c in enumerate(_BERNOULLI):
        total = total + c * factor
        factor = factor * (s + 2 * k + 1) * (s + 2 * k + 2) / (place * place)
    pole = (q <= 0) & (q == np.floor(q))
    total = np.where(q <= 0, np.where(s == np.floor(s), total, np.nan), total)
    total = np.where(np.isposinf(q), 0.0, np.where(pole, np.inf, total))
    total = np.where(s > 1, total, np.where(s == 1, np.inf, np.nan))
    return np.where(np.isnan(s) | np.isnan(q), np.nan, total)


def _polygamma(x: Any, n: int) -> Any:
    if n == 0:
        return _psi(x)
    return (-1) ** (n + 1) * math.factorial(n) * hurwitz(np.asarray(n + 1.0), x)


@elementwise(promotion="float", x=lambda g, x: g * digamma(x))
def lgamma(x: Any) -> Any:
    """Give log |Γ(x)|."""
    return double(log_gamma, x)


@elementwise(promotion="float", x=lambda g, x: g * polygamma(x, n=1))
def digamma(x: Any) -> Any:
    """Give ψ(x), the derivative of log Γ."""
    return double(_psi, x)


@elementwise(promotion="float", x=lambda g, x, *, n: g * polygamma(x, n=n + 1))
def polygamma(x: Any, *, n: int) -> Any:
    """Give the derivative of order n of ψ."""
    return double(_polygamma, x, n=n)


# There is no formula for the slope in s, here or in PyTorch.
@elementwise(promotion="float", q=lambda g, s, q: -g * s * zeta(s + 1, q))
def zeta(s: Any, q: Any) -> Any:
    """Give the Hurwitz zeta function."""
    return double(hurwitz, s, q)


# It has no rule, but takes part in the dtype.
zeta.first_promoted = 0
