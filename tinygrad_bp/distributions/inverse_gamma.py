"""The inverse gamma distribution."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..tensor import Tensor
from . import constraints
from .gamma import Gamma
from .transformed_distribution import TransformedDistribution
from .transforms import PowerTransform
from .utils import like_batch

__all__ = ["InverseGamma"]


class InverseGamma(TransformedDistribution):
    """1 over a gamma number.

    Parameters
    ----------
    concentration : float or Tensor
        α.
    rate : float or Tensor
        β.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import InverseGamma
    >>> InverseGamma(3.0, 4.0).mean
    tensor(2.)
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    base_dist: Gamma

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args=validate_args)
        power = PowerTransform(like_batch(-1.0, base.rate))
        super().__init__(base, power, validate_args=validate_args)

    @property
    def concentration(self) -> Tensor:
        """α."""
        return self.base_dist.concentration

    @property
    def rate(self) -> Tensor:
        """β."""
        return self.base_dist.rate

    @property
    def mean(self) -> Tensor:
        """β / (α − 1); infinite for α ≤ 1."""
        alpha = self.concentration
        return tgb.where(alpha > 1, self.rate / (alpha - 1), math.inf)

    @property
    def mode(self) -> Tensor:
        """β / (α + 1)."""
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Tensor:
        """β² / ((α − 1)² (α − 2)); infinite for α ≤ 2."""
        alpha = self.concentration
        finite = self.rate.square() / ((alpha - 1).square() * (alpha - 2))
        return tgb.where(alpha > 2, finite, math.inf)

    def entropy(self) -> Tensor:
        """Give α + log β + log Γ(α) − (1 + α) ψ(α)."""
        alpha = self.concentration
        return alpha + self.rate.log() + alpha.lgamma() - (1 + alpha) * alpha.digamma()
