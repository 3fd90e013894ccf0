# ruff: noqa: N999  PyTorch's name of the module
"""Student's t-distribution."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..arrays import Size
from ..tensor import Tensor
from . import constraints
from .chi2 import Chi2
from .distribution import Distribution
from .utils import broadcast_all, noise

__all__ = ["StudentT"]


class StudentT(Distribution):
    """Student's t-distribution, moved and scaled.

    Parameters
    ----------
    df : float or Tensor
        ν, the degrees of freedom.
    loc, scale : float or Tensor
        μ and σ.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import StudentT
    >>> StudentT(3.0).variance
    tensor(3.)
    >>> StudentT(1.0).log_prob(tgb.tensor(0.0)).exp()
    tensor(0.3183)
    """

    arg_constraints = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True

    def __init__(
        self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df)
        super().__init__(self.df.shape, validate_args=validate_args)

    def _expand_parts(self, new: Any, batch_shape: Size) -> None:
        new._chi2 = self._chi2.expand(batch_shape)

    @property
    def mean(self) -> Tensor:
        """μ; NaN for ν ≤ 1."""
        return tgb.where(self.df <= 1, math.nan, self.loc)

    @property
    def mode(self) -> Tensor:
        """μ."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """σ² ν / (ν − 2); infinite for ν ≤ 2, NaN for ν ≤ 1."""
        df = self.df
        finite = self.scale.square() * df / (df - 2)
        return tgb.where(df > 2, finite, tgb.where(df > 1, math.inf, math.nan))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw a normal number over the root of a χ² number."""
        normal = noise("standard_normal", self._extended_shape(sample_shape), self.df)
        spread = self._chi2.rsample(sample_shape)
        return self.loc + self.scale * normal * (spread / self.df).rsqrt()

    def _log_constant(self) -> Tensor:
        """Give log(√(ν π) Γ(ν/2) / Γ((ν + 1)/2))."""
        ratio = (0.5 * self.df).lgamma() - (0.5 * (self.df + 1)).lgamma()
        return 0.5 * self.df.log() + 0.5 * math.log(math.pi) + ratio

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        z = (value - self.loc) / self.scale
        tail = 0.5 * (self.df + 1) * (z * z / self.df).log1p()
        return -tail - self.scale.log() - self._log_constant()

    def entropy(self) -> Tensor:
        """Give the entropy, in nats."""
        half = 0.5 * (self.df + 1)
        slope = half.digamma() - (0.5 * self.df).digamma()
        return self.scale.log() + half * slope + self._log_constant()
