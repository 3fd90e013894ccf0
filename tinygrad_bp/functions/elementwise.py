"""Arithmetic, powers, choices and comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtype as dtypes
from ..rules import elementwise as ops
from ..rules.reduce import all as all_op

Number = bool | int | float


def add(input: Any, other: Any, *, alpha: Number = 1) -> Any:
    """Give ``input + alpha * other``, broadcast.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.add(tgb.ones(2), 3, alpha=2)
    tensor([7., 7.])
    """
    return ops.add(input, other if alpha == 1 else ops.multiply(other, alpha))


def sub(input: Any, other: Any, *, alpha: Number = 1) -> Any:
    """Give ``input - alpha * other``, broadcast."""
    return ops.subtract(input, other if alpha == 1 else ops.multiply(other, alpha))


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """Give ``input / other``; with `rounding_mode` "floor" or "trunc" the rounded quotient.

    Raises
    ------
    RuntimeError
        For another rounding mode.
    """
    if rounding_mode is None:
        return ops.divide(input, other)
    if rounding_mode == "floor":
        return ops.floor_divide(input, other)
    if rounding_mode == "trunc":
        quotient = ops.trunc(ops.divide(input, other))
        kind = dtypes.result_type(input, other)
        return quotient if kind.is_floating_point else quotient.to(kind)
    raise RuntimeError(
        f'div: rounding_mode has to be None, "floor" or "trunc", not {rounding_mode!r}'
    )


def pow(input: Any, exponent: Any) -> Any:
    """Give ``input ** exponent``, elementwise.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.pow(tgb.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    if isinstance(exponent, (bool, int, float)):
        if not input.is_floating_point():
            input = input.to(dtypes.result_type(input, exponent))
            if input.dtype == dtypes.bool:
                return _truth_power(input, exponent)
        if exponent == 2:
            return ops.square(input)
        return ops.power_constant(input, exponent=exponent)
    if exponent.dtype == dtypes.bool and dtypes.result_type(input, exponent) == dtypes.bool:
        return _truth_power(input, exponent)
    if isinstance(input, (bool, int, float)):
        base = np.asarray(input)
        target = dtypes.common_dtype([input, np.empty((), exponent.dtype.dtype)])
        if exponent.ndim:
            target = dtypes.common_dtype([input, np.empty((1,), exponent.dtype.dtype)])
        return ops.power(base.astype(target), exponent)
    return ops.power(input, exponent)


def _truth_power(input: Any, exponent: Any) -> Any:
    """Raise truth values, 0^0 is 1; NumPy would give numbers."""
    return ops.logical_or(input, ops.logical_not(exponent))


def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """Limit to the interval from `min` to `max`; either may be left out.

    At a bound the gradient passes, as in PyTorch.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.clamp(tgb.tensor([-2.0, 0.5, 2.0]), min=-1, max=1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min is None and max is None:
        raise RuntimeError("clamp: at least one of min and max has to be given")
    lower = float("-inf") if min is None else min
    upper = float("inf") if max is None else max
    if not input.is_floating_point():
        # An infinite bound would turn integers into floats.
        if min is None:
            return ops.minimum(input, upper)
        if max is None:
            return ops.maximum(input, lower)
    return ops.clip(input, lower, upper)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """Choose from `input` where the condition holds, else from `other`.

    With the condition alone: the indices of its nonzero elements, one tensor an axis.
    """
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if isinstance(input, (bool, int, float)) and isinstance(other, (bool, int, float)):
        kind = dtypes.common_dtype([input, other])
        return ops.where(condition, np.asarray(input, kind), np.asarray(other, kind))
    return ops.where(condition, input, other)


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """Give the input with `value` where the mask is True."""
    number = getattr(value, "_array", value)
    if not isinstance(value, (bool, int, float)) and number.ndim:
        raise RuntimeError(f"masked_fill: the value has to be a single number, not {number.shape}")
    if isinstance(value, (bool, int, float)):
        value = np.asarray(value, input.dtype.dtype)
    return ops.where(mask, value, input)


def round(input: Any, *, decimals: int = 0) -> Any:
    """Round half to even."""
    return ops.round(input, decimals=decimals)


def lerp(input: Any, end: Any, weight: Any) -> Any:
    """Give ``input + weight * (end - input)``."""
    return ops.add(input, ops.multiply(weight, ops.subtract(end, input)))


def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Number = 1) -> Any:
    """Give ``input + value * tensor1 * tensor2``."""
    return add(input, ops.multiply(tensor1, tensor2), alpha=value)


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Number = 1) -> Any:
    """Give ``input + value * tensor1 / tensor2``."""
    return add(input, ops.divide(tensor1, tensor2), alpha=value)


def leaky_relu(input: Any, negative_slope: float = 0.01) -> Any:
    """Give z for z > 0, else ``negative_slope * z``."""
    return ops.leaky_relu(input, slope=negative_slope)


def isclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8,
            equal_nan: bool = False) -> Any:  # fmt: skip
    """Whether ``|input - other| <= atol + rtol * |other|``, elementwise."""
    a, b = np.asarray(input.detach()), np.asarray(getattr(other, "_array", other))
    return input.new_tensor(np.isclose(a, b, rtol, atol, equal_nan), dtype=dtypes.bool)


def allclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8,
             equal_nan: bool = False) -> bool:  # fmt: skip
    """Whether all elements are close, see :func:`isclose`."""
    return bool(all_op(isclose(input, other, rtol, atol, equal_nan)))


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have the same shape and elements."""
    return input.shape == other.shape and bool(all_op(ops.equal(input, other)))
