"""Rows of a table by number, and the adjoint: adding rows up at their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import constant, primitive
from .native import native

# Numbers from which machine code pays, and what it saves for each, in products (see `native`).
_LARGE, _WORK = 4096, 20


@constant
def share(indices: Any, *, padding: int | None, by_freq: bool, dtype: Any) -> Any:
    """Say how much of its gradient each occurrence of a row gets: 0 for padding, 1/count."""
    out = np.ones(indices.shape, dtype)
    if by_freq and indices.size:
        out /= np.bincount(indices.reshape(-1))[indices]
    if padding is not None:
        out[indices == padding] = 0
    return out[..., None]


def _embedding_weight(
    g: Any, indices: Any, shape: tuple[int, ...], padding: int | None, by_freq: bool
) -> Any:
    # PyTorch's convention, and no derivative: the row of `padding` keeps its value and learns
    # nothing; `by_freq` divides a row's gradient by how often it occurs.
    if padding is not None or by_freq:
        g = g * share(indices, padding=padding, by_freq=by_freq, dtype=g.dtype)
    return add_rows(g, indices, count=shape[0])


@primitive(
    weight=lambda g, indices, weight_shape, *, padding, by_freq: _embedding_weight(
        g, indices, weight_shape, padding, by_freq
    )
)
def embedding(
    weight: Any, indices: Any, *, padding: int | None = None, by_freq: bool = False
) -> Any:
    """Take the rows of a table that `indices` names, of any shape."""
    return weight.take(indices, 0)


@primitive(x=lambda g, indices: embedding(g, indices))
def add_rows(x: Any, indices: Any, *, count: int) -> Any:
    """Add the rows of `x` up at the numbers that `indices` names, in a table of zeros."""
    width = x.shape[-1]
    if x.size > _LARGE:
        out = native(add_rows, (x, indices), {"count": count}, _WORK * x.size)
        if out is not None:
            return out
    out = np.zeros((count, width), x.dtype)
    numbers = indices.reshape(-1)
    if not numbers.size:
        return out
    if len(numbers) < 8 * count:
        # Each element by its own number, since NumPy's add.at is slow on rows: for 6400 tokens of
        # 64 numbers and 5000 rows 1.1 ms in place of 3.5.
        places = numbers[:, None] * np.int64(width) + np.arange(width)
        np.add.at(out.reshape(-1), places.reshape(-1), x.reshape(-1))
        return out
    # Sorted, rows of one number lie together and are summed in one go: 768 tokens of 128 numbers
    # and 65 rows take 0.15 ms in place of 0.2. (Of 16 bits they are sorted in a fifth of the time.)
    order = np.argsort(numbers.astype(np.uint16) if count < 65536 else numbers, kind="stable")
    numbers = numbers[order]
    first = np.flatnonzero(np.concatenate(([True], numbers[1:] != numbers[:-1])))
    out[numbers[first]] = np.add.reduceat(x.reshape(-1, width)[order], first, axis=0)
    return out
