"""Frequencies, and the order in which a spectrum is looked at."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..creation import finish
from ..dtype import as_numpy, get_default_dtype
from ..functions._axes import numpy_names
from ..functions.rearranging import roll


def _frequencies(values: Any, d: float, n: int, dtype: Any, requires_grad: bool) -> Any:
    kind = as_numpy(get_default_dtype() if dtype is None else dtype)
    return finish((values * (1.0 / (n * d))).astype(kind), requires_grad)


def fftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None,
            layout: Any = None, requires_grad: bool = False) -> Any:  # fmt: skip
    """Give the frequencies of :func:`fft`'s answers: 0, 1, …, −2, −1 over n · d.

    Parameters
    ----------
    n : int
        How many numbers were transformed.
    d : float
        The time between two of them.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    places = np.arange(n)
    return _frequencies(places - n * (places >= (n + 1) // 2), d, n, dtype, requires_grad)


def rfftfreq(n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None,
             layout: Any = None, requires_grad: bool = False) -> Any:  # fmt: skip
    """Give the frequencies of :func:`rfft`'s answers: 0, 1, …, n // 2 over n · d.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    return _frequencies(np.arange(n // 2 + 1), d, n, dtype, requires_grad)


def _shifted(input: Any, dim: Any, sign: int) -> Any:
    if dim is None:
        axes = tuple(range(input.ndim))
    else:
        axes = (dim,) if isinstance(dim, int) else tuple(dim)
    halves = tuple(input.shape[i] // 2 if sign > 0 else (input.shape[i] + 1) // 2 for i in axes)
    return roll(input, halves, axes) if axes else input.clone()


@numpy_names
def fftshift(input: Any, dim: Any = None) -> Any:
    """Move the frequency 0 into the middle.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.fft.fftshift(tgb.fft.fftfreq(4))
    tensor([-0.5000, -0.2500,  0.0000,  0.2500])
    """
    return _shifted(input, dim, 1)


@numpy_names
def ifftshift(input: Any, dim: Any = None) -> Any:
    """Undo :func:`fftshift`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.fft.ifftshift(tgb.fft.fftshift(tgb.arange(3)))
    tensor([0, 1, 2])
    """
    return _shifted(input, dim, -1)
