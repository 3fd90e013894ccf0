"""Losses that ask for a margin, between classes, pairs or triplets, as functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..functions.elementwise import clamp
from ..functions.index import gather
from ..rules import elementwise as ew
from ..rules import loss as ops
from ..rules import reduce as red
from ..tensor import wrap
from .distances import pairwise_distance
from .losses import _how, _reduced

__all__ = [
    "cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "multi_margin_loss",
    "multilabel_margin_loss", "multilabel_soft_margin_loss", "soft_margin_loss",
    "triplet_margin_loss", "triplet_margin_with_distance_loss",
]  # fmt: skip


# ------------------------------------------------------------------------------- pairs and triplets


def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Give max(0, −y (x₁ − x₂) + margin): for y = 1, x₁ is to be larger than x₂ by the margin.

    Parameters
    ----------
    input1, input2 : Tensor
    target : Tensor
        y, 1 or −1. All three are broadcast, and have equally many axes.
    margin : float
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    RuntimeError
        If the numbers of axes differ.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> a, b = tgb.tensor([1.0]), tgb.tensor([2.0])
    >>> tgb.nn.functional.margin_ranking_loss(a, b, tgb.tensor([1.0]))
    tensor(1.)
    """
    reduction = _how(reduction, size_average, reduce)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {tuple(input1.shape)}, input2: {tuple(input2.shape)}, target: "
            f"{tuple(target.shape)}"
        )
    return _reduced(clamp(margin - target * (input1 - input2), min=0), reduction)


