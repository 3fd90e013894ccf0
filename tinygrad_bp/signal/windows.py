"""Windows: what a piece of a signal is multiplied with before it is transformed.

A symmetric window (``sym=True``) is the same read from behind, for the design of filters. A
periodic one lacks its last number, for spectra. Names, arguments and defaults are those of
``torch.signal.windows``; the older functions at the top of PyTorch, periodic by default, are at the
end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..creation import finish
from ..dtype import as_numpy, get_default_dtype

__all__ = [
    "bartlett", "bartlett_window", "blackman", "blackman_window", "cosine", "exponential",
    "gaussian", "general_cosine", "general_hamming", "hamming", "hamming_window", "hann",
    "hann_window", "kaiser", "kaiser_window", "nuttall",
]  # fmt: skip


def _window(what: str, M: int, dtype: Any, requires_grad: bool, make: Callable[[], Any]) -> Any:
    """Check the arguments; make the window in double precision, and round it."""
    kind = as_numpy(get_default_dtype() if dtype is None else dtype)
    if M < 0:
        raise ValueError(f"{what} requires non-negative window length, got M={M}")
    if kind.kind != "f":
        raise ValueError(f"{what} expects a floating-point dtype, got {kind}")
    return finish((make() if M else np.empty(0)).astype(kind), requires_grad)


def _places(M: int, sym: bool, low: float, high: float) -> Any:
    """Give M of the places from `low` to `high`, which the window's next number would have."""
    steps = M - 1 if sym or M == 1 else M
    return low + np.arange(M) * ((high - low) / steps if steps else 0.0)


def exponential(M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True,
                dtype: Any = None, layout: Any = None, device: Any = None,
                requires_grad: bool = False) -> Any:  # fmt: skip
    """Give e^{−|n − center| / τ}; with `sym` the center is the middle."""
    if center is not None and sym:
        raise ValueError("exponential: center must be None for symmetric windows")
    if tau <= 0:
        raise ValueError(f"exponential: tau must be positive, got {tau} instead")
    middle = (M - 1 if sym or M <= 1 else M) / 2 if center is None else center
    return _window(
        "exponential", M, dtype, requires_grad, lambda: np.exp(-np.abs(np.arange(M) - middle) / tau)
    )


def cosine(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
           requires_grad: bool = False) -> Any:  # fmt: skip
    """Give sin(π (n + ½) / M).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.signal.windows.cosine(3)
    tensor([0.5000, 1.0000, 0.5000])
    """
    n = M if sym or M <= 1 else M + 1
    return _window(
        "cosine", M, dtype, requires_grad, lambda: np.sin(np.pi * (np.arange(M) + 0.5) / n)
    )


def gaussian(M: int, *, std: float = 1.0, sym: bool = True, dtype: Any = None, layout: Any = None,
             device: Any = None, requires_grad: bool = False) -> Any:  # fmt: skip
    """Give e^{−(n − middle)² / 2σ²}."""
    if std <= 0:
        raise ValueError(f"gaussian: standard deviation must be positive, got {std} instead")
    middle = (M - 1 if sym or M <= 1 else M) / 2
    return _window(
        "gaussian", M, dtype, requires_grad,
        lambda: np.exp(-0.5 * ((np.arange(M) - middle) / std) ** 2),
    )  # fmt: skip


def kaiser(M: int, *, beta: float = 12.0, sym: bool = True, dtype: Any = None, layout: Any = None,
           device: Any = None, requires_grad: bool = False) -> Any:  # fmt: skip
    """Give I₀(β √(1 − x²)) / I₀(β) for x from −1 to 1 (Kaiser, 1974)."""
    if beta < 0:
        raise ValueError(f"kaiser: beta must be non-negative, got {beta} instead")

    def make() -> Any:
        x = _places(M, sym, -1.0, 1.0) if M > 1 else np.zeros(1)
        return np.i0(beta * np.sqrt(np.maximum(1 - x * x, 0))) / np.i0(beta)

    return _window("kaiser", M, dtype, requires_grad, make)


def general_cosine(M: int, *, a: Iterable[float], sym: bool = True, dtype: Any = None,
                   layout: Any = None, device: Any = None,
                   requires_grad: bool = False) -> Any:  # fmt: skip
    """Give Σᵢ (−1)ⁱ aᵢ cos(2πin / (M − 1)).

    Parameters
    ----------
    M : int
        The length.
    a : sequence of float
        The coefficients.
    sym : bool
        Symmetric; False (periodic) has M in place of M − 1.
    dtype : dtype, optional
    requires_grad : bool
    """
    if not isinstance(a, Iterable):
        raise TypeError("general_cosine: coefficients must be a list/tuple")
    coefficients = list(a)
    if not coefficients:
        raise ValueError("general_cosine: coefficients cannot be empty")

    def make() -> Any:
        if M == 1:
            return np.ones(1)
        angles = _places(M, sym, 0.0, 2 * math.pi)
        return sum((-1) ** i * c * np.cos(i * angles) for i, c in enumerate(coefficients))

    return _window("general_cosine", M, dtype, requires_grad, make)


