"""Arithmetic, powers, choices and comparisons."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtype as dtypes
from ..rules import elementwise as ops
from ..rules.reduce import all as all_op
from ._axes import reordered, with_out

Number = bool | int | float
_FIXED = frozenset((int, float, type(None)))  # NumPy's numbers would widen the result


def _scaled(other: Any, alpha: Number, *operands: Any) -> Any:
    """Give ``alpha * other``; a fraction can't scale what adds up to integers."""
    if alpha == 1:
        return other
    if isinstance(alpha, float) and dtypes.result_type(*operands).dtype.kind in "biu":
        raise RuntimeError(
            f"for integer tensors alpha has to be an integer, not {alpha}: convert one of them "
            "first, x.to(tgb.float32)"
        )
    return ops.multiply(other, alpha)


@with_out
def add(input: Any, other: Any, *old: Any, alpha: Number = 1) -> Any:
    """Give ``input + alpha * other``, broadcast; ``add(input, alpha, other)`` as scripts once had.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.add(tgb.ones(2), 3, alpha=2)
    tensor([7., 7.])
    """
    if old:
        return add(input, *reordered("add", "input, other, *, alpha", old), alpha=other)
    return ops.add(input, other if alpha == 1 else _scaled(other, alpha, input, other))


@with_out
def sub(input: Any, other: Any, *old: Any, alpha: Number = 1) -> Any:
    """Give ``input - alpha * other``, broadcast; once also ``sub(input, alpha, other)``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.sub(tgb.tensor([3.0]), tgb.tensor([1.0]), alpha=2)
    tensor([1.])
    """
    if old:
        return sub(input, *reordered("sub", "input, other, *, alpha", old), alpha=other)
    return ops.subtract(input, other if alpha == 1 else _scaled(other, alpha, input, other))


@with_out
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """Give ``input / other``; with `rounding_mode` "floor" or "trunc" the rounded quotient.

    Raises
    ------
    RuntimeError
        For another rounding mode.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.div(tgb.tensor([7.0]), 2, rounding_mode="floor")
    tensor([3.])
    """
    if rounding_mode is None:
        return ops.divide(input, other)
    if rounding_mode == "floor":
        return ops.floor_divide(input, other)
    if rounding_mode == "trunc":
        return ops.trunc_divide(input, other)
    raise RuntimeError(
        f'div: rounding_mode has to be None, "floor" or "trunc", not {rounding_mode!r}'
    )


def power(input: Any, exponent: Any) -> Any:
    """Give ``input ** exponent``, elementwise."""
    if isinstance(exponent, (bool, int, float)):
        if input.dtype.dtype.kind not in "fc":
            input = input.to(dtypes.result_type(input, exponent))
            if input.dtype == dtypes.bool:
                return _truth_power(input, exponent)
            if exponent < 0 and input.dtype.dtype.kind in "iu":
                raise RuntimeError(
                    f"integers to the negative power {exponent} are no integers: convert them "
                    "first, x.to(tgb.float32)"
                )
        if exponent == 2:
            return ops.square(input)
        return ops.power_constant(input, exponent=exponent)
    if isinstance(exponent, complex):
        return ops.power(input.to(dtypes.result_type(input, exponent)), exponent)
    if exponent.dtype == dtypes.bool and dtypes.result_type(input, exponent) == dtypes.bool:
        return _truth_power(input, exponent)
    if isinstance(input, (bool, int, float)):
        base = np.asarray(input)
        target = dtypes.common_dtype([input, np.empty((), exponent.dtype.dtype)])
        if exponent.ndim:
            target = dtypes.common_dtype([input, np.empty((1,), exponent.dtype.dtype)])
        return ops.power(base.astype(target), exponent)
    whole = all(np.dtype(x.dtype).kind in "iu" for x in (input, exponent))
    if whole and (getattr(exponent, "_array", exponent) < 0).any():
        return _whole_power(input, exponent)
    return ops.power(input, exponent)


def _whole_power(input: Any, exponent: Any) -> Any:
    """Raise integers to integers of both signs: 1 / x cut to a whole number is 0 but for ±1."""
    negative = ops.less(exponent, 0)
    size = ops.power(input, ops.absolute(exponent))
    unit = ops.equal(ops.absolute(input), 1)
    return ops.where(negative, ops.multiply(size, unit), size)


