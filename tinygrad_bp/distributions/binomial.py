"""The binomial distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_bp as tgb

from ..draws import stream
from ..nn import functional as F
from ..tensor import Tensor, wrap
from . import constraints
from .distribution import Distribution
from .utils import Binary

__all__ = ["Binomial"]


class Binomial(Binary, Distribution):
    """The number of successes among n trials.

    Parameters
    ----------
    total_count : int or Tensor
        n.
    probs : Tensor
        The probability p of a success; or
    logits : Tensor
        log p − log(1 − p).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Binomial
    >>> Binomial(4, 0.5).log_prob(tgb.tensor([0.0, 2.0])).exp()
    tensor([0.0625, 0.3750])
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(
        self,
        total_count: Any = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        (count,) = self._take(probs, logits, total_count)
        self.total_count = count.type_as(self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """0 to n."""
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        """The mean, n p."""
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        """⌊(n + 1) p⌋, at most n."""
        return tgb.minimum(((self.total_count + 1) * self.probs).floor(), self.total_count)

    @property
    def variance(self) -> Tensor:
        """The variance, n p (1 − p)."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw numbers of successes."""
        probs, kind = self.probs.detach()._array, self._param._array.dtype
        counts = self.total_count.detach()._array.astype(np.int64)
        shape = self._extended_shape(sample_shape)
        return wrap(np.asarray(stream(None).binomial(counts, probs, shape)).astype(kind))

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log probability of a number."""
        self._check_value(value)
        n, logits = self.total_count, self.logits
        ways = (n + 1).lgamma() - (value + 1).lgamma() - (n - value + 1).lgamma()
        return ways + value * logits - n * F.softplus(logits)

    def _one_count(self, what: str) -> int:
        count = int(self.total_count.max())
        if not (self.total_count == count).all():
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{what}`.")
        return count

    def entropy(self) -> Tensor:
        """Give the entropy, summed over all numbers."""
        self._one_count("entropy")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """List 0 to n."""
        count = self._one_count("enumerate_support")
        return self._along_batch(tgb.arange(1 + count, dtype=self._param.dtype), expand)
