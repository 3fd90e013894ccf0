"""The losses as modules."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..losses import _how
from .module import Module

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "L1Loss", "MSELoss", "NLLLoss",
]  # fmt: skip


class _Loss(Module):
    """A loss with a `reduction`."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None,
                 reduction: str = "mean") -> None:  # fmt: skip
        super().__init__()
        self.reduction = _how(reduction, size_average, reduce)


class _WeightedLoss(_Loss):
    """A loss with a `weight`, which is a buffer."""

    weight: Any

    def __init__(self, weight: Any = None, size_average: bool | None = None,
                 reduce: bool | None = None, reduction: str = "mean") -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class MSELoss(_Loss):
    """Give the squared error (x − y)².

    Parameters
    ----------
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}
        "mean": over all elements.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.MSELoss()(tgb.tensor([1.0, 2.0]), tgb.tensor([1.0, 4.0]))
    tensor(2.)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Compare two tensors of one shape."""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_Loss):
    """Give the absolute error |x − y|; the slope at 0 is 0.

    Parameters
    ----------
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}
        "mean": over all elements.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.L1Loss()(tgb.tensor([1.0, 2.0]), tgb.tensor([1.0, 4.0]))
    tensor(1.)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Compare two tensors of one shape."""
        return F.l1_loss(input, target, reduction=self.reduction)


class BCELoss(_WeightedLoss):
    """Give −y log p − (1 − y) log(1 − p) of probabilities, see :func:`F.binary_cross_entropy`.

    Parameters
    ----------
    weight : Tensor, optional
        Multiplies each loss; broadcast.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}
        "mean": over all elements.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.BCELoss()(tgb.tensor([0.5]), tgb.tensor([1.0]))
    tensor(0.6931)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """Compare probabilities with targets in [0, 1], of one shape."""
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    """Give −y log σ(z) − (1 − y) log(1 − σ(z)) of logits, without overflow.

    Parameters
    ----------
    weight : Tensor, optional
        Multiplies each loss; broadcast.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}
        "mean": over all elements.
    pos_weight : Tensor, optional
        Multiplies the loss of the positive class; broadcast.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.BCEWithLogitsLoss()(tgb.tensor([0.0]), tgb.tensor([1.0]))
    tensor(0.6931)
    """

    pos_weight: Any

    def __init__(self, weight: Any = None, size_average: bool | None = None,
                 reduce: bool | None = None, reduction: str = "mean",
                 pos_weight: Any = None) -> None:  # fmt: skip
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Any, target: Any) -> Any:
        """Compare logits with targets in [0, 1], of one shape."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class NLLLoss(_WeightedLoss):
    """Give −log p_y of log-probabilities, see :func:`F.nll_loss`.

    Parameters
    ----------
    weight : Tensor of shape (C,), optional
        Weight of each class.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    ignore_index : int
        Samples of this class do not count.
    reduction : {"mean", "sum", "none"}
        "mean": over the samples, weighted.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> log_p = tgb.tensor([[0.5, 0.5]]).log()
    >>> tgb.nn.NLLLoss()(log_p, tgb.tensor([1]))
    tensor(0.6931)
    """

    def __init__(self, weight: Any = None, size_average: bool | None = None,
                 ignore_index: int = -100, reduce: bool | None = None,
                 reduction: str = "mean") -> None:  # fmt: skip
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Any, target: Any) -> Any:
        """Compare log-probabilities (N, C, …) with class indices (N, …)."""
        return F.nll_loss(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )


class CrossEntropyLoss(_WeightedLoss):
    """Give −Σ_c y_c log softmax(z)_c of logits, see :func:`F.cross_entropy`.

    Parameters
    ----------
    weight : Tensor of shape (C,), optional
        Weight of each class.
    size_average, reduce : bool, optional
        What `reduction` replaced.
    ignore_index : int
        Samples of this class do not count.
    reduction : {"mean", "sum", "none"}
        "mean": over the samples.
    label_smoothing : float in [0, 1]
        The share of each target that is spread evenly over all classes.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> z = tgb.zeros(1, 10, requires_grad=True)
    >>> loss = tgb.nn.CrossEntropyLoss()(z, tgb.tensor([3]))
    >>> loss
    tensor(2.3026, grad_fn=<CrossEntropyBackward>)
    """

    def __init__(self, weight: Any = None, size_average: bool | None = None,
                 ignore_index: int = -100, reduce: bool | None = None, reduction: str = "mean",
                 label_smoothing: float = 0.0) -> None:  # fmt: skip
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing

    def forward(self, input: Any, target: Any) -> Any:
        """Compare logits (N, C, …) with class indices (N, …) or probabilities (N, C, …)."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )
