"""Losses of classes, as functions: compositions of operations of the table, or one of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..functions import shape as fs
from ..messages import ShapeError, shown
from ..rules import elementwise as ew
from ..rules import loss as ops
from ..rules import reduce as red
from ..rules.index import ARRAY, index, take_along_axis
from .losses import _floating, _how, _reduced

__all__ = ["cross_entropy", "nll_loss"]


def _check_classes(what: str, input: Any, target: Any, axis: int, ignore_index: int) -> bool:
    """Check class indices; tell whether some of them are to be ignored."""
    expected = tuple(input.shape[:axis]) + tuple(input.shape[axis + 1 :])
    if tuple(target.shape) != expected:
        if axis and target.ndim and target.shape[0] != input.shape[0]:
            raise ValueError(
                f"{what}: Expected input batch_size ({input.shape[0]}) to match target batch_size "
                f"({target.shape[0]}); input has the shape {tuple(input.shape)}, target "
                f"{tuple(target.shape)}"
            )
        raise ShapeError(
            f"{what}: for an input of shape {tuple(input.shape)} the class indices have to be of "
            f"shape {expected}, not {tuple(target.shape)}"
        )
    if target.dtype.name not in ("int64", "uint8"):
        raise RuntimeError(
            f"{what}: expected class indices of int64, but found {target.dtype.name}: convert them "
            f"with .long(). (Class probabilities have the input's shape, {tuple(input.shape)}.)"
        )
    array = getattr(target, "_array", None)
    if array is None or not array.size:
        return False
    classes = input.shape[axis]
    # Read as unsigned, negative numbers are huge: one pass finds both kinds of outliers.
    if array.view(np.uint64 if array.itemsize == 8 else array.dtype).max() < classes:
        return 0 <= ignore_index < classes and bool((array == ignore_index).any())
    wrong = (array != ignore_index) & ((array < 0) | (array >= classes))
    if wrong.any():
        first = shown(array)[shown(wrong)][0]
        raise IndexError(
            f"{what}: Target {first} is out of bounds: there are {classes} classes, from "
            f"0 to {classes - 1}" + (" (the input's axis 1)" if axis else "")
        )
    return True


def _check_weight(what: str, weight: Any, classes: int) -> None:
    if weight is not None and tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"{what}: weight needs one element for each of the {classes} classes, but is of "
            f"shape {tuple(weight.shape)}"
        )


def _picked(scores: Any, target: Any, weight: Any, axis: int, ignored: bool,
            ignore_index: int) -> tuple[Any, Any, Any]:  # fmt: skip
    """Take each sample's score of its class; return it, the sample's weight, and what is valid.

    The weight is None where it is 1 for all, what is valid None where all is.
    """
    valid = None
    if ignored:
        valid = target != ignore_index
        target = ew.where(valid, target, 0)
    places = fs.unsqueeze(target, axis)
    chosen = fs.squeeze(take_along_axis(scores, places, axis=axis), axis)
    factor = None if weight is None else index(weight, target, template=(ARRAY,))
    if valid is not None:
        # Chosen, not multiplied away: the score of an ignored place may be infinite.
        chosen = ew.where(valid, chosen, 0.0)
        mask = valid.to(scores.dtype)
        factor = mask if factor is None else factor * mask
    return chosen, factor, valid


def _average(losses: Any, factor: Any, reduction: str) -> Any:
    """Reduce losses that already have their weights in them."""
    if reduction == "mean" and factor is not None:
        return red.sum(losses, axis=None) / red.sum(factor, axis=None)
    return _reduced(losses, reduction)


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Give the negative log likelihood −log p_y.

    Parameters
    ----------
    input : Tensor of shape (N, C), (C,) or (N, C, …)
        Log-probabilities.
    target : Tensor of int64, of the input's shape without the axis C
        Class indices.
    weight : Tensor of shape (C,), optional
        Weight of each class.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    ignore_index : int
        Samples of this class do not count.
    reduction : {"mean", "sum", "none"}

    Returns
    -------
    Tensor
        Nats: a number (the weighted mean over the samples), or of the target's shape for "none".

    Raises
    ------
    IndexError
        If there is no such class.
    ValueError, RuntimeError
        If shapes or dtypes do not fit.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> p = tgb.tensor([[0.5, 0.5], [0.25, 0.75]])
    >>> tgb.nn.functional.nll_loss(p.log(), tgb.tensor([0, 1]), reduction="none")
    tensor([0.6931, 0.2877])
    """
    options = (weight, size_average, ignore_index, reduce, reduction)
    if options == _DEFAULTS[:5] and _is_plain(input, target):
        return ops.negative_log_likelihood(input, target)
    reduction = _how(reduction, size_average, reduce)
    axis = _class_axis("nll_loss", input)
    ignored = _check_classes("nll_loss", input, target, axis, ignore_index)
    _check_weight("nll_loss", weight, input.shape[axis])
    chosen, factor, _ = _picked(input, target, weight, axis, ignored, ignore_index)
    losses = -chosen if factor is None else -chosen * factor
    return _average(losses, factor, reduction)


