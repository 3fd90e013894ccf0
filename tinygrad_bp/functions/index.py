"""Indexing: brackets, gather, and their relatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtype as dtypes
from ..inplace import write_at
from ..messages import knowable, shown
from ..rules import index as ops
from ..rules.shape import reshape
from ._axes import axis_of, numpy_names, with_out

_BASIC = (int, np.integer, slice, type(None), type(Ellipsis))
_SEQUENCES = (list, tuple, range)


def _parts(key: Any) -> Any:
    """Take a key apart; a list that holds more than numbers is read as a tuple, as in PyTorch."""
    if isinstance(key, tuple):
        return key
    if isinstance(key, list) and len(key) < 32:
        several = (slice, type(None), type(Ellipsis), *_SEQUENCES, np.ndarray)
        if any(isinstance(part, several) or hasattr(part, "_array") for part in key):
            return key
    return (key,)


def split_key(key: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Split an index into its static template and its index arrays.

    Raises
    ------
    IndexError
        For an index of a floating type.
    ValueError
        For a slice with a step that is not positive.
    """
    template: list[Any] = []
    arrays = []
    for part in _parts(key):
        kind = type(part)
        if kind is bool or kind is np.bool_:
            part = np.asarray(part)
        elif isinstance(part, _BASIC):
            template.append(_plain_slice(part) if isinstance(part, slice) else part)
            continue
        raw = _index_array(part)
        if raw.ndim == 0 and raw.dtype.kind != "b":
            template.append(int(raw))
            continue
        template.append(ops.ARRAY)
        arrays.append(raw)
    return tuple(template), tuple(arrays)


def _index_array(part: Any) -> np.ndarray[Any, Any]:
    """Read an index array; bytes are a mask, as PyTorch still allows."""
    if isinstance(part, str):
        raise TypeError(f"a tensor has no element {part!r}: an index is made of numbers")
    if isinstance(part, _SEQUENCES):
        part = np.asarray([getattr(p, "_array", p) for p in part])
        if not part.size:
            part = part.astype(np.int64)
    raw = getattr(part, "_array", part)
    if not isinstance(raw, np.ndarray) or raw.dtype.kind not in "bui":
        raise IndexError(
            "an index is made of integers, slices, None, ..., and tensors or arrays of "
            f"integers or booleans, not of {getattr(raw, 'dtype', type(part).__name__)}"
        )
    return raw != 0 if raw.dtype == np.uint8 and raw.ndim else raw


def _plain_slice(part: slice) -> slice:
    start, stop, step = (None if x is None else int(x) for x in (part.start, part.stop, part.step))
    if step is not None and step < 1:
        raise ValueError(
            f"a slice of a tensor needs a positive step, not {step}: use x.flip(dim) to reverse"
        )
    return slice(start, stop, step)


def getitem(input: Any, key: Any) -> Any:
    """Give ``input[key]``: a view for a basic index, a copy for index arrays and masks."""
    if type(key) is int:
        return ops.slice_(input, key=(key,))
    if type(key) is slice:
        return ops.slice_(input, key=(_plain_slice(key),))
    template, arrays = split_key(key)
    if arrays:
        input, template = _numbers_first(input, template, arrays)
        return ops.index(input, *arrays, template=template)
    return ops.slice_(input, key=template)


def _numbers_first(input: Any, template: Any, arrays: Any) -> tuple[Any, Any]:
    """Take the numbers of a key that has index arrays too; return what is left to do.

    NumPy would broadcast a number with the index arrays, and move their axes to the front where a
    slice lies between them; in PyTorch a number only selects.
    """
    if not any(isinstance(part, (int, np.integer)) for part in template):
        return input, template
    left = iter(arrays)
    numbers: list[Any] = []
    for part in template:
        if part is ops.ARRAY:
            array = next(left)
            numbers += [slice(None)] * (array.ndim if array.dtype.kind == "b" else 1)
        elif part is not None:
            numbers.append(slice(None) if isinstance(part, slice) else part)
    rest = tuple(part for part in template if not isinstance(part, (int, np.integer)))
    return ops.slice_(input, key=tuple(numbers)), rest


def setitem(input: Any, key: Any, value: Any) -> None:
    """Do ``input[key] = value``, recorded."""
    template, arrays = split_key(key)
    if not isinstance(value, (bool, int, float)) and not hasattr(value, "_array"):
        value = np.asarray(value)
    if arrays:
        input, template = _numbers_first(input, template, arrays)
    write_at(input, template, arrays, value)


# ------------------------------------------------------------------- one index for each element


def lined_up(input: Any, dim: int, index: Any, what: str) -> tuple[Any, Any, int]:
    """Check an index that names a place along an axis for each element; give 0-d operands an axis.

    Returns the input, the index and the axis.
    """
    if index.dtype not in (dtypes.int64, dtypes.int32) and index.numel():
        raise RuntimeError(f"{what}: the index has to be of int64, not {index.dtype.name}")
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        input = reshape(input, shape=(1,))
    if not index.ndim:
        index = reshape(index, shape=(1,))
    if input.ndim != index.ndim and index.numel():
        raise RuntimeError(
            f"{what}: the index has {index.ndim} dimensions, the tensor {input.ndim}; "
            "they have to be as many"
        )
    in_range(index._array, input.shape[axis], axis, what)
    return input, index, axis


