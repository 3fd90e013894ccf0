"""From the numbers and sizes that users write to NumPy arrays, with PyTorch's dtypes."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from . import dtype as dtypes

__all__ = ["Size", "filled", "fitting", "number_as", "numbers", "shape_of"]

_STRUCTURED = (list, tuple, np.ndarray, np.generic)


class Size(tuple[int, ...]):
    """A shape: a tuple of ints. Its parts and sums are shapes again."""

    __slots__ = ()

    def numel(self) -> int:
        """Return the number of elements of a tensor of this shape."""
        n = 1
        for extent in self:
            n *= extent
        return n

    def __getitem__(self, key: Any) -> Any:
        part = tuple.__getitem__(self, key)
        return Size(part) if type(key) is slice else part

    def __add__(self, other: Any) -> Size:
        return Size(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Size:
        return Size(other + tuple(self))

    def __mul__(self, times: Any) -> Size:
        return Size(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"tinygrad_bp.Size({list(self)})"


def shape_of(size: Any) -> tuple[int, ...]:
    """Read a size given as several lengths or as one sequence."""
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        size = tuple(size[0])
    shape = tuple(map(index, size))  # TypeError for 2.0, as in PyTorch
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
        if array.dtype == np.uint64 and not kinds:  # only for them is it NumPy's choice
            raise ValueError(f"the integer {array.max()} is beyond the range of int64")
        if dtype is not None:
            kinds = True
        if array.dtype.kind == "f" and not kinds:
            array = _rounded(array, dtypes.get_default_dtype().dtype)
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


@np.errstate(over="ignore", under="ignore")
def _rounded(array: np.ndarray[Any, Any], kind: Any) -> np.ndarray[Any, Any]:
    """Convert floats; what is beyond the range becomes infinite, as in PyTorch silently."""
    return array.astype(kind)


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


def filled(shape: tuple[int, ...], value: Any, kind: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Make an array of one value; a Python number has to fit, see :func:`number_as`."""
    if type(value) in (int, float, complex):
        value = number_as(value, kind, "full")
    return np.full(shape, value, kind)


def fitting(array: np.ndarray[Any, Any], kind: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Convert Python's numbers to the dtype that was asked for; see :func:`number_as`.

    Raises
    ------
    RuntimeError
        For a number beyond the range of an integer dtype.
    TypeError
        For a complex one, where the dtype is real.
    """
    if array.dtype == kind:
        return array
    if array.dtype.kind == "c" and kind.kind != "c":
        raise TypeError(f"complex numbers don't make a tensor of {kind}: take their .real part")
    if kind.kind in "iu" and array.size and array.dtype.kind in "if":
        for extreme in (array.min(), array.max()):
            number_as(extreme.item(), kind, "tensor")
    return _rounded(array, kind)


def number_as(value: Any, kind: np.dtype[Any], what: str) -> np.ndarray[Any, Any]:
    """Convert a Python number to the dtype of the tensor that takes it up.

    As in PyTorch: a fraction loses its decimals in an integer, −1 is the largest unsigned one.

    Raises
    ------
    RuntimeError
        For a number beyond the dtype's range, and a complex one for a real tensor.
    """
    if isinstance(value, complex):
        fits = kind.kind == "c"
    elif kind.kind in "iu":
        largest = int(np.iinfo(kind).max)
        fits = -largest - 1 <= value <= largest
    else:
        fits = (
            kind.kind in "bc" or abs(value) <= float(np.finfo(kind).max) or not np.isfinite(value)
        )
    if not fits:
        raise RuntimeError(f"{what}: the value {value} can't be stored in a tensor of {kind}")
    return np.asarray(value).astype(kind)
