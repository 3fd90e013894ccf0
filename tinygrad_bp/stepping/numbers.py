"""Arrays as the page keeps them: few numbers exactly, many as a coarser grid, and a histogram."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["SMALL", "cells_for", "digits", "grid_shape", "norm", "summary"]

Array = np.ndarray[Any, np.dtype[Any]]

SMALL = 64  # up to so many numbers are written out
_BINS = 24
_BUDGET = 1_200_000  # bytes of all grids of a page together
_BYTES = 2 * 4 / 3  # of a cell: two bytes in base64
_SIZES = (1024, 784, 576, 400, 256, 144, 100)
_STEPS = 32767  # a cell is a 16-bit whole number; the one that is left over says "not finite"
_NOT_FINITE = -32768


def summary(array: Any, cells: int) -> dict[str, Any]:
    """Describe an array for the page.

    Parameters
    ----------
    array : array_like
        Numbers of any kind; of complex ones the absolute values are described.
    cells : int
        The most cells that its grid may have.

    Returns
    -------
    dict
        ``shape``; ``layout`` as rows and columns; ``grid`` (rows and columns of what is shown);
        ``exact``, the numbers themselves if there are few, else ``cells``, the means of blocks in
        16 bits, and their ``scale``; then ``size``, ``norm``, ``low``, ``high``, ``mean``, ``std``,
        how many are ``zeros`` or ``odd`` (not finite), if any, and ``counts``, a histogram.

    Examples
    --------
    >>> found = summary([[1.0, -2.0], [0.0, 5.0]], 100)
    >>> found["grid"], found["exact"], found["norm"], found["zeros"]
    ([2, 2], [1.0, -2.0, 0.0, 5.0], 5.47723, 1)
    """
    array = np.asarray(array)
    shape = list(array.shape)
    numbers = (np.abs(array) if array.dtype.kind == "c" else array).astype(np.float64)
    rows, columns = grid_shape(numbers.shape)
    table = numbers.reshape(rows, columns)
    found: dict[str, Any] = {"shape": shape, "layout": [rows, columns]}
    if numbers.size <= SMALL:
        found |= {"grid": [rows, columns], "exact": [digits(v) for v in table.ravel()]}
    else:
        found |= _coarse(table, cells)
    return found | _statistics(numbers)


def grid_shape(shape: Sequence[int]) -> tuple[int, int]:
    """Return the rows and columns that an array is shown as: the last axes side by side.

    A vector is a row, a matrix itself; of more axes the split that is nearest to a square.

    >>> grid_shape(()), grid_shape((5,)), grid_shape((2, 3)), grid_shape((16, 3, 5, 5))
    ((1, 1), (1, 5), (2, 3), (48, 25))
    """
    if len(shape) < 2:
        return 1, math.prod(shape)
    if len(shape) == 2:
        return int(shape[0]), int(shape[1])
    splits = [(math.prod(shape[:k]), math.prod(shape[k:])) for k in range(1, len(shape))]
    return min(splits, key=lambda split: abs(math.log(max(split[0], 1) / max(split[1], 1))))


def cells_for(sizes: Iterable[int]) -> int:
    """Return how many cells a grid may have, so that the grids of all arrays fit into the page.

    >>> cells_for([100_000] * 4), cells_for([100_000] * 2000)
    (1024, 144)
    """
    large = [size for size in sizes if size > SMALL]
    for cells in _SIZES:
        if _BYTES * sum(min(size, cells) for size in large) <= _BUDGET:
            return cells
    return _SIZES[-1]


def digits(value: Any) -> Any:
    """Round to six digits for the page; what JSON can't hold is a word.

    >>> digits(0.12345678), digits(float("-inf"))
    (0.123457, '-inf')
    """
    number = float(value)
    return float(f"{number + 0.0:.6g}") if math.isfinite(number) else str(number)


def norm(array: Any) -> Any:
    """Return the root of the sum of squares, rounded for the page."""
    with np.errstate(all="ignore"):
        return digits(np.sqrt(np.sum(np.square(np.abs(np.asarray(array, dtype=_wide(array)))))))


def _wide(array: Any) -> Any:
    return np.complex128 if np.asarray(array).dtype.kind == "c" else np.float64


def _coarse(table: Array, cells: int) -> dict[str, Any]:
    """Return the means of blocks: sums of arrays have the sums of their means."""
    rows, columns = table.shape
    shown = min(rows, max(1, round(math.sqrt(cells * min(rows / columns, 1.0)))))
    across = min(columns, cells // shown)
    shown = min(rows, cells // across)
    down = np.arange(shown) * rows // shown
    along = np.arange(across) * columns // across
    heights = np.diff([*down, rows])
    widths = np.diff([*along, columns])
    with np.errstate(all="ignore"):
        sums = np.add.reduceat(np.add.reduceat(table, down, axis=0), along, axis=1)
        means = sums / (heights[:, None] * widths[None, :])
    finite = np.isfinite(means)
    scale = float(np.max(np.abs(means), initial=0.0, where=finite))
    levels = np.full(means.shape, _NOT_FINITE, dtype="<i2")
    np.copyto(levels, np.rint(np.where(finite, means, 0) / (scale or 1.0) * _STEPS), where=finite,
              casting="unsafe")  # fmt: skip
    return {
        "grid": [shown, across],
        "scale": float(f"{scale:.6g}"),
        "cells": b64encode(levels.tobytes()).decode(),
    }


def _statistics(numbers: Array) -> dict[str, Any]:
    finite = numbers[np.isfinite(numbers)]
    found: dict[str, Any] = {
        "norm": norm(numbers),
        "size": int(numbers.size),
    }
    if zeros := int(np.count_nonzero(finite == 0)):
        found["zeros"] = zeros
    if finite.size < numbers.size:
        found["odd"] = int(numbers.size - finite.size)
    if finite.size:
        low, high = float(finite.min()), float(finite.max())
        with np.errstate(all="ignore"):
            found |= {"low": digits(low), "high": digits(high),
                      "mean": digits(finite.mean()), "std": digits(finite.std())}  # fmt: skip
        if finite.size > 1 and math.isfinite(high - low) and high - low > 1e-12 * abs(high):
            found["counts"] = np.histogram(finite, bins=_BINS, range=(low, high))[0].tolist()
    return found
