"""Orders along an axis: sorting, the best few, the most frequent, distinct elements."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import dtype as dtypes
from ..rules import reduce as reduce_ops
from ..rules import sorting as ops
from ..rules.index import take_along_axis
from ..rules.shape import copy, reshape
from ._axes import axis_of, numpy_names, with_out


class ValuesIndices(NamedTuple):
    """What a search along an axis found: the values, and where they were."""

    values: Any
    indices: Any


def _alone(input: Any) -> ValuesIndices:
    """Answer a search in a zero-dimensional tensor."""
    return ValuesIndices(input.clone(), input.new_tensor(0, dtype=dtypes.int64))


def taken(input: Any, indices: Any, axis: int) -> ValuesIndices:
    """Take what `indices` name along an axis."""
    return ValuesIndices(take_along_axis(input, indices, axis=axis), indices)


def picked(input: Any, indices: Any, axis: int, keepdim: bool) -> ValuesIndices:
    """Take what `indices`, of length 1 along the axis, name; drop the axis unless `keepdim`."""
    if not input.ndim:
        return ValuesIndices(input.clone(), indices)
    values, indices = taken(input, indices, axis)
    if keepdim:
        return ValuesIndices(values, indices)
    shape = tuple(n for i, n in enumerate(indices.shape) if i != axis)
    return ValuesIndices(reshape(values, shape=shape), reshape(indices, shape=shape))


@numpy_names
def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """Find the order of the elements along an axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.argsort(tgb.tensor([3.0, 1.0, 2.0]))
    tensor([1, 2, 0])
    """
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return _alone(input).indices
    return reduce_ops.argsort(input, axis=axis, descending=descending)


@numpy_names
def sort(
    input: Any, dim: int = -1, descending: bool = False, stable: bool | None = None
) -> ValuesIndices:
    """Sort along an axis: the values, and where they were.

    Equal elements keep their order, whether `stable` asks for it or not; NaN counts as the largest.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.sort(tgb.tensor([3.0, 1.0, 2.0])).indices
    tensor([1, 2, 0])
    """
    axis = axis_of(dim, input.ndim)
    return taken(input, argsort(input, axis, descending), axis) if input.ndim else _alone(input)


@with_out
def msort(input: Any) -> Any:
    """Sort along the first axis; the values alone.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.msort(tgb.tensor([3.0, 1.0, 2.0]))
    tensor([1., 2., 3.])
    """
    return sort(input, 0).values


@numpy_names
def topk(
    input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> ValuesIndices:
    """Give the k largest (or smallest) elements along an axis, and where they were.

    They come in order, whether `sorted` asks for it or not.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> values, indices = tgb.topk(tgb.tensor([1.0, 3.0, 2.0]), 2)
    >>> values, indices
    (tensor([3., 2.]), tensor([1, 2]))
    """
    axis = axis_of(dim, input.ndim)
    n, count = input.shape[axis] if input.ndim else 1, int(k)
    if not 0 <= count <= n:
        raise RuntimeError(f"topk: k={count} is out of range for an axis of length {n}")
    if not input.ndim:
        return _alone(input)
    return taken(input, ops.argtop(input, k=count, axis=axis, largest=largest), axis)


@numpy_names
def kthvalue(input: Any, k: int, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """Give the k-th smallest element along an axis (counted from 1), and where it was.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.kthvalue(tgb.tensor([3.0, 1.0, 2.0]), 2).values
    tensor(2.)
    """
    axis = axis_of(dim, input.ndim)
    n = input.shape[axis] if input.ndim else 1
    if not 1 <= k <= n:
        raise RuntimeError(f"kthvalue: k={k} is out of range for an axis of length {n}")
    if not input.ndim:
        return _alone(input)
    order = argsort(input, axis)[(slice(None),) * axis + (slice(k - 1, k),)]
    return picked(input, copy(order), axis, keepdim)


@numpy_names
def mode(input: Any, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """Give the most frequent element along an axis (the smallest of several), and a place of it.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.mode(tgb.tensor([2, 1, 2, 1, 3])).values
    tensor(1)
    """
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return _alone(input)
    if not input.shape[axis]:
        raise IndexError(f"mode over no elements: the tensor has the shape {tuple(input.shape)}")
    return picked(input, ops.argmode(input, axis=axis), axis, keepdim)


def _running(input: Any, dim: Any, sign: int) -> ValuesIndices:
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return _alone(input)
    return taken(input, ops.running_argmax(input, axis=axis, sign=sign), axis)


@numpy_names
def cummax(input: Any, dim: Any) -> ValuesIndices:
    """Give the largest element so far along an axis, and where it was.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.cummax(tgb.tensor([1.0, 3.0, 2.0]), dim=0)
    ValuesIndices(values=tensor([1., 3., 3.]), indices=tensor([0, 1, 1]))
    """
    return _running(input, dim, 1)


@numpy_names
def cummin(input: Any, dim: Any) -> ValuesIndices:
    """Give the smallest element so far along an axis, and where it was.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.cummin(tgb.tensor([3.0, 1.0, 2.0]), dim=0)
    ValuesIndices(values=tensor([3., 1., 1.]), indices=tensor([0, 1, 1]))
    """
    return _running(input, dim, -1)


# ------------------------------------------------------------------------------ distinct elements


def unique(input: Any, sorted: bool = True, return_inverse: bool = False,
           return_counts: bool = False, dim: int | None = None) -> Any:  # fmt: skip
    """Give the distinct elements in order; on request where each went, and how many there were.

    Parameters
    ----------
    input : Tensor
    sorted : bool
        They are sorted in any case.
    return_inverse, return_counts : bool
        Return also, for each element, its number among the distinct ones; and their counts.
    dim : int, optional
        Compare whole slices along this axis, not elements.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.unique(tgb.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    axis = None if dim is None else axis_of(dim, input.ndim)
    # Each NaN is an element of its own, as in PyTorch: it equals nothing.
    values, inverse, counts = np.unique(
        input._array, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    shape = input._array.shape if axis is None else (-1,)
    return _found(input, values, inverse.reshape(shape), counts, return_inverse, return_counts)


def unique_consecutive(input: Any, return_inverse: bool = False, return_counts: bool = False,
                       dim: int | None = None) -> Any:  # fmt: skip
    """Keep the first of each run of equal elements; as :func:`unique` for the rest.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.unique_consecutive(tgb.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    array = input._array
    axis = None if dim is None else axis_of(dim, array.ndim)
    lines = array.reshape(-1) if axis is None else np.moveaxis(array, axis, 0)
    new = np.ones(len(lines), bool)
    new[1:] = (lines[1:] != lines[:-1]).any(axis=tuple(range(1, lines.ndim)))
    starts = np.flatnonzero(new)
    values = lines[starts] if axis is None else np.moveaxis(lines[starts], 0, axis)
    inverse = (np.cumsum(new) - 1).reshape(array.shape if axis is None else -1)
    counts = np.diff(starts, append=len(lines))
    return _found(input, values, inverse, counts, return_inverse, return_counts)


def _found(input: Any, values: Any, inverse: Any, counts: Any, return_inverse: bool,
           return_counts: bool) -> Any:  # fmt: skip
    found = [input.new_tensor(np.ascontiguousarray(values))]
    if return_inverse:
        found.append(input.new_tensor(inverse, dtype=dtypes.int64))
    if return_counts:
        found.append(input.new_tensor(counts, dtype=dtypes.int64))
    return found[0] if len(found) == 1 else tuple(found)
