"""Losses of classes and of sequences of classes, as modules."""

from __future__ import annotations

import math
from typing import Any

from .. import functional as F
from ..linear_cross_entropy import LinearCrossEntropyOptions
from .linear import Linear
from .loss_base import Loss, WeightedLoss

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CrossEntropyLoss", "LinearCrossEntropyLoss",
    "NLLLoss", "NLLLoss2d",
]  # fmt: skip


class BCELoss(WeightedLoss):
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


class BCEWithLogitsLoss(WeightedLoss):
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


class NLLLoss(WeightedLoss):
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


class CrossEntropyLoss(WeightedLoss):
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

    Notes
    -----
    Szegedy and others, "Rethinking the Inception Architecture for Computer Vision", 2016, for the
    smoothed labels.
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


class NLLLoss2d(NLLLoss):
    """The name that :class:`NLLLoss` of pictures once had."""


class CTCLoss(Loss):
    """Give −log of the probability of a sequence of labels, see :func:`F.ctc_loss`.

    Parameters
    ----------
    blank : int
        The class that stands for no label.
    reduction : {"mean", "sum", "none"}
        "mean": over the samples, each divided by the length of its target.
    zero_infinity : bool
        Give 0, with gradient 0, where there is no alignment.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> scores = tgb.zeros(4, 1, 3).log_softmax(2)
    >>> tgb.nn.CTCLoss()(scores, tgb.tensor([[1, 2]]), (4,), (2,))
    tensor(0.8432)

    Notes
    -----
    Graves and others, "Connectionist Temporal Classification", 2006.
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank, self.zero_infinity = blank, zero_infinity

    def forward(self, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any) -> Any:
        """Compare log-probabilities (T, N, C) with labels."""
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction,
            self.zero_infinity,
        )  # fmt: skip


class LinearCrossEntropyLoss(WeightedLoss):
    """A linear layer and the cross-entropy of its outputs, see :func:`F.linear_cross_entropy`.

    Parameters
    ----------
    in_features, num_classes : int
    out_features : tuple of int
        Further axes of the logits, behind the classes.
    bias : bool
        Of the linear layer.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional
    reduction : {"mean", "sum", "none"}
    weight : Tensor of shape (num_classes,), optional
        Weight of each class.
    ignore_index : int, optional
        Samples of this class do not count.
    label_smoothing : float in [0, 1]
    options : LinearCrossEntropyOptions, optional

    Attributes
    ----------
    linear : Linear

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> loss = tgb.nn.LinearCrossEntropyLoss(4, 3)
    >>> loss(tgb.randn(5, 4), tgb.tensor([0, 1, 2, 0, 1])).shape
    tinygrad_bp.Size([])
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        out_features: tuple[int, ...] = (),
        *,
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Any = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: LinearCrossEntropyOptions | None = None,
    ) -> None:
        if weight is not None and tuple(weight.shape) != (num_classes,):
            raise RuntimeError(
                f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}"
            )
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(
                f"expected label_smoothing to be in range [0, 1], got {label_smoothing}"
            )
        super().__init__(weight, reduction=reduction)
        self.num_classes, self.out_features = num_classes, out_features
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing
        outputs = math.prod(out_features, start=num_classes)
        self.linear = Linear(in_features, outputs, bias=bias, device=device, dtype=dtype)
        self.options = options

    def forward(self, input: Any, target: Any) -> Any:
        """Compare (N, in_features) with classes (N, *out_features)."""
        axes = (self.num_classes, *self.out_features)
        bias = self.linear.bias
        return F.linear_cross_entropy(
            input,
            self.linear.weight.reshape(*axes, self.linear.in_features),
            target,
            linear_bias=None if bias is None else bias.reshape(*axes),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        """Show the sizes and options."""
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, "
            f"out_features={self.out_features}, bias={self.linear.bias is not None}, "
            f"reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )
