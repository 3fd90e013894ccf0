"""The continuous Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..tensor import Tensor
from . import constraints
from .exp_family import ExponentialFamily
from .utils import (
    Binary,
    clamp_probs,
    cross_entropy,
    lazy_property,
    logits_to_probs,
    noise,
    spread,
)

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(Binary, ExponentialFamily):
    """A distribution on [0, 1] for intensities: p(x) = C(λ) λˣ (1 − λ)¹⁻ˣ.

    Parameters
    ----------
    probs : float or Tensor
        λ; or
    logits : float or Tensor
        log λ − log(1 − λ).
    lims : (float, float)
        Between these λ, where formulas divide by nearly nothing, Taylor series stand in.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import ContinuousBernoulli
    >>> ContinuousBernoulli(0.25).mean
    tensor(0.4102)

    Notes
    -----
    Loaiza-Ganem and Cunningham, "The Continuous Bernoulli: Fixing a Pervasive Error in Variational
    Autoencoders", 2019.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        self._take(probs, logits)
        if probs is not None:
            if validate_args and not constraints.unit_interval.check(self.probs).all():
                raise ValueError("The parameter probs has invalid values")
            self.probs = clamp_probs(self.probs)
        self._lims = lims
        super().__init__(self._param.shape, validate_args=validate_args)

    @lazy_property
    def probs(self) -> Tensor:
        """λ."""
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _split(self, formula: Any, series: Any) -> Tensor:
        """Give formula(λ) but near ½, and there series(λ − ½)."""
        apart = (self.probs <= self._lims[0]) | (self.probs > self._lims[1])
        cut = tgb.where(apart, self.probs, self._lims[0])
        return tgb.where(apart, formula(cut), series(self.probs - 0.5))

    def _cont_bern_log_norm(self) -> Tensor:
        """Give log C(λ)."""
        return self._split(
            lambda p: ((-p).log1p() - p.log()).abs().log() - (1 - 2 * p).abs().log(),
            lambda x: math.log(2) + (4 / 3 + 104 / 45 * x * x) * x * x,
        )

    @property
    def mean(self) -> Tensor:
        """λ / (2 λ − 1) + 1 / (log(1 − λ) − log λ)."""
        return self._split(
            lambda p: p / (2 * p - 1) + 1 / ((-p).log1p() - p.log()),
            lambda x: 0.5 + (1 / 3 + 16 / 45 * x * x) * x,
        )

    @property
    def variance(self) -> Tensor:
        """The variance."""
        return self._split(
            lambda p: p * (p - 1) / (1 - 2 * p).square() + ((-p).log1p() - p.log()).pow(-2),
            lambda x: 1 / 12 - (1 / 15 - 128 / 945 * x * x) * x * x,
        )

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw by the inverse of the distribution function."""
        return self.icdf(noise("random", self._extended_shape(sample_shape), self.probs))

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        return self._cont_bern_log_norm() - cross_entropy(*spread(self.logits, value))

    def cdf(self, value: Tensor) -> Tensor:
        """Give the probability of a value not larger than this one."""
        self._check_value(value)
        inside = self._split(
            lambda p: (p**value * (1 - p) ** (1 - value) + p - 1) / (2 * p - 1), lambda x: value
        )
        return tgb.where(value <= 0, 0.0, tgb.where(value >= 1, 1.0, inside))

    def icdf(self, value: Tensor) -> Tensor:
        """Give the value below which a sample lies with this probability."""
        return self._split(
            lambda p: ((value * (2 * p - 1) - p).log1p() - (-p).log1p()) / (p.log() - (-p).log1p()),
            lambda x: value,
        )

    def entropy(self) -> Tensor:
        """Give the entropy, in nats."""
        none, one = (-self.probs).log1p(), self.probs.log()
        return self.mean * (none - one) - self._cont_bern_log_norm() - none

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.logits,)

    def _log_normalizer(self, x: Tensor) -> Tensor:
        apart = (x <= self._lims[0] - 0.5) | (x > self._lims[1] - 0.5)
        cut = tgb.where(apart, x, self._lims[0] - 0.5)
        series = 0.5 * x + x.pow(2) / 24 - x.pow(4) / 2880
        return tgb.where(apart, cut.expm1().abs().log() - cut.abs().log(), series)
