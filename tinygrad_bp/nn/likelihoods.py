"""Losses that are negative log-likelihoods, or distances, of distributions, as functions."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..functions.elementwise import clamp
from ..rules import elementwise as ew
from ..rules import reduce as red
from ..rules.logarithm import xlogy
from .losses import _how, _reduced

__all__ = ["gaussian_nll_loss", "kl_div", "poisson_nll_loss"]


def kl_div(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """Give q (log q − log p), the summands of the Kullback-Leibler divergence of q from p.

    Parameters
    ----------
    input : Tensor
        log p.
    target : Tensor
        q, or log q with `log_target`; broadcast.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"batchmean", "mean", "sum", "none"}
        "batchmean" divides the sum by the length of the first axis, and is what mathematics calls
        the divergence; "mean" divides by the number of elements.
    log_target : bool

    Returns
    -------
    Tensor
        Nats.

    Warns
    -----
    UserWarning
        For "mean".

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> p, q = tgb.tensor([[0.5, 0.5]]), tgb.tensor([[1.0, 0.0]])
    >>> tgb.nn.functional.kl_div(p.log(), q, reduction="batchmean")
    tensor(0.6931)
    """
    if size_average is not None or reduce is not None:
        reduction = _how(reduction, size_average, reduce)
    elif reduction == "mean":
        warnings.warn(
            "kl_div: reduction='mean' divides by the number of elements; the divergence is the sum "
            "divided by the batch size: reduction='batchmean'",
            stacklevel=2,
        )
    if log_target:
        losses = ew.exp(target) * (target - input)
    else:
        losses = xlogy(target, target) - target * input
    if reduction == "batchmean":
        total = red.sum(losses, axis=None)
        return total / input.shape[0] if input.ndim else total
    return _reduced(losses, reduction)


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Give λ − y log λ: the negative log-likelihood of counts y, without log y!.

    Parameters
    ----------
    input : Tensor
        log λ, or λ without `log_input`.
    target : Tensor
        y; broadcast.
    log_input : bool
    full : bool
        Add Stirling's approximation of log y!, for y > 1.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    eps : float
        Added to λ in its logarithm.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, y = tgb.tensor([1.0, 2.0]), tgb.tensor([1.0, 4.0])
    >>> tgb.nn.functional.poisson_nll_loss(x, y)
    tensor(0.5537)
    """
    reduction = _how(reduction, size_average, reduce)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if log_input:
        losses = ew.exp(input) - target * input
    else:
        losses = input - target * ew.log(input + eps)
    if full:
        many = target > 1
        y = ew.where(many, target, 1.0)
        stirling = y * ew.log(y) - y + 0.5 * ew.log(2 * math.pi * y)
        losses = losses + ew.where(many, stirling, 0.0)
    return _reduced(losses, reduction)


def gaussian_nll_loss(
    input: Any,
    target: Any,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:
    """Give (log σ² + (μ − y)² / σ²) / 2: the negative log-likelihood of a normal distribution.

    Parameters
    ----------
    input : Tensor
        μ.
    target : Tensor
        y; broadcast.
    var : Tensor or float
        σ²: of the input's shape, or with a last axis of length 1, or without it.
    full : bool
        Add log(2π) / 2.
    eps : float
        The least σ², for its value, not for its slope.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        If a σ² is negative, or their shape does not fit.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, y = tgb.tensor([1.0, 2.0]), tgb.tensor([1.0, 4.0])
    >>> tgb.nn.functional.gaussian_nll_loss(x, y, tgb.ones(2))
    tensor(1.)

    Notes
    -----
    Nix and Weigend, "Estimating the Mean and Variance of the Target Probability Distribution",
    1994.
    """
    if isinstance(var, (int, float)):
        var = var + input.detach() * 0
    if bool((var.detach() < 0).any()):
        raise ValueError("var has negative entry/entries")
    shape, own = tuple(input.shape), tuple(var.shape)
    if own != shape:
        different = [b for a, b in zip(shape, own, strict=False) if a != b]
        if shape[:-1] == own:
            var = var.unsqueeze(-1)
        elif len(shape) != len(own) or sum(different) != 1:
            raise ValueError(
                f"var is of incorrect size: {own} for an input of {shape}; it may have the "
                "input's shape, length 1 on one axis, or lack the last"
            )
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    var = var + clamp(eps - var.detach(), min=0.0)
    losses = 0.5 * (ew.log(var) + ew.square(input - target) / var)
    if full:
        losses = losses + 0.5 * math.log(2 * math.pi)
    return _reduced(losses, reduction)
