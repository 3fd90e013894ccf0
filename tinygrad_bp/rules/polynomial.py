"""Orthogonal polynomials of an order that is an array too: by recurrence, or as cosines.

As in PyTorch they have no gradient, an order is cut to a whole number, and a negative one gives 0
(Abramowitz and Stegun, 22.3.15, 22.7).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..op import Op, constant
from ._series import double

#: (k, x, pₖ₋₁, pₖ) -> pₖ₊₁
Step = Callable[[int, Any, Any, Any], Any]


def _recurrence(x: Any, n: Any, first: Any, step: Step) -> Any:
    """Run pₖ₊₁ = step(k, x, pₖ₋₁, pₖ) from p₀ = 1, p₁ = `first`; take pₙ for each element."""
    before, here = np.ones_like(x), first
    out = np.where(n < 0, 0.0, np.where(n == 0, before, here))
    for k in range(1, int(np.max(n, initial=0))):
        before, here = here, step(k, x, before, here)
        out = np.where(n == k + 1, here, out)
    return out


def _op(name: str, compute: Callable[[Any, Any], Any]) -> Op:
    def polynomial(x: Any, n: Any) -> Any:
        return double(lambda x, n: compute(*np.broadcast_arrays(x, np.trunc(n))), x, n)

    polynomial.__doc__ = f"Give the {name.replace('_', ' ')} of degree n at x."
    return constant(polynomial, name=name, promotion="float", broadcasts=True)


def _recurrent(name: str, first: Callable[[Any], Any], step: Step) -> Op:
    return _op(name, lambda x, n: _recurrence(x, n, first(x), step))


# ------------------------------------------------- Chebyshev's four kinds: one recurrence, p₁ apart


def _chebyshev(x: Any, n: Any, first: Any, wave: Callable[[Any, Any], Any], ends: Any) -> Any:
    """Take the recurrence for low orders, cosines inside of [−1, 1], the limits at its ends."""
    waving = (n > 6) & (np.abs(x) < 1)
    low = np.where(waving | (np.abs(x) == 1), 0, n)
    out = _recurrence(x, low, first, lambda k, x, before, here: 2 * x * here - before)
    angle = np.arccos(np.clip(x, -1, 1))
    out = np.where(waving, wave(n, angle), out)
    right, left = ends
    end = np.where(x > 0, right, np.where(n % 2 == 0, left, -left))
    out = np.where(np.abs(x) == 1, end, out)
    return np.where(np.isnan(x), x, np.where(n < 0, 0.0, out))


def _first_kind(x: Any, n: Any) -> Any:
    return _chebyshev(x, n, x, lambda n, a: np.cos(n * a), (1.0, 1.0))


def _second_kind(x: Any, n: Any) -> Any:
    return _chebyshev(x, n, 2 * x, lambda n, a: np.sin((n + 1) * a) / np.sin(a), (n + 1, n + 1))


def _third_kind(x: Any, n: Any) -> Any:
    return _chebyshev(
        x, n, 2 * x - 1, lambda n, a: np.cos((n + 0.5) * a) / np.cos(a / 2), (1.0, 2 * n + 1)
    )


def _fourth_kind(x: Any, n: Any) -> Any:
    return _chebyshev(
        x, n, 2 * x + 1, lambda n, a: np.sin((n + 0.5) * a) / np.sin(a / 2), (2 * n + 1, 1.0)
    )


chebyshev_t = _op("chebyshev_polynomial_t", _first_kind)
chebyshev_u = _op("chebyshev_polynomial_u", _second_kind)
chebyshev_v = _op("chebyshev_polynomial_v", _third_kind)
chebyshev_w = _op("chebyshev_polynomial_w", _fourth_kind)
# Shifted: the interval is [0, 1].
shifted_t = _op("shifted_chebyshev_polynomial_t", lambda x, n: _first_kind(2 * x - 1, n))
shifted_u = _op("shifted_chebyshev_polynomial_u", lambda x, n: _second_kind(2 * x - 1, n))
shifted_v = _op("shifted_chebyshev_polynomial_v", lambda x, n: _third_kind(2 * x - 1, n))
shifted_w = _op("shifted_chebyshev_polynomial_w", lambda x, n: _fourth_kind(2 * x - 1, n))

# --------------------------------------------------------------------------------------- the others

hermite_h = _recurrent(
    "hermite_polynomial_h", lambda x: 2 * x, lambda k, x, p, q: 2 * x * q - 2 * k * p
)
hermite_he = _recurrent("hermite_polynomial_he", lambda x: x, lambda k, x, p, q: x * q - k * p)
laguerre = _recurrent(
    "laguerre_polynomial_l",
    lambda x: 1 - x,
    lambda k, x, p, q: ((2 * k + 1 - x) * q - k * p) / (k + 1),
)
legendre = _recurrent(
    "legendre_polynomial_p",
    lambda x: x,
    lambda k, x, p, q: ((2 * k + 1) * x * q - k * p) / (k + 1),
)
