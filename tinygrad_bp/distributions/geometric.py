"""The geometric distribution."""

from __future__ import annotations

from typing import Any

import tinygrad_bp as tgb

from ..mode import no_grad
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution
from .utils import Binary, cross_entropy, like_batch, open_uniform

__all__ = ["Geometric"]


class Geometric(Binary, Distribution):
    """The number of failures before the first success: p(k) = (1 − p)ᵏ p.

    Parameters
    ----------
    probs : float or Tensor
        The probability p of a success; or
    logits : float or Tensor
        log p − log(1 − p).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Geometric
    >>> Geometric(0.5).log_prob(tgb.tensor([0.0, 1.0, 2.0])).exp()
    tensor([0.5000, 0.2500, 0.1250])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take(probs, logits)
        super().__init__(self._param.shape, validate_args=validate_args)
        if self._validate_args and probs is not None and not (self.probs > 0).all():
            raise ValueError(
                f"Expected parameter probs of distribution {self!r} to be positive but found "
                f"invalid values:\n{self.probs}"
            )

    @property
    def mean(self) -> Tensor:
        """1 / p − 1."""
        return 1 / self.probs - 1

    @property
    def mode(self) -> Tensor:
        """0."""
        return like_batch(0.0, self.probs)

    @property
    def variance(self) -> Tensor:
        """(1 / p − 1) / p."""
        return (1 / self.probs - 1) / self.probs

    @no_grad()
    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw numbers of failures."""
        u = open_uniform(self._extended_shape(sample_shape), self.probs)
        return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log probability of a number."""
        self._check_value(value)
        # At p = 1 no failure is certain: 0 · log 0 is 0 there.
        probs = tgb.where((self.probs == 1) & (value == 0), 0.0, self.probs)
        return value * (-probs).log1p() + self.probs.log()

    def entropy(self) -> Tensor:
        """Give that of one trial, over p."""
        return cross_entropy(self.logits, self.probs) / self.probs
