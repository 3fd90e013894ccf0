"""The factorisation of symmetric matrices that need not be positive-definite: A = L D Lᵀ.

By diagonal pivoting (Bunch and Kaufman, Some stable methods for calculating inertia and solving
symmetric linear systems, Mathematics of Computation 31, 1977; Golub and Van Loan, 4th ed., 4.4):
D has blocks of one or two rows. A batch goes on together, column by column: which matrices take
which step differs, and is a mask. No gradient, as in PyTorch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import constant
from .elimination import substitute

#: Bounds the growth of elements equally for both sizes of a block.
_ALPHA = (1 + math.sqrt(17)) / 8


def _flat(x: Any, kept: int) -> Any:
    """Make one axis of the batch."""
    lead = x.ndim - kept
    return x.reshape(math.prod(x.shape[:lead]), *x.shape[lead:])


def _exchange(a: Any, which: Any, first: Any, second: Any) -> None:
    """Exchange two rows, and the same columns, of some symmetric matrices."""
    for axis in (1, 2):
        lines = [np.swapaxes(a, 1, axis)[which, i] for i in (first, second)]
        shown = np.swapaxes(a, 1, axis)
        shown[which, first], shown[which, second] = lines[1], lines[0]


def _magnitude(x: Any, start: int) -> tuple[Any, Any]:
    """Return the largest |x| from `start` on along the last axis, and where it is."""
    size = np.abs(x[:, start:])
    if not size.shape[1]:
        return np.zeros(len(x), size.dtype), np.zeros(len(x), int)
    return size.max(1), start + size.argmax(1)


def factor(batch: Any) -> tuple[Any, Any]:
    """Return L and D in one triangle, and the pivots, as LAPACK's sytrf does for a lower triangle.

    A positive pivot p: the row was exchanged with row p (from 1). Two negative ones −p in
    succession: a block of two rows, of which the second was exchanged with row p.
    """
    n = batch.shape[-1]
    a = _flat(np.tril(batch), 2)
    a = a + np.tril(a, -1).swapaxes(1, 2)
    pivots = np.zeros((len(a), n), np.int64)
    second = np.zeros(len(a), bool)  # matrices in whose block of two this is the second row
    everyone = np.arange(len(a))
    for k in range(n):
        here = ~second
        largest, row = _magnitude(a[:, :, k], k + 1)
        rest = np.where(np.arange(n) == row[:, None], 0, a[everyone, row])
        row_size = _magnitude(rest, k)[0]
        top = np.abs(a[:, k, k])
        own = np.abs(a[everyone, row, row])
        stays = (top >= _ALPHA * largest) | (top * row_size >= _ALPHA * largest**2)
        comes = ~stays & (own >= _ALPHA * row_size)
        two = here & ~stays & ~comes
        one = here & ~two
        target = np.where(comes, row, k)
        moved = one & (target != k)
        _exchange(a[:, k:, k:], np.flatnonzero(moved), 0, target[moved] - k)
        pivots[one, k] = target[one] + 1
        if two.any():
            moved = two & (row != k + 1)
            _exchange(a[:, k:, k:], np.flatnonzero(moved), 1, row[moved] - k)
            pivots[two, k : k + 2] = -(row[two, None] + 1)
        _eliminate_one(a, one, k)
        _eliminate_two(a, two, k)
        second = two
    return np.tril(a).reshape(batch.shape), pivots.reshape(batch.shape[:-1])


def _eliminate_one(a: Any, which: Any, k: int) -> None:
    rest = slice(k + 1, None)
    pivot = a[which, k, k][:, None]
    column = a[which, rest, k]
    multiples = column / np.where(pivot == 0, 1, pivot)
    a[which, rest, rest] -= multiples[:, :, None] * column[:, None, :]
    a[which, rest, k] = multiples


def _eliminate_two(a: Any, which: Any, k: int) -> None:
    rest = slice(k + 2, None)
    block, columns = a[which, k : k + 2, k : k + 2], a[which, rest, k : k + 2]
    if len(block) and columns.shape[1]:
        multiples = columns @ np.linalg.inv(block)
        a[which, rest, rest] -= multiples @ columns.swapaxes(1, 2)
        a[which, rest, k : k + 2] = multiples


@constant
def ldl_factors(x: Any) -> Any:
    """Give L, below the diagonal, and the blocks of D, from the lower triangle of A."""
    return factor(x)[0]


@constant
def ldl_pivots(x: Any) -> Any:
    """Give the exchanges of rows, as LAPACK counts them."""
    return factor(x)[1]


def unpack(factors: Any, pivots: Any) -> tuple[Any, Any, Any]:
    """Return the order of the rows, L and D of flat batches: P A Pᵀ = L D Lᵀ."""
    m, n = pivots.shape
    lower, order = np.tril(factors, -1), np.broadcast_to(np.arange(n), (m, n)).copy()
    blocks = factors * np.eye(n, dtype=factors.dtype)
    second = np.zeros(m, bool)
    for k in range(n):
        two = (pivots[:, k] < 0) & ~second
        blocks[two, k + 1 : k + 2, k] = blocks[two, k, k + 1 : k + 2] = lower[two, k + 1 : k + 2, k]
        lower[two, k + 1 : k + 2, k] = 0
        # An exchange reaches the columns that were finished before, which were stored without it.
        row, other = k + two, np.where(second, k, np.abs(pivots[:, k]) - 1)
        which = np.arange(m)
        for rows, reach in ((lower, k), (order[..., None], 1)):
            taken = rows[which, row, :reach], rows[which, other, :reach]
            rows[which, other, :reach], rows[which, row, :reach] = taken
        second = two
    return order, lower + np.eye(n, dtype=factors.dtype), blocks


@constant
def ldl_solve(factors: Any, pivots: Any, b: Any) -> Any:
    """Give X of A X = B, from the factors of A."""
    order, lower, blocks = unpack(_flat(factors, 2), _flat(pivots, 1))
    places = order[..., None]
    x = np.take_along_axis(_flat(b, 2), places, 1)
    x = substitute(lower, x, upper=False, unit=True)
    x = substitute(lower.swapaxes(1, 2), np.linalg.solve(blocks, x), upper=True, unit=True)
    out = np.empty_like(x)
    np.put_along_axis(out, places, x, 1)
    return out.reshape(b.shape)
