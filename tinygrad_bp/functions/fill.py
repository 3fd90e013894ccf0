"""Filling a tensor with one value, everywhere or on its diagonal."""

from __future__ import annotations

from typing import Any

import numpy as np


def fill(input: Any, value: Any) -> Any:
    """Give a tensor like `input` that holds `value`, a number or a tensor of one, everywhere.

    Raises
    ------
    RuntimeError
        For a value of more elements.
    """
    if getattr(value, "ndim", 0):
        raise RuntimeError(
            f"fill: the value has to be a single number, not of shape {tuple(value.shape)}"
        )
    everywhere = input.new_tensor(np.ones(tuple(input.shape), bool))
    return input.masked_fill(everywhere, value)


def fill_(input: Any, value: Any) -> Any:
    """Set all elements to one value."""
    return input.fill_(value)


def zero_(input: Any) -> Any:
    """Set all elements to 0."""
    return input.zero_()


def fill_diagonal_(input: Any, fill_value: float, wrap: bool = False) -> Any:
    """Set the main diagonal to a value, in place.

    Parameters
    ----------
    input : Tensor (n, m), or of more axes of one length
    fill_value : float
    wrap : bool
        Go on below, after a gap of one row, where a matrix is taller than wide.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.zeros(2, 3).fill_diagonal_(5)
    tensor([[5., 0., 0.],
            [0., 5., 0.]])
    """
    shape = tuple(input.shape)
    if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
        raise RuntimeError(
            "fill_diagonal_: expected a matrix, or axes of one length, not a tensor of shape "
            f"{shape}"
        )
    mask = np.zeros(shape, bool)
    np.fill_diagonal(mask, True, wrap)
    return input.masked_fill_(input.new_tensor(mask), fill_value)
