"""The Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..mode import no_grad
from ..tensor import Tensor
from . import constraints
from .exp_family import ExponentialFamily
from .utils import Binary, cross_entropy, noise, spread

__all__ = ["Bernoulli"]


class Bernoulli(Binary, ExponentialFamily):
    """1 with probability p, else 0.

    Parameters
    ----------
    probs : float or Tensor
        p; or
    logits : float or Tensor
        log p − log(1 − p).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Bernoulli
    >>> Bernoulli(probs=0.25).log_prob(tgb.tensor(1.0)).exp()
    tensor(0.2500)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.boolean
    has_enumerate_support = True
    _mean_carrier_measure = 0

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take(probs, logits)
        super().__init__(self._param.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """The mean, p."""
        return self.probs

    @property
    def mode(self) -> Tensor:
        """The likelier value; NaN if none is."""
        likely = (self.probs >= 0.5).to(self.probs)
        return tgb.where(self.probs == 0.5, math.nan, likely)

    @property
    def variance(self) -> Tensor:
        """The variance, p (1 − p)."""
        return self.probs * (1 - self.probs)

    @no_grad()
    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw zeros and ones."""
        u = noise("random", self._extended_shape(sample_shape), self._param)
        return (u < self.probs).to(self._param)

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log probability of a value."""
        self._check_value(value)
        return -cross_entropy(*spread(self.logits, value))

    def entropy(self) -> Tensor:
        """Give −p log p − (1 − p) log(1 − p)."""
        return cross_entropy(self.logits, self.probs)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """List 0 and 1."""
        return self._along_batch(tgb.arange(2, dtype=self._param.dtype), expand)

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return (self.probs.logit(),)

    def _log_normalizer(self, x: Tensor) -> Tensor:
        return x.exp().log1p()
