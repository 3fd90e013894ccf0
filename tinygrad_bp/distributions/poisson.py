"""The Poisson distribution."""

from __future__ import annotations

from typing import Any

import tinygrad_bp as tgb

from ..mode import no_grad
from ..tensor import Tensor
from . import constraints
from .exp_family import ExponentialFamily
from .utils import broadcast_all

__all__ = ["Poisson"]


class Poisson(ExponentialFamily):
    """The number of events of a steady rate: p(k) = λᵏ exp(−λ) / k!.

    Parameters
    ----------
    rate : float or Tensor
        λ.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Poisson
    >>> Poisson(1.0).log_prob(tgb.tensor([0.0, 1.0, 2.0])).exp()
    tensor([0.3679, 0.3679, 0.1839])
    """

    arg_constraints = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """λ."""
        return self.rate

    variance = mean

    @property
    def mode(self) -> Tensor:
        """⌊λ⌋."""
        return self.rate.floor()

    @no_grad()
    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw numbers of events."""
        return tgb.poisson(self.rate.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log probability of a number."""
        self._check_value(value)
        return tgb.xlogy(value, self.rate) - self.rate - (value + 1).lgamma()

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.rate.log(),)

    def _log_normalizer(self, x: Tensor) -> Tensor:
        return x.exp()
