"""The half-normal distribution."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..tensor import Tensor
from . import constraints
from .normal import Normal
from .transformed_distribution import TransformedDistribution
from .transforms import AbsTransform
from .utils import like_batch

__all__ = ["HalfNormal", "OfHalf"]


class OfHalf(TransformedDistribution):
    """The size of a number whose distribution is symmetric about 0."""

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    base_dist: Any

    @property
    def scale(self) -> Tensor:
        """The scale."""
        return self.base_dist.scale

    @property
    def mode(self) -> Tensor:
        """0."""
        return like_batch(0.0, self.scale)

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        inside = self.base_dist.log_prob(value) + math.log(2)
        return tgb.where(value >= 0, inside, -math.inf)

    def cdf(self, value: Tensor) -> Tensor:
        """Give the probability of a value not larger than this one."""
        self._check_value(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, prob: Tensor) -> Tensor:
        """Give the value below which a sample lies with this probability."""
        return self.base_dist.icdf((prob + 1) / 2)

    def entropy(self) -> Tensor:
        """Give that of the whole, less log 2."""
        return self.base_dist.entropy() - math.log(2)


class HalfNormal(OfHalf):
    """The size of a normal number.

    Parameters
    ----------
    scale : float or Tensor
        σ of the normal number, whose mean is 0.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import HalfNormal
    >>> HalfNormal(1.0).mean
    tensor(0.7979)
    """

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(0, scale, validate_args=False)
        super().__init__(base, AbsTransform(), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """σ √(2/π)."""
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Tensor:
        """σ² (1 − 2/π)."""
        return self.scale.square() * (1 - 2 / math.pi)
