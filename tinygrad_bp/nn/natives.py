"""Normalisations and look-ups as PyTorch has them at the top: its order of arguments, and more.

The ``native`` ones return the statistics too.
"""

from __future__ import annotations

from typing import Any

from ..dtype import uint8
from ..rules import elementwise as ew
from ..rules.norm import moments, normalize
from . import embeddings, norms

__all__ = [
    "_batch_norm_with_update", "_native_batch_norm_legit", "batch_norm", "embedding", "group_norm",
    "instance_norm", "layer_norm", "native_batch_norm", "native_group_norm", "native_layer_norm",
]  # fmt: skip


def _scale(statistics: Any, eps: float) -> Any:
    return ew.rsqrt(statistics[1] + eps)


def native_layer_norm(input: Any, normalized_shape: Any, weight: Any, bias: Any,
                      eps: float) -> tuple[Any, Any, Any]:  # fmt: skip
    """Return :func:`F.layer_norm`'s output, the means, and 1 / √(variance + ε), with keepdims."""
    what = "native_layer_norm"
    axis = norms.trailing(what, input, normalized_shape, weight=weight, bias=bias)
    weight, bias = norms.affine(what, input, weight, bias, tuple(normalized_shape))
    statistics = moments(input, axis=axis)
    out = normalize(input, statistics, weight, bias, eps=eps)
    statistics = statistics.detach()
    return out, statistics[0], _scale(statistics, eps)


def native_group_norm(input: Any, weight: Any, bias: Any, N: int, C: int, HxW: int, group: int,
                      eps: float) -> tuple[Any, Any, Any]:  # fmt: skip
    """Return :func:`F.group_norm`'s output, the means, and 1 / √(variance + ε), (N, groups)."""
    rows = input.reshape(N, C, HxW)
    out, statistics = norms.group_with_statistics(rows, group, weight, bias, eps)
    statistics = statistics.reshape(2, N, group)
    return out.reshape(input.shape), statistics[0], _scale(statistics, eps)


def native_batch_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool,
    momentum: float, eps: float,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Return :func:`F.batch_norm`'s output, and the batch's means and 1 / √(variance + ε), (C,).

    In evaluation the two are empty.
    """
    out, statistics = norms.batch_with_statistics(
        input, weight, bias, running_mean, running_var, training, momentum, eps,
        "native_batch_norm",
    )  # fmt: skip
    if not training:
        nothing = input.new_empty((0,))
        return out, nothing, nothing
    statistics = statistics.detach().reshape(2, input.shape[1])
    return out, statistics[0], _scale(statistics, eps)


def _native_batch_norm_legit(input: Any, weight: Any, bias: Any, *others: Any) -> Any:
    """Do :func:`native_batch_norm`; the two running statistics may be left out."""
    if len(others) == 3:
        others = (None, None, *others)
    return native_batch_norm(input, weight, bias, *others)


def _batch_norm_with_update(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, momentum: float,
    eps: float,
) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """Do :func:`native_batch_norm` in training; the fourth result is empty, as PyTorch's."""
    out = native_batch_norm(input, weight, bias, running_mean, running_var, True, momentum, eps)
    return (*out, input.new_empty((0,), dtype=uint8))


def batch_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool,
    momentum: float, eps: float, cudnn_enabled: bool = False,
) -> Any:  # fmt: skip
    """Do :func:`F.batch_norm`."""
    return norms.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, use_input_stats: bool,
    momentum: float, eps: float, cudnn_enabled: bool = False,
) -> Any:  # fmt: skip
    """Do :func:`F.instance_norm`."""
    return norms.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None,
               eps: float = 1e-5, cudnn_enable: bool = False) -> Any:  # fmt: skip
    """Do :func:`F.layer_norm`."""
    return norms.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None,
               eps: float = 1e-5, cudnn_enabled: bool = False) -> Any:  # fmt: skip
    """Do :func:`F.group_norm`."""
    return norms.group_norm(input, num_groups, weight, bias, eps)


def embedding(weight: Any, indices: Any, padding_idx: int = -1, scale_grad_by_freq: bool = False,
              sparse: bool = False) -> Any:  # fmt: skip
    """Do :func:`F.embedding`, with the table first; a padding of −1 is none."""
    return embeddings.embedding(
        indices, weight, None if padding_idx < 0 else padding_idx,
        scale_grad_by_freq=scale_grad_by_freq, sparse=sparse,
    )  # fmt: skip
