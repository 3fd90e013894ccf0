"""Gaussian elimination for batches of matrices: what LAPACK does and NumPy has no function for.

Loops go over the columns of a matrix, never over the batch; beyond a few columns at a time the work
is left to matrix products (Golub and Van Loan, Matrix Computations, 4th ed., 3.1 and 3.2).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_FEW = 16  # columns that are eliminated one by one


def substitute(a: Any, b: Any, *, upper: bool, unit: bool = False) -> Any:
    """Solve a X = b for a triangular `a`; a zero on its diagonal gives infinities, no error."""
    n = a.shape[-1]
    if n <= _FEW:
        return _substitute_rows(a, b, upper, unit)
    half = n // 2
    first, second = slice(0, half), slice(half, n)
    if upper:
        first, second = second, first
    x = substitute(a[..., first, first], b[..., first, :], upper=upper, unit=unit)
    rest = b[..., second, :] - a[..., second, first] @ x
    y = substitute(a[..., second, second], rest, upper=upper, unit=unit)
    return np.concatenate((y, x) if upper else (x, y), axis=-2)


def _substitute_rows(a: Any, b: Any, upper: bool, unit: bool) -> Any:
    n = a.shape[-1]
    x = np.zeros(np.broadcast_shapes(a.shape[:-2], b.shape[:-2]) + b.shape[-2:], b.dtype)
    for i in range(n)[:: -1 if upper else 1]:
        known = slice(i + 1, n) if upper else slice(0, i)
        row = b[..., i : i + 1, :] - a[..., i : i + 1, known] @ x[..., known, :]
        x[..., i : i + 1, :] = row if unit else row / a[..., i : i + 1, i : i + 1]
    return x


def eliminate(a: Any, *, pivoting: bool) -> tuple[Any, Any]:
    """Factor P a = L U; return L and U in one array, and the pivots.

    Below the diagonal lies L, whose own diagonal is 1; the rest is U. Pivot j is the number, from
    0, of the row that was exchanged with row j. A column of zeros leaves a zero on U's diagonal.
    """
    m, n = a.shape[-2:]
    lu = np.array(a).reshape(math.prod(a.shape[:-2]), m, n)
    steps, which = min(m, n), np.arange(len(lu))
    pivots = np.broadcast_to(np.arange(steps), (len(lu), steps)).copy()
    for start in range(0, steps, _FEW):
        stop = min(start + _FEW, steps)
        for j in range(start, stop):
            if pivoting:
                other = pivots[:, j] = j + _size(lu[:, j:, j]).argmax(-1)
                _exchange(lu, which, j, other)
            pivot = lu[:, j, j, None]
            column = lu[:, j + 1 :, j]
            column /= np.where(pivot == 0, 1, pivot)
            lu[:, j + 1 :, j + 1 : stop] -= column[:, :, None] * lu[:, j, None, j + 1 : stop]
        if stop < n:
            left, block = lu[:, start:stop, start:stop], lu[:, start:stop, stop:]
            block[...] = _substitute_rows(left, block, upper=False, unit=True)
            lu[:, stop:, stop:] -= lu[:, stop:, start:stop] @ block
    return lu.reshape(a.shape), pivots.reshape(*a.shape[:-2], steps)


def _size(x: Any) -> Any:
    """Give |x|; of complex numbers |Re x| + |Im x|, by which LAPACK chooses a pivot."""
    return np.abs(x.real) + np.abs(x.imag) if x.dtype.kind == "c" else np.abs(x)


def _exchange(rows: Any, which: Any, j: int, other: Any) -> None:
    """Exchange row j with another one, in place; which one differs from matrix to matrix."""
    taken = rows[which, other]
    rows[which, other] = rows[:, j]
    rows[:, j] = taken


def permutation(pivots: Any, m: int) -> Any:
    """Turn exchanges, numbered from 0, into the order in which they leave `m` rows."""
    flat = pivots.reshape(math.prod(pivots.shape[:-1]), pivots.shape[-1])
    order, which = np.broadcast_to(np.arange(m), (len(flat), m)).copy(), np.arange(len(flat))
    for j in range(flat.shape[1]):
        _exchange(order, which, j, flat[:, j])
    return order.reshape(*pivots.shape[:-1], m)
