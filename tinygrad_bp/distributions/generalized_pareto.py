"""The generalized Pareto distribution."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..tensor import Tensor
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all, noise

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """The distribution of what exceeds a threshold: F(x) = 1 − (1 + ξ z)^(−1/ξ), z = (x − μ) / σ.

    Parameters
    ----------
    loc : float or Tensor
        μ.
    scale : float or Tensor
        σ.
    concentration : float or Tensor
        ξ; at 0 it is an exponential distribution.
    """

    arg_constraints = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(
        self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From μ on; for ξ < 0 to μ − σ / ξ."""
        end = self.loc - self.scale / self.concentration
        return constraints.interval(self.loc, tgb.where(self.concentration < 0, end, math.inf))

    def _split(self, value: Any, formula: Any, limit: Any) -> Tensor:
        """Give formula(ξ, value) but near ξ = 0, and there limit(value)."""
        flat = self.concentration.abs() <= 1e-8
        curved = tgb.where(flat, 1.0, self.concentration)
        return tgb.where(flat, limit(value), formula(curved, value))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw by the inverse of the distribution function."""
        return self.icdf(noise("random", self._extended_shape(sample_shape), self.loc))

    def log_survival_function(self, value: Tensor) -> Tensor:
        """Give the log probability of a larger value."""
        z = (value - self.loc) / self.scale
        return self._split(z, lambda xi, z: -(xi * z).log1p() / xi, lambda z: -z)

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        z = (value - self.loc) / self.scale
        slope = self._split(z, lambda xi, z: (1 / xi + 1) * (xi * z).log1p(), lambda z: z)
        return -self.scale.log() - slope

    def log_cdf(self, value: Tensor) -> Tensor:
        """Give the log probability of a value not larger than this one."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Tensor) -> Tensor:
        """Give the probability of a value not larger than this one."""
        self._check_value(value)
        return self.log_cdf(value).exp()

    def icdf(self, value: Tensor) -> Tensor:
        """Give the value below which a sample lies with this probability."""
        z = self._split(
            (-value).log1p(), lambda xi, log: (-xi * log).expm1() / xi, lambda log: -log
        )
        return self.loc + self.scale * z

    @property
    def mean(self) -> Tensor:
        """μ + σ / (1 − ξ); NaN for ξ ≥ 1."""
        xi = self.concentration
        return tgb.where(xi < 1, self.loc + self.scale / (1 - xi), math.nan)

    @property
    def mode(self) -> Tensor:
        """μ."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """σ² / ((1 − ξ)² (1 − 2 ξ)); NaN for ξ ≥ ½."""
        xi = self.concentration
        finite = self.scale.square() / ((1 - xi).square() * (1 - 2 * xi))
        return tgb.where(xi < 0.5, finite, math.nan)

    def entropy(self) -> Tensor:
        """Give log σ + ξ + 1."""
        return self.scale.log() + self.concentration + 1
