"""Rectifiers as functions: z where it is positive, and little or nothing where it is not."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import inplace as changes
from ..functions import shape as fs
from ..random import default_generator
from ..rules import activation as act
from ..rules import elementwise as ew
from ..tensor import wrap

__all__ = [
    "applied", "celu", "celu_", "elu", "elu_", "leaky_relu", "leaky_relu_", "prelu", "relu",
    "relu_", "rrelu", "rrelu_", "selu", "selu_", "threshold", "threshold_",
]  # fmt: skip


def applied(function: Any, input: Any, inplace: bool) -> Any:
    """Apply a function to a tensor, or change the tensor itself by it."""
    return changes.change(input, function) if inplace else function(input)


def relu(input: Any, inplace: bool = False) -> Any:
    """Give max(z, 0); the slope at 0 is 0."""
    return changes.change(input, ew.relu) if inplace else ew.relu(input)


def relu_(input: Any) -> Any:
    """Do :func:`relu` in place."""
    return changes.change(input, ew.relu)


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    """Give z for z > 0, else α z; the slope at 0 is α.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.leaky_relu(x)
    tensor([-0.0100,  0.0000,  2.0000])
    """
    return applied(lambda x: ew.leaky_relu(x, slope=negative_slope), input, inplace)


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
    return applied(lambda x: act.prelu(x, slopes), input, inplace)


def rrelu_(input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3,
           training: bool = False) -> Any:  # fmt: skip
    """Do :func:`rrelu` in place."""
    return rrelu(input, lower, upper, training, True)


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """Give z for z > 0, else α (e^z − 1).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.elu(x)
    tensor([-0.6321,  0.0000,  2.0000])
    """
    return applied(lambda x: ew.elu(x, alpha=alpha), input, inplace)


def elu_(input: Any, alpha: float = 1.0) -> Any:
    """Do :func:`elu` in place."""
    return elu(input, alpha, True)


def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    """Give z for z > 0, else α (e^{z/α} − 1). Barron, 2017.

    Raises
    ------
    RuntimeError
        If α is 0.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.celu(x)
    tensor([-0.6321,  0.0000,  2.0000])
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return applied(lambda x: act.celu(x, alpha=alpha), input, inplace)


def celu_(input: Any, alpha: float = 1.0) -> Any:
    """Do :func:`celu` in place."""
    return celu(input, alpha, True)


def selu(input: Any, inplace: bool = False) -> Any:
    """Give λ z for z > 0, else λ α (e^z − 1), with λ ≈ 1.0507 and α ≈ 1.6733.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([-1.0, 0.0, 2.0])
    >>> tgb.nn.functional.selu(x)
    tensor([-1.1113,  0.0000,  2.1014])

    Notes
    -----
    Klambauer and others, "Self-Normalizing Neural Networks", 2017: with these constants mean 0 and
    variance 1 are kept from layer to layer.
    """
    return applied(act.selu, input, inplace)


def selu_(input: Any) -> Any:
    """Do :func:`selu` in place."""
    return selu(input, True)


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """Give z for z > threshold, else `value`; the slope at the threshold is 0."""
    return applied(lambda x: ew.where(x <= threshold, value, x), input, inplace)


def threshold_(input: Any, threshold: float, value: float) -> Any:
    """Do :func:`threshold` in place."""
    return applied(lambda x: ew.where(x <= threshold, value, x), input, True)
