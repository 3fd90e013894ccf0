"""Masked normalisations and running sums: the output has the shape of the input."""

from __future__ import annotations

from typing import Any

from ..functions import reduce as fr
from ..rules import elementwise as ew
from .filling import filled, highest, lowest
from .reductions import norm


def softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """Give eˣ / Σ eˣ along an axis, 0 where an element is masked.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, mask = tgb.tensor([1.0, 2.0, 5.0]), tgb.tensor([True, False, True])
    >>> tgb.masked.softmax(x, 0, mask=mask)
    tensor([0.0180, 0.0000, 0.9820])
    """
    return fr.softmax(filled(input, mask, lowest(input)), dim, dtype=dtype)


def log_softmax(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """Give x − log Σ eˣ along an axis, −∞ where an element is masked."""
    return fr.log_softmax(filled(input, mask, lowest(input)), dim, dtype=dtype)


def softmin(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """Give e⁻ˣ / Σ e⁻ˣ along an axis, 0 where an element is masked."""
    return fr.softmax(ew.negative(filled(input, mask, highest(input))), dim, dtype=dtype)


def normalize(input: Any, ord: float, dim: int, *, eps: float = 1e-12, dtype: Any = None,
              mask: Any = None) -> Any:  # fmt: skip
    """Divide by the p-norm along an axis, but by `eps` at least; masked elements become 0."""
    length = norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask)
    return ew.divide(filled(input, mask, 0), ew.maximum(length, eps))


def cumsum(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """Add up what is not masked along an axis, keeping every partial sum.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, mask = tgb.tensor([1.0, 2.0, 5.0]), tgb.tensor([True, False, True])
    >>> tgb.masked.cumsum(x, 0, mask=mask)
    tensor([1., 1., 6.])
    """
    return fr.cumsum(filled(input, mask, 0), dim, dtype=dtype or input.dtype)


def cumprod(input: Any, dim: int, *, dtype: Any = None, mask: Any = None) -> Any:
    """Multiply up what is not masked along an axis, keeping every partial product."""
    return fr.cumprod(filled(input, mask, 1), dim, dtype=dtype or input.dtype)


def logaddexp(input: Any, other: Any, *, dtype: Any = None, input_mask: Any = None,
              other_mask: Any = None) -> Any:  # fmt: skip
    """Give log(eˣ + eʸ); a masked x or y adds nothing."""
    x, y = filled(input, input_mask, lowest(input)), filled(other, other_mask, lowest(other))
    return ew.logaddexp(x, y).to(dtype or input.dtype)
