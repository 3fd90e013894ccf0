"""Indexing: brackets, gather, and their relatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtype as dtypes
from ..inplace import write_at
from ..rules import index as ops
from ..rules.shape import reshape
from ._axes import axis_of

_BASIC = (int, np.integer, slice, type(None), type(Ellipsis))


def split_key(key: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Split an index into its static template and its index arrays.

    Raises
    ------
    IndexError
        For an index of a floating type.
    """
    parts = key if isinstance(key, tuple) else (key,)
    template, arrays = [], []
    for part in parts:
        kind = type(part)
        if kind is bool or kind is np.bool_:
            part = np.asarray(part)
        elif isinstance(part, _BASIC):
            if isinstance(part, slice):
                part = slice(_number(part.start), _number(part.stop), _number(part.step))
            template.append(part)
            continue
        elif isinstance(part, (list, range, tuple)):
            part = np.asarray([getattr(p, "_array", p) for p in part])
            if not part.size:
                part = part.astype(np.int64)
        raw = getattr(part, "_array", part)
        if not isinstance(raw, np.ndarray) or raw.dtype.kind not in "bui":
            raise IndexError(
                "an index is made of integers, slices, None, ..., and tensors or arrays of "
                f"integers or booleans, not of {getattr(raw, 'dtype', type(part).__name__)}"
            )
        if raw.dtype == np.uint8:
            raise IndexError(
                "a uint8 tensor as an index is ambiguous (a mask or numbers?): convert it with "
                ".bool() or .long()"
            )
        if raw.ndim == 0 and raw.dtype.kind != "b":
            template.append(int(raw))
            continue
        template.append(ops.ARRAY)
        arrays.append(raw)
    return tuple(template), tuple(arrays)


def _number(bound: Any) -> Any:
    return bound if bound is None else int(bound)


def getitem(input: Any, key: Any) -> Any:
    """Give ``input[key]``: a view for a basic index, a copy for index arrays and masks."""
    if type(key) is int or type(key) is slice:
        return ops.slice_(input, key=(key,))
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


def _same_rank(input: Any, index: Any, what: str) -> None:
    if input.ndim != index.ndim:
        raise RuntimeError(
            f"{what}: the index has {index.ndim} dimensions, the tensor {input.ndim}; "
            "they have to be as many"
        )
    if index.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"{what}: the index has to be of int64, not {index.dtype.name}")


def _places(index: Any, axis: int) -> tuple[Any, ...]:
    """Index arrays that name, for each element of `index`, its place along the axis."""
    grid: list[Any] = list(np.ogrid[tuple(slice(n) for n in index.shape)])
    grid[axis] = index._array
    return tuple(grid)


def gather(input: Any, dim: int, index: Any) -> Any:
    """Take, at each place of `index`, the element it names along the axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.gather(tgb.tensor([[1.0, 2.0], [3.0, 4.0]]), 1, tgb.tensor([[0], [1]]))
    tensor([[1.],
            [4.]])
    """
    _same_rank(input, index, "gather")
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return input.clone()
    return ops.index(input, *_places(index, axis), template=(ops.ARRAY,) * input.ndim)


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Any:
    """Take the elements that `indices` names along the axis; other axes are broadcast."""
    if dim is None:
        return take(input, indices.reshape(-1))
    axis = axis_of(dim, input.ndim)
    return ops.take_along_axis(input, indices, axis=axis)


def index_select(input: Any, dim: int, index: Any) -> Any:
    """Take the named elements of an axis, as a copy."""
    axis = axis_of(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError(
            f"index_select: the index has to be a vector, not {index.ndim}-dimensional"
        )
    places = index._array.reshape(-1)
    return ops.index(input, places, template=(slice(None),) * axis + (ops.ARRAY,))


def take(input: Any, index: Any) -> Any:
    """Take elements by their number in the flattened tensor."""
    return ops.index(reshape(input, shape=(-1,)), index._array, template=(ops.ARRAY,))


def masked_select(input: Any, mask: Any) -> Any:
    """Give the elements where the mask is True, as a vector."""
    shape = np.broadcast_shapes(tuple(input.shape), tuple(mask.shape))
    return input.expand(shape)[mask.expand(shape)]


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """Find the elements that are not zero: one row of indices each, or one tensor an axis."""
    array = input._array
    found = np.nonzero(array) if array.ndim else np.nonzero(array.reshape(1))
    if as_tuple:
        return tuple(input.new_tensor(places, dtype=dtypes.int64) for places in found)
    rows = np.stack(found, 1)[:, : array.ndim]
    return input.new_tensor(rows, dtype=dtypes.int64)


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """Add each element of `src` to the place along the axis that `index` names."""
    _same_rank(input, index, "scatter_add")
    axis = axis_of(dim, input.ndim)
    part = src[tuple(slice(n) for n in index.shape)]
    return input + ops.scatter_add(
        part, *_places(index, axis), shape=tuple(input.shape), template=(ops.ARRAY,) * input.ndim
    )


def scatter(input: Any, dim: int, index: Any, src: Any) -> Any:
    """Put each element of `src` (or one number) at the place along the axis that `index` names."""
    _same_rank(input, index, "scatter")
    axis = axis_of(dim, input.ndim)
    part = src
    if not isinstance(src, (bool, int, float)):
        part = src[tuple(slice(n) for n in index.shape)]
    return ops.assign(input, part, *_places(index, axis), template=(ops.ARRAY,) * input.ndim)
