"""The negative binomial distribution."""

from __future__ import annotations

from typing import Any

import tinygrad_bp as tgb

from ..mode import no_grad
from ..nn import functional as F
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution
from .gamma import Gamma
from .utils import Binary

__all__ = ["NegativeBinomial"]


class NegativeBinomial(Binary, Distribution):
    """The number of successes before r failures.

    Parameters
    ----------
    total_count : float or Tensor
        r, which need not be an integer.
    probs : Tensor
        The probability p of a success, in [0, 1); or
    logits : Tensor
        log p − log(1 − p).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import NegativeBinomial
    >>> NegativeBinomial(3.0, 0.5).mean
    tensor(3.)
    """

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(
        self,
        total_count: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        (count,) = self._take(probs, logits, total_count)
        self.total_count = count.type_as(self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """The mean, r p / (1 − p)."""
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Tensor:
        """⌊(r − 1) p / (1 − p)⌋, at least 0."""
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Tensor:
        """The variance, r p / (1 − p)²."""
        return self.mean / (-self.logits).sigmoid()

    @no_grad()
    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw from Poisson distributions, whose rates are drawn from a gamma distribution."""
        rates = Gamma(self.total_count, (-self.logits).exp(), validate_args=False)
        return tgb.poisson(rates.sample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log probability of a number."""
        self._check_value(value)
        r = self.total_count
        chances = r * F.logsigmoid(-self.logits) + value * F.logsigmoid(self.logits)
        ways = (r + value).lgamma() - (1 + value).lgamma() - r.lgamma()
        return chances + tgb.where(r + value == 0, 0.0, ways)  # no failure awaited: one way
