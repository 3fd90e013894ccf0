"""Losses as PyTorch has them at the top: the reduction is a number, 0 none, 1 mean, 2 sum."""

from __future__ import annotations

from typing import Any

from . import functional as F

__all__ = [
    "affine_grid_generator", "binary_cross_entropy_with_logits", "cosine_embedding_loss",
    "ctc_loss", "hinge_embedding_loss", "kl_div", "margin_ranking_loss", "pdist",
    "poisson_nll_loss", "triplet_margin_loss",
]  # fmt: skip

_REDUCTIONS = ("none", "mean", "sum")

affine_grid_generator, pdist = F.affine_grid, F.pdist


def binary_cross_entropy_with_logits(input: Any, target: Any, weight: Any = None,
                                     pos_weight: Any = None,
                                     reduction: int = 1) -> Any:  # fmt: skip
    """Do :func:`F.binary_cross_entropy_with_logits`."""
    return F.binary_cross_entropy_with_logits(
        input, target, weight, pos_weight=pos_weight, reduction=_REDUCTIONS[reduction]
    )


def cosine_embedding_loss(input1: Any, input2: Any, target: Any, margin: float = 0.0,
                          reduction: int = 1) -> Any:  # fmt: skip
    """Do :func:`F.cosine_embedding_loss`."""
    return F.cosine_embedding_loss(input1, input2, target, margin, reduction=_REDUCTIONS[reduction])


def ctc_loss(log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any,
             blank: int = 0, reduction: int = 1, zero_infinity: bool = False) -> Any:  # fmt: skip
    """Do :func:`F.ctc_loss`."""
    return F.ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, _REDUCTIONS[reduction],
        zero_infinity,
    )  # fmt: skip


def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, reduction: int = 1) -> Any:
    """Do :func:`F.hinge_embedding_loss`."""
    return F.hinge_embedding_loss(input, target, margin, reduction=_REDUCTIONS[reduction])


def kl_div(input: Any, target: Any, reduction: int = 1, *, log_target: bool = False) -> Any:
    """Do :func:`F.kl_div`; the mean is that over all elements."""
    terms = F.kl_div(input, target, reduction="none", log_target=log_target)
    return (terms, terms.mean(), terms.sum())[reduction]


def margin_ranking_loss(input1: Any, input2: Any, target: Any, margin: float = 0.0,
                        reduction: int = 1) -> Any:  # fmt: skip
    """Do :func:`F.margin_ranking_loss`."""
    return F.margin_ranking_loss(input1, input2, target, margin, reduction=_REDUCTIONS[reduction])


def poisson_nll_loss(input: Any, target: Any, log_input: bool, full: bool, eps: float,
                     reduction: int) -> Any:  # fmt: skip
    """Do :func:`F.poisson_nll_loss`."""
    return F.poisson_nll_loss(
        input, target, log_input, full, eps=eps, reduction=_REDUCTIONS[reduction]
    )


def triplet_margin_loss(anchor: Any, positive: Any, negative: Any, margin: float = 1.0,
                        p: float = 2.0, eps: float = 1e-6, swap: bool = False,
                        reduction: int = 1) -> Any:  # fmt: skip
    """Do :func:`F.triplet_margin_loss`."""
    return F.triplet_margin_loss(
        anchor, positive, negative, margin, p, eps, swap, reduction=_REDUCTIONS[reduction]
    )
