"""Distances and similarities as modules."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class PairwiseDistance(Module):
    """Give ‖x₁ − x₂ + ε‖ₚ over the last axis.

    Parameters
    ----------
    p : float
        The order of the norm.
    eps : float
        Added to each difference.
    keepdim : bool
        Leave an axis of length 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.PairwiseDistance()(tgb.tensor([[3.0, 4.0]]), tgb.zeros(1, 2))
    tensor([5.0000])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Any, x2: Any) -> Any:
        """Compare vectors (N, D)."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """Give the cosine of the angle between vectors, see :func:`F.cosine_similarity`.

    Parameters
    ----------
    dim : int
        The axis of the vectors.
    eps : float
        The least norm that is divided by.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.CosineSimilarity()(tgb.tensor([[3.0, 4.0]]), tgb.tensor([[4.0, 3.0]]))
    tensor([0.9600])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim, self.eps = dim, eps

    def forward(self, x1: Any, x2: Any) -> Any:
        """Compare vectors."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