def in_range(places: Any, length: int, axis: int, what: str, error: Any = RuntimeError) -> None:
    """Refuse an index that lies outside of an axis; a negative one does."""
    # One question: a compiled step asks it again for each batch.
    if not places.size or not knowable(places):
        return
    if bool((places.min() < 0) | (places.max() >= length)):
        low, high = shown(places).min(), shown(places).max()
        raise error(
            f"{what}: index {low if low < 0 else high} is out of bounds for axis {axis} of length "
            f"{length}"
        )


def corner(x: Any, shape: Sequence[int], axis: int | None, what: str) -> Any:
    """Cut a tensor off to a shape, except along an axis."""
    lengths = [n if i == axis else m for i, (n, m) in enumerate(zip(x.shape, shape, strict=True))]
    if any(m > n for m, n in zip(lengths, x.shape, strict=True)):
        raise RuntimeError(
            f"{what}: the index of shape {tuple(shape)} is larger than the tensor of shape "
            f"{tuple(x.shape)}" + ("" if axis is None else f", apart from axis {axis}")
        )
    if lengths == list(x.shape):
        return x
    return ops.slice_(x, key=tuple(slice(n) for n in lengths))


@numpy_names
def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
    """Take, at each place of `index`, the element it names along the axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.gather(tgb.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, tgb.tensor([[0], [1]]))
    tensor([[1.],
            [4.]])
    """
    shape = tuple(index.shape)
    input, index, axis = lined_up(input, dim, index, "gather")
    if not index.numel():
        flat = reshape(input, shape=(-1,)) if input.numel() else input.new_zeros(0)
        return reshape(flat[:0], shape=shape)
    input = corner(input, index.shape, axis, "gather")
    found = ops.take_along_axis(input, index, axis=axis)
    return found if shape else reshape(found, shape=())


@numpy_names
def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """Take the elements that `indices` names along the axis; other axes are broadcast.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[3.0, 1.0]])
    >>> tgb.take_along_dim(x, tgb.argsort(x, 1), 1)
    tensor([[1., 3.]])
    """
    if indices.dtype != dtypes.int64 and indices.dtype != dtypes.int32:
        raise RuntimeError(f"take_along_dim: indices are of int64, not {indices.dtype.name}")
    if dim is None:
        return take(input, reshape(indices, shape=(-1,)))
    axis = axis_of(dim, input.ndim)
    if input.ndim != indices.ndim:
        raise RuntimeError(
            f"take_along_dim: the indices have {indices.ndim} dimensions, the tensor {input.ndim}"
        )
    return ops.take_along_axis(input, indices, axis=axis)


@with_out
def take(input: Any, index: Any) -> Any:
    """Take elements by their number in the flattened tensor.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tgb.take(x, tgb.tensor([0, 3]))
    tensor([1., 4.])
    """
    places = index._array
    if places.dtype != np.int64:
        raise RuntimeError(f"take: the index has to be of int64, not {index.dtype.name}")
    return ops.index(reshape(input, shape=(-1,)), places, template=(ops.ARRAY,))


# --------------------------------------------------------------------- one index for each slice


def sliced_at(input: Any, dim: int, index: Any, what: str, error: Any = IndexError,
              negative: bool = False) -> tuple[Any, Any, tuple[Any, ...]]:  # fmt: skip
    """Check an index that names slices of an axis; return the input, places and the template."""
    axis = axis_of(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError(f"{what}: the index has to be a vector, not {index.ndim}-dimensional")
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"{what}: the index has to be of int64, not {index.dtype.name}")
    if not input.ndim:
        input = reshape(input, shape=(1,))
    places = index._array.reshape(-1)
    if negative:
        places = np.where(places < 0, places + input.shape[axis], places)
    in_range(places, input.shape[axis], axis, what, error)
    return input, places, (slice(None),) * axis + (ops.ARRAY,)


@numpy_names
def index_select(input: Any, dim: int, index: Any) -> Any:
    """Take the named elements of an axis, as a copy.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tgb.index_select(x, 1, tgb.tensor([1]))
    tensor([[2.],
            [4.]])
    """
    whole, places, template = sliced_at(input, dim, index, "index_select")
    found = ops.index(whole, places, template=template)
    return found if input.ndim else reshape(found, shape=())


@with_out
def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """Find the elements that are not zero: one row of indices each, or one tensor an axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nonzero(tgb.tensor([0, 1, 2]))
    tensor([[1],
            [2]])
    """
    array = input._array
    found = np.nonzero(array) if array.ndim else np.nonzero(array.reshape(1))
    if as_tuple:
        return tuple(input.new_tensor(places, dtype=dtypes.int64) for places in found)
    rows = np.stack(found, 1)[:, : array.ndim]
    return input.new_tensor(rows, dtype=dtypes.int64)


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """Turn numbers of elements of the flattened array into one index for each axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.unravel_index(tgb.tensor([5, 0]), (2, 3))
    (tensor([1, 0]), tensor([2, 0]))
    """
    sizes = tuple(map(int, shape)) if isinstance(shape, (tuple, list)) else (int(shape),)
    numbers = indices._array.astype(np.int64, copy=False)
    if indices._array.dtype.kind not in "iu":
        raise TypeError(f"unravel_index: integers are expected, not {indices.dtype.name}")
    count = math.prod(sizes)
    if numbers.size and not -count <= numbers.min() <= numbers.max() < count:
        raise ValueError(f"unravel_index: an index lies outside of the shape {sizes}")
    found = np.unravel_index(np.where(numbers < 0, numbers + count, numbers), sizes)
    return tuple(indices.new_tensor(places, dtype=dtypes.int64) for places in found)
