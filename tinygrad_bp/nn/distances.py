"""How far apart vectors are: norms of differences, and angles."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtype import result_type
from ..functions._axes import numpy_names
from ..functions.elementwise import clamp
from ..functions.reduce import norm
from ..functions.shape import broadcast_to
from ..messages import ShapeError
from ..rules import reduce as red

__all__ = ["cosine_similarity", "normalize", "pairwise_distance"]


def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None) -> Any:
    """Divide by the p-norm along an axis: x / max(‖x‖ₚ, ε).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.normalize(tgb.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    result = input / clamp(norm(input, p, dim, keepdim=True), min=eps)
    return result if out is None else out.copy_(result)


@numpy_names
def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """Give the cosine of the angle between vectors, x₁·x₂ / (max(‖x₁‖, ε) max(‖x₂‖, ε)).

    Parameters
    ----------
    x1, x2 : Tensor
        Broadcast to one shape.
    dim : int
        The axis of the vectors.
    eps : float
        ε; the slope of a norm is that of the norm itself, even below ε, as in PyTorch.

    Returns
    -------
    Tensor
        Of the common shape without the axis `dim`.

    Raises
    ------
    RuntimeError
        If the dtypes are no floating ones, or the shapes can't be broadcast.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, y = tgb.tensor([[3.0, 4.0]]), tgb.tensor([[4.0, 3.0]])
    >>> tgb.nn.functional.cosine_similarity(x, y)
    tensor([0.9600])
    """
    kind = result_type(x1, x2)
    if not kind.is_floating_point:
        raise RuntimeError(
            "cosine_similarity: expected a common dtype that is floating, not that of "
            f"{x1.dtype.name} and {x2.dtype.name}; convert with .float()"
        )
    x1, x2 = x1.to(kind), x2.to(kind)
    try:
        shape = np.broadcast_shapes(tuple(x1.shape), tuple(x2.shape))
    except ValueError:
        raise ShapeError(
            f"cosine_similarity: shapes {tuple(x1.shape)} and {tuple(x2.shape)} can't be broadcast"
            " together: reshape one of them"
        ) from None
    x1, x2 = broadcast_to(x1, shape), broadcast_to(x2, shape)  # the norms are of what is compared
    products = _unit(x1, dim, eps) * _unit(x2, dim, eps)
    return red.sum(products, axis=(dim,)) if shape else products


def _unit(x: Any, dim: int, eps: float) -> Any:
    length = norm(x, 2, dim if x.ndim else None, keepdim=True)
    short = clamp(eps - length.detach(), min=0.0)  # what is missing to ε, for value, not for slope
    return x / (length + short)


@numpy_names
def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Any:
    """Give ‖x₁ − x₂ + ε‖ₚ over the last axis.

    Parameters
    ----------
    x1, x2 : Tensor of shape (N, D) or (D,)
        Broadcast.
    p : float
        The order of the norm.
    eps : float
        Added to each difference, so that equal vectors have a slope.
    keepdim : bool
        Leave an axis of length 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.pairwise_distance(tgb.tensor([[3.0, 4.0]]), tgb.zeros(1, 2))
    tensor([5.0000])
    """
    return norm(x1 - x2 + eps, p, -1, keepdim=keepdim)
