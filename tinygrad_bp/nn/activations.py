"""Activation functions but rectifiers: limits, smooth ones, and those along an axis."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..functions import reduce as fr
from ..functions import shape as fs
from ..random import default_generator
from ..rules import activation as act
from ..rules import elementwise as ew
from ..rules.gelu import gelu as _gelu
from ..rules.gelu import gelu_tanh as _gelu_tanh
from ..tensor import wrap
from .rectifiers import applied

__all__ = [
    "gelu", "glu", "gumbel_softmax", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
    "hardtanh_", "log_softmax", "logsigmoid", "mish", "relu6", "sigmoid", "silu", "softmax",
    "softmin", "softplus", "softshrink", "softsign", "tanh", "tanhshrink",
]  # fmt: skip


# ------------------------------------------------------------------------------------ made of lines


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """Limit to an interval; the slope at its ends is 0 (that of :func:`clamp` is 1).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.hardtanh(x)
    tensor([-1.,  0.,  1.])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return applied(lambda x: act.hardtanh(x, lower=min_val, upper=max_val), input, inplace)


def hardtanh_(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """Do :func:`hardtanh` in place."""
    return hardtanh(input, min_val, max_val, True)


def relu6(input: Any, inplace: bool = False) -> Any:
    """Give min(max(z, 0), 6); the slope at 0 and 6 is 0.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.relu6(x)
    tensor([0., 0., 2.])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    """Give min(max(z + 3, 0), 6) / 6, a sigmoid made of lines.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.hardsigmoid(x)
    tensor([0.3333, 0.5000, 0.8333])
    """
    return applied(act.hardsigmoid, input, inplace)


def hardswish(input: Any, inplace: bool = False) -> Any:
    """Give z min(max(z + 3, 0), 6) / 6.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.hardswish(x)
    tensor([-0.3333,  0.0000,  1.6667])

    Notes
    -----
    Howard and others, "Searching for MobileNetV3", 2019.
    """
    return applied(act.hardswish, input, inplace)


def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """Give z where |z| > λ, else 0.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.hardshrink(x)
    tensor([-1.,  0.,  2.])
    """
    return act.hardshrink(input, bound=lambd)


def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """Give z − λ for z > λ, z + λ for z < −λ, else 0.

    Raises
    ------
    RuntimeError
        If λ is negative.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.softshrink(x)
    tensor([-0.5000,  0.0000,  1.5000])
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
    """Give z σ(z).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.silu(x)
    tensor([-0.2689,  0.0000,  1.7616])
    """
    return applied(ew.silu, input, inplace)


def mish(input: Any, inplace: bool = False) -> Any:
    """Give z tanh(log(1 + e^z)). Misra, 2019.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.mish(x)
    tensor([-0.3034,  0.0000,  1.9440])
    """
    return applied(act.mish, input, inplace)


def gelu(input: Any, approximate: str = "none") -> Any:
    """Give z Φ(z); with `approximate` = "tanh" by the tanh formula.

    Raises
    ------
    RuntimeError
        For another `approximate`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.gelu(x)
    tensor([-0.1587,  0.0000,  1.9545])
    """
    if approximate == "none":
        return _gelu(input)
    if approximate == "tanh":
        return _gelu_tanh(input)
    raise RuntimeError(f"gelu: approximate has to be 'none' or 'tanh', not {approximate!r}")


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """Give log(1 + e^βz) / β, and z itself where βz > threshold.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.softplus(x)
    tensor([0.3133, 0.6931, 2.1269])
    """
    # Our formula needs no threshold to be stable; PyTorch's numbers have it.
    return ew.where(input * beta > threshold, input, ew.softplus(input, beta=beta))


def softsign(input: Any) -> Any:
    """Give z / (1 + |z|).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.softsign(x)
    tensor([-0.5000,  0.0000,  0.6667])
    """
    return input / (1 + ew.absolute(input))


def tanhshrink(input: Any) -> Any:
    """Give z − tanh z.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.tanhshrink(x)
    tensor([-0.2384,  0.0000,  1.0360])
    """
    return input - ew.tanh(input)


def logsigmoid(input: Any) -> Any:
    """Give log σ(z) = −log(1 + e^−z), without overflow.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.logsigmoid(x)
    tensor([-1.3133, -0.6931, -0.1269])
    """
    return -ew.softplus(-input)


def glu(input: Any, dim: int = -1) -> Any:
    """Give a σ(b), where a and b are the two halves of the input along an axis.

    Raises
    ------
    RuntimeError
        If the axis is of odd length, or there is none.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.glu(tgb.tensor([1.0, 0.0]))
    tensor([0.5000])

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
    """Give e^−z / Σ e^−z along an axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.softmin(tgb.zeros(2), dim=0)
    tensor([0.5000, 0.5000])
    """
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

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.gumbel_softmax(tgb.zeros(3), hard=True).sum().item()
    1.0

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
