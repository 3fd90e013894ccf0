"""The Laplace distribution."""

from __future__ import annotations

import math
from typing import Any

from ..tensor import Tensor
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all, open_uniform

__all__ = ["Laplace"]


class Laplace(Distribution):
    """The Laplace distribution: p(x) = exp(−|x − μ| / b) / 2b.

    Parameters
    ----------
    loc : float or Tensor
        μ.
    scale : float or Tensor
        b.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Laplace
    >>> q = Laplace(0.0, 1.0)
    >>> q.stddev, q.entropy()
    (tensor(1.4142), tensor(1.6931))
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """μ."""
        return self.loc

    mode = mean

    @property
    def variance(self) -> Tensor:
        """2 b²."""
        return 2 * self.scale.square()

    @property
    def stddev(self) -> Tensor:
        """√2 b."""
        return math.sqrt(2) * self.scale

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw by the inverse of the distribution function."""
        return self.icdf(open_uniform(self._extended_shape(sample_shape), self.loc))

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def cdf(self, value: Tensor) -> Tensor:
        """Give the probability of a value not larger than this one."""
        self._check_value(value)
        away = value - self.loc
        return 0.5 - 0.5 * away.sign() * (-away.abs() / self.scale).expm1()

    def icdf(self, value: Tensor) -> Tensor:
        """Give the value below which a sample lies with this probability."""
        away = value - 0.5
        return self.loc - self.scale * away.sign() * (-2 * away.abs()).log1p()

    def entropy(self) -> Tensor:
        """Give 1 + log 2b."""
        return 1 + (2 * self.scale).log()
