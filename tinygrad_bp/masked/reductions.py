"""Masked reductions."""

from __future__ import annotations

from typing import Any

from ..dtype import float32, int64
from ..functions import reduce as fr
from ..functions.statistics import nanmedian
from ..linalg.norms import vector_norm
from ..rules import elementwise as ew
from .filling import axes_of, filled, full_mask, highest, lowest


def _summable(input: Any, dtype: Any) -> Any:
    """Return the dtype of a sum or product: int64 for integers."""
    if dtype is not None:
        return dtype
    return input.dtype if input.is_floating_point() or input.is_complex() else int64


def sum(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None,
        mask: Any = None) -> Any:  # fmt: skip
    """Add up what is not masked, over the axes `dim`; nothing adds up to 0.

    Parameters
    ----------
    input : Tensor
    dim : int or tuple of int, optional
        By default all axes.
    keepdim : bool
        Leave the axes in place with length 1.
    dtype : dtype, optional
        Convert first.
    mask : Tensor, optional
        Boolean, broadcast to the input; True where an element counts.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, mask = tgb.tensor([1.0, 2.0, 5.0]), tgb.tensor([True, False, True])
    >>> tgb.masked.sum(x, 0, mask=mask)
    tensor(6.)
    """
    values = filled(input, mask, 0).to(_summable(input, dtype))
    return fr.sum(values, axes_of(dim, input.ndim), bool(keepdim))


def prod(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None,
         mask: Any = None) -> Any:  # fmt: skip
    """Multiply what is not masked; nothing multiplies to 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, mask = tgb.tensor([1.0, 2.0, 5.0]), tgb.tensor([True, False, True])
    >>> tgb.masked.prod(x, 0, mask=mask)
    tensor(5.)
    """
    result = filled(input, mask, 1).to(_summable(input, dtype))
    for axis in reversed(axes_of(dim, input.ndim)):
        result = fr.prod(result, axis, bool(keepdim))
    return result


def amax(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None,
         mask: Any = None) -> Any:  # fmt: skip
    """Take the largest of what is not masked; −∞ of nothing.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, mask = tgb.tensor([1.0, 2.0, 5.0]), tgb.tensor([True, False, True])
    >>> tgb.masked.amax(x, 0, mask=mask)
    tensor(5.)
    """
    values = filled(input, mask, lowest(input))
    return fr.amax(values, axes_of(dim, input.ndim), bool(keepdim)).to(dtype or input.dtype)


def amin(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None,
         mask: Any = None) -> Any:  # fmt: skip
    """Take the smallest of what is not masked; ∞ of nothing.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, mask = tgb.tensor([1.0, 2.0, 5.0]), tgb.tensor([True, False, True])
    >>> tgb.masked.amin(x, 0, mask=mask)
    tensor(1.)
    """
    values = filled(input, mask, highest(input))
    return fr.amin(values, axes_of(dim, input.ndim), bool(keepdim)).to(dtype or input.dtype)


def argmax(input: Any, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None,
           mask: Any = None) -> Any:  # fmt: skip
    """Find the largest of what is not masked; the index is of the input's dtype, as in PyTorch.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, mask = tgb.tensor([1.0, 2.0, 5.0]), tgb.tensor([True, False, True])
    >>> tgb.masked.argmax(x, 0, mask=mask)
    tensor(2.)
    """
    values = filled(input, mask, lowest(input))
    return fr.argmax(values, dim, bool(keepdim)).to(dtype or input.dtype)


def argmin(input: Any, dim: int | None = None, *, keepdim: bool = False, dtype: Any = None,
           mask: Any = None) -> Any:  # fmt: skip
    """Find the smallest of what is not masked; the index is of the input's dtype, as in PyTorch."""
    values = filled(input, mask, highest(input))
    return fr.argmin(values, dim, bool(keepdim)).to(dtype or input.dtype)


def _count(input: Any, axes: tuple[int, ...], keepdim: bool, mask: Any) -> Any:
    return fr.sum(full_mask(input, mask), axes, keepdim)


def mean(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None,
         mask: Any = None) -> Any:  # fmt: skip
    """Average what is not masked; NaN of nothing.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, mask = tgb.tensor([1.0, 2.0, 5.0]), tgb.tensor([True, False, True])
    >>> tgb.masked.mean(x, 0, mask=mask)
    tensor(3.)
    """
    kind = dtype or input.dtype
    if not (kind.is_floating_point or kind.is_complex):
        raise ValueError(
            "mean(): could not infer the output dtype, which has to be a floating point or complex "
            f"one, from {kind.name}. Give dtype=tgb.float32"
        )
    total = sum(input, dim, keepdim=keepdim, dtype=dtype, mask=mask)
    return ew.divide(total, _count(input, axes_of(dim, input.ndim), bool(keepdim), mask))


