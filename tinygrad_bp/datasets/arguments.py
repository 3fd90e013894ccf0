"""Checks of the arguments that the loaders share: each error names the argument and its remedy."""

import math
import operator
from typing import Any

import numpy as np
import numpy.typing as npt

Seed = int | np.random.Generator | None


def floating(dtype: npt.DTypeLike) -> np.dtype[np.floating[Any]]:
    """Return `dtype` as a NumPy floating-point dtype, or raise ValueError."""
    try:
        found: np.dtype[Any] | None = None if dtype is None else np.dtype(dtype)
    except TypeError:
        found = None
    if found is None or not np.issubdtype(found, np.floating):
        raise ValueError(f"dtype must be a floating-point type such as float32, got {dtype!r}")
    return found


def integer(name: str, value: int, least: int) -> int:
    """Return `value` as an int of at least `least`, or raise ValueError."""
    try:
        found = operator.index(value)
    except TypeError:
        found = None
    if found is None or isinstance(value, bool) or found < least:
        raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    return found


def deviation(name: str, value: float) -> float:
    """Return `value` as a finite float of at least 0, or raise ValueError."""
    if not _is_finite(value) or value < 0:
        raise ValueError(f"{name} must be a finite number of at least 0, got {value!r}")
    return float(value)


def fraction(name: str, value: float) -> float:
    """Return `value` as a float strictly between 0 and 1, or raise ValueError."""
    if not _is_finite(value) or not 0 < value < 1:
        raise ValueError(f"{name} must be a fraction between 0 and 1, exclusive, got {value!r}")
    return float(value)


def generator(seed: Seed) -> np.random.Generator:
    """Return the generator of `seed`; a generator is used, and advanced, as it is."""
    if seed is None or isinstance(seed, np.random.Generator):
        return np.random.default_rng(seed)
    return np.random.default_rng(integer("seed", seed, least=0))


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except (TypeError, OverflowError):
        return False
