"""Rows: what happens along the last axis, in the way that is fastest for many short rows.

NumPy reduces short rows slowly: the maximum of each of 3072 rows of 64 takes 0.3 ms, where e^z of
all of them takes 0.1 ms. A sum is a product with ones instead, and the maximum is avoided.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import primitive


@primitive(
    promotion="same",
    x=lambda g, y: g * y,
    y=lambda g, x: g * x,
)
def row_dot(x: Any, y: Any) -> Any:
    """Give Σ x y over the last axis, which stays, with length 1; x and y are of one shape."""
    return np.vecdot(x, y)[..., None]


def row_sum(x: Any) -> Any:
    """Sum over the last axis, which stays, with length 1."""
    n = x.shape[-1]
    # Beyond, the order in which BLAS adds would cost digits (NumPy adds pairwise).
    if not 8 <= n <= 4096 or x.dtype.char not in "fd" or not x.flags.c_contiguous:
        return np.add.reduce(x, axis=-1, keepdims=True)
    return (x.reshape(-1, n) @ np.ones(n, x.dtype)).reshape(*x.shape[:-1], 1)


def exponentials(z: Any, forbidden: float) -> Any:
    """Turn `z`, in place, into its softmax over the last axis; rows of −∞ become `forbidden`.

    A softmax stays the same if a number is subtracted from each row; the maximum of the row is the
    safe choice. That of the whole array is found much faster, and is as good as long as no row lies
    far below it, which its sum tells: e^-16 costs a digit at most.
    """
    if not z.size:
        return z
    top = z.max()
    if z.size > 4096 and np.isfinite(top):
        e = np.exp(np.subtract(z, top))
        total = row_sum(e)
        if total.min() > 1e-7:
            e *= 1 / total
            return e
    top = np.maximum.reduce(z, axis=-1, keepdims=True)
    z -= top
    np.exp(z, out=z)
    total = np.add.reduce(z, axis=-1, keepdims=True)
    z /= total
    if np.isneginf(top).any():
        z[np.isneginf(top[..., 0])] = forbidden
    return z
