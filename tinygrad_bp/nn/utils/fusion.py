"""Folding a batch normalisation, in evaluation an affine map, into the layer before it."""

from __future__ import annotations

import copy
from typing import Any

from ...rules import elementwise as ew
from ..modules.module import Module
from ..parameter import Parameter

__all__ = [
    "fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights",
]  # fmt: skip


def fuse_conv_bn_weights(
    conv_w: Any, conv_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Give weight and bias of a convolution that does a batch normalisation as well.

    Parameters
    ----------
    conv_w : Tensor
        Its axis of outputs is the first, or the second with `transpose`.
    conv_b, bn_w, bn_b : Tensor, optional
    bn_rm, bn_rv : Tensor
        Running mean and variance.
    bn_eps : float
    transpose : bool
        For a transposed convolution.
    """
    detach = [None if t is None else t.detach() for t in (conv_b, bn_w, bn_b)]
    bias, scale, shift = detach
    mean, deviation = bn_rm.detach(), ew.sqrt(bn_rv.detach() + bn_eps)
    factor = 1 / deviation if scale is None else scale / deviation
    weight = conv_w.detach()
    axes = [1] * weight.ndim
    axes[1 if transpose else 0] = -1
    fused = weight * factor.to(weight.dtype).reshape(*axes)
    new = (-mean if bias is None else bias - mean) * factor
    new = new if shift is None else new + shift
    return (
        Parameter(fused, conv_w.requires_grad),
        Parameter(new, True if conv_b is None else conv_b.requires_grad),
    )


def fuse_conv_bn_eval(conv: Module, bn: Module, transpose: bool = False) -> Module:
    """Return a copy of a convolution that does the batch normalisation behind it as well.

    Raises
    ------
    AssertionError
        If one of them is in training mode.
    """
    return _fused(conv, bn, transpose)


def fuse_linear_bn_weights(
    linear_w: Any, linear_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any
) -> tuple[Parameter, Parameter]:
    """Give weight and bias of a linear layer that does a batch normalisation as well."""
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)


def fuse_linear_bn_eval(linear: Module, bn: Module) -> Module:
    """Return a copy of a linear layer that does the batch normalisation behind it as well.

    Raises
    ------
    AssertionError
        If one of them is in training mode, or the numbers of features do not fit.
    """
    outputs, features = linear.out_features, bn.num_features
    if features not in (1, outputs):
        raise AssertionError(
            f"fusing needs as many features in the normalisation as the linear layer has outputs "
            f"({outputs}), or 1, not {features}"
        )
    return _fused(linear, bn, False)


def _fused(layer: Any, bn: Any, transpose: bool) -> Module:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")
    if bn.running_mean is None or bn.running_var is None:
        raise ValueError("the batch normalisation has no running statistics to fold in")
    fused = copy.deepcopy(layer)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        layer.weight, layer.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias,
        transpose,
    )  # fmt: skip
    return fused  # type: ignore[no-any-return]
