"""Penalties on the size of weights, to add to a loss."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...rules import elementwise as ew
from ...rules import reduce as red
from ...tensor import Tensor

__all__ = ["l1_penalty", "l2_penalty"]


def _total(parameters: Iterable[Tensor] | Tensor, size: Any, what: str) -> Any:
    listed = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not listed:
        raise ValueError(f"{what} of no parameters: the iterator may have been used up already")
    total = red.sum(size(listed[0]), axis=None)
    for parameter in listed[1:]:
        total = total + red.sum(size(parameter), axis=None)
    return total


def l1_penalty(parameters: Iterable[Tensor] | Tensor, weight: float = 1.0) -> Any:
    """Give λ Σ |w|: it pulls each weight to 0 with the same force, and makes them sparse.

    Parameters
    ----------
    parameters : iterable of Tensor
    weight : float
        λ.

    Returns
    -------
    Tensor
        A number, to add to the loss; the slope at w = 0 is 0.

    Raises
    ------
    ValueError
        For no parameters.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.utils.l1_penalty([tgb.tensor([1.0, -2.0])], 0.1)
    tensor(0.3000)

    Notes
    -----
    Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996.
    """
    return weight * _total(parameters, ew.absolute, "l1_penalty")


def l2_penalty(parameters: Iterable[Tensor] | Tensor, weight: float = 1.0) -> Any:
    """Give λ Σ w²: it pulls each weight to 0 in proportion to its size.

    Its gradient is 2λw: with plain SGD the same as ``weight_decay=2 * weight``.

    Parameters
    ----------
    parameters : iterable of Tensor
    weight : float
        λ.

    Returns
    -------
    Tensor
        A number, to add to the loss.

    Raises
    ------
    ValueError
        For no parameters.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.utils.l2_penalty([tgb.tensor([1.0, -2.0])], 0.1)
    tensor(0.5000)

    Notes
    -----
    Hoerl and Kennard, "Ridge Regression", 1970.
    """
    return weight * _total(parameters, ew.square, "l2_penalty")
