"""The Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any

from ..tensor import Tensor
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all, like_batch, open_uniform

__all__ = ["Cauchy"]


class Cauchy(Distribution):
    """The Cauchy distribution: p(x) = 1 / (π γ (1 + ((x − x₀) / γ)²)). It has no mean.

    Parameters
    ----------
    loc : float or Tensor
        x₀.
    scale : float or Tensor
        γ.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Cauchy
    >>> Cauchy(0.0, 1.0).cdf(tgb.tensor([0.0, 1.0]))
    tensor([0.5000, 0.7500])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """NaN."""
        return like_batch(math.nan, self.loc)

    @property
    def mode(self) -> Tensor:
        """x₀."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """Infinite."""
        return like_batch(math.inf, self.loc)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw by the inverse of the distribution function."""
        return self.icdf(open_uniform(self._extended_shape(sample_shape), self.loc))

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        z = (value - self.loc) / self.scale
        return -math.log(math.pi) - self.scale.log() - (z * z).log1p()

    def cdf(self, value: Tensor) -> Tensor:
        """Give the probability of a value not larger than this one."""
        self._check_value(value)
        return ((value - self.loc) / self.scale).atan() / math.pi + 0.5

    def icdf(self, value: Tensor) -> Tensor:
        """Give the value below which a sample lies with this probability."""
        return (math.pi * (value - 0.5)).tan() * self.scale + self.loc

    def entropy(self) -> Tensor:
        """Give log 4πγ."""
        return math.log(4 * math.pi) + self.scale.log()
