"""Complex numbers: made of two real ones, taken apart again, and their conjugates.

The gradient of a real loss L in z = x + iy is ∂L/∂x + i ∂L/∂y, PyTorch's convention: the direction
in which L grows fastest. So the rules are adjoint pairs of real-linear maps.

======================  ======================
real, imag              widen, times i
join                    real, imag
view_as_real            view_as_complex
conjugate               conjugate
======================  ======================
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import primitive


def _wide(dtype: Any) -> Any:
    """Return the complex dtype of a floating one."""
    return np.result_type(dtype, np.complex64)


def _narrow(dtype: Any) -> Any:
    """Return the floating dtype of a complex one."""
    return np.empty(0, dtype).real.dtype


@primitive(x=lambda g: conjugate(g))
def conjugate(x: Any) -> Any:
    """Turn the sign of the imaginary parts."""
    return np.array(np.conjugate(x))


@primitive(x=lambda g: widen(g))
def real(x: Any) -> Any:
    """Take the real parts."""
    return np.array(x.real)


def _as_imaginary(g: Any, dtype: Any) -> Any:
    return join(g * 0, g) if dtype.kind == "c" else g * 0  # a real number has none


@primitive(x=lambda g, x_dtype: _as_imaginary(g, x_dtype))
def imag(x: Any) -> Any:
    """Take the imaginary parts."""
    return np.array(x.imag)


@primitive(x=lambda g: real(g))
def widen(x: Any) -> Any:
    """Give real numbers an imaginary part of 0."""
    return x.astype(_wide(x.dtype))


@primitive(x=lambda g: real(g), y=lambda g: imag(g))
def join(x: Any, y: Any) -> Any:
    """Give x + iy."""
    out = np.empty(np.broadcast_shapes(x.shape, y.shape), _wide(x.dtype))
    out.real, out.imag = x, y
    return out


@primitive(view=True, x=lambda g: view_as_complex(g))
def view_as_real(x: Any) -> Any:
    """Show the real and the imaginary parts along a new last axis."""
    if x.ndim and x.strides[-1] != x.itemsize:
        return np.stack([x.real, x.imag], axis=-1)
    return x[..., None].view(_narrow(x.dtype))


@primitive(view=True, x=lambda g: view_as_real(g))
def view_as_complex(x: Any) -> Any:
    """Show pairs along the last axis as complex numbers."""
    if x.strides[-1] != x.itemsize:
        x = np.ascontiguousarray(x)
    return x.view(_wide(x.dtype))[..., 0]
