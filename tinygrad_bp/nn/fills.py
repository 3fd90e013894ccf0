"""Starting values that do not depend on the shape: constants, and draws from one distribution."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ..random import Generator, default_generator

__all__ = [
    "constant_",
    "fill",
    "floating",
    "normal_",
    "ones_",
    "rng_of",
    "trunc_normal_",
    "uniform_",
    "zeros_",
]


def rng_of(generator: Generator | None) -> np.random.Generator:
    """Give NumPy's generator behind ours, the default one if there is none."""
    return (default_generator if generator is None else generator).numpy


def fill(tensor: Any, values: Any) -> Any:
    """Write values without recording it, as a parameter's starting values are no computation."""
    tensor._array[...] = values
    tensor.storage.touch()
    return tensor


def floating(draw: str, tensor: Any, generator: Generator | None) -> Any:
    """Draw standard numbers in the tensor's precision (single, where it is half)."""
    kind = tensor._array.dtype if tensor._array.dtype.itemsize >= 4 else np.dtype(np.float32)
    return getattr(rng_of(generator), draw)(tuple(tensor.shape), kind)


def uniform_(
    tensor: Any, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Any:
    """Draw from the uniform distribution on [a, b).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> w = tgb.nn.init.uniform_(tgb.empty(100), -1, 1)
    >>> bool((w.abs() <= 1).all())
    True
    """
    if not a <= b:
        raise RuntimeError(f"uniform_: a={a} has to be at most b={b}")
    return fill(tensor, a + (b - a) * floating("random", tensor, generator))


def normal_(
    tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Any:
    """Draw from the normal distribution N(mean, std²)."""
    if std < 0:
        raise RuntimeError(f"normal_: the standard deviation can't be negative, as std={std}")
    return fill(tensor, mean + std * floating("standard_normal", tensor, generator))


def trunc_normal_(
    tensor: Any,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Any:
    """Draw from the normal distribution N(mean, std²), again and again until in [a, b]."""
    if (mean < a - 2 * std) or (mean > b + 2 * std):
        warnings.warn(
            f"trunc_normal_: mean={mean} lies more than 2 std from [{a}, {b}]; the distribution "
            "of values may be incorrect.",
            stacklevel=2,
        )
    if not a <= b:
        raise ValueError(f"trunc_normal_: a={a} has to be at most b={b}")
    # Drawing again and again ends soon only where the interval has a fair share of the probability.
    rng = rng_of(generator)
    low, high = (0.5 * (1 + math.erf((x - mean) / (std * math.sqrt(2)))) for x in (a, b))
    if high - low > 0.05:
        values = rng.normal(mean, std, tensor._array.size)
        while (outside := np.flatnonzero((values < a) | (values > b))).size:
            values[outside] = rng.normal(mean, std, outside.size)
    else:
        values = _far_out(rng, tensor._array.size, (a - mean) / std, (b - mean) / std) * std + mean
    return fill(tensor, np.clip(values, a, b).reshape(tensor._array.shape))


def _far_out(rng: Any, n: int, a: float, b: float) -> Any:
    """Draw standard normal numbers from an interval that has little of their probability.

    Rejection from the uniform distribution on it (Robert, 1995, for short intervals).
    """
    top = 0.0 if a <= 0 <= b else min(abs(a), abs(b))
    values = np.empty(n)
    left = np.arange(n)
    while left.size:
        tried = rng.uniform(a, b, left.size)
        accepted = rng.random(left.size) <= np.exp((top * top - tried * tried) / 2)
        values[left[accepted]] = tried[accepted]
        left = left[~accepted]
    return values


def constant_(tensor: Any, val: float) -> Any:
    """Set all elements to one value.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.init.constant_(tgb.empty(2), 0.5)
    tensor([0.5000, 0.5000])
    """
    return fill(tensor, val)


def ones_(tensor: Any) -> Any:
    """Set all elements to 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.init.ones_(tgb.empty(2))
    tensor([1., 1.])
    """
    return fill(tensor, 1)


def zeros_(tensor: Any) -> Any:
    """Set all elements to 0: for biases, since weights that start equal stay equal.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.init.zeros_(tgb.empty(2))
    tensor([0., 0.])
    """
    return fill(tensor, 0)
