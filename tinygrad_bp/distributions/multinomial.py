"""The multinomial distribution."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..tensor import Tensor
from . import constraints
from .binomial import Binomial
from .categorical import Categorical
from .one_hot_categorical import OfCategorical
from .utils import spread

__all__ = ["Multinomial"]


class Multinomial(OfCategorical):
    """How often each of K outcomes came among n trials.

    Parameters
    ----------
    total_count : int
        n.
    probs : Tensor
        (…, K), brought to a sum of 1; or
    logits : Tensor
        (…, K), their logarithms but for a constant.

    Raises
    ------
    NotImplementedError
        For an n that is no Python int.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Multinomial
    >>> q = Multinomial(2, tgb.tensor([0.5, 0.5]))
    >>> q.log_prob(tgb.tensor([1.0, 1.0])).exp()
    tensor(0.5000)
    """

    def __init__(
        self,
        total_count: int = 1,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs, logits)
        super().__init__(
            self._categorical.batch_shape, self.param_shape[-1:], validate_args=validate_args
        )

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        """Counts with a sum of n."""
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Tensor:
        """The mean, n p."""
        return self.probs * self.total_count

    @property
    def variance(self) -> Tensor:
        """The variance, n p (1 − p)."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw counts."""
        drawn = self._categorical.sample((self.total_count, *sample_shape)).movedim(0, -1)
        counts = tgb.zeros(self._extended_shape(sample_shape), dtype=self.probs.dtype)
        return counts.scatter_add(-1, drawn, tgb.ones(drawn.shape, dtype=counts.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log probability of counts."""
        self._check_value(value)
        logits, value = spread(self.logits, value)
        # What can't come and did not has no part: 0 · −∞.
        logits = tgb.where((value == 0) & (logits == -math.inf), 0.0, logits)
        ways = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        return ways + (logits * value).sum(-1)

    def entropy(self) -> Tensor:
        """Give the entropy, in nats."""
        n = self.total_count
        each = Binomial(n, probs=self.probs)
        support = each.enumerate_support(expand=False)[1:]
        repeated = (each.log_prob(support).exp() * (support + 1).lgamma()).sum((0, -1))
        return n * self._categorical.entropy() - math.lgamma(n + 1) + repeated
