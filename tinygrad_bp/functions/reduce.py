"""Reductions, running reductions and sorting, with PyTorch's `dim` and `keepdim`."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import dtype as dtypes
from ..rules import elementwise as ew
from ..rules import loss as loss_ops
from ..rules import reduce as ops
from ..rules.index import take_along_axis
from ..rules.shape import reshape
from ._axes import axes_of, axis_of, numpy_names


class ValuesIndices(NamedTuple):
    """What a search along an axis found: the values, and where they were."""

    values: Any
    indices: Any


def _as(input: Any, dtype: Any) -> Any:
    return input if dtype is None else input.to(dtype)


def _floating(input: Any, what: str) -> Any:
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(
            f"{what} of a tensor of {input.dtype.name} is not defined: convert it first, "
            "x.to(tgb.float32)"
        )
    return input


@numpy_names
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Add up, over all elements or over the axes `dim`.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
    keepdim : bool
        Leave the axes in place with length 1.
    dtype : dtype, optional
        Convert first. Integers and booleans are added up as int64.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.sum(tgb.ones(2, 3), dim=0)
    tensor([2., 2., 2.])
    """
    return ops.sum(_as(input, dtype), axis=axes_of(dim, input.ndim), keepdims=keepdim)


@numpy_names
def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Average, over all elements or over the axes `dim`; NaN over none."""
    input = _floating(_as(input, dtype), "the mean")
    return ops.mean(input, axis=axes_of(dim, input.ndim), keepdims=keepdim)


@numpy_names
def prod(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Multiply up, over all elements or over the axis `dim`."""
    return ops.prod(_as(input, dtype), axis=axes_of(dim, input.ndim), keepdims=keepdim)


@numpy_names
def var(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
        correction: float | None = None) -> Any:  # fmt: skip
    """Average the squared deviation from the mean: Σ (x − x̄)² / (n − correction).

    The correction is 1 (Bessel's) unless given; `unbiased` = False means 0.
    """
    _floating(input, "the variance")
    axis = axes_of(dim, input.ndim)
    minus = correction if correction is not None else int(unbiased)
    n = ops.count(tuple(input.shape), axis)
    squares = ew.square(input - ops.mean(input, axis=axis, keepdims=True))
    freedom = n - minus
    total = ops.sum(squares, axis=axis, keepdims=keepdim)
    return ew.divide(total, float(freedom) if freedom > 0 else 0.0)


@numpy_names
def std(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
        correction: float | None = None) -> Any:  # fmt: skip
    """Take the root of :func:`var`; where it is 0, so is its gradient, as in PyTorch."""
    return ew.root(var(input, dim, unbiased, keepdim, correction=correction))


@numpy_names
def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False) -> Any:
    """Give the p-norm (Σ |x|^p)^(1/p) of the elements, over all or over the axes `dim`.

    `p` may be "fro" (2), inf, -inf, 0 (how many are not zero) or a number.
    """
    axis = axes_of(dim, input.ndim)
    p = 2 if p in ("fro", None) else float(p)
    if p == 2:
        return ew.root(ops.sum(ew.square(input), axis=axis, keepdims=keepdim))
    size = ew.absolute(input)
    if p == float("inf"):
        return ops.amax(size, axis=axis, keepdims=keepdim)
    if p == float("-inf"):
        return ops.amin(size, axis=axis, keepdims=keepdim)
    if p == 0:
        return ops.sum(ew.sign(size), axis=axis, keepdims=keepdim)
    if p == 1:
        return ops.sum(size, axis=axis, keepdims=keepdim)
    return ops.pnorm(input, p=p, axis=axis, keepdims=keepdim)


def _needs_elements(input: Any, dim: Any, what: str) -> None:
    shape = tuple(input.shape)
    axes = axes_of(dim, input.ndim) or range(input.ndim)
    if 0 in [shape[axis] for axis in axes]:
        raise IndexError(f"{what} over no elements: the tensor has the shape {shape}")


@numpy_names
def amax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Take the largest over the axes; ties share the gradient evenly."""
    _needs_elements(input, dim, "amax")
    return ops.amax(input, axis=axes_of(dim, input.ndim), keepdims=keepdim)


@numpy_names
def amin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Take the smallest over the axes; ties share the gradient evenly."""
    _needs_elements(input, dim, "amin")
    return ops.amin(input, axis=axes_of(dim, input.ndim), keepdims=keepdim)


