"""Complex tensors: made of two real ones, and taken apart again.

For a real tensor the conjugate and the real part are the tensor itself, as in PyTorch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dtype import get_default_dtype
from ..rules import complex as ops
from ..rules import elementwise as ew
from ..rules.shape import broadcast_to
from ._axes import with_out


@with_out
def complex(real: Any, imag: Any) -> Any:
    """Give ``real + 1j * imag``.

    Parameters
    ----------
    real, imag : Tensor
        Of one floating-point dtype.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.complex(tgb.tensor([1.0]), tgb.tensor([2.0])).dtype
    tinygrad_bp.complex64
    """
    if not (real.is_floating_point() and imag.is_floating_point()):
        raise RuntimeError(
            "complex: both parts have to be floating-point tensors, not "
            f"{real.dtype.name} and {imag.dtype.name}"
        )
    if real.dtype != imag.dtype:
        raise RuntimeError(
            f"complex: both parts have to be of one dtype, not {real.dtype.name} and "
            f"{imag.dtype.name}"
        )
    shape = np.broadcast_shapes(tuple(real.shape), tuple(imag.shape))
    return ops.join(broadcast_to(real, shape=shape), broadcast_to(imag, shape=shape))


@with_out
def polar(abs: Any, angle: Any) -> Any:
    """Give the complex numbers of these absolute values and angles (in radians).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.polar(tgb.tensor([2.0]), tgb.tensor([0.0]))
    tensor([2.+0.j])
    """
    return complex(ew.multiply(abs, ew.cos(angle)), ew.multiply(abs, ew.sin(angle)))


def real(input: Any) -> Any:
    """Give the real part.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.real(tgb.tensor([1 + 2j]))
    tensor([1.])
    """
    return ops.real(input) if input.is_complex() else input


def imag(input: Any) -> Any:
    """Give the imaginary part of a complex tensor.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.imag(tgb.tensor([1 + 2j]))
    tensor([2.])
    """
    if not input.is_complex():
        raise RuntimeError(f"imag is for complex tensors, not for {input.dtype.name}")
    return ops.imag(input)


def conj(input: Any) -> Any:
    """Turn the sign of the imaginary part.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.conj(tgb.tensor([1 + 2j]))
    tensor([1.-2.j])
    """
    return ops.conjugate(input) if input.is_complex() else input


@with_out
def conj_physical(input: Any) -> Any:
    """Turn the sign of the imaginary part, in memory of its own."""
    return ops.conjugate(input) if input.is_complex() else input.clone()


def resolve_conj(input: Any) -> Any:
    """Give the input itself: conjugates are computed at once here."""
    return input


def resolve_neg(input: Any) -> Any:
    """Give the input itself: negatives are computed at once here."""
    return input


@with_out
def angle(input: Any) -> Any:
    """Give the angle of a complex number, in radians; of a negative real one it is π."""
    if input.is_complex():
        return ew.arctan2(ops.imag(input), ops.real(input))
    if not input.is_floating_point():
        input = input.to(get_default_dtype())
    # Flat, and NaN where the number is NaN.
    number = input._array
    turned = np.where(number < 0, math.pi, np.where(np.isnan(number), number, 0))
    return ew.add(ew.multiply(ew.sign(input), 0), input.new_tensor(turned, dtype=input.dtype))


def view_as_real(input: Any) -> Any:
    """Make a last axis of length 2 of the real and the imaginary parts.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.view_as_real(tgb.tensor([1 + 2j]))
    tensor([[1., 2.]])
    """
    if not input.is_complex():
        raise RuntimeError(f"view_as_real is for complex tensors, not for {input.dtype.name}")
    return ops.view_as_real(input)


def view_as_complex(input: Any) -> Any:
    """Take a last axis of length 2 as the real and the imaginary parts."""
    if not input.is_floating_point() or not input.ndim or input.shape[-1] != 2:
        raise RuntimeError(
            "view_as_complex: expected a floating-point tensor whose last axis has the length 2, "
            f"not {tuple(input.shape)} of {input.dtype.name}"
        )
    return ops.view_as_complex(input)


def isreal(input: Any) -> Any:
    """Whether the imaginary part is 0."""
    if input.is_complex():
        return ew.equal(ops.imag(input), 0)
    return input.new_tensor(np.ones(tuple(input.shape), bool))


@with_out
def sgn(input: Any) -> Any:
    """Give the sign; of a complex number the one of absolute value 1 in its direction, or 0."""
    if not input.is_complex():
        return ew.sign(input)
    size = ew.absolute(input)
    flat = ew.equal(size, 0)
    return ew.where(flat, 0.0, ew.divide(input, ew.where(flat, 1.0, size)))
