"""Dropout in all its forms: of elements, of whole channels, and of the kind that fits SELU."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .. import inplace as changes
from ..random import default_generator
from ..rules import elementwise as ew
from ..tensor import wrap

__all__ = [
    "alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "dropout_",
    "feature_alpha_dropout", "feature_dropout", "native_dropout", "native_dropout_backward",
]  # fmt: skip


def _check_probability(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _kept(input: Any, p: float, by_channel: bool) -> Any:
    """Draw what is kept: for each element, or for each channel (axes 0 and 1 together)."""
    shape = tuple(input.shape)
    if by_channel:
        shape = (*shape[:2], *[1] * (len(shape) - 2))
    return default_generator.numpy.random(shape, np.float32) >= p


def _multiplied(input: Any, factors: Any, inplace: bool) -> Any:
    mask = wrap(factors)
    if inplace:
        return changes.change(input, ew.multiply, mask)
    return ew.multiply(input, mask)


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Set each element to 0 with probability p, and divide the others by 1 − p.

    Parameters
    ----------
    input : Tensor of any shape
    p : float
    training : bool
        Otherwise return the input as it is.
    inplace : bool
        Change the input itself.

    Returns
    -------
    Tensor of the same shape

    Raises
    ------
    ValueError
        If `p` is no probability.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> y = tgb.nn.functional.dropout(tgb.ones(1000), p=0.75)
    >>> sorted(y.unique().tolist())
    [0.0, 4.0]
    """
    _check_probability(p)
    return _dropped(input, p, training, inplace, by_channel=False)


def _dropped(input: Any, p: float, training: bool, inplace: bool, by_channel: bool) -> Any:
    if not training or p == 0:
        return input
    # A constant of one product, 0 or 1 / (1 − p): the gradient is multiplied by the same.
    scale = 1 / (1 - p) if p < 1 else 0.0
    factors = np.multiply(_kept(input, p, by_channel), scale, dtype=input.dtype.dtype)
    return _multiplied(input, factors, inplace)


def dropout_(input: Any, p: float, training: bool) -> Any:
    """Do :func:`dropout` in place."""
    return dropout(input, p, training, inplace=True)


def native_dropout(input: Any, p: float, train: bool | None) -> tuple[Any, Any]:
    """Do :func:`dropout`; return with it the mask of what was kept."""
    kept = np.ones(tuple(input.shape), bool)
    if train or train is None:
        kept = _kept(input, p, False)
        scale = 1 / (1 - p) if p < 1 else 0.0
        return _multiplied(input, np.multiply(kept, scale, dtype=input.dtype.dtype), False), wrap(
            kept
        )
    return input.clone(), wrap(kept)


def native_dropout_backward(grad_output: Any, mask: Any, scale: float) -> Any:
    """Give g · mask · scale: the gradient of :func:`native_dropout`."""
    return grad_output * (mask.to(grad_output.dtype) * scale)


def feature_dropout(input: Any, p: float, train: bool) -> Any:
    """Do :func:`dropout` to whole channels, on axis 1."""
    _check_probability(p)
    return _by_channel(input, p, train, inplace=False)


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Set each channel of (N, C, L) or (C, L) to 0 with probability p, divide others by 1 − p.

    Raises
    ------
    ValueError
        If `p` is no probability.
    RuntimeError
        For another number of axes.
    """
    _check_probability(p)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input: (N, C, L) or "
            "(C, L), of which it drops whole channels"
        )
    return _by_channel(input, p, training, inplace, unbatched=input.ndim == 2)


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Set each channel of (N, C, H, W) to 0 with probability p, divide the others by 1 − p.

    Of three axes, the first two are taken for samples and channels, as in PyTorch, with a warning.

    Raises
    ------
    ValueError
        If `p` is no probability.
    RuntimeError
        For fewer than two axes.
    """
    _check_probability(p)
    if input.ndim == 3:
        warnings.warn(
            "dropout2d: a 3D input is read as (N, C, L), with channels on axis 1, and not as "
            "(C, H, W); to say so, use dropout1d",
            stacklevel=2,
        )
    elif input.ndim != 4:
        _warn_axes("dropout2d", input.ndim, "(N, C, H, W)", 3)
    return _by_channel(input, p, training, inplace)


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Set each channel of (N, C, D, H, W) or (C, D, H, W) to 0 with probability p.

    The others are divided by 1 − p.

    Raises
    ------
    ValueError
        If `p` is no probability.
    """
    _check_probability(p)
    if input.ndim not in (4, 5):
        _warn_axes("dropout3d", input.ndim, "(N, C, D, H, W)", 3)
    return _by_channel(input, p, training, inplace, unbatched=input.ndim != 5)


def _warn_axes(what: str, ndim: int, shape: str, stacklevel: int) -> None:
    warnings.warn(
        f"{what}: Received a {ndim}-D input, which is deprecated; it drops whole channels of "
        f"{shape}. For single elements use dropout",
        stacklevel=stacklevel,
    )


def _by_channel(input: Any, p: float, training: bool, inplace: bool,
                unbatched: bool = False) -> Any:  # fmt: skip
    """Drop whole channels, on axis 1, or on axis 0 of one sample."""
    if input.ndim + unbatched < 2:
        raise RuntimeError(
            "feature dropout requires at least 2 dimensions in the input, but its shape is "
            f"{tuple(input.shape)}"
        )
    if not unbatched or not training or p == 0:
        return _dropped(input, p, training, inplace, by_channel=True)
    scale = 1 / (1 - p) if p < 1 else 0.0
    factors = np.multiply(_kept(input.unsqueeze(0), p, True)[0], scale, dtype=input.dtype.dtype)
    return _multiplied(input, factors, inplace)


# −λα of SELU: the value that its outputs tend to, which takes the place of a dropped element.
_FLOOR = -1.7580993408473766


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Set each element to the lower limit of SELU with probability p; keep mean 0 and variance 1.

    Parameters as of :func:`dropout`; but not in training unless told.

    Raises
    ------
    ValueError
        If `p` is no probability.

    Notes
    -----
    Klambauer and others, "Self-Normalizing Neural Networks", 2017.
    """
    _check_probability(p)
    return _alpha_dropped(input, p, training, inplace, by_channel=False)


def feature_alpha_dropout(
    input: Any, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Any:
    """Do :func:`alpha_dropout` to whole channels, on axis 1.

    Raises
    ------
    ValueError
        If `p` is no probability.
    RuntimeError
        For fewer than two axes.
    """
    _check_probability(p)
    if training and p and input.ndim < 2:
        raise RuntimeError(
            "feature dropout requires at least 2 dimensions in the input, but its shape is "
            f"{tuple(input.shape)}"
        )
    return _alpha_dropped(input, p, training, inplace, by_channel=True)


def _alpha_dropped(input: Any, p: float, training: bool, inplace: bool, by_channel: bool) -> Any:
    if not training or p == 0 or not input.numel():
        return input
    kind = input.dtype.dtype
    if p == 1:
        return _multiplied(input, np.zeros((), kind), inplace)
    # a x + b has mean 0 and variance 1 again, where x is _FLOOR with probability p.
    a = 1 / math.sqrt((_FLOOR * _FLOOR * p + 1) * (1 - p))
    kept = _kept(input, p, by_channel)
    slope = wrap(np.asarray(a * kept, kind))
    offset = wrap(np.asarray(np.where(kept, a * _FLOOR * -p, a * _FLOOR * (1 - p)), kind))
    if inplace:
        return changes.change(changes.change(input, ew.multiply, slope), ew.add, offset)
    return ew.add(ew.multiply(input, slope), offset)