def median(input: Any, dim: int = -1, *, keepdim: bool = False, dtype: Any = None,
           mask: Any = None) -> Any:  # fmt: skip
    """Take the lower median, along an axis, of what is not masked; NaN of nothing.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, mask = tgb.tensor([1.0, 2.0, 5.0]), tgb.tensor([True, False, True])
    >>> tgb.masked.median(x, 0, mask=mask)
    tensor(1.)
    """
    floating = input.is_floating_point()
    values = filled(input if floating else input.to(float32), mask, float("nan"))
    found = nanmedian(values, dim, keepdim).values
    if floating:
        return found
    if ew.isnan(found).any():
        raise ValueError(
            "masked median expects no fully masked out rows if dtype is not floating point"
        )
    return found.to(dtype or input.dtype)


def norm(input: Any, ord: float | None = 2.0, dim: Any = None, *, keepdim: bool = False,
         dtype: Any = None, mask: Any = None) -> Any:  # fmt: skip
    """Give the p-norm of what is not masked; 0 of nothing (∞ for p = −∞).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, mask = tgb.tensor([1.0, 2.0, 5.0]), tgb.tensor([True, False, True])
    >>> tgb.masked.norm(x, 2, 0, mask=mask)
    tensor(5.0990)
    """
    p = 2.0 if ord is None else float(ord)
    values = filled(input, mask, float("inf") if p == float("-inf") else 0)
    return vector_norm(values, p, axes_of(dim, input.ndim), bool(keepdim), dtype=dtype)


def _spread(input: Any, dim: Any, unbiased: bool | None, correction: float | None, keepdim: bool,
            dtype: Any, mask: Any) -> Any:  # fmt: skip
    if unbiased is not None and correction is not None:
        raise ValueError("only one of the arguments unbiased and correction may be given")
    minus = float(unbiased is not False) if correction is None else correction
    axes = axes_of(dim, input.ndim)
    floating = input if input.is_floating_point() or input.is_complex() else input.to(float32)
    count = _count(input, axes, True, mask)
    middle = sum(floating, dim, keepdim=True, dtype=dtype, mask=mask) / count
    deviation = floating - middle
    total = sum(deviation * deviation, dim, keepdim=keepdim, dtype=dtype, mask=mask)
    freedom = count.reshape(total.shape).to(total.dtype) - minus
    return ew.divide(total, ew.maximum(freedom, 0)).to(dtype or floating.dtype)


def var(input: Any, dim: Any = None, unbiased: bool | None = None, *,
        correction: float | None = None, keepdim: bool = False, dtype: Any = None,
        mask: Any = None) -> Any:  # fmt: skip
    """Give Σ (x − x̄)² / (n − correction) of what is not masked; the correction is 1 by default.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, mask = tgb.tensor([1.0, 2.0, 5.0]), tgb.tensor([True, False, True])
    >>> tgb.masked.var(x, 0, mask=mask)
    tensor(8.)
    """
    return _spread(input, dim, unbiased, correction, bool(keepdim), dtype, mask)


def std(input: Any, dim: Any = None, unbiased: bool | None = None, *,
        correction: float | None = None, keepdim: bool = False, dtype: Any = None,
        mask: Any = None) -> Any:  # fmt: skip
    """Take the root of :func:`var`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, mask = tgb.tensor([1.0, 2.0, 5.0]), tgb.tensor([True, False, True])
    >>> tgb.masked.std(x, 0, mask=mask)
    tensor(2.8284)
    """
    return ew.sqrt(_spread(input, dim, unbiased, correction, bool(keepdim), dtype, mask))


def logsumexp(input: Any, dim: Any = None, *, keepdim: bool = False, dtype: Any = None,
              mask: Any = None) -> Any:  # fmt: skip
    """Give log Σ eˣ of what is not masked; −∞ of nothing.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, mask = tgb.tensor([1.0, 2.0, 5.0]), tgb.tensor([True, False, True])
    >>> tgb.masked.logsumexp(x, 0, mask=mask)
    tensor(5.0181)
    """
    values = filled(input, mask, lowest(input))
    return fr.logsumexp(values, axes_of(dim, input.ndim), keepdim).to(dtype or input.dtype)