def _class_axis(what: str, input: Any) -> int:
    if not input.ndim:
        raise ShapeError(f"{what}: the input needs an axis of classes, but has no axes")
    _floating(what, input)
    return 0 if input.ndim == 1 else 1


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Give −Σ_c y_c log softmax(z)_c, of logits z.

    Parameters
    ----------
    input : Tensor of shape (N, C), (C,) or (N, C, …)
        Logits z.
    target : Tensor
        Class indices: of int64, of the input's shape without the axis C. Or class probabilities y:
        of a floating type, of the input's shape.
    weight : Tensor of shape (C,), optional
        Weight of each class.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    ignore_index : int
        Samples of this class do not count.
    reduction : {"mean", "sum", "none"}
    label_smoothing : float in [0, 1]
        The share of each target that is spread evenly over all classes (Szegedy and others, 2016).

    Returns
    -------
    Tensor
        Nats: a number, or one for each sample for "none". The mean is over the samples; with class
        indices and weights, weighted.

    Raises
    ------
    IndexError
        If there is no such class.
    ValueError, RuntimeError
        If shapes or dtypes do not fit.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> z = tgb.tensor([[2.0, 0.0], [1e4, -1e4]])
    >>> tgb.nn.functional.cross_entropy(z, tgb.tensor([0, 1]), reduction="none")
    tensor([1.2693e-01, 2.0000e+04])
    """
    options = (weight, size_average, ignore_index, reduce, reduction, label_smoothing)
    if options == _DEFAULTS and _is_plain(input, target):
        return ops.softmax_cross_entropy(input, target)
    reduction = _how(reduction, size_average, reduce)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(
            f"cross_entropy: label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}"
        )
    axis = _class_axis("cross_entropy", input)
    classes = input.shape[axis]
    if tuple(target.shape) == tuple(input.shape):
        _check_weight("cross_entropy", weight, classes)
        return _of_probabilities(
            input, target, weight, axis, ignore_index, reduction, label_smoothing
        )
    ignored = _check_classes("cross_entropy", input, target, axis, ignore_index)
    _check_weight("cross_entropy", weight, classes)
    scores = ops.log_softmax(input, axis=axis)
    chosen, factor, valid = _picked(scores, target, weight, axis, ignored, ignore_index)
    losses = -chosen if factor is None else -chosen * factor
    if not label_smoothing:
        return _average(losses, factor, reduction)
    # Σ_c w_c log p_c, of the samples that count.
    spread = red.sum(scores if weight is None else scores * _upright(weight, axis, input.ndim),
                     axis=(axis,))  # fmt: skip
    if valid is not None:
        spread = ew.where(valid, spread, 0.0)
    losses = (1 - label_smoothing) * losses - (label_smoothing / classes) * spread
    return _average(losses, factor, reduction)


_DEFAULTS = (None, None, -100, None, "mean", 0.0)


def _is_plain(input: Any, target: Any) -> bool:
    """Whether these are rows of logits with a valid class each, none to be ignored."""
    z, y = getattr(input, "_array", None), getattr(target, "_array", None)
    return (
        z is not None
        and y is not None
        and z.ndim == 2
        and z.dtype.kind == "f"
        and y.shape == z.shape[:1]
        and y.dtype == np.int64
        and y.size > 0
        and bool(y.view(np.uint64).max() < z.shape[1])  # negative numbers are huge when unsigned
    )


def _upright(weight: Any, axis: int, ndim: int) -> Any:
    """Lay the weights of the classes along their axis."""
    return fs.reshape(weight, *[-1 if i == axis else 1 for i in range(ndim)])


def _of_probabilities(input: Any, target: Any, weight: Any, axis: int, ignore_index: int,
                      reduction: str, label_smoothing: float) -> Any:  # fmt: skip
    if not target.is_floating_point():
        raise RuntimeError(
            "cross_entropy: a target of the input's shape holds class probabilities, and has to be "
            f"of a floating type, not {target.dtype.name}. (Class indices have no axis of classes.)"
        )
    if ignore_index >= 0:
        raise RuntimeError("cross_entropy: ignore_index is not supported for class probabilities")
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / input.shape[axis]
    terms = ops.log_softmax(input, axis=axis) * target
    if weight is not None:
        terms = terms * _upright(weight, axis, input.ndim)
    losses = -red.sum(terms, axis=(axis,))
    if reduction == "mean":
        # Over the samples: the weights of the classes do not count here, as in PyTorch.
        return red.sum(losses, axis=None) / float(losses.numel())
    return _reduced(losses, reduction)