def _pick(input: Any, indices: Any, axis: int, keepdim: bool) -> ValuesIndices:
    """Take what `indices` (of length 1 along the axis) name."""
    if not input.ndim:
        return ValuesIndices(input.clone(), indices)
    values = take_along_axis(input, indices, axis=axis)
    if keepdim:
        return ValuesIndices(values, indices)
    shape = tuple(n for i, n in enumerate(indices.shape) if i != axis)
    return ValuesIndices(reshape(values, shape=shape), reshape(indices, shape=shape))


def _extreme(
    input: Any, dim: Any, keepdim: bool, whole: Any, where: Any, two: Any, what: str
) -> Any:
    if dim is None:
        _needs_elements(input, None, what)
        return whole(input)
    if not isinstance(dim, (int, np.integer)):
        return two(input, dim)
    axis = axis_of(dim, input.ndim)
    _needs_elements(input, dim, what)
    indices = where(input, axis=axis if input.ndim else None, keepdims=bool(input.ndim))
    return _pick(input, indices, axis, keepdim)


@numpy_names
def max(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Take the largest element.

    Parameters
    ----------
    input : Tensor
    dim : int or Tensor, optional
        Without: over all elements. With an axis: over that axis, together with the indices. With
        another tensor: the elementwise maximum of the two.

    Returns
    -------
    Tensor, or a named tuple (values, indices)

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> values, indices = tgb.max(tgb.tensor([[1.0, 5.0], [7.0, 2.0]]), dim=1)
    >>> values, indices
    (tensor([5., 7.]), tensor([1, 0]))
    """
    return _extreme(input, dim, keepdim, ops.amax, ops.argmax, ew.maximum, "max")


@numpy_names
def min(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Take the smallest element; as :func:`max`."""
    return _extreme(input, dim, keepdim, ops.amin, ops.argmin, ew.minimum, "min")


def _find(op: Any, input: Any, dim: Any, keepdim: bool, what: str) -> Any:
    _needs_elements(input, dim, what)
    axis = None if dim is None or not input.ndim else axis_of(dim, input.ndim)
    return op(input, axis=axis, keepdims=keepdim)


@numpy_names
def argmax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Find the first largest element: its index along `dim`, or in the flattened tensor."""
    return _find(ops.argmax, input, dim, keepdim, "argmax")


@numpy_names
def argmin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Find the first smallest element: its index along `dim`, or in the flattened tensor."""
    return _find(ops.argmin, input, dim, keepdim, "argmin")


@numpy_names
def any(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether some element is not zero."""
    return ops.any(input, axis=axes_of(dim, input.ndim), keepdims=keepdim)


@numpy_names
def all(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether no element is zero."""
    return ops.all(input, axis=axes_of(dim, input.ndim), keepdims=keepdim)


@numpy_names
def count_nonzero(input: Any, dim: Any = None) -> Any:
    """Count the elements that are not zero."""
    return ops.count_nonzero(input, axis=axes_of(dim, input.ndim))


@numpy_names
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """Give log Σ e^x over the axes, without overflow."""
    axis = axes_of(dim, input.ndim) or tuple(range(input.ndim))
    return loss_ops.logsumexp(input, axis=axis, keepdims=keepdim)


def _along(op: Any, input: Any, dim: Any, dtype: Any = None) -> Any:
    input = _as(input, dtype)
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return reshape(op(reshape(input, shape=(1,)), axis=0), shape=())
    return op(input, axis=axis)


@numpy_names
def cumsum(input: Any, dim: Any, *, dtype: Any = None) -> Any:
    """Add up along an axis, keeping every partial sum."""
    return _along(ops.cumsum, input, dim, dtype)


@numpy_names
def cumprod(input: Any, dim: Any, *, dtype: Any = None) -> Any:
    """Multiply up along an axis, keeping every partial product."""
    return _along(ops.cumprod, input, dim, dtype)


def _running(input: Any, dim: Any, ufunc: Any) -> ValuesIndices:
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return ValuesIndices(input.clone(), input.new_tensor(0, dtype=dtypes.int64))
    array = input._array
    best = ufunc.accumulate(array, axis=axis)
    shape = [1] * array.ndim
    shape[axis] = -1
    places = np.arange(array.shape[axis]).reshape(shape)
    # PyTorch names the last of equal extremes; a NaN, once met, stays.
    hits = np.where((array == best) | (array != array), places, 0)
    indices = input.new_tensor(np.maximum.accumulate(hits, axis=axis), dtype=dtypes.int64)
    return ValuesIndices(take_along_axis(input, indices, axis=axis), indices)


@numpy_names
def cummax(input: Any, dim: Any) -> ValuesIndices:
    """Give the largest element so far along an axis, and where it was."""
    return _running(input, dim, np.maximum)


@numpy_names
def cummin(input: Any, dim: Any) -> ValuesIndices:
    """Give the smallest element so far along an axis, and where it was."""
    return _running(input, dim, np.minimum)


@numpy_names
def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """Find the order of the elements along an axis."""
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return input.new_tensor(0, dtype=dtypes.int64)
    return ops.argsort(input, axis=axis, descending=descending)


@numpy_names
def sort(
    input: Any, dim: int = -1, descending: bool = False, stable: bool = False
) -> ValuesIndices:
    """Sort along an axis: the values, and where they were.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.sort(tgb.tensor([3.0, 1.0, 2.0])).indices
    tensor([1, 2, 0])
    """
    indices = argsort(input, dim, descending)
    if not input.ndim:
        return ValuesIndices(input.clone(), indices)
    return ValuesIndices(take_along_axis(input, indices, axis=axis_of(dim, input.ndim)), indices)


@numpy_names
def topk(
    input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> ValuesIndices:
    """Give the k largest (or smallest) elements along an axis, and where they were."""
    axis = axis_of(dim, input.ndim)
    n = input.shape[axis] if input.ndim else 1
    if not 0 <= k <= n:
        raise RuntimeError(f"topk: k={k} is out of range for an axis of length {n}")
    if not input.ndim:
        return ValuesIndices(*sort(input))
    order = argsort(input, axis, descending=largest)
    indices = order[(slice(None),) * axis + (slice(0, k),)]
    return ValuesIndices(take_along_axis(input, indices, axis=axis), indices)


@numpy_names
def median(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Give the lower median: over all elements, or along an axis with its index."""
    if dim is None:
        flat = input.reshape(-1)
        return flat[argsort(flat)[(flat.numel() - 1) // 2]]
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return sort(input)
    middle = (input.shape[axis] - 1) // 2
    order = argsort(input, axis)[(slice(None),) * axis + (slice(middle, middle + 1),)]
    return _pick(input, order, axis, keepdim)


def unique(input: Any, sorted: bool = True, return_inverse: bool = False,
           return_counts: bool = False, dim: int | None = None) -> Any:  # fmt: skip
    """Give the distinct elements in order; on request where each went, and how many there were."""
    values, inverse, counts = np.unique(
        input._array, return_inverse=True, return_counts=True, axis=dim
    )
    found = [input.new_tensor(values)]
    if return_inverse:
        shape = input._array.shape if dim is None else (-1,)
        found.append(input.new_tensor(inverse.reshape(shape), dtype=dtypes.int64))
    if return_counts:
        found.append(input.new_tensor(counts, dtype=dtypes.int64))
    return found[0] if len(found) == 1 else tuple(found)


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """Count how often each non-negative integer occurs."""
    raw = None if weights is None else weights._array
    return input.new_tensor(np.bincount(input._array, raw, minlength))


def softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """Give e^z / Σ e^z along an axis: positive, with sum 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.softmax(tgb.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return _softmax(loss_ops.softmax, input, dim, dtype)


def log_softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """Give z − log Σ e^z along an axis."""
    return _softmax(loss_ops.log_softmax, input, dim, dtype)


def _softmax(op: Any, input: Any, dim: int, dtype: Any) -> Any:
    input = _as(input, dtype)
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return reshape(op(reshape(input, shape=(1,)), axis=0), shape=())
    return op(input, axis=axis)