@with_out
def pow(input: Any, exponent: Any) -> Any:
    """Give ``input ** exponent``, elementwise.

    Parameters
    ----------
    input, exponent : Tensor or number

    Raises
    ------
    RuntimeError
        For integers to the power of a negative number.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.pow(tgb.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    return power(input, exponent)


def _truth_power(input: Any, exponent: Any) -> Any:
    """Raise truth values, 0^0 is 1; NumPy would give numbers."""
    return ops.logical_or(input, ops.logical_not(exponent))


@with_out
def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """Limit to the interval from `min` to `max`, numbers or tensors; either may be left out.

    At a bound the gradient passes, as in PyTorch. Where the bounds cross, `max` holds.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.clamp(tgb.tensor([-2.0, 0.5, 2.0]), min=-1, max=1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    if min is None and max is None:
        raise RuntimeError("clamp: at least one of min and max has to be given")
    if input.is_complex():
        raise RuntimeError("clamp: complex numbers have no order")
    if input.is_floating_point() and type(min) in _FIXED and type(max) in _FIXED:
        return ops.clip_constant(input, lower=min, upper=max)
    lower = float("-inf") if min is None else min
    upper = float("inf") if max is None else max
    if not input.is_floating_point():
        # An infinite bound would turn integers into floats.
        if min is None:
            return ops.minimum(input, upper)
        if max is None:
            return ops.maximum(input, lower)
    return ops.clip(input, lower, upper)


@with_out
def clamp_min(input: Any, min: Any) -> Any:
    """Limit from below.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.clamp_min(tgb.tensor([-1.0, 2.0]), 0)
    tensor([0., 2.])
    """
    return clamp(input, min)


@with_out
def clamp_max(input: Any, max: Any) -> Any:
    """Limit from above."""
    return clamp(input, None, max)


@with_out
def round(input: Any, *, decimals: int = 0) -> Any:
    """Round half to even.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.round(tgb.tensor([0.5, 1.5, 2.5]))
    tensor([0., 2., 2.])
    """
    return ops.round(input, decimals=decimals)


@with_out
def lerp(input: Any, end: Any, weight: Any) -> Any:
    """Give ``input + weight * (end - input)``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.lerp(tgb.tensor([0.0]), tgb.tensor([10.0]), 0.25)
    tensor([2.5000])
    """
    return ops.add(input, ops.multiply(weight, ops.subtract(end, input)))


@with_out
def addcmul(input: Any, tensor1: Any, tensor2: Any, *old: Any, value: Number = 1) -> Any:
    """Give ``input + value * tensor1 * tensor2``; `value` was once the second argument.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.addcmul(tgb.tensor([1.0]), tgb.tensor([2.0]), tgb.tensor([3.0]), value=0.5)
    tensor([4.])
    """
    if old:
        (last,) = reordered("addcmul", "input, tensor1, tensor2, *, value", old)
        return addcmul(input, tensor2, last, value=tensor1)
    return add(input, ops.multiply(tensor1, tensor2), alpha=value)


@with_out
def addcdiv(input: Any, tensor1: Any, tensor2: Any, *old: Any, value: Number = 1) -> Any:
    """Give ``input + value * tensor1 / tensor2``; `value` was once the second argument.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.addcdiv(tgb.tensor([1.0]), tgb.tensor([2.0]), tgb.tensor([4.0]))
    tensor([1.5000])
    """
    if old:
        (last,) = reordered("addcdiv", "input, tensor1, tensor2, *, value", old)
        return addcdiv(input, tensor2, last, value=tensor1)
    return add(input, ops.divide(tensor1, tensor2), alpha=value)


def leaky_relu(input: Any, negative_slope: float = 0.01) -> Any:
    """Give z for z > 0, else ``negative_slope * z``."""
    return ops.leaky_relu(input, slope=negative_slope)


def isclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8,
            equal_nan: bool = False) -> Any:  # fmt: skip
    """Whether ``|input - other| <= atol + rtol * |other|``, elementwise.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.isclose(tgb.tensor([1.0, 2.0]), tgb.tensor([1.0, 2.1]))
    tensor([ True, False])
    """
    if rtol < 0 or atol < 0:
        raise RuntimeError(f"isclose: rtol={rtol} and atol={atol} can't be negative")
    if getattr(other, "dtype", input.dtype) != input.dtype:
        raise RuntimeError(
            f"isclose: {input.dtype.name} can't be compared with {other.dtype.name}: convert one"
        )
    a, b = np.asarray(input.detach()), np.asarray(getattr(other, "_array", other))
    return input.new_tensor(np.isclose(a, b, rtol, atol, equal_nan), dtype=dtypes.bool)


def allclose(input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8,
             equal_nan: bool = False) -> bool:  # fmt: skip
    """Whether all elements are close, see :func:`isclose`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.allclose(tgb.tensor([1.0]), tgb.tensor([1.0 + 1e-7]))
    True
    """
    return bool(all_op(isclose(input, other, rtol, atol, equal_nan)))


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have the same shape and elements.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.equal(tgb.tensor([1, 2]), tgb.tensor([1, 2]))
    True
    """
    return input.shape == other.shape and bool(all_op(ops.equal(input, other)))
