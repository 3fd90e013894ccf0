"""Discrete Fourier transforms: linear maps, each with its adjoint.

The transforms are sums without a factor; `scale` multiplies them. So the adjoint of the one with
e^{−2πijk/n} is the one with e^{+2πijk/n}, and the same scale. Real numbers have half a spectrum:
what is left out of it is the conjugate of what is kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..op import primitive
from .complex import real
from .shape import pad

Axes = tuple[int, ...]


def _scaled(x: Any, scale: float) -> Any:
    return x if scale == 1 else np.multiply(x, scale, dtype=x.dtype)


@primitive(
    x=lambda g, *, axes, inverse, scale: fourier(g, axes=axes, inverse=not inverse, scale=scale)
)
def fourier(x: Any, *, axes: Axes, inverse: bool = False, scale: float = 1.0) -> Any:
    """Give scale · Σ x e^{∓2πijk/n} of complex numbers, along each of the axes."""
    if inverse:
        return _scaled(np.fft.ifftn(x, axes=axes, norm="forward"), scale)
    return _scaled(np.fft.fftn(x, axes=axes), scale)


def _half_x(g: Any, shape: tuple[int, ...], axes: Axes, scale: float) -> Any:
    last = axes[-1] % len(shape)
    missing = shape[last] - g.shape[last]
    widths = tuple((0, missing if i == last else 0) for i in range(len(shape)))
    return real(fourier(pad(g, widths=widths), axes=axes, inverse=True, scale=scale))


@primitive(x=lambda g, x_shape, *, axes, scale: _half_x(g, x_shape, axes, scale))
def half_fourier(x: Any, *, axes: Axes, scale: float = 1.0) -> Any:
    """Transform real numbers; along the last of the axes n // 2 + 1 frequencies are kept."""
    return _scaled(np.fft.rfftn(x, axes=axes), scale)


def _from_half_x(g: Any, axes: Axes, n: int, scale: float) -> Any:
    # Each frequency but 0 and, for an even n, n / 2 stands for its conjugate too.
    half = half_fourier(g, axes=axes, scale=scale)
    twice = np.full(n // 2 + 1, 2.0, np.empty(0, np.dtype(half.dtype)).real.dtype)
    twice[0] = 1
    if n % 2 == 0:
        twice[-1] = 1
    return half * twice.reshape(-1, *(1,) * (len(half.shape) - 1 - axes[-1] % len(half.shape)))


@primitive(x=lambda g, *, axes, n, scale: _from_half_x(g, axes, n, scale))
def from_half_fourier(x: Any, *, axes: Axes, n: int, scale: float = 1.0) -> Any:
    """Give the n real numbers whose spectrum, with e^{+2πijk/n}, is the half one given."""
    others, last = axes[:-1], axes[-1]
    if others:
        x = np.fft.ifftn(x, axes=others, norm="forward")
    return _scaled(np.fft.irfft(x, n, axis=last, norm="forward"), scale)
