"""Losses that ask for a margin, as modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import functional as F
from .distance import PairwiseDistance
from .loss_base import Loss, WeightedLoss

__all__ = [
    "CosineEmbeddingLoss", "HingeEmbeddingLoss", "MarginRankingLoss", "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss", "MultiMarginLoss", "SoftMarginLoss", "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]  # fmt: skip


class _Margin(Loss):
    """A loss with a margin."""

    def __init__(self, margin: float, size_average: bool | None, reduce: bool | None,
                 reduction: str) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class MarginRankingLoss(_Margin):
    """Give max(0, −y (x₁ − x₂) + margin), see :func:`F.margin_ranking_loss`.

    Parameters
    ----------
    margin : float
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> one = tgb.ones(1)
    >>> tgb.nn.MarginRankingLoss(0.5)(one, 2 * one, one)
    tensor(1.5000)
    """

    def __init__(self, margin: float = 0.0, size_average: bool | None = None,
                 reduce: bool | None = None, reduction: str = "mean") -> None:  # fmt: skip
        super().__init__(margin, size_average, reduce, reduction)

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """Compare two scores; the target says which is to be larger."""
        return F.margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class HingeEmbeddingLoss(_Margin):
    """Give x where y = 1, and max(0, margin − x) where y = −1.

    Parameters
    ----------
    margin : float
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.HingeEmbeddingLoss()(tgb.tensor([0.5, 0.25]), tgb.tensor([1, -1]))
    tensor(0.6250)
    """

    def __init__(self, margin: float = 1.0, size_average: bool | None = None,
                 reduce: bool | None = None, reduction: str = "mean") -> None:  # fmt: skip
        super().__init__(margin, size_average, reduce, reduction)

    def forward(self, input: Any, target: Any) -> Any:
        """Judge distances of pairs that are alike (1) or not (−1)."""
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(_Margin):
    """Give 1 − cos(x₁, x₂) where y = 1, and max(0, cos(x₁, x₂) − margin) where y = −1.

    Parameters
    ----------
    margin : float
        Between −1 and 1.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, y = tgb.tensor([[3.0, 4.0]]), tgb.tensor([[4.0, 3.0]])
    >>> tgb.nn.CosineEmbeddingLoss()(x, y, tgb.tensor([-1]))
    tensor(0.9600)
    """

    def __init__(self, margin: float = 0.0, size_average: bool | None = None,
                 reduce: bool | None = None, reduction: str = "mean") -> None:  # fmt: skip
        super().__init__(margin, size_average, reduce, reduction)

    def forward(self, input1: Any, input2: Any, target: Any) -> Any:
        """Compare pairs of vectors that are alike (1) or not (−1)."""
        return F.cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class TripletMarginLoss(_Margin):
    """Give max(0, d(a, p) − d(a, n) + margin), see :func:`F.triplet_margin_loss`.

    Parameters
    ----------
    margin : float
    p : float
        The order of the norm.
    eps : float
        Added to each difference.
    swap : bool
        Take the distance of the negative from the positive where it is less.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        If the margin is not positive.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> a, p, n = tgb.zeros(1, 1), tgb.full((1, 1), 2.0), tgb.full((1, 1), 1.0)
    >>> tgb.nn.TripletMarginLoss()(a, p, n)
    tensor(2.)

    Notes
    -----
    Balntas and others, "Learning Local Feature Descriptors with Triplets and Shallow Convolutional
    Neural Networks", 2016.
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, size_average, reduce, reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginLoss: expected margin to be greater than 0, got {margin}"
            )
        self.p, self.eps, self.swap = p, eps, swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """Compare anchors with positives and negatives, each (N, D)."""
        return F.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap,
            reduction=self.reduction,
        )  # fmt: skip


class TripletMarginWithDistanceLoss(_Margin):
    """Give max(0, d(a, p) − d(a, n) + margin) with a distance d of your own.

    Parameters
    ----------
    distance_function : callable, optional
        ``d(x, y)`` gives one number a sample; :class:`PairwiseDistance` if left out.
    margin : float
    swap : bool
        Take the distance of the negative from the positive where it is less.
    reduction : {"mean", "sum", "none"}

    Raises
    ------
    ValueError
        If the margin is not positive.
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Any, Any], Any] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, None, None, reduction)
        if margin <= 0:
            raise ValueError(
                f"TripletMarginWithDistanceLoss: expected margin to be greater than 0, got {margin}"
            )
        self.distance_function = (
            PairwiseDistance() if distance_function is None else distance_function
        )
        self.swap = swap

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """Compare anchors with positives and negatives."""
        return F.triplet_margin_with_distance_loss(
            anchor, positive, negative, distance_function=self.distance_function,
            margin=self.margin, swap=self.swap, reduction=self.reduction,
        )  # fmt: skip


class MultiMarginLoss(WeightedLoss):
    """Give Σ_{i≠y} w_y max(0, margin − x_y + xᵢ)ᵖ / C, see :func:`F.multi_margin_loss`.

    Parameters
    ----------
    p : {1, 2}
    margin : float
    weight : Tensor of shape (C,), optional
        Weight of each class.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.MultiMarginLoss()(tgb.tensor([[0.5, 0.25]]), tgb.tensor([0]))
    tensor(0.3750)

    Notes
    -----
    Crammer and Singer, "On the Algorithmic Implementation of Multiclass Kernel-based Vector
    Machines", 2001.
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Any = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.ndim != 1:
            raise ValueError(f"MultiMarginLoss: expected weight to have 1 axis, not {weight.ndim}")
        self.p, self.margin = p, margin

    def forward(self, input: Any, target: Any) -> Any:
        """Compare scores (N, C) with classes (N,)."""
        return F.multi_margin_loss(
            input, target, p=self.p, margin=self.margin, weight=self.weight,
            reduction=self.reduction,
        )  # fmt: skip


class MultiLabelMarginLoss(Loss):
    """Give Σ_{j in targets} Σ_{i not in targets} max(0, 1 − (x_j − xᵢ)) / C.

    Parameters
    ----------
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, y = tgb.tensor([[0.1, 0.2, 0.4, 0.8]]), tgb.tensor([[3, 0, -1, 1]])
    >>> tgb.nn.MultiLabelMarginLoss()(x, y)
    tensor(0.8500)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Compare scores (N, C) with the classes in front of each row's −1."""
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class SoftMarginLoss(Loss):
    """Give log(1 + e^{−y x}), for y of 1 or −1.

    Parameters
    ----------
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.SoftMarginLoss()(tgb.zeros(2), tgb.ones(2))
    tensor(0.6931)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Compare scores with signs."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(WeightedLoss):
    """Give the binary cross-entropy of logits, averaged over the classes of each sample.

    Parameters
    ----------
    weight : Tensor of shape (C,), optional
        Weight of each class.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.MultiLabelSoftMarginLoss()(tgb.zeros(2, 3), tgb.ones(2, 3))
    tensor(0.6931)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Compare logits (N, C) with 0 and 1."""
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)
