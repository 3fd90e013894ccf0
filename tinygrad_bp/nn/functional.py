"""Layers as functions, without parameters of their own; imported as ``F``."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..functions.distances import pdist
from ..functions.shape import flatten
from ..messages import knowable, shown
from ..rules import elementwise as ew
from ..rules.linalg import linear as _linear
from ..rules.linalg import matmul as _matmul
from ..rules.loss import one_hot as _one_hot
from .activations import (
    gelu, glu, gumbel_softmax, hardshrink, hardsigmoid, hardswish, hardtanh, hardtanh_, log_softmax,
    logsigmoid, mish, relu6, sigmoid, silu, softmax, softmin, softplus, softshrink, softsign, tanh,
    tanhshrink,
)  # fmt: skip
from .adaptive_pooling import (
    adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d, adaptive_max_pool1d,
    adaptive_max_pool1d_with_indices, adaptive_max_pool2d, adaptive_max_pool2d_with_indices,
    adaptive_max_pool3d, adaptive_max_pool3d_with_indices, fractional_max_pool2d,
    fractional_max_pool2d_with_indices, fractional_max_pool3d, fractional_max_pool3d_with_indices,
)  # fmt: skip
from .attention import multi_head_attention_forward, scaled_dot_product_attention
from .class_losses import cross_entropy, nll_loss
from .convolution import (
    conv1d, conv2d, conv3d, conv_tbc, conv_transpose1d, conv_transpose2d, conv_transpose3d, fold,
    unfold,
)  # fmt: skip
from .ctc import ctc_loss
from .distances import cosine_similarity, normalize, pairwise_distance
from .dropouts import (
    alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout,
)  # fmt: skip
from .embeddings import embedding, embedding_bag
from .likelihoods import gaussian_nll_loss, kl_div, poisson_nll_loss
from .linear_cross_entropy import linear_cross_entropy
from .losses import (
    binary_cross_entropy, binary_cross_entropy_with_logits, huber_loss, l1_loss, mse_loss,
    smooth_l1_loss,
)  # fmt: skip
from .margin_losses import (
    cosine_embedding_loss, hinge_embedding_loss, margin_ranking_loss, multi_margin_loss,
    multilabel_margin_loss, multilabel_soft_margin_loss, soft_margin_loss, triplet_margin_loss,
    triplet_margin_with_distance_loss,
)  # fmt: skip
from .norms import (
    batch_norm, group_norm, instance_norm, layer_norm, local_response_norm, rms_norm,
)  # fmt: skip
from .padding import pad
from .pooling import (
    avg_pool1d, avg_pool2d, avg_pool3d, lp_pool1d, lp_pool2d, lp_pool3d, max_pool1d,
    max_pool1d_with_indices, max_pool2d, max_pool2d_with_indices, max_pool3d,
    max_pool3d_with_indices, max_unpool1d, max_unpool2d, max_unpool3d,
)  # fmt: skip
from .rectifiers import (
    celu, celu_, elu, elu_, leaky_relu, leaky_relu_, prelu, relu, relu_, rrelu, rrelu_, selu, selu_,
    threshold, threshold_,
)  # fmt: skip
from .resampling import (
    interpolate, upsample, upsample_bilinear, upsample_nearest,
)  # fmt: skip
from .sampling_grids import (
    affine_grid, grid_sample,
)  # fmt: skip
from .pixels import (
    channel_shuffle, native_channel_shuffle, pixel_shuffle, pixel_unshuffle,
)  # fmt: skip

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d", "adaptive_max_pool3d_with_indices", "affine_grid", "alpha_dropout",
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "batch_norm", "bilinear", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "celu", "celu_", "channel_shuffle", "conv1d", "conv2d",
    "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "cosine_embedding_loss", "cosine_similarity", "cross_entropy", "ctc_loss", "dropout",
    "dropout1d", "dropout2d", "dropout3d", "elu", "elu_", "embedding", "embedding_bag",
    "feature_alpha_dropout", "flatten", "fold", "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices", "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices", "gaussian_nll_loss", "gelu", "glu", "grid_sample",
    "group_norm", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
    "hardtanh_", "hinge_embedding_loss", "huber_loss", "instance_norm", "interpolate", "kl_div",
    "l1_loss", "layer_norm", "leaky_relu", "leaky_relu_", "linear", "linear_cross_entropy",
    "local_response_norm", "log_softmax", "logsigmoid", "lp_pool1d", "lp_pool2d", "lp_pool3d",
    "margin_ranking_loss", "max_pool1d", "max_pool1d_with_indices", "max_pool2d",
    "max_pool2d_with_indices", "max_pool3d", "max_pool3d_with_indices", "max_unpool1d",
    "max_unpool2d", "max_unpool3d", "mish", "mse_loss", "multi_head_attention_forward",
    "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss",
    "native_channel_shuffle", "nll_loss", "normalize", "one_hot", "pad", "pairwise_distance",
    "pdist",
    "pixel_shuffle", "pixel_unshuffle", "poisson_nll_loss", "prelu", "relu", "relu6", "relu_",
    "rms_norm", "rrelu", "rrelu_", "scaled_dot_product_attention", "selu", "selu_", "sigmoid",
    "silu", "smooth_l1_loss", "soft_margin_loss", "softmax", "softmin", "softplus", "softshrink",
    "softsign", "tanh", "tanhshrink", "threshold", "threshold_", "triplet_margin_loss",
    "triplet_margin_with_distance_loss", "unfold", "upsample", "upsample_bilinear",
    "upsample_nearest",
]  # fmt: skip


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """Give x Wᵀ + b.

    Parameters
    ----------
    input : Tensor of shape (…, in_features)
    weight : Tensor of shape (out_features, in_features) or (in_features,)
    bias : Tensor of shape (out_features,), optional

    Returns
    -------
    Tensor of shape (…, out_features)

    Raises
    ------
    RuntimeError
        If the shapes do not fit.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.linear(tgb.ones(1, 2), tgb.tensor([[1.0, 2.0]]), tgb.tensor([0.5]))
    tensor([[3.5000]])
    """
    if bias is not None and weight.ndim == 2:
        return _linear(input, weight, bias)
    product = _matmul(input, weight.T)
    return product if bias is None else ew.add(product, bias)


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """Give yₖ = x₁ᵀ Aₖ x₂ + bₖ.

    Parameters
    ----------
    input1 : Tensor of shape (…, in1_features)
    input2 : Tensor of shape (…, in2_features)
    weight : Tensor of shape (out_features, in1_features, in2_features)
    bias : Tensor of shape (out_features,), optional

    Returns
    -------
    Tensor of shape (…, out_features)

    Raises
    ------
    RuntimeError
        If the shapes do not fit.
    """
    first, second = tuple(input1.shape), tuple(input2.shape)
    matrix = tuple(weight.shape[1:])
    if weight.ndim != 3 or first[:-1] != second[:-1] or matrix != first[-1:] + second[-1:]:
        raise RuntimeError(
            f"bilinear: inputs of shapes {first} and {second} do not fit a weight of shape "
            f"{tuple(weight.shape)}: all axes of the inputs but the last have to be equal, the "
            "last are the weight's second and third"
        )
    # x₁ᵀ A as one matrix product for all k, then a product with x₂ for each sample.
    out, in1, in2 = weight.shape
    flat = weight.permute(1, 0, 2).reshape(in1, out * in2)
    product = _matmul(input1, flat).reshape(*first[:-1], out, in2)
    result = _matmul(product, input2.unsqueeze(-1)).squeeze(-1)
    return result if bias is None else ew.add(result, bias)


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """Turn class indices into rows with a single 1.

    Parameters
    ----------
    tensor : Tensor of int64, any shape
    num_classes : int
        One more than the largest index if left out.

    Returns
    -------
    Tensor of int64 of shape (…, num_classes)

    Raises
    ------
    RuntimeError
        If the tensor is not of int64, or an index is negative or too large.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.one_hot(tgb.tensor([2, 0]))
    tensor([[0, 0, 1],
            [1, 0, 0]])
    """
    if tensor.dtype.dtype != np.int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensors of int64, not of {tensor.dtype.name}: "
            "convert with .long()"
        )
    places = tensor._array
    if not places.size:
        if num_classes <= 0:
            raise RuntimeError("one_hot of no elements: num_classes has to be given")
    else:
        if num_classes == -1:
            num_classes = int(tensor.max()) + 1
        if knowable(places) and bool((places.min() < 0) | (places.max() >= num_classes)):
            low, high = shown(places).min(), shown(places).max()
            if low < 0:
                raise RuntimeError(f"one_hot: class values must be non-negative, but {low} occurs")
            raise RuntimeError(
                f"one_hot: class values must be smaller than num_classes={num_classes}, but "
                f"{high} occurs"
            )
    return _one_hot(tensor, classes=num_classes, dtype=np.dtype(np.int64))