def general_hamming(M: int, *, alpha: float = 0.54, sym: bool = True, dtype: Any = None,
                    layout: Any = None, device: Any = None,
                    requires_grad: bool = False) -> Any:  # fmt: skip
    """Give α − (1 − α) cos(2πn / (M − 1))."""
    return general_cosine(
        M, a=[alpha, 1.0 - alpha], sym=sym, dtype=dtype, requires_grad=requires_grad
    )


def hann(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
         requires_grad: bool = False) -> Any:  # fmt: skip
    """Give ½ − ½ cos(2πn / (M − 1)).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.signal.windows.hann(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return general_hamming(M, alpha=0.5, sym=sym, dtype=dtype, requires_grad=requires_grad)


def hamming(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
            requires_grad: bool = False) -> Any:  # fmt: skip
    """Give 0.54 − 0.46 cos(2πn / (M − 1)).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.signal.windows.hamming(3)
    tensor([0.0800, 1.0000, 0.0800])
    """
    return general_hamming(M, sym=sym, dtype=dtype, requires_grad=requires_grad)


def blackman(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None,
             device: Any = None, requires_grad: bool = False) -> Any:  # fmt: skip
    """Give 0.42 − 0.5 cos x + 0.08 cos 2x, for x from 0 to 2π.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.signal.windows.blackman(5)[1:4]
    tensor([0.3400, 1.0000, 0.3400])
    """
    return general_cosine(M, a=[0.42, 0.5, 0.08], sym=sym, dtype=dtype, requires_grad=requires_grad)


def nuttall(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
            requires_grad: bool = False) -> Any:  # fmt: skip
    """Give the sum of four cosines with the lowest side lobes (Nuttall, 1981)."""
    return general_cosine(
        M, a=[0.3635819, 0.4891775, 0.1365995, 0.0106411], sym=sym, dtype=dtype,
        requires_grad=requires_grad,
    )  # fmt: skip


def bartlett(M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None,
             device: Any = None, requires_grad: bool = False) -> Any:  # fmt: skip
    """Give a triangle, 1 − |x| for x from −1 to 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.signal.windows.bartlett(3)
    tensor([0., 1., 0.])
    """

    def make() -> Any:
        return np.ones(1) if M == 1 else 1 - np.abs(_places(M, sym, -1.0, 1.0))

    return _window("bartlett", M, dtype, requires_grad, make)


# ------------------------------------------------------------------ the names at the top of PyTorch


def hann_window(window_length: int, periodic: bool = True, *, dtype: Any = None,
                layout: Any = None, device: Any = None, pin_memory: bool = False,
                requires_grad: bool = False) -> Any:  # fmt: skip
    """Give :func:`hann`, periodic by default."""
    return hann(window_length, sym=not periodic, dtype=dtype, requires_grad=requires_grad)


def hamming_window(window_length: int, periodic: bool = True, alpha: float = 0.54,
                   beta: float = 0.46, *, dtype: Any = None, layout: Any = None,
                   device: Any = None, pin_memory: bool = False,
                   requires_grad: bool = False) -> Any:  # fmt: skip
    """Give α − β cos(2πn / N), periodic by default."""
    return general_cosine(
        window_length, a=[alpha, beta], sym=not periodic, dtype=dtype, requires_grad=requires_grad
    )


def blackman_window(window_length: int, periodic: bool = True, *, dtype: Any = None,
                    layout: Any = None, device: Any = None, pin_memory: bool = False,
                    requires_grad: bool = False) -> Any:  # fmt: skip
    """Give :func:`blackman`, periodic by default."""
    return blackman(window_length, sym=not periodic, dtype=dtype, requires_grad=requires_grad)


def bartlett_window(window_length: int, periodic: bool = True, *, dtype: Any = None,
                    layout: Any = None, device: Any = None, pin_memory: bool = False,
                    requires_grad: bool = False) -> Any:  # fmt: skip
    """Give :func:`bartlett`, periodic by default."""
    return bartlett(window_length, sym=not periodic, dtype=dtype, requires_grad=requires_grad)


def kaiser_window(window_length: int, periodic: bool = True, beta: float = 12.0, *,
                  dtype: Any = None, layout: Any = None, device: Any = None,
                  pin_memory: bool = False, requires_grad: bool = False) -> Any:  # fmt: skip
    """Give :func:`kaiser`, periodic by default."""
    return kaiser(
        window_length, beta=beta, sym=not periodic, dtype=dtype, requires_grad=requires_grad
    )
