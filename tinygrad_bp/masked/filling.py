"""Putting a neutral number in the place of what is masked."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtype import as_numpy
from ..functions._axes import axis_of
from ..rules.index import ARRAY, assign
from ..rules.shape import broadcast_to


def axes_of(dim: Any, ndim: int) -> tuple[int, ...]:
    """Return the axes of a reduction, in order: all of them for None and for ()."""
    if dim is None or dim == ():
        return tuple(range(ndim))
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    axes = sorted(axis_of(d, ndim) for d in dims)
    if len(set(axes)) != len(axes):
        raise RuntimeError(f"dim={tuple(dims)} names an axis twice")
    return tuple(axes)


def full_mask(input: Any, mask: Any) -> Any:
    """Return the mask, boolean and of the input's shape; without one, True everywhere."""
    shape = tuple(input.shape)
    if mask is None:
        return input.new_tensor(np.ones(shape, bool))
    if mask.ndim > input.ndim:
        raise IndexError(
            "expected a mask that can be broadcast to the input: it has "
            f"{mask.ndim} dimensions, the input {input.ndim}"
        )
    kept = mask if mask.dtype.dtype.kind == "b" else mask != 0
    return kept if tuple(mask.shape) == shape else broadcast_to(kept, shape=shape)


def lowest(input: Any) -> Any:
    """Return what no maximum is below: −∞, or the smallest integer."""
    kind = as_numpy(input.dtype)
    return -np.inf if kind.kind in "fc" else np.iinfo(kind).min


def highest(input: Any) -> Any:
    """Return what no minimum is above: ∞, or the largest integer."""
    kind = as_numpy(input.dtype)
    return np.inf if kind.kind in "fc" else np.iinfo(kind).max


def filled(input: Any, mask: Any, neutral: Any) -> Any:
    """Put `neutral` in the place of masked elements; no gradient flows into these."""
    if mask is None:
        return input
    if not input.ndim:
        return filled(input.reshape(1), full_mask(input, mask).reshape(1), neutral).reshape(())
    # Assigned, so that no NaN of a row that is masked as a whole flows back (0 · NaN).
    number = np.asarray(neutral, as_numpy(input.dtype))
    return assign(input, number, ~full_mask(input, mask), template=(ARRAY,))
