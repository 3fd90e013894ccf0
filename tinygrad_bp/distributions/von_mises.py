"""The von Mises distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import tinygrad_bp as tgb

from ..draws import stream
from ..tensor import Tensor, wrap
from . import constraints
from .distribution import Distribution
from .utils import broadcast_all

__all__ = ["VonMises"]


class VonMises(Distribution):
    """A distribution of angles: p(x) = exp(κ cos(x − μ)) / (2π I₀(κ)).

    Parameters
    ----------
    loc : Tensor
        μ, in radians.
    concentration : Tensor
        κ.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import VonMises
    >>> q = VonMises(tgb.tensor(0.0), tgb.tensor(1.0))
    >>> q.log_prob(tgb.tensor([0.0, 3.0]))
    tensor([-1.0738, -3.0638])
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """μ."""
        return self.loc

    mode = mean

    @property
    def variance(self) -> Tensor:
        """The circular variance, 1 − I₁(κ) / I₀(κ)."""
        kappa = self.concentration
        return 1 - tgb.special.i1e(kappa) / tgb.special.i0e(kappa)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw angles in [−π, π]."""
        loc, kappa = self.loc.detach()._array, self.concentration.detach()._array
        angles = stream(None).vonmises(loc, kappa, self._extended_shape(sample_shape))
        return wrap(np.asarray(angles).astype(loc.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at an angle."""
        self._check_value(value)
        kappa = self.concentration
        constant = math.log(2 * math.pi) + tgb.special.i0e(kappa).log() + kappa
        return kappa * (value - self.loc).cos() - constant
