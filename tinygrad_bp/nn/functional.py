"""Layers as functions, without parameters of their own; imported as ``F``."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import inplace as changes
from ..functions import reduce as fr
from ..functions.elementwise import clamp
from ..functions.reduce import norm
from ..functions.shape import flatten
from ..random import default_generator
from ..rules import elementwise as ew
from ..rules.linalg import linear as _linear
from ..rules.linalg import matmul as _matmul
from ..rules.loss import one_hot as _one_hot
from ..tensor import wrap
from .class_losses import cross_entropy, nll_loss
from .losses import binary_cross_entropy, binary_cross_entropy_with_logits, l1_loss, mse_loss

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "dropout", "elu",
    "elu_", "flatten", "gelu", "hardtanh", "l1_loss", "leaky_relu", "leaky_relu_", "linear",
    "log_softmax", "logsigmoid", "mse_loss", "nll_loss", "normalize", "one_hot", "relu", "relu6",
    "relu_", "sigmoid", "silu", "softmax", "softmin", "softplus", "softsign", "tanh", "tanhshrink",
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


# ------------------------------------------------------------------------------------- activations


def _apply(function: Any, input: Any, inplace: bool) -> Any:
    return changes.change(input, function) if inplace else function(input)


def relu(input: Any, inplace: bool = False) -> Any:
    """Give max(z, 0); the slope at 0 is 0."""
    return changes.change(input, ew.relu) if inplace else ew.relu(input)


def relu_(input: Any) -> Any:
    """Do :func:`relu` in place."""
    return changes.change(input, ew.relu)


def sigmoid(input: Any) -> Any:
    """Give 1 / (1 + e^−z)."""
    return ew.sigmoid(input)


def tanh(input: Any) -> Any:
    """Give tanh z."""
    return ew.tanh(input)


def silu(input: Any, inplace: bool = False) -> Any:
    """Give z σ(z)."""
    return _apply(ew.silu, input, inplace)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """Give z for z > 0, else α z; the slope at 0 is α."""
    return _apply(lambda x: ew.leaky_relu(x, slope=negative_slope), input, inplace)


def leaky_relu_(input: Any, negative_slope: float = 0.01) -> Any:
    """Do :func:`leaky_relu` in place."""
    return leaky_relu(input, negative_slope, True)


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """Give z for z > 0, else α (e^z − 1)."""
    return _apply(lambda x: ew.elu(x, alpha=alpha), input, inplace)


def elu_(input: Any, alpha: float = 1.0) -> Any:
    """Do :func:`elu` in place."""
    return elu(input, alpha, True)


def gelu(input: Any, approximate: str = "none") -> Any:
    """Give z Φ(z); with `approximate` = "tanh" by the tanh formula.

    Raises
    ------
    RuntimeError
        For another `approximate`.
    """
    if approximate == "none":
        return ew.gelu(input)
    if approximate == "tanh":
        return ew.gelu_tanh(input)
    raise RuntimeError(f"gelu: approximate has to be 'none' or 'tanh', not {approximate!r}")


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """Give log(1 + e^βz) / β, and z itself where βz > threshold."""
    # Our formula needs no threshold to be stable; PyTorch's numbers have it.
    return ew.where(input * beta > threshold, input, ew.softplus(input, beta=beta))


def softsign(input: Any) -> Any:
    """Give z / (1 + |z|)."""
    return input / (1 + ew.absolute(input))


def tanhshrink(input: Any) -> Any:
    """Give z − tanh z."""
    return input - ew.tanh(input)


def logsigmoid(input: Any) -> Any:
    """Give log σ(z) = −log(1 + e^−z), without overflow."""
    return -ew.softplus(-input)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """Limit to an interval; the slope at its ends is 0 (that of :func:`clamp` is 1)."""

    def limit(x: Any) -> Any:
        return ew.where(x <= min_val, min_val, ew.where(x >= max_val, max_val, x))

    return _apply(limit, input, inplace)


def relu6(input: Any, inplace: bool = False) -> Any:
    """Give min(max(z, 0), 6); the slope at 0 and 6 is 0."""
    return hardtanh(input, 0.0, 6.0, inplace)


def _softmax_axis(what: str, dim: int | None, ndim: int, stacklevel: int) -> int:
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {what} has been deprecated. Give the axis: dim=1 for rows "
        "of logits.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Give e^z / Σ e^z along an axis: positive, with sum 1."""
    return fr.softmax(input, _softmax_axis("softmax", dim, input.ndim, _stacklevel), dtype)


def softmin(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Give e^−z / Σ e^−z along an axis."""
    return fr.softmax(-input, _softmax_axis("softmin", dim, input.ndim, _stacklevel), dtype)


def log_softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Give z − log Σ e^z along an axis."""
    return fr.log_softmax(input, _softmax_axis("log_softmax", dim, input.ndim, _stacklevel), dtype)


# ------------------------------------------------------------------------------------------ others


def _check_probability(p: float) -> None:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Set each element to 0 with probability p, and divide the others by 1 − p.

    Parameters
    ----------
    input : Tensor of any shape
    p : float
    training : bool
        Otherwise return the input as it is.
    inplace : bool
        Change the input itself.

    Returns
    -------
    Tensor of the same shape

    Raises
    ------
    ValueError
        If `p` is no probability.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> y = tgb.nn.functional.dropout(tgb.ones(1000), p=0.75)
    >>> sorted(y.unique().tolist())
    [0.0, 4.0]
    """
    _check_probability(p)
    if not training or p == 0:
        return input
    kind = input.dtype.dtype
    drawn = default_generator.numpy.random(tuple(input.shape), np.float32) >= p
    # A constant of one product, 0 or 1 / (1 − p): the gradient is multiplied by the same.
    mask = wrap(np.multiply(drawn, 1 / (1 - p) if p < 1 else 0.0, dtype=kind))
    return _apply(lambda x: ew.multiply(x, mask), input, inplace)


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
    if not tensor.numel():
        if num_classes <= 0:
            raise RuntimeError("one_hot of no elements: num_classes has to be given")
    else:
        low, high = int(tensor.min()), int(tensor.max())
        if low < 0:
            raise RuntimeError(f"one_hot: class values must be non-negative, but {low} occurs")
        if num_classes == -1:
            num_classes = high + 1
        if num_classes < 1 or high >= num_classes:
            raise RuntimeError(
                f"one_hot: class values must be smaller than num_classes={num_classes}, but "
                f"{high} occurs"
            )
    return _one_hot(tensor, classes=num_classes, dtype=np.dtype(np.int64))


def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Any:
    """Divide by the p-norm along an axis: x / max(‖x‖ₚ, ε).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.normalize(tgb.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    return input / clamp(norm(input, p, dim, keepdim=True), min=eps)
