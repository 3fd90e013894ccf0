"""The gamma distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tgb

from ..draws import stream
from ..rules.gamma_draws import gamma_slope
from ..tensor import Tensor, wrap
from . import constraints
from .exp_family import ExponentialFamily
from .utils import broadcast_all

__all__ = ["Gamma", "standard_gamma"]


def standard_gamma(concentration: Tensor) -> Tensor:
    """Draw from gamma distributions of rate 1; the gradient flows to the concentration.

    A sample z is F⁻¹(u; α) for some u. With u kept, dz/dα = −(∂F/∂α) / p(z; α).

    Notes
    -----
    Figurnov, Mohamed and Mnih, "Implicit Reparameterization Gradients", 2018.
    """
    alpha = concentration.detach()._array
    z = stream(None).standard_gamma(alpha.astype(np.float64))
    kind = alpha.dtype
    # A small concentration gives numbers below the smallest one there is; 0 has no logarithm.
    drawn = wrap(np.maximum(np.asarray(z).astype(kind), np.finfo(kind).tiny))
    if not concentration.requires_grad:
        return drawn
    return drawn + (concentration - concentration.detach()) * gamma_slope(
        drawn, concentration.detach()
    )


class Gamma(ExponentialFamily):
    """The gamma distribution: p(x) = βᵅ xᵅ⁻¹ exp(−β x) / Γ(α), x > 0.

    Parameters
    ----------
    concentration : float or Tensor
        α.
    rate : float or Tensor
        β.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Gamma
    >>> q = Gamma(2.0, 4.0)
    >>> q.mean, q.variance
    (tensor(0.5000), tensor(0.1250))
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """α / β."""
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        """(α − 1) / β, at least 0."""
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        """α / β²."""
        return self.concentration / self.rate.square()

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw, with the implicit gradient of :func:`standard_gamma`."""
        shape = self._extended_shape(sample_shape)
        return standard_gamma(self.concentration.expand(shape)) / self.rate

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        value = tgb.as_tensor(value, dtype=self.rate.dtype)
        self._check_value(value)
        alpha, beta = self.concentration, self.rate
        return tgb.xlogy(alpha, beta) + tgb.xlogy(alpha - 1, value) - beta * value - alpha.lgamma()

    def cdf(self, value: Tensor) -> Tensor:
        """Give the probability of a value not larger than this one."""
        self._check_value(value)
        return tgb.special.gammainc(self.concentration, self.rate * value)

    def entropy(self) -> Tensor:
        """Give α − log β + log Γ(α) + (1 − α) ψ(α)."""
        alpha = self.concentration
        return alpha - self.rate.log() + alpha.lgamma() + (1 - alpha) * alpha.digamma()

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:
        return (x + 1).lgamma() + (x + 1) * (-y.reciprocal()).log()
