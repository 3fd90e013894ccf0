"""Small questions about arrays: their layout, their precision, the best multiple of a direction."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["precision", "shaped", "solved"]

Array = np.ndarray[Any, np.dtype[Any]]


def precision(given: Array) -> float:
    """Return the rounding unit of an array: that of float32 if all its numbers are such ones.

    A list, or an array that was converted, still has the errors of what computed it.
    """
    if given.dtype.itemsize > 4 and given.size:
        with np.errstate(all="ignore"):
            if np.array_equal(given.astype(np.float32), given):
                return float(np.finfo(np.float32).eps)
    return float(np.finfo(given.dtype).eps)


def shaped(made: Any, given: Array) -> Array:
    """Lay out an array as another one, if they differ in axes of length 1 alone."""
    made = np.asarray(made)
    same = [n for n in made.shape if n != 1] == [n for n in given.shape if n != 1]
    # A column is no row: only axes may be missing, or too many.
    return np.asarray(made.reshape(given.shape) if same and made.ndim != given.ndim else made)


def solved(given: Array, made: Any, direction: Any) -> tuple[float, bool]:
    """Return the factor of the direction that comes closest, and whether one number decides it."""
    direction = np.asarray(direction)
    size = float(np.abs(direction).max(initial=0))
    if not size or not np.isfinite(size):
        return float("nan"), True
    unit = direction / size
    factor = float(np.sum((given - made) * unit) / np.sum(unit * unit)) / size
    return factor, int(np.count_nonzero(np.abs(unit) > 1e-6)) < 2
