"""The Gumbel distribution."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..tensor import Tensor
from . import constraints
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, ExpTransform
from .uniform import Uniform
from .utils import broadcast_all, euler_constant, like_batch

__all__ = ["Gumbel"]


class Gumbel(TransformedDistribution):
    """The distribution of maxima: F(x) = exp(−exp(−(x − μ) / β)).

    Parameters
    ----------
    loc : float or Tensor
        μ.
    scale : float or Tensor
        β.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Gumbel
    >>> Gumbel(0.0, 1.0).mean
    tensor(0.5772)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        info = tgb.finfo(self.loc.dtype)
        ends = like_batch(info.tiny, self.loc), like_batch(1 - info.eps, self.loc)
        # μ − β log(−log u)
        steps = [
            ExpTransform().inv,
            AffineTransform(0, like_batch(-1.0, self.scale)),
            ExpTransform().inv,
            AffineTransform(self.loc, -self.scale),
        ]
        base = Uniform(*ends, validate_args=validate_args)
        super().__init__(base, steps, validate_args=validate_args)

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        z = (self.loc - value) / self.scale
        return z - z.exp() - self.scale.log()

    @property
    def mean(self) -> Tensor:
        """μ + γ β, with Euler's constant."""
        return self.loc + self.scale * euler_constant

    @property
    def mode(self) -> Tensor:
        """μ."""
        return self.loc

    @property
    def stddev(self) -> Tensor:
        """π β / √6."""
        return math.pi / math.sqrt(6) * self.scale

    @property
    def variance(self) -> Tensor:
        """π² β² / 6."""
        return self.stddev.square()

    def entropy(self) -> Tensor:
        """Give log β + γ + 1."""
        return self.scale.log() + (1 + euler_constant)
