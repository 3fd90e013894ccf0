"""Reductions and running reductions, with PyTorch's `dim` and `keepdim`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtype import float16, uint8
from ..rules import elementwise as ew
from ..rules import loss as loss_ops
from ..rules import reduce as ops
from ..rules.shape import reshape
from ._axes import axes_of, axis_of, numpy_names
from .sorting import picked


def _as(input: Any, dtype: Any) -> Any:
    return input if dtype is None else input.to(dtype)


def _total(op: Any, input: Any, dtype: Any, **attrs: Any) -> Any:
    """Add or multiply up: short integers as int64, unless a dtype is asked for."""
    out = op(_as(input, dtype), **attrs)
    return out if dtype is None or out.dtype == dtype else out.to(dtype)


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
    axis = axes_of(dim, input.ndim)
    return _total(ops.sum, input, dtype, axis=axis, keepdims=keepdim)


@numpy_names
def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Average, over all elements or over the axes `dim`; NaN over none.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tgb.mean(x, dim=0)
    tensor([2., 3.])
    """
    input = _floating(_as(input, dtype), "the mean")
    return ops.mean(input, axis=axes_of(dim, input.ndim), keepdims=keepdim)


@numpy_names
def prod(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Multiply up, over all elements or over the axis `dim`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.prod(tgb.tensor([2.0, 3.0]))
    tensor(6.)
    """
    axis = axes_of(dim, input.ndim)
    return _total(ops.prod, input, dtype, axis=axis, keepdims=keepdim)


@numpy_names
def var(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
        correction: float | None = None) -> Any:  # fmt: skip
    """Average the squared deviation from the mean: Σ (x − x̄)² / (n − correction).

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        Over all elements if left out; a bool in its place is `unbiased`.
    unbiased : bool
        Whether the correction is 1 (Bessel's) or 0.
    keepdim : bool
        Leave the axes in place with length 1.
    correction : float, optional
        Takes the place of `unbiased`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.var(tgb.tensor([1.0, 2.0, 3.0])), tgb.var(tgb.tensor([1.0, 3.0]), correction=0)
    (tensor(1.), tensor(1.))
    """
    _floating(input, "the variance")
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    axis = axes_of(dim, input.ndim)
    minus = correction if correction is not None else int(unbiased)
    n = ops.count(tuple(input.shape), axis)
    apart = input - ops.mean(input, axis=axis, keepdims=True)
    squares = ew.square(ew.absolute(apart) if input.is_complex() else apart)
    freedom = n - minus
    total = ops.sum(squares, axis=axis, keepdims=keepdim)
    return ew.divide(total, float(freedom) if freedom > 0 else 0.0)


@numpy_names
def std(input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *,
        correction: float | None = None) -> Any:  # fmt: skip
    """Take the root of :func:`var`; where it is 0, so is its gradient, as in PyTorch.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.std(tgb.tensor([1.0, 2.0, 3.0]))
    tensor(1.)
    """
    return ew.root(var(input, dim, unbiased, keepdim, correction=correction))


@numpy_names
def norm(input: Any, p: Any = "fro", dim: Any = None, keepdim: bool = False, *,
         dtype: Any = None) -> Any:  # fmt: skip
    """Give the p-norm (Σ |x|^p)^(1/p) of the elements, over all or over the axes `dim`.

    Parameters
    ----------
    input : Tensor
    p : float or {"fro", "nuc"}
        "fro" is 2; inf and -inf are the largest and the smallest absolute value, 0 counts what is
        not zero; "nuc" is the sum of the singular values of matrices.
    dim : int or tuple of int, optional
        All elements if left out ("nuc": of a matrix).
    keepdim : bool
        Leave the axes in place with length 1.
    dtype : dtype, optional
        Convert first.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.norm(tgb.tensor([3.0, 4.0]))
    tensor(5.)
    """
    input = _floating(_as(input, dtype), "the norm")
    if p == "nuc":
        from importlib import import_module  # with linear algebra, which few need

        matrix_norm = import_module("tinygrad_bp.linalg").matrix_norm
        return matrix_norm(input, "nuc", (0, 1) if dim is None else dim, keepdim)
    if input.is_complex():
        input = ew.absolute(input)
    elif input.dtype == float16:  # whose powers overflow
        return norm(input.float(), p, dim, keepdim).half()
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
        # Which of the two errors, PyTorch decides by whether the axis was said; by argmax it isn't.
        kind = RuntimeError if dim is None and not what.startswith("arg") else IndexError
        raise kind(f"{what} over no elements: the tensor has the shape {shape}")


@numpy_names
def amax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Take the largest over the axes; ties share the gradient evenly.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tgb.amax(x, dim=1)
    tensor([2., 4.])
    """
    _needs_elements(input, dim, "amax")
    return ops.amax(input, axis=axes_of(dim, input.ndim), keepdims=keepdim)


@numpy_names
def amin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Take the smallest over the axes; ties share the gradient evenly.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.amin(tgb.tensor([[3.0, 1.0], [2.0, 4.0]]), dim=0)
    tensor([2., 1.])
    """
    _needs_elements(input, dim, "amin")
    return ops.amin(input, axis=axes_of(dim, input.ndim), keepdims=keepdim)


def _extreme(
    input: Any, dim: Any, keepdim: bool, whole: Any, where: Any, two: Any, what: str
) -> Any:
    if dim is None:
        if not input.numel():
            raise RuntimeError(f"{what} over no elements: the shape is {tuple(input.shape)}")
        return whole(input)
    if not isinstance(dim, (int, np.integer)):
        return two(input, dim)
    axis = axis_of(dim, input.ndim)
    _needs_elements(input, dim, what)
    indices = where(input, axis=axis if input.ndim else None, keepdims=bool(input.ndim))
    return picked(input, indices, axis, keepdim)


@numpy_names
def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Take the largest element.

    Parameters
    ----------
    input : Tensor
    dim : int, optional
        Without: over all elements. With an axis: over that axis, together with the indices.
    keepdim : bool
        Leave the axis in place with length 1.
    other : Tensor, optional
        Also in the place of `dim`: then the elementwise maximum of the two.

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
    dim = other if dim is None else dim
    return _extreme(input, dim, keepdim, ops.amax, ops.argmax, ew.maximum, "max")


@numpy_names
def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """Take the smallest element; as :func:`max`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.min(tgb.tensor([3.0, 1.0, 2.0]))
    tensor(1.)
    """
    dim = other if dim is None else dim
    return _extreme(input, dim, keepdim, ops.amin, ops.argmin, ew.minimum, "min")


def _find(op: Any, input: Any, dim: Any, keepdim: bool, what: str) -> Any:
    _needs_elements(input, dim, what)
    axis = None if dim is None or not input.ndim else axis_of(dim, input.ndim)
    return op(input, axis=axis, keepdims=keepdim)


@numpy_names
def argmax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Find the first largest element: its index along `dim`, or in the flattened tensor.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.argmax(tgb.tensor([1.0, 3.0, 2.0]))
    tensor(1)
    """
    return _find(ops.argmax, input, dim, keepdim, "argmax")


@numpy_names
def argmin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Find the first smallest element: its index along `dim`, or in the flattened tensor.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.argmin(tgb.tensor([2.0, 3.0, 1.0]))
    tensor(2)
    """
    return _find(ops.argmin, input, dim, keepdim, "argmin")


def _truth(op: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    found = op(input, axis=axes_of(dim, input.ndim), keepdims=keepdim)
    return found.to(input.dtype) if input.dtype == uint8 else found  # PyTorch's old truth values


@numpy_names
def any(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether some element is not zero.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.any(tgb.tensor([True, False]))
    tensor(True)
    """
    return _truth(ops.any, input, dim, keepdim)


@numpy_names
def all(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether no element is zero.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.all(tgb.tensor([True, False]))
    tensor(False)
    """
    return _truth(ops.all, input, dim, keepdim)


@numpy_names
def count_nonzero(input: Any, dim: Any = None) -> Any:
    """Count the elements that are not zero.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.count_nonzero(tgb.tensor([0, 1, 2]))
    tensor(2)
    """
    return ops.count_nonzero(input, axis=axes_of(dim, input.ndim))


@numpy_names
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """Give log Σ e^x over the axes, without overflow.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.logsumexp(tgb.tensor([1000.0, 1000.0]), dim=0)
    tensor(1000.6932)
    """
    axis = axes_of(dim, input.ndim) or tuple(range(input.ndim))
    return loss_ops.logsumexp(input, axis=axis, keepdims=keepdim)


def _along(op: Any, input: Any, dim: Any, dtype: Any = None) -> Any:
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return reshape(_total(op, reshape(input, shape=(1,)), dtype, axis=0), shape=())
    return _total(op, input, dtype, axis=axis)


@numpy_names
def cumsum(input: Any, dim: Any, *, dtype: Any = None) -> Any:
    """Add up along an axis, keeping every partial sum.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.cumsum(tgb.tensor([1, 2, 3]), dim=0)
    tensor([1, 3, 6])
    """
    return _along(ops.cumsum, input, dim, dtype)


@numpy_names
def cumprod(input: Any, dim: Any, *, dtype: Any = None) -> Any:
    """Multiply up along an axis, keeping every partial product.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.cumprod(tgb.tensor([1, 2, 3]), dim=0)
    tensor([1, 2, 6])
    """
    return _along(ops.cumprod, input, dim, dtype)


@numpy_names
def logcumsumexp(input: Any, dim: Any) -> Any:
    """Give log Σ e^x along an axis, keeping every partial sum, without overflow.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.logcumsumexp(tgb.zeros(2), 0)
    tensor([0.0000, 0.6931])
    """
    return _along(ops.logcumsumexp, _floating(input, "logcumsumexp"), dim)


@numpy_names
def softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """Give e^z / Σ e^z along an axis: positive, with sum 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.softmax(tgb.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return _softmax(loss_ops.softmax, input, dim, dtype)


@numpy_names
def log_softmax(input: Any, dim: int, dtype: Any = None) -> Any:
    """Give z − log Σ e^z along an axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.log_softmax(tgb.zeros(2), dim=0)
    tensor([-0.6931, -0.6931])
    """
    return _softmax(loss_ops.log_softmax, input, dim, dtype)


def _softmax(op: Any, input: Any, dim: int, dtype: Any) -> Any:
    input = _as(input, dtype)
    axis = axis_of(dim, input.ndim)
    if not input.ndim:
        return reshape(op(reshape(input, shape=(1,)), axis=0), shape=())
    return op(input, axis=axis)
