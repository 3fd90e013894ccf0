"""Signs, fractions, exponents and neighbours of numbers; extremes that pass over NaN; angles."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ..dtype import complex128, float64
from ..rules import elementwise as ew
from ..rules import floating as ops
from ._axes import with_out
from .elementwise import pow

copysign, nextafter = ops.copysign, ops.nextafter
fmax, fmin, gcd, lcm = ops.fmax, ops.fmin, ops.gcd, ops.lcm
isposinf, isneginf = ops.isposinf, ops.isneginf


class MantissaExponent(NamedTuple):
    """The parts of x = mantissa · 2^exponent."""

    mantissa: Any
    exponent: Any


@with_out
def frac(input: Any) -> Any:
    """Give the part behind the point, with the sign of the number.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.frac(tgb.tensor([1.5, -1.5]))
    tensor([ 0.5000, -0.5000])
    """
    if not input.is_floating_point():
        raise RuntimeError(f"frac of a tensor of {input.dtype.name}: an integer has no fraction")
    return ops.fraction(input)


@with_out
def nan_to_num(input: Any, nan: float | None = None, posinf: float | None = None,
               neginf: float | None = None) -> Any:  # fmt: skip
    """Replace NaN (by 0) and the infinities (by the largest and the smallest number there is).

    Parameters
    ----------
    input : Tensor
    nan, posinf, neginf : float, optional
        What to put in their places.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nan_to_num(tgb.tensor([float("nan"), 1.0, float("inf")]), posinf=9)
    tensor([0., 1., 9.])
    """
    return ops.nan_to_num(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


@with_out
def frexp(input: Any) -> MantissaExponent:
    """Split into a mantissa, ½ ≤ |m| < 1, and an exponent: x = m · 2^e.

    Raises
    ------
    RuntimeError
        For a dtype without fractions.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.frexp(tgb.tensor([6.0]))
    MantissaExponent(mantissa=tensor([0.7500]), exponent=tensor([3], dtype=tinygrad_bp.int32))
    """
    if not input.is_floating_point():
        raise RuntimeError(f"frexp is for floating-point tensors, not for {input.dtype.name}")
    return MantissaExponent(ops.mantissa(input), ops.exponent(input))


@with_out
def ldexp(input: Any, other: Any) -> Any:
    """Give ``input * 2**other``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.ldexp(tgb.tensor([1.0]), tgb.tensor([3]))
    tensor([8.])
    """
    scaled = ew.multiply(input, pow(2.0, other))
    whole = getattr(other, "dtype", None) is not None and other.dtype.dtype.kind in "biu"
    return scaled.to(input.dtype) if whole and input.is_floating_point() else scaled


@with_out
def float_power(input: Any, exponent: Any) -> Any:
    """Give ``input ** exponent``, computed in double precision.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.float_power(tgb.tensor([2, 3]), 2)
    tensor([4., 9.], dtype=tinygrad_bp.float64)
    """
    kinds = [getattr(x, "dtype", None) for x in (input, exponent)]
    is_complex = any(kind is not None and kind.is_complex for kind in kinds) or any(
        isinstance(x, complex) for x in (input, exponent)
    )
    wide = complex128 if is_complex else float64
    input, exponent = (x.to(wide) if hasattr(x, "to") else x for x in (input, exponent))
    return pow(input, exponent)


@with_out
def deg2rad(input: Any) -> Any:
    """Turn degrees into radians.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.deg2rad(tgb.tensor([180.0]))
    tensor([3.1416])
    """
    return ew.multiply(input, math.pi / 180)


@with_out
def rad2deg(input: Any) -> Any:
    """Turn radians into degrees."""
    return ew.multiply(input, 180 / math.pi)


@with_out
def heaviside(input: Any, values: Any) -> Any:
    """Give 0 for negative elements, 1 for positive ones, and `values` for 0."""
    return ops.heaviside(input, values)


@with_out
def rsub(input: Any, other: Any, *, alpha: float = 1) -> Any:
    """Give ``other - alpha * input``."""
    return ew.subtract(other, input if alpha == 1 else ew.multiply(input, alpha))
