"""The Kumaraswamy distribution."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..tensor import Tensor
from . import constraints
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, PowerTransform
from .uniform import Uniform
from .utils import broadcast_all, euler_constant, like_batch

__all__ = ["Kumaraswamy"]


class Kumaraswamy(TransformedDistribution):
    """A distribution of a probability: F(x) = 1 − (1 − xᵃ)ᵇ.

    Parameters
    ----------
    concentration1 : float or Tensor
        a.
    concentration0 : float or Tensor
        b.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Kumaraswamy
    >>> Kumaraswamy(1.0, 2.0).mean
    tensor(0.3333)
    """

    arg_constraints = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        ends = like_batch(0.0, self.concentration0), like_batch(1.0, self.concentration0)
        steps = [
            PowerTransform(self.concentration0.reciprocal()),
            AffineTransform(1.0, -1.0),
            PowerTransform(self.concentration1.reciprocal()),
        ]
        base = Uniform(*ends, validate_args=validate_args)
        super().__init__(base, steps, validate_args=validate_args)

    def _moment(self, n: int) -> Tensor:
        """Give b B(1 + n / a, b)."""
        a, b = 1 + n / self.concentration1, self.concentration0
        return b * (a.lgamma() + b.lgamma() - (a + b).lgamma()).exp()

    @property
    def mean(self) -> Tensor:
        """The mean, b B(1 + 1 / a, b)."""
        return self._moment(1)

    @property
    def mode(self) -> Tensor:
        """((a − 1) / (a b − 1))^(1 / a), for a and b of 1 or more; else NaN."""
        a, b = self.concentration1, self.concentration0
        # PyTorch's formula takes the logarithm of negative numbers, and gives NaN everywhere.
        mode = ((a - 1) / (a * b - 1)) ** a.reciprocal()
        return tgb.where((a < 1) | (b < 1), math.nan, mode)

    @property
    def variance(self) -> Tensor:
        """The variance."""
        return self._moment(2) - self._moment(1).square()

    def entropy(self) -> Tensor:
        """Give the entropy, in nats."""
        a, b = self.concentration1, self.concentration0
        harmonic = (b + 1).digamma() + euler_constant
        return 1 - b.reciprocal() + (1 - a.reciprocal()) * harmonic - a.log() - b.log()
