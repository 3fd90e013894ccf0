"""Losses of numbers and of distributions, as modules."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .loss_base import Loss

__all__ = [
    "GaussianNLLLoss", "HuberLoss", "KLDivLoss", "L1Loss", "MSELoss", "PoissonNLLLoss",
    "SmoothL1Loss",
]  # fmt: skip


class MSELoss(Loss):
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


class L1Loss(Loss):
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


class SmoothL1Loss(Loss):
    """Give (x − y)² / 2β where |x − y| < β, and |x − y| − β/2 beyond.

    Parameters
    ----------
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}
        "mean": over all elements.
    beta : float
        Where the parabola ends.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.SmoothL1Loss()(tgb.tensor([1.0, 2.5]), tgb.tensor([1.0, 0.0]))
    tensor(1.)

    Notes
    -----
    Girshick, "Fast R-CNN", 2015.
    """

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None,
                 reduction: str = "mean", beta: float = 1.0) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Any, target: Any) -> Any:
        """Compare two tensors of one shape."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """Give (x − y)² / 2 where |x − y| < δ, and δ (|x − y| − δ/2) beyond.

    Parameters
    ----------
    reduction : {"mean", "sum", "none"}
        "mean": over all elements.
    delta : float
        Where the parabola ends.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.HuberLoss(delta=2.0)(tgb.tensor([1.0, 4.0]), tgb.tensor([1.0, 0.0]))
    tensor(3.)

    Notes
    -----
    Huber, "Robust Estimation of a Location Parameter", 1964.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Any, target: Any) -> Any:
        """Compare two tensors of one shape."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class KLDivLoss(Loss):
    """Give q (log q − log p), summands of the Kullback-Leibler divergence, see :func:`F.kl_div`.

    Parameters
    ----------
    size_average, reduce : bool, optional
        What `reduction` replaced.
    reduction : {"batchmean", "mean", "sum", "none"}
        "batchmean" gives the divergence.
    log_target : bool
        The target is log q.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> p, q = tgb.tensor([[0.5, 0.5]]), tgb.tensor([[1.0, 0.0]])
    >>> tgb.nn.KLDivLoss(reduction="batchmean")(p.log(), q)
    tensor(0.6931)

    Notes
    -----
    Kullback and Leibler, "On Information and Sufficiency", 1951.
    """

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None,
                 reduction: str = "mean", log_target: bool = False) -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Any, target: Any) -> Any:
        """Compare log p with q."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class PoissonNLLLoss(Loss):
    """Give λ − y log λ of counts y, see :func:`F.poisson_nll_loss`.

    Parameters
    ----------
    log_input : bool
        The input is log λ, not λ.
    full : bool
        Add Stirling's approximation of log y!.
    size_average : bool, optional
        What `reduction` replaced.
    eps : float
        Added to λ in its logarithm.
    reduce : bool, optional
        What `reduction` replaced.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.PoissonNLLLoss()(tgb.tensor([0.0]), tgb.tensor([3.0]))
    tensor(1.)
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, log_input: Any, target: Any) -> Any:
        """Compare log λ (or λ) with counts."""
        return F.poisson_nll_loss(
            log_input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction
        )


class GaussianNLLLoss(Loss):
    """Give (log σ² + (μ − y)² / σ²) / 2, see :func:`F.gaussian_nll_loss`.

    Parameters
    ----------
    full : bool
        Add log(2π) / 2.
    eps : float
        The least σ².
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.GaussianNLLLoss()(tgb.tensor([1.0]), tgb.tensor([3.0]), tgb.tensor([1.0]))
    tensor(2.)

    Notes
    -----
    Nix and Weigend, "Estimating the Mean and Variance of the Target Probability Distribution",
    1994.
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Any, target: Any, var: Any) -> Any:
        """Compare μ with y under the variance σ²."""
        return F.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )
