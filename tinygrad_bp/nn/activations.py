"""Activation functions. Their formulas and slopes are lines of the table."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import inplace as changes
from ..functions import reduce as fr
from ..functions import shape as fs
from ..random import default_generator
from ..rules import activation as act
from ..rules import elementwise as ew
from ..rules.gelu import gelu as _gelu
from ..rules.gelu import gelu_tanh as _gelu_tanh
from ..tensor import wrap

__all__ = [
    "celu", "celu_", "elu", "elu_", "gelu", "glu", "gumbel_softmax", "hardshrink", "hardsigmoid",
    "hardswish", "hardtanh", "hardtanh_", "leaky_relu", "leaky_relu_", "log_softmax", "logsigmoid",
    "mish", "prelu", "relu", "relu6", "relu_", "rrelu", "rrelu_", "selu", "selu_", "sigmoid",
    "silu", "softmax", "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink",
    "threshold", "threshold_",
]  # fmt: skip


def _apply(function: Any, input: Any, inplace: bool) -> Any:
    return changes.change(input, function) if inplace else function(input)


# --------------------------------------------------------------------------- max(z, 0) and its kin


def relu(input: Any, inplace: bool = False) -> Any:
    """Give max(z, 0); the slope at 0 is 0."""
    return changes.change(input, ew.relu) if inplace else ew.relu(input)


def relu_(input: Any) -> Any:
    """Do :func:`relu` in place."""
    return changes.change(input, ew.relu)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """Give z for z > 0, else α z; the slope at 0 is α."""
    return _apply(lambda x: ew.leaky_relu(x, slope=negative_slope), input, inplace)


def leaky_relu_(input: Any, negative_slope: float = 0.01) -> Any:
    """Do :func:`leaky_relu` in place."""
    return leaky_relu(input, negative_slope, True)


def prelu(input: Any, weight: Any) -> Any:
    """Give z for z > 0, else w z, with a learned w; the slope at 0 is w.

    Parameters
    ----------
    input : Tensor of shape (N, C, …)
    weight : Tensor of one element, or of shape (C,)

    Raises
    ------
    RuntimeError
        If the number of weights is neither 1 nor C.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.prelu(tgb.tensor([-2.0, 2.0]), tgb.tensor([0.25]))
    tensor([-0.5000,  2.0000])

    Notes
    -----
    He and others, "Delving Deep into Rectifiers", 2015.
    """
    if weight.ndim > 1:
        raise RuntimeError(f"prelu: expected weight with 0 or 1 axes, not {tuple(weight.shape)}")
    if weight.dtype != input.dtype:
        raise RuntimeError(
            f"prelu: input and weight have to be of one dtype, not {input.dtype.name} and "
            f"{weight.dtype.name}"
        )
    if weight.ndim and input.ndim:
        channels = input.shape[1] if input.ndim > 1 else 1
        if weight.numel() not in (1, channels):
            raise RuntimeError(
                f"prelu: an input of shape {tuple(input.shape)} has {channels} channels (its axis "
                f"1), but there are {weight.numel()} weights: one for each is needed, or one for "
                "all"
            )
        place = 1 if input.ndim > 1 else 0
        weight = fs.reshape(weight, *[-1 if i == place else 1 for i in range(input.ndim)])
    elif weight.ndim:
        weight = fs.reshape(weight, ())
    return act.prelu(input, weight)


def rrelu(input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False,
          inplace: bool = False) -> Any:  # fmt: skip
    """Give z for z > 0, else α z: in training with an α from U(lower, upper) for each element.

    Otherwise α is (lower + upper) / 2.

    Notes
    -----
    Xu, Wang, Chen and Li, "Empirical Evaluation of Rectified Activations", 2015.
    """
    if lower > upper:
        raise RuntimeError(f"rrelu: lower={lower} has to be at most upper={upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    kind = input.dtype.dtype
    drawn = default_generator.numpy.uniform(lower, upper, tuple(input.shape))
    slopes = wrap(np.asarray(drawn, kind))
    return _apply(lambda x: act.prelu(x, slopes), input, inplace)


def rrelu_(input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3,
           training: bool = False) -> Any:  # fmt: skip
    """Do :func:`rrelu` in place."""
    return rrelu(input, lower, upper, training, True)


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """Give z for z > 0, else α (e^z − 1)."""
    return _apply(lambda x: ew.elu(x, alpha=alpha), input, inplace)


def elu_(input: Any, alpha: float = 1.0) -> Any:
    """Do :func:`elu` in place."""
    return elu(input, alpha, True)


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """Give z for z > 0, else α (e^{z/α} − 1). Barron, 2017.

    Raises
    ------
    RuntimeError
        If α is 0.
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return _apply(lambda x: act.celu(x, alpha=alpha), input, inplace)


def celu_(input: Any, alpha: float = 1.0) -> Any:
    """Do :func:`celu` in place."""
    return celu(input, alpha, True)


def selu(input: Any, inplace: bool = False) -> Any:
    """Give λ z for z > 0, else λ α (e^z − 1), with λ ≈ 1.0507 and α ≈ 1.6733.

    Notes
    -----
    Klambauer and others, "Self-Normalizing Neural Networks", 2017: with these constants mean 0 and
    variance 1 are kept from layer to layer.
    """
    return _apply(act.selu, input, inplace)


def selu_(input: Any) -> Any:
    """Do :func:`selu` in place."""
    return selu(input, True)


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """Give z for z > threshold, else `value`; the slope at the threshold is 0."""
    return _apply(lambda x: ew.where(x <= threshold, value, x), input, inplace)


def threshold_(input: Any, threshold: float, value: float) -> Any:
    """Do :func:`threshold` in place."""
    return _apply(lambda x: ew.where(x <= threshold, value, x), input, True)


# ------------------------------------------------------------------------------------ made of lines


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """Limit to an interval; the slope at its ends is 0 (that of :func:`clamp` is 1)."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _apply(lambda x: act.hardtanh(x, lower=min_val, upper=max_val), input, inplace)


def hardtanh_(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """Do :func:`hardtanh` in place."""
    return hardtanh(input, min_val, max_val, True)


def relu6(input: Any, inplace: bool = False) -> Any:
    """Give min(max(z, 0), 6); the slope at 0 and 6 is 0."""
    return hardtanh(input, 0.0, 6.0, inplace)


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    """Give min(max(z + 3, 0), 6) / 6, a sigmoid made of lines."""
    return _apply(act.hardsigmoid, input, inplace)


def hardswish(input: Any, inplace: bool = False) -> Any:
    """Give z min(max(z + 3, 0), 6) / 6.

    Notes
    -----
    Howard and others, "Searching for MobileNetV3", 2019.
    """
    return _apply(act.hardswish, input, inplace)


def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """Give z where |z| > λ, else 0."""
    return act.hardshrink(input, bound=lambd)


def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """Give z − λ for z > λ, z + λ for z < −λ, else 0.

    Raises
    ------
    RuntimeError
        If λ is negative.
    """
    if lambd < 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    return act.softshrink(input, bound=lambd)


# ------------------------------------------------------------------------------------------- smooth


def sigmoid(input: Any) -> Any:
    """Give 1 / (1 + e^−z)."""
    return ew.sigmoid(input)


def tanh(input: Any) -> Any:
    """Give tanh z."""
    return ew.tanh(input)


def silu(input: Any, inplace: bool = False) -> Any:
    """Give z σ(z)."""
    return _apply(ew.silu, input, inplace)


def mish(input: Any, inplace: bool = False) -> Any:
    """Give z tanh(log(1 + e^z)). Misra, 2019."""
    return _apply(act.mish, input, inplace)


def gelu(input: Any, approximate: str = "none") -> Any:
    """Give z Φ(z); with `approximate` = "tanh" by the tanh formula.

    Raises
    ------
    RuntimeError
        For another `approximate`.
    """
    if approximate == "none":
        return _gelu(input)
    if approximate == "tanh":
        return _gelu_tanh(input)
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


def glu(input: Any, dim: int = -1) -> Any:
    """Give a σ(b), where a and b are the two halves of the input along an axis.

    Raises
    ------
    RuntimeError
        If the axis is of odd length, or there is none.

    Notes
    -----
    Dauphin and others, "Language Modeling with Gated Convolutional Networks", 2017.
    """
    if not input.ndim:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    if input.shape[dim] % 2:
        raise RuntimeError(
            f"glu: Halving dimension must be even, but dimension {dim} is size {input.shape[dim]}, "
            f"of the shape {tuple(input.shape)}"
        )
    a, b = fs.split(input, input.shape[dim] // 2, dim)
    return a * ew.sigmoid(b)


# ------------------------------------------------------------------------------------ along an axis


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


def gumbel_softmax(logits: Any, tau: float = 1, hard: bool = False, eps: float = 1e-10,
                   dim: int = -1) -> Any:  # fmt: skip
    """Draw from a categorical distribution in a way that has a gradient: softmax((z + G) / τ).

    Parameters
    ----------
    logits : Tensor
        z: logarithms of probabilities, up to a constant.
    tau : float
        Temperature: the smaller, the closer to one-hot.
    hard : bool
        Give the one-hot vector of the largest, with the gradient of the soft one.
    eps : float
        Without effect, as in PyTorch.
    dim : int
        The axis of the categories.

    Notes
    -----
    Jang, Gu and Poole, "Categorical Reparameterization with Gumbel-Softmax", 2017; G is standard
    Gumbel noise, −log of an exponential.
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    drawn = default_generator.numpy.standard_exponential(tuple(logits.shape))
    noise = wrap(np.asarray(-np.log(drawn), logits.dtype.dtype))
    soft = fr.softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    values = soft.detach()
    one_hot = (values == values.amax(dim, keepdim=True)).to(soft.dtype)
    return one_hot - values + soft