def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Give x where y = 1, and max(0, margin − x) where y = −1: for distances x of pairs.

    Parameters
    ----------
    input : Tensor
    target : Tensor
        y, 1 or −1; broadcast.
    margin : float
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.hinge_embedding_loss(tgb.tensor([0.5, 0.5]), tgb.tensor([1.0, -1.0]))
    tensor(0.5000)
    """
    reduction = _how(reduction, size_average, reduce)
    apart = ew.where(target != 1, clamp(margin - input, min=0), 0.0)
    return _reduced(apart + ew.where(target != -1, input, 0.0), reduction)


def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Give 1 − cos(x₁, x₂) where y = 1, and max(0, cos(x₁, x₂) − margin) where y = −1.

    Parameters
    ----------
    input1, input2 : Tensor of shape (N, D) or (D,)
    target : Tensor of shape (N,) or ()
        y, 1 or −1.
    margin : float
        Between −1 and 1.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    RuntimeError
        If the numbers of axes do not fit.
    """
    reduction = _how(reduction, size_average, reduce)
    if target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if not input1.ndim == input2.ndim == target.ndim + 1:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found "
            f"inputs with sizes {tuple(input1.shape)} and {tuple(input2.shape)}"
        )
    axis = (-1,)
    product = red.sum(input1 * input2, axis=axis)
    # The ε of PyTorch: as much as keeps 0 / 0 away.
    squares = [red.sum(ew.square(x), axis=axis) + 1e-12 for x in (input1, input2)]
    cosine = product / ew.sqrt(squares[0] * squares[1])
    close = ew.where(target == 1, 1 - cosine, 0.0)
    apart = ew.where(target == -1, clamp(cosine - margin, min=0), 0.0)
    return _reduced(close + apart, reduction)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Give max(0, d(a, p) − d(a, n) + margin) with the distance d of the p-norm.

    Parameters
    ----------
    anchor, positive, negative : Tensor of shape (N, D) or (D,)
    margin : float
    p : float
        The order of the norm.
    eps : float
        See :func:`pairwise_distance`.
    swap : bool
        Take min(d(a, n), d(p, n)) for d(a, n) (Balntas and others, 2016).
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        If the margin is not positive.
    RuntimeError
        If the numbers of axes differ.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.triplet_margin_loss(tgb.zeros(1, 2), tgb.zeros(1, 2), tgb.ones(1, 2))
    tensor(0.)

    Notes
    -----
    Schroff, Kalenichenko and Philbin, "FaceNet", 2015.
    """
    return _triplet(
        (anchor, positive, negative), lambda x, y: pairwise_distance(x, y, p, eps), margin, swap,
        _how(reduction, size_average, reduce),
    )  # fmt: skip


def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """Do :func:`triplet_margin_loss` with a distance of your own: ``d(x, y)``, one a sample."""
    distance = pairwise_distance if distance_function is None else distance_function
    return _triplet((anchor, positive, negative), distance, margin, swap, reduction)


def _triplet(triplet: tuple[Any, Any, Any], distance: Callable[[Any, Any], Any], margin: float,
             swap: bool, reduction: str) -> Any:  # fmt: skip
    anchor, positive, negative = triplet
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.ndim}D, positive {positive.ndim}D, and negative "
            f"{negative.ndim}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = ew.minimum(far, distance(positive, negative))
    return _reduced(clamp(margin + near - far, min=0), reduction)


# ------------------------------------------------------------------------------------------ classes


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Give Σ_{i≠y} w_y max(0, margin − x_y + xᵢ)ᵖ / C: the hinge loss of several classes.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (C,)
        Scores.
    target : Tensor of int64, of shape (N,) or ()
        Class indices.
    p : {1, 2}
    margin : float
    weight : Tensor of shape (C,), optional
        Weight of each class.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        For another p, or a weight with more axes.
    RuntimeError
        If the shapes do not fit, or there is no such class.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.multi_margin_loss(tgb.tensor([[0.0, 1.0]]), tgb.tensor([0]))
    tensor(1.)

    Notes
    -----
    Crammer and Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector
    Machines", 2001.
    """
    reduction = _how(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    batched = input.ndim == 2
    expected = [tuple(input.shape[:1])] if batched else [(), (1,)]
    if input.ndim > 2 or tuple(target.shape) not in expected:
        raise RuntimeError(
            f"multi_margin_loss: inconsistent target size: {tuple(target.shape)} for an input of "
            f"size {tuple(input.shape)}; one class for each sample of (N, C) is expected"
        )
    scores = input if batched else input.reshape(1, -1)
    classes = scores.shape[1]
    if weight is not None and weight.numel() != classes:
        raise RuntimeError(
            f"multi_margin_loss: inconsistent weight size, expected {classes} but got "
            f"{tuple(weight.shape)}"
        )
    places = target.reshape(-1, 1)
    _check_range("multi_margin_loss", places, 0, classes)
    gaps = ew.relu(margin - gather(scores, 1, places) + scores)
    if p == 2:
        gaps = ew.square(gaps)
    if weight is not None:
        gaps = gaps * weight[places]
    others = places != wrap(np.arange(classes))
    losses = red.sum(ew.where(others, gaps, 0.0), axis=(1,)) / classes
    return _reduced(losses if batched else losses.reshape(target.shape), reduction)


def _check_range(what: str, classes: Any, low: int, high: int) -> None:
    array = classes._array
    if array.size and not low <= array.min() <= array.max() < high:
        wrong = array.max() if array.max() >= high else array.min()
        raise RuntimeError(
            f"{what}: target {wrong} is out of range: there are {high} classes, from 0 to "
            f"{high - 1}"
        )


def multilabel_margin_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Give Σ_{j in targets} Σ_{i not in targets} max(0, 1 − (x_j − xᵢ)) / C.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (C,)
        Scores.
    target : Tensor of int64, of the same shape
        The classes of each sample in front, then −1; what follows the first −1 does not count.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    RuntimeError
        If the shapes differ, or there is no such class.
    """
    reduction = _how(reduction, size_average, reduce)
    if input.ndim > 2 or tuple(target.shape) != tuple(input.shape):
        raise RuntimeError(
            f"multilabel_margin_loss: inconsistent target size: {tuple(target.shape)} for an input "
            f"of size {tuple(input.shape)}; both are (N, C) or (C,)"
        )
    classes = input.shape[-1] if input.ndim else 1
    scores, named = input.reshape(-1, classes), target.reshape(-1, classes)
    _check_range("multilabel_margin_loss", named, -1, classes)
    counts = np.logical_and.accumulate(named._array >= 0, axis=1)
    places = np.where(counts, named._array, 0)
    chosen = np.zeros(places.shape, bool)
    np.logical_or.at(chosen, (np.arange(len(places))[:, None], places), counts)
    pairs = wrap(counts[:, :, None] & ~chosen[:, None, :])
    gaps = ew.relu(1 - gather(scores, 1, wrap(places)).unsqueeze(2) + scores.unsqueeze(1))
    losses = red.sum(ew.where(pairs, gaps, 0.0), axis=(1, 2)) / classes
    return _reduced(losses if input.ndim == 2 else losses.reshape(()), reduction)


def soft_margin_loss(
    input: Any,
    target: Any,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Give log(1 + e^{−y x}), for y of 1 or −1: the logistic loss, without overflow.

    Parameters
    ----------
    input, target : Tensor of one shape
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.soft_margin_loss(tgb.zeros(2), tgb.tensor([1.0, -1.0]))
    tensor(0.6931)
    """
    reduction = _how(reduction, size_average, reduce)
    return _reduced(ew.softplus(-target * input), reduction)


def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Any:
    """Give the binary cross-entropy of logits, averaged over the classes of each sample.

    Parameters
    ----------
    input : Tensor of shape (…, C)
        Logits.
    target : Tensor of the same shape
        0 or 1.
    weight : Tensor of shape (C,), optional
        Weight of each class.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}
        The mean is over the samples.
    """
    reduction = _how(reduction, size_average, reduce)
    losses = ops.bce_with_logits(input, target)
    if weight is not None:
        losses = losses * weight
    return _reduced(red.sum(losses, axis=(-1,)) / input.shape[-1], reduction)
