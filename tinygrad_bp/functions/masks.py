"""Choices by truth values."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtype as dtypes
from ..arrays import number_as
from ..messages import ShapeError
from ..rules import elementwise as ew
from ..rules.index import ARRAY, assign
from ..rules.shape import reshape
from ._axes import with_out
from .index import nonzero
from .joining import broadcast_tensors

_NUMBERS = (bool, int, float, complex)


def _truth(mask: Any, what: str) -> Any:
    kind = mask.dtype
    if kind != np.bool_:
        raise RuntimeError(
            f"{what}: the mask has to be of bool, not {getattr(kind, 'name', kind)}: "
            "use mask.bool()"
        )
    return mask


@with_out
def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """Choose from `input` where the condition holds, else from `other`; all are broadcast.

    With the condition alone: the indices of its nonzero elements, one tensor an axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 2.0])
    >>> tgb.where(x > 0, x, 0.0)
    tensor([0., 2.])
    >>> tgb.where(x > 0)
    (tensor([1]),)
    """
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    if condition.dtype == np.uint8:  # as PyTorch still allows
        condition = condition != 0
    _truth(condition, "where")
    if isinstance(input, _NUMBERS) and isinstance(other, _NUMBERS):
        kind = dtypes.common_dtype([input, other])
        return ew.where(condition, np.asarray(input, kind), np.asarray(other, kind))
    return ew.where(condition, input, other)


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """Give the input with `value` where the mask is True; both are broadcast.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.masked_fill(tgb.ones(2), tgb.tensor([True, False]), 0.0)
    tensor([0., 1.])
    """
    _truth(mask, "masked_fill")
    kind = input.dtype
    if isinstance(value, np.generic):  # as `finfo(dtype).min` is
        value = value.item()
    if isinstance(value, _NUMBERS):
        number = number_as(value, kind.dtype, "masked_fill")
        return ew.where(mask, number.item() if kind.is_floating_point else number, input)
    if value.ndim:
        raise RuntimeError(
            f"masked_fill: the value has to be a single number, not of shape {tuple(value.shape)}"
        )
    if value.dtype.is_complex and not kind.is_complex:
        raise RuntimeError(f"masked_fill: a complex value can't be stored in {kind.name}")
    return ew.where(mask, value if value.dtype == kind else value.to(kind), input)


@with_out
def masked_select(input: Any, mask: Any) -> Any:
    """Give the elements where the mask is True, as a vector; both are broadcast.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.masked_select(tgb.tensor([1, 2, 3]), tgb.tensor([True, False, True]))
    tensor([1, 3])
    """
    _truth(mask, "masked_select")
    spread, chosen = broadcast_tensors(input, mask)
    return reshape(spread, shape=(-1,))[reshape(chosen, shape=(-1,))]


def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """Give the input with the elements of `source`, in order, where the mask is True.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> mask = tgb.tensor([True, False, True])
    >>> tgb.masked_scatter(tgb.zeros(3), mask, tgb.tensor([5.0, 6.0, 7.0]))
    tensor([5., 0., 6.])
    """
    _truth(mask, "masked_scatter")
    if source.dtype != input.dtype:
        raise RuntimeError(
            f"masked_scatter: the input is of {input.dtype.name}, the source of {source.dtype.name}"
        )
    spread, chosen = broadcast_tensors(input, mask)
    count = int(np.count_nonzero(chosen._array))
    if count > source.numel():
        raise ShapeError(
            f"masked_scatter: the mask names {count} places, the source has {source.numel()} "
            "elements"
        )
    values = reshape(source, shape=(-1,))[:count]
    return assign(spread, values, chosen._array, template=(ARRAY,))
