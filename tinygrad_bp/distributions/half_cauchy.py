"""The half-Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..tensor import Tensor
from .cauchy import Cauchy
from .half_normal import OfHalf
from .transforms import AbsTransform
from .utils import like_batch

__all__ = ["HalfCauchy"]


class HalfCauchy(OfHalf):
    """The size of a Cauchy number.

    Parameters
    ----------
    scale : float or Tensor
        γ of the Cauchy number, whose centre is 0.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import HalfCauchy
    >>> HalfCauchy(1.0).cdf(tgb.tensor(1.0))
    tensor(0.5000)
    """

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        base = Cauchy(0, scale, validate_args=False)
        super().__init__(base, AbsTransform(), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """Infinite."""
        return like_batch(math.inf, self.scale)

    @property
    def variance(self) -> Tensor:
        """Infinite."""
        return self.base_dist.variance

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        return super().log_prob(tgb.as_tensor(value, dtype=self.scale.dtype))
