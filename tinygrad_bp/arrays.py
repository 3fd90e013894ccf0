"""From the numbers and sizes that users write to NumPy arrays, with PyTorch's dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtype as dtypes

__all__ = ["Size", "numbers", "shape_of"]

_STRUCTURED = (list, tuple, np.ndarray, np.generic)


class Size(tuple[int, ...]):
    """A shape: a tuple of ints."""

    __slots__ = ()

    def numel(self) -> int:
        """Return the number of elements of a tensor of this shape."""
        n = 1
        for extent in self:
            n *= extent
        return n

    def __repr__(self) -> str:
        return f"tinygrad_bp.Size({list(self)})"


def shape_of(size: Any) -> tuple[int, ...]:
    """Read a size given as several lengths or as one sequence."""
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    shape = tuple(int(n) for n in size)
    if any(n < 0 for n in shape):
        raise RuntimeError(f"a tensor can't have the negative length in {shape}")
    return shape


def numbers(data: Any, dtype: Any = None) -> np.ndarray[Any, Any]:
    """Read numbers with PyTorch's dtypes: NumPy's keep theirs, Python floats get the default.

    Where a dtype is asked for, Python's numbers are not rounded to the default on the way.
    """
    if isinstance(data, (np.ndarray, np.generic)):
        array = np.array(data)
    else:
        parts, kinds = _plain(data)
        try:
            array = np.array(parts)
        except ValueError as error:
            raise ValueError(f"rows of different lengths don't make a tensor: {error}") from None
        if dtype is not None:
            kinds = True
        if array.dtype.kind == "f" and not kinds:
            array = array.astype(dtypes.get_default_dtype().dtype)
        elif array.dtype.kind == "c" and not kinds:
            array = array.astype(dtypes.of_scalar(1j))
        if array.size == 0 and array.dtype == np.float64:
            array = array.astype(dtypes.get_default_dtype().dtype)
    if array.dtype.kind not in "biufc":
        # As in PyTorch: None and other objects have no dtype (RuntimeError), text has a wrong one.
        unknown = array.dtype.kind == "O" and not isinstance(data, np.ndarray)
        raise (RuntimeError if unknown else TypeError)(
            f"a tensor is made of numbers, not of {array.dtype} ({type(data).__name__})"
        )
    dtypes.of_numpy(array.dtype)
    return array


def _plain(data: Any) -> tuple[Any, bool]:
    """Replace tensors in nested lists by arrays; tell whether anything had a dtype of its own."""
    if hasattr(data, "_array"):
        return data._array, True
    if isinstance(data, (np.ndarray, np.generic)):
        return data, True
    if isinstance(data, (list, tuple, range)):
        if not any(isinstance(x, _STRUCTURED) or hasattr(x, "_array") for x in data):
            return data, False
        pairs = [_plain(x) for x in data]
        return [part for part, _ in pairs], any(kind for _, kind in pairs)
    if hasattr(data, "__array__"):
        return np.asarray(data), True
    return data, False
