"""Starting values for parameters. Each function changes its tensor and returns it.

A layer whose weights start too small loses its signal, one whose weights start too large drowns it;
the recipes keep the variance of activations (fan in) or of gradients (fan out) from layer to layer.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..random import Generator
from .fills import (
    constant_,
    fill,
    floating,
    normal_,
    ones_,
    rng_of,
    trunc_normal_,
    uniform_,
    zeros_,
)

__all__ = [
    "calculate_gain", "constant_", "dirac_", "eye_", "kaiming_normal_", "kaiming_uniform_",
    "lecun_normal_", "lecun_uniform_", "normal_", "ones_", "orthogonal_", "sparse_",
    "trunc_normal_", "uniform_", "xavier_normal_", "xavier_uniform_", "zeros_",
]  # fmt: skip


def eye_(tensor: Any) -> Any:
    """Make a matrix the identity: what enters a linear layer leaves it.

    Raises
    ------
    ValueError
        If it is no matrix.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.init.eye_(tgb.empty(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if tensor.ndim != 2:
        raise ValueError(f"eye_: only tensors with 2 dimensions are supported, not {tensor.ndim}")
    return fill(tensor, np.eye(*tensor.shape))


def dirac_(tensor: Any, groups: int = 1) -> Any:
    """Make a convolution's weight the identity: channel i of a picture goes to output i.

    Parameters
    ----------
    tensor : Tensor of shape (out_channels, in_channels, …), with 1 to 3 axes of space
    groups : int
        In each of them.

    Raises
    ------
    ValueError
        For another number of axes, or if `groups` does not divide the outputs.
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    outputs, inputs, *field = tensor.shape
    if outputs % groups:
        raise ValueError(f"dim 0 must be divisible by groups, but {outputs} is not by {groups}")
    values = np.zeros(tuple(tensor.shape))
    each = outputs // groups
    i = np.arange(min(each, inputs))
    middle = tuple(n // 2 for n in field)
    for start in range(0, outputs, each):
        values[(start + i, i, *middle)] = 1
    return fill(tensor, values)


def sparse_(
    tensor: Any, sparsity: float, std: float = 0.01, generator: Generator | None = None
) -> Any:
    """Draw a matrix from N(0, std²), and set a share of each column to 0.

    Parameters
    ----------
    tensor : Tensor of 2 axes
    sparsity : float
        The share, rounded up to whole elements.
    std : float
    generator : Generator, optional

    Raises
    ------
    ValueError
        If it is no matrix.

    Notes
    -----
    Martens, "Deep Learning via Hessian-free Optimization", 2010.
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    values = std * floating("standard_normal", tensor, generator)
    order = np.argsort(rng_of(generator).random((rows, columns)), axis=0)
    np.put_along_axis(values, order[: math.ceil(sparsity * rows)], 0, axis=0)
    return fill(tensor, values)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor that makes up for what a nonlinearity takes off the standard deviation.

    Parameters
    ----------
    nonlinearity : str
        "linear", "conv1d" (and its relatives), "sigmoid": 1; "tanh": 5/3; "relu": √2;
        "leaky_relu": √(2 / (1 + α²)); "selu": 3/4.
    param : float, optional
        α of the leaky ReLU, 0.01 if left out.

    Raises
    ------
    ValueError
        For another nonlinearity.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> round(tgb.nn.init.calculate_gain("relu"), 4)
    1.4142

    Notes
    -----
    The values are PyTorch's; that of ReLU is He's (2015).
    """
    linear = ["linear", "sigmoid"]
    linear += [f"conv{transposed}{n}d" for n in (1, 2, 3) for transposed in ("", "_transpose")]
    if nonlinearity in linear:
        return 1.0
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "selu":
        return 3.0 / 4
    if nonlinearity == "leaky_relu":
        if param is None:
            param = 0.01
        elif isinstance(param, bool) or not isinstance(param, (int, float)):
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + param**2))
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def _fans(tensor: Any) -> tuple[int, int]:
    """Return how many inputs an output has, and how many outputs an input has."""
    shape = tuple(tensor.shape)
    if len(shape) < 2:
        raise ValueError(
            f"fan in and fan out can not be computed for a tensor with fewer than 2 dimensions, of "
            f"shape {shape}"
        )
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def _empty(tensor: Any) -> bool:
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return True
    return False


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Generator | None = None) -> Any:
    """Draw from U(−a, a) with a = gain √(6 / (fan in + fan out)).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.nn.init.xavier_uniform_(tgb.empty(3, 3))
    >>> bool((w.abs() <= 1).all())
    True

    Notes
    -----
    Glorot and Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural Networks",
    2010, equation 16.
    """
    bound = gain * math.sqrt(6.0 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Generator | None = None) -> Any:
    """Draw from N(0, σ²) with σ = gain √(2 / (fan in + fan out)). Glorot and Bengio, 2010."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_fans(tensor))), generator)


def _he_std(tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan = _fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Any,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Any:
    """Draw from U(−b, b) with b = gain √(3 / fan).

    Parameters
    ----------
    tensor : Tensor of shape (fan out, fan in, …)
    a : float
        The slope of the leaky ReLU that follows.
    mode : {"fan_in", "fan_out"}
        Whether to keep the variance of activations or of gradients.
    nonlinearity : str
        See :func:`calculate_gain`.
    generator : Generator, optional

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.nn.init.kaiming_uniform_(tgb.empty(10, 600), nonlinearity="relu")
    >>> bool(w.abs().max() <= 0.1)
    True

    Notes
    -----
    He and others, "Delving Deep into Rectifiers", 2015.
    """
    if _empty(tensor):
        return tensor
    bound = math.sqrt(3.0) * _he_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Any,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Any:
    """Draw from N(0, σ²) with σ = gain / √fan; as :func:`kaiming_uniform_`. He and others, 2015.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> round(tgb.nn.init.kaiming_normal_(tgb.empty(50, 200)).std().item(), 1)
    0.1
    """
    if _empty(tensor):
        return tensor
    return normal_(tensor, 0.0, _he_std(tensor, a, mode, nonlinearity), generator)


def lecun_uniform_(tensor: Any, generator: Generator | None = None) -> Any:
    """Draw from U(−a, a) with a = √(3 / fan in), that is with variance 1 / fan in.

    Notes
    -----
    LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, section 4.6.
    """
    bound = math.sqrt(3.0 / _fans(tensor)[0])
    return uniform_(tensor, -bound, bound, generator)


def lecun_normal_(tensor: Any, generator: Generator | None = None) -> Any:
    """Draw from N(0, 1 / fan in). LeCun and others, 1998."""
    return normal_(tensor, 0.0, math.sqrt(1.0 / _fans(tensor)[0]), generator)


def orthogonal_(tensor: Any, gain: float = 1, generator: Generator | None = None) -> Any:
    """Draw a matrix with orthonormal rows or columns (whichever are fewer), times `gain`.

    Axes behind the first count as columns.

    Raises
    ------
    ValueError
        For fewer than 2 dimensions.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> Q = tgb.nn.init.orthogonal_(tgb.empty(3, 3))
    >>> bool(tgb.allclose(Q @ Q.T, tgb.eye(3), atol=1e-5))
    True

    Notes
    -----
    Saxe, McClelland and Ganguli, "Exact Solutions to the Nonlinear Dynamics of Learning in Deep
    Linear Neural Networks", 2014. The signs make the draw uniform (Mezzadri, 2007).
    """
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if not tensor.numel():
        return tensor
    rows, columns = tensor.shape[0], tensor.numel() // tensor.shape[0]
    drawn = rng_of(generator).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(drawn)
    q = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return fill(tensor, gain * (q if rows >= columns else q.T).reshape(tensor._array.shape))


def _former(function: Any) -> Callable[..., Any]:
    """Make the name without underscore, which PyTorch deprecated."""
    name = function.__name__

    @functools.wraps(function)
    def former(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            f"`nn.init.{name[:-1]}` is now deprecated in favor of `nn.init.{name}`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    former.__name__, former.__doc__ = name[:-1], f"Do :func:`{name}`, with a warning."
    return former


uniform, normal, constant, eye, dirac, sparse, orthogonal = map(
    _former, (uniform_, normal_, constant_, eye_, dirac_, sparse_, orthogonal_)
)
xavier_uniform, xavier_normal, kaiming_uniform, kaiming_normal = map(
    _former, (xavier_uniform_, xavier_normal_, kaiming_uniform_, kaiming_normal_)
)
