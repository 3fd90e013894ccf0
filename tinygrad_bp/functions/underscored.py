"""Operators that PyTorch tests and keeps to itself: named with an underscore, or known to ATen."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

from ..rules.elementwise import logical_not
from ..rules.shape import reshape
from ._axes import axis_of
from .elementwise import clamp
from .index import getitem
from .joining import cat
from .masks import masked_fill
from .rearranging import constant_pad_nd
from .scatter import index_put
from .strided import slice_axis as slice

__all__ = ["_chunk_cat", "_unsafe_masked_index", "_unsafe_masked_index_put_accumulate", "slice"]


def _chunk_cat(tensors: Sequence[Any], dim: int, num_chunks: int) -> Any:
    """Cut each tensor into equal pieces along an axis, filled up with zeros; join piece by piece.

    The axes behind are flattened: the result is of shape (…, num_chunks, elements).
    """
    if num_chunks < 1:
        raise RuntimeError(f"_chunk_cat: num_chunks has to be positive, not {num_chunks}")
    rows = []
    for x in tensors:
        axis = axis_of(dim, x.ndim)
        missing = -x.shape[axis] % num_chunks
        whole = constant_pad_nd(x, (0, 0) * (x.ndim - 1 - axis) + (0, missing))
        lead = tuple(whole.shape[:axis])
        rest = math.prod(whole.shape[axis:]) // num_chunks
        rows.append(reshape(whole, shape=(*lead, num_chunks, rest)))
    return cat(rows, rows[0].ndim - 1)


def _inside(shape: Sequence[int], indices: Sequence[Any]) -> tuple[Any, ...]:
    """Bring the numbers of an index into the tensor."""
    return tuple(
        builtins.slice(None) if i is None else clamp(i, -n, n - 1)
        for i, n in zip(indices, shape, strict=False)
    )


def _unsafe_masked_index(input: Any, mask: Any, indices: Sequence[Any], fill: float) -> Any:
    """Give ``input[indices]`` where the mask is True, else `fill`, whatever the index is there."""
    found = getitem(input, _inside(input.shape, indices))
    return masked_fill(found, logical_not(mask), fill)


def _unsafe_masked_index_put_accumulate(
    input: Any, mask: Any, indices: Sequence[Any], values: Any
) -> Any:
    """Add values at ``input[indices]`` where the mask is True, whatever the index is elsewhere."""
    kept = masked_fill(values, logical_not(mask), 0.0)
    return index_put(input, _inside(input.shape, indices), kept, accumulate=True)
