"""Statistics: medians and quantiles, moments together, covariance; NaN passed over on request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..dtype import int64
from ..rules import elementwise as ew
from ..rules import reduce as ops
from ..rules.index import take_along_axis
from ..rules.shape import reshape, sum_to
from ._axes import axis_of, numpy_names, several
from .linalg import matmul
from .reduce import amax, amin, mean, norm, std, sum, var
from .sorting import picked, sort


class MinMax(NamedTuple):
    """The smallest and the largest element."""

    min: Any
    max: Any


@numpy_names
def aminmax(input: Any, *, dim: int | None = None, keepdim: bool = False) -> MinMax:
    """Give the smallest and the largest element, of all or along an axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tgb.aminmax(x)
    MinMax(min=tensor(1.), max=tensor(4.))
    """
    if dim is not None:
        axis_of(dim, input.ndim)
    elif not input.numel():
        raise RuntimeError(f"aminmax over no elements: the shape is {tuple(input.shape)}")
    return MinMax(amin(input, dim, keepdim), amax(input, dim, keepdim))


# -------------------------------------------------------------------------------- passing over NaN


def _numbers(input: Any) -> Any:
    """Put 0 in place of NaN."""
    return input if input.dtype.dtype.kind in "biu" else ew.where(ew.isnan(input), 0.0, input)


@numpy_names
def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Add up what is not NaN, over all elements or over the axes `dim`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nansum(tgb.tensor([1.0, float("nan")]))
    tensor(1.)
    """
    return sum(_numbers(input if dtype is None else input.to(dtype)), dim, keepdim)


@numpy_names
def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Average what is not NaN, over all elements or over the axes `dim`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nanmean(tgb.tensor([1.0, float("nan"), 3.0]))
    tensor(2.)
    """
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(f"nanmean of a tensor of {input.dtype.name}: convert it first")
    present = ew.logical_not(ew.isnan(input))
    return ew.divide(nansum(input, dim, keepdim, dtype=dtype), sum(present, dim, keepdim))


# --------------------------------------------------------------------------- medians and quantiles


def _median(input: Any, dim: Any, keepdim: bool, skip_nan: bool) -> Any:
    if dim is None:
        return ops.median(input, skip_nan=skip_nan)
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return sort(input)
    n = input.shape[axis]
    if not n:
        raise IndexError(f"median over no elements: the tensor has the shape {tuple(input.shape)}")
    order = sort(input.detach(), axis).indices
    nans = np.isnan(input._array) if input.is_floating_point() else np.zeros(input.shape, bool)
    missing = nans.sum(axis, keepdims=True)
    middle = np.maximum(n - missing - 1, 0) // 2
    if not skip_nan:  # the first NaN, where there is one
        middle = np.where(missing > 0, n - missing, (n - 1) // 2)
    places = np.take_along_axis(order._array, middle, axis)
    return picked(input, input.new_tensor(places), axis, keepdim)


@numpy_names
def median(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Give the lower median: over all elements, or along an axis with its index.

    NaN if one of the elements is NaN.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.median(tgb.tensor([3.0, 1.0, 2.0, 4.0]))
    tensor(2.)
    """
    return _median(input, dim, keepdim, skip_nan=False)


