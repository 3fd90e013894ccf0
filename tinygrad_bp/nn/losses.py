"""Losses of numbers and of yes or no, as functions: compositions of operations of the table."""

from __future__ import annotations

import warnings
from typing import Any

from ..functions import shape as fs
from ..messages import knowable, shown
from ..rules import elementwise as ew
from ..rules import loss as ops
from ..rules import loss_terms as terms
from ..rules import reduce as red

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "huber_loss", "l1_loss", "mse_loss",
    "smooth_l1_loss",
]  # fmt: skip


def _how(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """Translate the two arguments that `reduction` replaced."""
    if size_average is None and reduce is None:
        return reduction
    new = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{new}' instead.",
        stacklevel=3,
    )
    return new


def _reduced(losses: Any, reduction: str) -> Any:
    if reduction == "mean":
        return red.mean(losses, axis=None)
    if reduction == "sum":
        return red.sum(losses, axis=None)
    if reduction == "none":
        return losses
    raise ValueError(
        f"{reduction} is not a valid value for reduction: it has to be 'none', 'mean' or 'sum'"
    )


def _floating(what: str, input: Any) -> None:
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(
            f"{what}: the input has to be of a floating-point type, not {input.dtype.name}; "
            "convert it with .float()"
        )


# -------------------------------------------------------------------------------------- regression


def _same_size(what: str, input: Any, target: Any) -> None:
    if input.shape != target.shape:
        warnings.warn(
            f"{what}: a target of size {tuple(target.shape)} differs from the input's size "
            f"{tuple(input.shape)}. Broadcasting them pairs each with each, which is seldom meant: "
            "reshape one to the size of the other (for example with unsqueeze or squeeze).",
            stacklevel=3,
        )


def mse_loss(input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None,
             reduction: str = "mean", weight: Any = None) -> Any:  # fmt: skip
    """Give the squared error (x − y)².

    Parameters
    ----------
    input, target : Tensor of one shape
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}
    weight : Tensor, optional
        Multiplies each squared error; the mean is then divided by the sum of the weights.

    Returns
    -------
    Tensor
        A number (the mean over all elements), or of the input's shape for "none".

    Warns
    -----
    UserWarning
        If the shapes differ.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.mse_loss(tgb.tensor([1.0, 2.0]), tgb.tensor([1.0, 4.0]))
    tensor(2.)
    """
    plain = reduction == "mean" and weight is None and size_average is None and reduce is None
    if plain and input._array.shape == target._array.shape:
        return ops.mean_squared_error(input, target)
    _same_size("mse_loss", input, target)
    _check_weight("mse_loss", weight, input)
    losses = ew.square(input - target)
    return _weighted(losses, weight, _how(reduction, size_average, reduce))


def l1_loss(input: Any, target: Any, size_average: bool | None = None, reduce: bool | None = None,
            reduction: str = "mean", weight: Any = None) -> Any:  # fmt: skip
    """Give the absolute error |x − y|; the slope at 0 is 0. Parameters as of :func:`mse_loss`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.l1_loss(tgb.tensor([1.0, 2.0]), tgb.tensor([1.0, 4.0]))
    tensor(1.)
    """
    _same_size("l1_loss", input, target)
    _check_weight("l1_loss", weight, input)
    losses = ew.absolute(input - target)
    return _weighted(losses, weight, _how(reduction, size_average, reduce))


def smooth_l1_loss(input: Any, target: Any, size_average: bool | None = None,
                   reduce: bool | None = None, reduction: str = "mean",
                   beta: float = 1.0) -> Any:  # fmt: skip
    """Give (x − y)² / 2β where |x − y| < β, and |x − y| − β/2 beyond.

    Parameters
    ----------
    input, target : Tensor of one shape
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}
    beta : float
        Where the parabola ends; with 0 it is :func:`l1_loss`.

    Raises
    ------
    RuntimeError
        If β is negative.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.smooth_l1_loss(tgb.tensor([1.0, 2.5]), tgb.tensor([1.0, 0.0]))
    tensor(1.)

    Notes
    -----
    Girshick, "Fast R-CNN", 2015.
    """
    _same_size("smooth_l1_loss", input, target)
    reduction = _how(reduction, size_average, reduce)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta: {beta}")
    if beta == 0:
        return _reduced(ew.absolute(input - target), reduction)
    return _reduced(terms.smooth_l1(input, target, beta=beta), reduction)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0,
               weight: Any = None) -> Any:  # fmt: skip
    """Give (x − y)² / 2 where |x − y| < δ, and δ (|x − y| − δ/2) beyond.

    Parameters
    ----------
    input, target : Tensor of one shape
    reduction : {"mean", "sum", "none"}
        The mean is over all elements, weighted or not.
    delta : float
        Where the parabola ends.
    weight : Tensor of the input's shape, optional
        Multiplies each loss.

    Raises
    ------
    RuntimeError
        If δ is not positive.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, y = tgb.tensor([1.0, 2.0]), tgb.tensor([1.0, 4.0])
    >>> tgb.nn.functional.huber_loss(x, y)
    tensor(0.7500)

    Notes
    -----
    Huber, "Robust Estimation of a Location Parameter", 1964.
    """
    _same_size("huber_loss", input, target)
    _check_weight("huber_loss", weight, input)
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta: {delta}")
    losses = delta * terms.smooth_l1(input, target, beta=delta)
    return _reduced(losses if weight is None else losses * weight, reduction)


