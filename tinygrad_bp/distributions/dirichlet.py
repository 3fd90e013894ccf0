"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any

import tinygrad_bp as tgb

from ..nn.functional import one_hot
from ..tensor import Tensor
from . import constraints
from .exp_family import ExponentialFamily
from .gamma import standard_gamma

__all__ = ["Dirichlet"]


class Dirichlet(ExponentialFamily):
    """A distribution of probabilities: p(x) = Γ(Σ α) / Π Γ(αᵢ) · Π xᵢ^(αᵢ − 1).

    Parameters
    ----------
    concentration : Tensor
        α, (…, K).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Dirichlet
    >>> Dirichlet(tgb.tensor([1.0, 2.0, 1.0])).mean
    tensor([0.2500, 0.5000, 0.2500])
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.ndim < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        shape = concentration.shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """α / Σ α."""
        return self.concentration / self.concentration.sum(-1, keepdim=True)

    @property
    def mode(self) -> Tensor:
        """(α − 1) / Σ (α − 1); a corner if all α < 1."""
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, keepdim=True)
        corner = one_hot(mode.argmax(-1), self.event_shape[0]).to(mode)
        return tgb.where((self.concentration < 1).all(-1, keepdim=True), corner, mode)

    @property
    def variance(self) -> Tensor:
        """α (Σ α − α) / ((Σ α)² (Σ α + 1))."""
        total = self.concentration.sum(-1, keepdim=True)
        return self.concentration * (total - self.concentration) / (total.square() * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw gamma numbers, and divide by their sum."""
        parts = standard_gamma(self.concentration.expand(self._extended_shape(sample_shape)))
        return parts / parts.sum(-1, keepdim=True)

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        alpha = self.concentration
        constant = alpha.sum(-1).lgamma() - alpha.lgamma().sum(-1)
        return tgb.xlogy(alpha - 1, value).sum(-1) + constant

    def entropy(self) -> Tensor:
        """Give the entropy, in nats."""
        alpha, k = self.concentration, self.concentration.shape[-1]
        total = alpha.sum(-1)
        return (
            alpha.lgamma().sum(-1)
            - total.lgamma()
            - (k - total) * total.digamma()
            - ((alpha - 1) * alpha.digamma()).sum(-1)
        )

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.concentration,)

    def _log_normalizer(self, x: Tensor) -> Tensor:
        return x.lgamma().sum(-1) - x.sum(-1).lgamma()
