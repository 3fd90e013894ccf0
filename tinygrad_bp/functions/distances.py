"""Distances between rows of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..messages import ShapeError
from ..rules import elementwise as ew
from ..rules import index as index_ops
from ..rules import reduce as red
from .reduce import norm

#: From so many rows on a product of matrices is taken in place of all differences, as in PyTorch.
_MANY = 25


def _length(difference: Any, p: float) -> Any:
    """Give the p-norm along the last axis; at a distance of 0 its gradient is 0, as in PyTorch."""
    if not difference.shape[-1]:
        return red.sum(difference, axis=-1)
    if p == 0:
        # How many differ: flat between the jumps.
        return red.sum(ew.absolute(ew.sign(difference)), axis=-1)
    return norm(difference, p, -1)


def _check_p(what: str, p: float) -> None:
    if p < 0:
        raise RuntimeError(f"{what} only supports non-negative p values, got {p}")


def cdist(x1: Any, x2: Any, p: float = 2.0,
          compute_mode: str | None = "use_mm_for_euclid_dist_if_necessary") -> Any:  # fmt: skip
    """Give the p-norm distances of all pairs of rows.

    Parameters
    ----------
    x1 : Tensor (…, P, M)
    x2 : Tensor (…, R, M)
    p : float
        From 0 (how many components differ) to inf (the largest difference).
    compute_mode : str
        Whether Euclidean distances are found through a product of matrices: faster for many rows,
        and less exact for near ones.

    Returns
    -------
    Tensor (…, P, R)

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.cdist(tgb.tensor([[0.0, 0.0]]), tgb.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    _check_p("cdist", p)
    if x1.ndim < 2 or x2.ndim < 2 or x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(
            "cdist: expected at least 2 dimensions and the same number of columns, got "
            f"{tuple(x1.shape)} and {tuple(x2.shape)}"
        )
    many = max(x1.shape[-2], x2.shape[-2]) > _MANY
    modes = {
        None: many,
        "use_mm_for_euclid_dist_if_necessary": many,
        "use_mm_for_euclid_dist": True,
        "donot_use_mm_for_euclid_dist": False,
    }
    if compute_mode not in modes:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    if p != 2 or not modes[compute_mode]:
        return _length(x1[..., :, None, :] - x2[..., None, :, :], p)
    squares = (
        red.sum(x1 * x1, axis=-1, keepdims=True)
        + red.sum(x2 * x2, axis=-1, keepdims=True).mT
        - 2 * (x1 @ x2.mT)
    )
    return ew.root(ew.maximum(squares, 0))


def pdist(input: Any, p: float = 2) -> Any:
    """Give the p-norm distance of every pair of rows, each pair once.

    Parameters
    ----------
    input : Tensor (N, M)
    p : float

    Returns
    -------
    Tensor (N · (N − 1) / 2,)
        Of rows 0 and 1, 0 and 2, …, 1 and 2, ….
    """
    _check_p("pdist", p)
    if input.ndim != 2:
        raise ShapeError(f"pdist only supports 2D tensors, got the shape {tuple(input.shape)}")
    first, second = np.triu_indices(input.shape[0], 1)
    rows = [
        index_ops.index(input, places, template=(index_ops.ARRAY,)) for places in (first, second)
    ]
    return _length(rows[0] - rows[1], p)
