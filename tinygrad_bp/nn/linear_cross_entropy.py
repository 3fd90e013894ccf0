"""Cross-entropy of the outputs of a linear layer: the two in one call."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ..rules.linalg import linear, matmul
from .class_losses import cross_entropy

__all__ = ["LinearCrossEntropyOptions", "linear_cross_entropy"]


@dataclass(frozen=True, slots=True)
class LinearCrossEntropyOptions:
    """How PyTorch trades memory for time in :func:`linear_cross_entropy`.

    Here the options are accepted, and the result is the same with all of them: the logits are
    computed at once.

    Attributes
    ----------
    allow_retain_graph : bool
    batch_chunk_size : int, optional
    chunking_method : str, optional
    acc_policy : str
    acc_dtype : dtype, optional
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None


def linear_cross_entropy(
    input: Any,
    linear_weight: Any,
    target: Any,
    *,
    linear_bias: Any = None,
    weight: Any = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: LinearCrossEntropyOptions | None = None,
) -> Any:
    """Give the cross-entropy of logits x Wᵀ + b.

    Parameters
    ----------
    input : Tensor of shape (N, in_features) or (in_features,)
    linear_weight : Tensor of shape (C, …, in_features)
    target : Tensor
        As of :func:`cross_entropy`, for logits of shape (N, C, …).
    linear_bias : Tensor of shape (C, …), optional
    weight : Tensor of shape (C,), optional
        Weight of each class.
    reduction : {"mean", "sum", "none"}
    ignore_index : int, optional
        Samples of this class do not count.
    label_smoothing : float in [0, 1]
    options : LinearCrossEntropyOptions, optional

    Raises
    ------
    RuntimeError
        If the shapes do not fit, or `ignore_index` meets class probabilities.
    """
    batch, features = tuple(input.shape[:-1]), tuple(input.shape[-1:])
    classes = tuple(linear_weight.shape[:-1])
    if input.ndim not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.ndim}")
    if linear_weight.ndim < 2:
        raise RuntimeError(
            f"expected linear_weight with dimensionality at least 2, got {linear_weight.ndim}"
        )
    if features != tuple(linear_weight.shape[-1:]):
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{features[0]} and {linear_weight.shape[-1]}, respectively"
        )
    if linear_bias is not None and tuple(linear_bias.shape) != classes:
        raise RuntimeError(f"expected linear_bias shape {classes}, got {tuple(linear_bias.shape)}")
    if len(classes) > 1 and not batch:
        raise RuntimeError(
            f"a linear_weight of shape {tuple(linear_weight.shape)} requires batched input, "
            f"(N, {features[0]}), got {features}"
        )
    if ignore_index is not None and tuple(target.shape) == (*batch, *classes):
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    matrix = linear_weight.reshape(math.prod(classes), *features)
    if linear_bias is None:
        logits = matmul(input, matrix.T)
    else:
        logits = linear(input, matrix, linear_bias.reshape(-1))
    return cross_entropy(
        logits.reshape(*batch, *classes),
        target,
        weight=weight,
        reduction=reduction,
        ignore_index=-100 if ignore_index is None else ignore_index,
        label_smoothing=label_smoothing,
    )