def _check_weight(what: str, weight: Any, input: Any) -> None:
    if weight is not None and weight.shape != input.shape:
        raise ValueError(
            f"{what}: Weights and input must have the same size, but are of {tuple(weight.shape)} "
            f"and {tuple(input.shape)}"
        )


def _weighted(losses: Any, weight: Any, reduction: str) -> Any:
    if weight is None:
        return _reduced(losses, reduction)
    losses = losses * weight
    if reduction == "mean":
        return red.sum(losses, axis=None) / red.sum(
            fs.broadcast_to(weight, tuple(losses.shape)), axis=None
        )
    return _reduced(losses, reduction)


# -------------------------------------------------------------------------------------- yes or no


def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Give −y log p − (1 − y) log(1 − p), with the logarithms cut off at −100.

    Where p comes from a sigmoid, :func:`binary_cross_entropy_with_logits` is exact and faster.

    Parameters
    ----------
    input : Tensor
        Probabilities p.
    target : Tensor of the same shape
        y in [0, 1].
    weight : Tensor, optional
        Multiplies each loss; broadcast.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor
        Nats: a number (the mean over all elements), or of the input's shape for "none".

    Raises
    ------
    ValueError
        If the shapes differ.
    RuntimeError
        If an input or a target lies outside [0, 1], or is NaN.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.binary_cross_entropy(tgb.tensor([0.5]), tgb.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = _how(reduction, size_average, reduce)
    if input.shape != target.shape:
        raise ValueError(
            f"binary_cross_entropy: a target of size {tuple(target.shape)} does not fit the "
            f"input's size {tuple(input.shape)}; reshape one of them"
        )
    _floating("binary_cross_entropy", input)
    for what, tensor in (("input", input), ("target", target)):
        array = getattr(tensor, "_array", None)
        if array is None or not array.size or not knowable(array):
            continue
        if not (array.min() >= 0 and array.max() <= 1):
            array = shown(array)
            raise RuntimeError(
                f"binary_cross_entropy: all elements of {what} should be between 0 and 1, but they "
                f"lie in [{array.min():.6g}, {array.max():.6g}]; for logits use "
                "binary_cross_entropy_with_logits"
            )
    losses = ops.bce(input, target)
    return _reduced(losses if weight is None else losses * weight, reduction)


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """Give −y log σ(z) − (1 − y) log(1 − σ(z)), in a form that can't overflow.

    Parameters
    ----------
    input : Tensor
        Logits z.
    target : Tensor of the same shape
        y in [0, 1].
    weight : Tensor, optional
        Multiplies each loss; broadcast.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}
    pos_weight : Tensor, optional
        Multiplies the loss of the positive class; broadcast.

    Returns
    -------
    Tensor
        Nats: a number (the mean over all elements), or of the input's shape for "none".

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> z, y = tgb.tensor([1e4, -1e4]), tgb.tensor([1.0, 1.0])
    >>> tgb.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none")
    tensor([    0., 10000.])
    """
    reduction = _how(reduction, size_average, reduce)
    if input.shape != target.shape:
        raise ValueError(
            f"Target size {tuple(target.shape)} must be the same as input size "
            f"{tuple(input.shape)}; reshape one of them"
        )
    _floating("binary_cross_entropy_with_logits", input)
    if pos_weight is None:
        losses = ops.bce_with_logits(input, target)
    else:
        # −log σ(z) = log(1 + e^−z), and −log(1 − σ(z)) = z + log(1 + e^−z).
        losses = (1 - target) * input + (1 + (pos_weight - 1) * target) * ew.softplus(-input)
    return _reduced(losses if weight is None else losses * weight, reduction)
