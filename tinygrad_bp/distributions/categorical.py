"""The categorical distribution."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..arrays import Size
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution
from .utils import lazy_property, logits_to_probs, one_of, probs_to_logits

__all__ = ["Categorical"]


class Categorical(Distribution):
    """One of the numbers 0, …, K − 1, with given probabilities.

    Parameters
    ----------
    probs : Tensor
        (…, K), brought to a sum of 1; or
    logits : Tensor
        (…, K), their logarithms but for a constant.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Categorical
    >>> policy = Categorical(logits=tgb.zeros(4))
    >>> action = policy.sample()
    >>> policy.log_prob(action).exp()
    tensor(0.2500)
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(
        self,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        one_of(probs, logits)
        given: Any = logits if probs is None else probs
        if given.ndim < 1:
            name = "logits" if probs is None else "probs"
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if probs is None:
            self.logits = given - given.logsumexp(-1, keepdim=True)
        else:
            self.probs = given / given.sum(-1, keepdim=True)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], validate_args=validate_args)

    @property
    def _param(self) -> Tensor:
        own = self.__dict__
        return own["logits"] if "probs" not in own else own["probs"]

    def _new(self, *args: Any, **kwargs: Any) -> Any:
        return self._param.new(*args, **kwargs)

    @lazy_property
    def logits(self) -> Any:
        """The logarithms of the probabilities."""
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self) -> Any:
        """The probabilities."""
        return logits_to_probs(self.logits)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """0 to K − 1."""
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def param_shape(self) -> Size:
        """Shape of the parameter."""
        return self._param.shape

    @property
    def mean(self) -> Tensor:
        """NaN: the numbers are names."""
        return tgb.full(self._extended_shape(), math.nan, dtype=self._param.dtype)

    variance = mean

    @property
    def mode(self) -> Tensor:
        """The likeliest number."""
        return self.probs.argmax(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw numbers."""
        count = math.prod(sample_shape)
        rows = self.probs.detach().reshape((-1, self._num_events))
        drawn = tgb.multinomial(rows, count, True) if count else tgb.zeros(len(rows), 0).long()
        return drawn.T.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log probability of a number."""
        self._check_value(value)
        index = value.long().unsqueeze(-1)
        shape = (*tgb.broadcast_shapes(index.shape[:-1], self.logits.shape[:-1]),)
        logits = self.logits.expand((*shape, self._num_events))
        return logits.gather(-1, index.expand((*shape, 1))).squeeze(-1)

    def entropy(self) -> Tensor:
        """Give −Σ p log p."""
        # The logarithm of 0 is −∞, and 0 · ∞ no number.
        logits = self.logits.clamp(min=tgb.finfo(self.logits.dtype).min)
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """List the numbers."""
        return self._along_batch(tgb.arange(self._num_events), expand)