@numpy_names
def nanmedian(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Give the lower median of what is not NaN; as :func:`median`."""
    return _median(input, dim, keepdim, skip_nan=True)


_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _quantile(
    input: Any, q: Any, dim: Any, keepdim: bool, interpolation: str, skip_nan: bool
) -> Any:
    what = "nanquantile" if skip_nan else "quantile"
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{what}: interpolation has to be one of {', '.join(_INTERPOLATIONS)}, "
            f"not {interpolation!r}"
        )
    if not input.is_floating_point():
        raise RuntimeError(f"{what} is for floating-point tensors, not for {input.dtype.name}")
    if not input.numel():
        raise RuntimeError(f"{what} of no elements: the tensor has the shape {tuple(input.shape)}")
    if isinstance(q, (int, float)):
        q = input.new_tensor(q, dtype=input.dtype)
    if q.ndim > 1 or q.dtype != input.dtype:
        raise RuntimeError(
            f"{what}: q has to be a number or a vector of {input.dtype.name}, not of shape "
            f"{tuple(q.shape)} and {q.dtype.name}"
        )
    if not ((q._array >= 0) & (q._array <= 1)).all():
        raise RuntimeError(f"{what}: q has to lie in [0, 1]")
    kept = (1,) * input.ndim
    if dim is None:
        input, axis = reshape(input, shape=(-1,)), 0
    else:
        axis = axis_of(dim, input.ndim)
        kept = tuple(1 if i == axis else n for i, n in enumerate(input.shape))
    rows = sort(input if input.ndim else reshape(input, shape=(1,)), axis).values.movedim(axis, -1)
    values = _at_ranks(rows, reshape(q, shape=(-1,)), interpolation, skip_nan)
    lead = tuple(q.shape)
    rest = kept if keepdim else () if dim is None else tuple(rows.shape[:-1])
    return reshape(values.movedim(-1, 0), shape=(*lead, *rest))


def _at_ranks(rows: Any, q: Any, interpolation: str, skip_nan: bool) -> Any:
    """Take from sorted rows (…, n) what lies at the fractions q (k,): (…, k)."""
    array = rows._array
    missing = np.isnan(array).sum(-1, keepdims=True)
    last = array.shape[-1] - 1
    if skip_nan:
        ranks = ew.multiply(q, np.maximum(last - missing, 0).astype(array.dtype))
    else:
        # One NaN makes the quantile NaN: the last of the sorted row is taken.
        ranks = ew.where(missing > 0, float(last), ew.multiply(q, float(last)))
    step = {"lower": ew.floor, "higher": ew.ceil, "nearest": ew.round}.get(interpolation)
    if step is not None:
        ranks = step(ranks)
    below = np.floor(ranks._array).astype(np.int64)
    values = take_along_axis(rows, below, axis=rows.ndim - 1)
    if step is not None:
        return values
    above = take_along_axis(rows, np.ceil(ranks._array).astype(np.int64), axis=rows.ndim - 1)
    weight = 0.5 if interpolation == "midpoint" else ranks - below.astype(array.dtype)
    return values + weight * (above - values)


@numpy_names
def quantile(input: Any, q: Any, dim: Any = None, keepdim: bool = False, *,
             interpolation: str = "linear") -> Any:  # fmt: skip
    """Give the values below which the fractions `q` of the elements lie.

    Parameters
    ----------
    input : Tensor
    q : float or Tensor () or (k,)
        In [0, 1].
    dim : int, optional
        All elements if left out.
    keepdim : bool
        Leave the axis in place with length 1.
    interpolation : {"linear", "lower", "higher", "midpoint", "nearest"}
        What to take between two elements.

    Returns
    -------
    Tensor
        With a first axis of length k for a vector `q`.

    Raises
    ------
    RuntimeError
        For q outside of [0, 1] or of another dtype, no elements, an unknown interpolation.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.quantile(tgb.tensor([1.0, 2.0, 4.0]), tgb.tensor([0.5, 0.75]))
    tensor([2., 3.])
    """
    return _quantile(input, q, dim, keepdim, interpolation, skip_nan=False)


@numpy_names
def nanquantile(input: Any, q: Any, dim: Any = None, keepdim: bool = False, *,
                interpolation: str = "linear") -> Any:  # fmt: skip
    """Give the quantiles of what is not NaN; as :func:`quantile`."""
    return _quantile(input, q, dim, keepdim, interpolation, skip_nan=True)


# ----------------------------------------------------------------------------------------- moments


@numpy_names
def var_mean(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
             correction: float | None = None) -> tuple[Any, Any]:  # fmt: skip
    """Give the variance and the mean, see :func:`var`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.var_mean(tgb.tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    axes = None if isinstance(dim, bool) else dim
    return var(input, dim, unbiased, keepdim, correction=correction), mean(input, axes, keepdim)


@numpy_names
def std_mean(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
             correction: float | None = None) -> tuple[Any, Any]:  # fmt: skip
    """Give the standard deviation and the mean, see :func:`std`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.std_mean(tgb.tensor([1.0, 2.0, 3.0]))
    (tensor(1.), tensor(2.))
    """
    axes = None if isinstance(dim, bool) else dim
    return std(input, dim, unbiased, keepdim, correction=correction), mean(input, axes, keepdim)


def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """Give the covariances of the rows.

    Parameters
    ----------
    input : Tensor (variables, observations) or (observations,)
    correction : int
        What is taken off the number of observations in the denominator.
    fweights : Tensor (observations,), optional
        How often each observation was made.
    aweights : Tensor (observations,), optional
        How much each observation counts.

    Returns
    -------
    Tensor (variables, variables), or () for one variable

    Raises
    ------
    RuntimeError
        For more than two axes, and weights of another length, type or sign.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.cov(tgb.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.ndim > 2:
        raise RuntimeError(f"cov: expected at most 2 dimensions, not {input.ndim}")
    if input.dtype.dtype.kind in "biu":
        input = input.to(float)
    rows = reshape(input, shape=(1, -1)) if input.ndim < 2 else input
    n = rows.shape[1]
    for name, weights, whole in (("fweights", fweights, True), ("aweights", aweights, False)):
        if weights is not None:
            _check_weights(name, weights, n, whole)
    weights = aweights if fweights is None else fweights
    if fweights is not None and aweights is not None:
        weights = ew.multiply(fweights, aweights)
    total: Any = n if weights is None else sum(weights)
    if weights is None:
        centre = ops.mean(rows, axis=(1,), keepdims=True) if n else sum(rows, 1, True) / 0.0
    else:
        centre = sum(ew.multiply(rows, weights), 1, True) / total
    if correction == 0 or weights is None or aweights is None:
        freedom = total - correction
    else:
        freedom = total - correction * sum(ew.multiply(weights, aweights)) / total
    freedom = max(freedom, 0) if weights is None else ew.maximum(freedom, 0)
    apart = rows - centre
    weighted = apart if weights is None else ew.multiply(apart, weights)
    product = matmul(apart, weighted.mT.conj())
    covariance = ew.divide(product, float(freedom) if weights is None else freedom)
    # One variable: a number, as in PyTorch.
    return reshape(covariance, shape=()) if rows.shape[0] == 1 else covariance


def _check_weights(name: str, weights: Any, n: int, whole: bool) -> None:
    if weights.ndim > 1 or weights.numel() != n:
        raise RuntimeError(f"cov: {name} has to be a vector of {n}, not {tuple(weights.shape)}")
    if weights.is_floating_point() == whole:
        raise RuntimeError(f"cov: {name} can't be of {weights.dtype.name}")
    if n and (weights._array < 0).any():
        raise RuntimeError(f"cov: {name} can't be negative")


def corrcoef(input: Any) -> Any:
    """Give Pearson's correlations of the rows; (variables, observations) to their square.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.corrcoef(tgb.tensor([[0.0, 1.0], [1.0, 0.0]])).round()
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    covariance = cov(input)
    if not covariance.ndim:
        return covariance / covariance
    deviation = ew.sqrt(covariance.diagonal())
    scaled = covariance / deviation.unsqueeze(-1) / deviation.unsqueeze(0)
    return ew.clip(scaled, -1.0, 1.0)


# ----------------------------------------------------------------------------- distances and sizes


def dist(input: Any, other: Any, p: float = 2) -> Any:
    """Give the p-norm of the difference.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.dist(tgb.tensor([3.0, 4.0]), tgb.zeros(2))
    tensor(5.)
    """
    return norm(ew.subtract(input, other), p)


@numpy_names
def renorm(input: Any, p: float, dim: int, maxnorm: float) -> Any:
    """Scale each slice along `dim` whose p-norm exceeds `maxnorm` down to it.

    Raises
    ------
    RuntimeError
        For a norm of order 0 or less, a negative `maxnorm`, fewer than 2 axes.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.renorm(tgb.tensor([[3.0, 4.0]]), 2, 0, 1.0).round(decimals=2)
    tensor([[0.6000, 0.8000]])
    """
    if not p > 0 or not maxnorm >= 0 or input.ndim < 2:
        raise RuntimeError(
            f"renorm: p={p} has to be positive, maxnorm={maxnorm} not negative, and the tensor of "
            f"2 or more dimensions, not {input.ndim}"
        )
    axis = axis_of(dim, input.ndim)
    sizes = norm(input, p, tuple(i for i in range(input.ndim) if i != axis), keepdim=True)
    # PyTorch's margin against a division by 0.
    return ew.where(sizes > maxnorm, input * (maxnorm / (sizes + 1e-7)), input)


@several
def sum_to_size(input: Any, size: Sequence[int]) -> Any:
    """Add up over the axes that broadcasting `size` to the input's shape would repeat.

    Raises
    ------
    RuntimeError
        If it can't be broadcast so.
    """
    target = tuple(size)
    shape = tuple(input.shape)
    lead = len(shape) - len(target)
    if lead < 0 or any(n not in (1, m) for n, m in zip(target, shape[lead:], strict=True)):
        raise RuntimeError(f"sum_to_size: {target} can't be expanded to {shape}")
    if shape != target and input.dtype.dtype.kind in "biu":
        input = input.to(int64)  # in which integers are added up
    return sum_to(input, shape=target)
