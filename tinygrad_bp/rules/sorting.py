"""Where elements are in an order: searches without a gradient of their own.

They give indices; the values, with their gradient, are taken with `index.take_along_axis`.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ..op import constant
from .reduce import argsort


@constant
def running_argmax(x: Any, *, axis: int, sign: int = 1) -> Any:
    """Find the largest element so far along an axis; with `sign` -1 the smallest.

    Of equal ones the last is named, and a NaN, once met, stays: as in PyTorch.
    """
    best = (np.maximum if sign > 0 else np.minimum).accumulate(x, axis=axis)
    places = np.arange(x.shape[axis]).reshape(-1, *(1,) * (x.ndim - 1 - axis))
    hits = np.where((x == best) | (x != x), places, 0)
    return np.maximum.accumulate(hits, axis=axis)


@constant
def argtop(x: Any, *, k: int, axis: int, largest: bool = True) -> Any:
    """Find the k largest (or smallest) along an axis, the best first; NaN counts as the largest."""
    n = x.shape[axis]
    first = (slice(None),) * axis + (slice(k),)
    if not 0 < k <= n // 8:
        return argsort.forward(x, axis=axis, descending=largest)[first].copy()
    # A partition first: sorting all would take longer than finding these.
    chosen = np.argpartition(x, n - k if largest else k - 1, axis=axis)
    chosen = chosen[(slice(None),) * axis + (slice(n - k, n),)] if largest else chosen[first]
    order = argsort.forward(np.take_along_axis(x, chosen, axis), axis=axis, descending=largest)
    return np.take_along_axis(chosen, order, axis)


@constant
def argmode(x: Any, *, axis: int) -> Any:
    """Find the last place of the most frequent element (the smallest of several such)."""
    x = np.moveaxis(x, axis, -1)
    n = x.shape[-1]
    order = np.argsort(x, axis=-1, kind="stable")
    ranked = np.take_along_axis(x, order, -1)
    starts = np.ones(x.shape, bool)
    starts[..., 1:] = ranked[..., 1:] != ranked[..., :-1]
    places = np.arange(n)
    begun = np.maximum.accumulate(np.where(starts, places, 0), axis=-1)
    # At the end of a run of equal elements this is its length: the longest, the first of several.
    last = np.argmax(places - begun, axis=-1, keepdims=True)
    return np.moveaxis(np.take_along_axis(order, last, -1), -1, axis)


@constant
def searchsorted(edges: Any, x: Any, *, right: bool = False) -> Any:
    """Find where each value belongs among sorted edges; both may have as many rows."""
    side: Literal["left", "right"] = "right" if right else "left"
    if edges.ndim == 1:
        return np.asarray(np.searchsorted(edges, x, side), np.int64)
    # One search for all rows: elements are replaced by their ranks, and each row is put behind the
    # row before.
    rows, n, m = edges.size // max(edges.shape[-1], 1), edges.shape[-1], x.shape[-1]
    together = np.concatenate([edges.reshape(rows, n), x.reshape(rows, m)], axis=1)
    _, ranks = np.unique(together, return_inverse=True, equal_nan=True)
    ranks = ranks.reshape(rows, n + m) + np.arange(rows)[:, None] * (together.size + 1)
    found = np.searchsorted(ranks[:, :n].reshape(-1), ranks[:, n:], side)
    return (found - np.arange(rows)[:, None] * n).reshape(x.shape).astype(np.int64)


@constant
def isin(x: Any, tests: Any, *, invert: bool = False) -> Any:
    """Whether each element occurs among others."""
    return np.isin(x, tests, invert=invert)
