"""Sums, means, products, extremes, and running ones."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..op import constant, primitive
from .index import concatenate, slice_
from .shape import cast, flip, inverse, repeated, reshape, transpose

Axis = tuple[int, ...] | None


def _kept(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """Return the shape that `keepdims=True` would have left."""
    if axis is None:
        return (1,) * len(shape)
    axes = {a % len(shape) for a in ((axis,) if isinstance(axis, int) else axis)} if shape else ()
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def count(shape: tuple[int, ...], axis: Any) -> int:
    """How many elements a reduction over `axis` puts into one."""
    n = 1
    for whole, kept in zip(shape, _kept(shape, axis), strict=True):
        n *= whole if kept == 1 else 1
    return n


def _wide(x: Any) -> Any:
    """Name the dtype of sums: int64 for integers, as in PyTorch (NumPy has uint64 for unsigned)."""
    return np.int64 if x.dtype.kind == "u" else None


@functools.lru_cache(maxsize=64)
def ones(n: int, dtype: Any) -> Any:
    """Give a vector of ones: a product with it is a sum, at the speed of BLAS."""
    made = np.ones(n, dtype)
    made.flags.writeable = False
    return made


_FIRST = (0, (0,))


@primitive(x=lambda g, x_shape, *, axis: spread(g, shape=x_shape, axis=axis))
def sum(x: Any, *, axis: Any = None, keepdims: Any = False) -> Any:
    """Add up."""
    if (
        axis in _FIRST and x.ndim == 2 and not keepdims
        and x.dtype.char in "fd" and x.flags.c_contiguous
    ):  # fmt: skip
        return ones(len(x), x.dtype).dot(x)  # BLAS, at a fifth of the time for a small batch
    return np.add.reduce(x, axis=axis, dtype=_wide(x), keepdims=keepdims)


@primitive(x=lambda g, x_shape, *, axis: reshape(sum(g, axis=axis), shape=x_shape), view=True)
def spread(x: Any, *, shape: tuple[int, ...], axis: Any) -> Any:
    """Repeat what a reduction over `axis` left, so that it has the shape from before."""
    shown = repeated(x.reshape(_kept(shape, axis)), shape)
    shown.flags.writeable = False  # one number stands in many places
    return shown


@primitive(
    quiet=True,
    x=lambda g, x_shape, *, axis: spread(
        g / max(count(x_shape, axis), 1), shape=x_shape, axis=axis
    ),
)
def mean(x: Any, *, axis: Axis = None, keepdims: Any = False) -> Any:
    """Average; NaN where there is nothing to average, as in PyTorch."""
    if x.dtype.char == "e":  # whose sums overflow
        return mean.forward(x.astype(np.float32), axis=axis, keepdims=keepdims).astype(x.dtype)
    total = np.add.reduce(x, axis=axis, keepdims=keepdims)
    return np.true_divide(total, count(x.shape, axis), dtype=x.dtype)


def _extreme(g: Any, x: Any, out: Any, axis: Any) -> Any:
    kept = _kept(x.shape, axis)
    mask = cast(x == reshape(out, shape=kept), dtype=g.dtype)
    return mask * (reshape(g, shape=kept) / sum(mask, axis=axis, keepdims=True))


@primitive(x=lambda g, x, out, *, axis: _extreme(g, x, out, axis))
def amax(x: Any, *, axis: Axis = None, keepdims: Any = False) -> Any:
    """Take the largest element; ties share the gradient evenly."""
    return np.maximum.reduce(x, axis=axis, keepdims=keepdims)


@primitive(x=lambda g, x, out, *, axis: _extreme(g, x, out, axis))
def amin(x: Any, *, axis: Axis = None, keepdims: Any = False) -> Any:
    """Take the smallest element; ties share the gradient evenly."""
    return np.minimum.reduce(x, axis=axis, keepdims=keepdims)


# Elements that equal the median share its gradient evenly, as in PyTorch.
@primitive(quiet=True, x=lambda g, x, out: _median_x(g, x, out))
def median(x: Any, *, skip_nan: bool = False) -> Any:
    """Take the lower median of all elements; without `skip_nan`, NaN if one of them is."""
    flat = np.sort(x, axis=None)  # NaN comes last
    nans = np.count_nonzero(np.isnan(flat)) if flat.dtype.kind == "f" else 0
    if (nans and not skip_nan) or nans == flat.size:
        return np.asarray(np.nan, x.dtype)
    return flat[(flat.size - nans - 1) // 2].copy()


def _median_x(g: Any, x: Any, out: Any) -> Any:
    mask = cast((x == out) | (np.isnan(x) & np.isnan(out)), dtype=g.dtype)
    return mask * (g / sum(mask))


@primitive(
    quiet=True,
    x=lambda g, *, axis: flip(cumsum(flip(g, axis=(axis,)), axis=axis), axis=(axis,)),
)
def cumsum(x: Any, *, axis: int) -> Any:
    """Add up along an axis, keeping every partial sum."""
    if x.dtype.char == "e":  # which counts to 2048 only
        return np.add.accumulate(x, axis=axis, dtype=np.float32).astype(x.dtype)
    return np.add.accumulate(x, axis=axis, dtype=_wide(x))


@constant
def full_like(x: Any, *, value: float) -> Any:
    """Give an array like `x` with one value everywhere."""
    return np.full_like(x, value)


# A running product y_j = y_{j-1} x_j has the gradient dx_j = y_{j-1} s_j with the recurrence, run
# backward, s_j = g_j + x_{j+1} s_{j+1}. Dividing y by x instead would fail at zeros; this is exact
# there, to every order, since the recurrence's own gradient is a recurrence again.


def _earlier(x: Any, axis: int, first: float) -> Any:
    """Shift by one along the axis: position j holds x_{j-1}, position 0 holds `first`."""
    axis %= len(x.shape)
    head = slice_(x, key=(slice(None),) * axis + (slice(0, 1),))
    tail = slice_(x, key=(slice(None),) * axis + (slice(0, -1),))
    return concatenate(full_like(head, value=first), tail, axis=axis)


def _backward_recurrence(g: Any, a: Any, axis: int) -> Any:
    """Return t with t_j = g_j + a_{j+1} t_{j+1}."""
    turned = _earlier(flip(a, axis=(axis,)), axis, 0.0)
    return flip(recurrence(turned, flip(g, axis=(axis,)), axis=axis), axis=(axis,))


@primitive(
    a=lambda g, a, out, *, axis: (
        _backward_recurrence(g, a, axis) * _earlier(out, axis, 0.0) if g.shape[axis] else g
    ),
    b=lambda g, a, *, axis: _backward_recurrence(g, a, axis) if g.shape[axis] else g,
)
def recurrence(a: Any, b: Any, *, axis: int) -> Any:
    """Run s_j = b_j + a_j s_{j-1} along an axis, from s_{-1} = 0."""
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    out = np.empty_like(b)
    state = np.zeros(b.shape[1:], b.dtype)
    for j in range(len(b)):
        state = b[j] + a[j] * state
        out[j] = state
    return np.moveaxis(out, 0, axis)


@primitive(
    quiet=True,
    x=lambda g, x, out, *, axis: (
        _earlier(out, axis, 1.0) * _backward_recurrence(g, x, axis) if g.shape[axis] else g
    ),
)
def cumprod(x: Any, *, axis: int) -> Any:
    """Multiply up along an axis, keeping every partial product."""
    return np.multiply.accumulate(x, axis=axis, dtype=_wide(x))


def _logcumsumexp_x(g: Any, x: Any, out: Any, axis: int) -> Any:
    # The sum over j ≥ i of g_j e^(x_i − out_j), with no exponent above 0: a recurrence again.
    before = _earlier(out, axis, -np.inf)
    ratio = np.exp(np.where(before == out, np.zeros_like(out), before - out))
    weight = np.exp(np.where(x == out, np.zeros_like(out), x - out))
    return weight * _backward_recurrence(g, ratio, axis)


@primitive(
    quiet=True,
    x=lambda g, x, out, *, axis: _logcumsumexp_x(g, x, out, axis) if g.shape[axis] else g,
)
def logcumsumexp(x: Any, *, axis: int) -> Any:
    """Give log Σ e^x along an axis, keeping every partial sum."""
    return np.logaddexp.accumulate(x, axis=axis)


def _all_but_one(x: Any) -> Any:
    """Return, for each element of the last axis, the product of all the others."""
    if not x.shape[-1]:
        return x
    before = _earlier(cumprod(x, axis=-1), -1, 1.0)
    turned = flip(x, axis=(-1,))
    return before * flip(_earlier(cumprod(turned, axis=-1), -1, 1.0), axis=(-1,))


def _prod_x(g: Any, x: Any, axis: Any) -> Any:
    # Bring the reduced axes together at the end, and back: there the product is over one axis.
    n = len(x.shape)
    axes = (
        range(n) if axis is None else [a % n for a in ((axis,) if isinstance(axis, int) else axis)]
    )
    order = tuple(i for i in range(n) if i not in axes) + tuple(axes)
    moved = transpose(x, axes=order)
    rest = n - len(axes)
    flat = reshape(moved, shape=(*moved.shape[:rest], count(x.shape, axis)))
    others = transpose(reshape(_all_but_one(flat), shape=moved.shape), axes=inverse(order))
    return spread(g, shape=x.shape, axis=axis) * others


@primitive(quiet=True, x=lambda g, x, *, axis: _prod_x(g, x, axis))
def prod(x: Any, *, axis: Axis = None, keepdims: Any = False) -> Any:
    """Multiply up; exact at zeros."""
    return np.multiply.reduce(x, axis=axis, dtype=_wide(x), keepdims=keepdims)


def _pnorm_x(g: Any, x: Any, out: Any, p: float, axis: Any) -> Any:
    # |x|^(p−1) sign(x) / out^(p−1); where an element or the whole norm is 0, PyTorch's 0.
    whole = spread(out, shape=x.shape, axis=axis)
    flat = (x == 0) | (whole == 0)
    ratio = np.where(flat, np.ones_like(x), np.absolute(x) / whole) ** (p - 1)
    return spread(g, shape=x.shape, axis=axis) * np.where(
        flat, np.zeros_like(x), np.sign(x) * ratio
    )


@primitive(quiet=True, x=lambda g, x, out, *, p, axis: _pnorm_x(g, x, out, p, axis))
def pnorm(x: Any, *, p: float, axis: Axis = None, keepdims: Any = False) -> Any:
    """Give (Σ |x|^p)^(1/p)."""
    return np.add.reduce(np.abs(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


def _argextreme(find: Any, x: Any, axis: int | None, keepdims: bool) -> Any:
    return np.asarray(find(x, axis=axis, keepdims=keepdims), np.int64)


@constant
def argmax(x: Any, *, axis: int | None = None, keepdims: Any = False) -> Any:
    """Find the (first) largest element."""
    return _argextreme(np.argmax, x, axis, keepdims)


@constant
def argmin(x: Any, *, axis: int | None = None, keepdims: Any = False) -> Any:
    """Find the (first) smallest element."""
    return _argextreme(np.argmin, x, axis, keepdims)


@constant
def any(x: Any, *, axis: Axis = None, keepdims: Any = False) -> Any:
    """Whether some element is not zero."""
    return np.logical_or.reduce(x, axis=axis, keepdims=keepdims)


@constant
def all(x: Any, *, axis: Axis = None, keepdims: Any = False) -> Any:
    """Whether no element is zero."""
    return np.logical_and.reduce(x, axis=axis, keepdims=keepdims)


@constant
def count_nonzero(x: Any, *, axis: Axis = None, keepdims: Any = False) -> Any:
    """Count the elements that are not zero."""
    return np.asarray(np.count_nonzero(x, axis=axis, keepdims=keepdims), np.int64)


@constant
def argsort(x: Any, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Find the order of the elements along an axis; equal ones keep theirs."""
    if not descending:
        return np.argsort(x, axis=axis, kind="stable" if stable else None)
    # Sorting the reversed array stably and reversing the answer keeps equal elements in order.
    turned = np.flip(np.argsort(np.flip(x, axis), axis=axis, kind="stable"), axis)
    return x.shape[axis] - 1 - turned if x.ndim else turned


# Their rules are those of real numbers; the engine makes the complex ones of them.
for _product in (prod, cumprod, recurrence):
    _product.holomorphic = True
