"""The F-distribution."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..arrays import Size
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution
from .gamma import Gamma
from .utils import broadcast_all

__all__ = ["FisherSnedecor"]


class FisherSnedecor(Distribution):
    """Fisher and Snedecor's F-distribution: of the ratio of two χ² numbers over their freedoms.

    Parameters
    ----------
    df1, df2 : float or Tensor
        m and n, the degrees of freedom above and below.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import FisherSnedecor
    >>> FisherSnedecor(2.0, 4.0).mean
    tensor(2.)
    """

    arg_constraints = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        self._gamma1 = Gamma(0.5 * self.df1, self.df1)
        self._gamma2 = Gamma(0.5 * self.df2, self.df2)
        super().__init__(self.df1.shape, validate_args=validate_args)

    def _expand_parts(self, new: Any, batch_shape: Size) -> None:
        new._gamma1 = self._gamma1.expand(batch_shape)
        new._gamma2 = self._gamma2.expand(batch_shape)

    @property
    def mean(self) -> Tensor:
        """The mean, n / (n − 2); NaN for n ≤ 2."""
        df2 = tgb.where(self.df2 <= 2, math.nan, self.df2)
        return df2 / (df2 - 2)

    @property
    def mode(self) -> Tensor:
        """(m − 2) / m · n / (n + 2); NaN for m ≤ 2."""
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return tgb.where(self.df1 <= 2, math.nan, mode)

    @property
    def variance(self) -> Tensor:
        """2 n² (m + n − 2) / (m (n − 2)² (n − 4)); NaN for n ≤ 4."""
        m, n = self.df1, tgb.where(self.df2 <= 4, math.nan, self.df2)
        return 2 * n.square() * (m + n - 2) / (m * (n - 2).square() * (n - 4))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw the ratio of two gamma numbers."""
        above, below = self._gamma1.rsample(sample_shape), self._gamma2.rsample(sample_shape)
        tiny = tgb.finfo(below.dtype).tiny
        return (above / below.clamp(min=tiny)).clamp(min=tiny)

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        a, b, ratio = 0.5 * self.df1, 0.5 * self.df2, self.df1 / self.df2
        constant = (a + b).lgamma() - a.lgamma() - b.lgamma() + a * ratio.log()
        return constant + (a - 1) * value.log() - (a + b) * (ratio * value).log1p()
