"""The categorical distribution, of unit vectors."""

from __future__ import annotations

from typing import Any

import tinygrad_bp as tgb

from ..arrays import Size
from ..nn.functional import one_hot
from ..tensor import Tensor
from . import constraints
from .categorical import Categorical
from .distribution import Distribution

__all__ = ["OfCategorical", "OneHotCategorical", "OneHotCategoricalStraightThrough"]


class OfCategorical(Distribution):
    """Of a distribution that holds a categorical one, and has its parameters."""

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    _categorical: Categorical

    @property
    def _param(self) -> Tensor:
        return self._categorical._param

    def _new(self, *args: Any, **kwargs: Any) -> Any:
        return self._categorical._new(*args, **kwargs)

    @property
    def probs(self) -> Tensor:
        """The probabilities."""
        return self._categorical.probs

    @property
    def logits(self) -> Tensor:
        """Their logarithms."""
        return self._categorical.logits

    @property
    def param_shape(self) -> Size:
        """Shape of the parameter."""
        return self._categorical.param_shape

    def _expand_parts(self, new: Any, batch_shape: Size) -> None:
        new._categorical = self._categorical.expand(batch_shape)


class OneHotCategorical(OfCategorical):
    """One of the K unit vectors, with given probabilities.

    Parameters
    ----------
    probs : Tensor
        (…, K), brought to a sum of 1; or
    logits : Tensor
        (…, K), their logarithms but for a constant.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import OneHotCategorical
    >>> OneHotCategorical(tgb.tensor([0.25, 0.75])).log_prob(tgb.tensor([0.0, 1.0])).exp()
    tensor(0.7500)
    """

    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(
        self,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical = Categorical(probs, logits)
        super().__init__(
            self._categorical.batch_shape, self.param_shape[-1:], validate_args=validate_args
        )

    @property
    def mean(self) -> Tensor:
        """The probabilities."""
        return self.probs

    @property
    def mode(self) -> Tensor:
        """The likeliest vector."""
        return one_hot(self._categorical.mode, self.event_shape[0]).to(self.probs)

    @property
    def variance(self) -> Tensor:
        """The variance, p (1 − p)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw unit vectors."""
        return one_hot(self._categorical.sample(sample_shape), self.event_shape[0]).to(self.probs)

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log probability of a vector."""
        self._check_value(value)
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self) -> Tensor:
        """Give −Σ p log p."""
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """List the unit vectors."""
        n, batch = self.event_shape[0], self._batch_shape
        values = tgb.eye(n, dtype=self._param.dtype).reshape((n, *(1,) * len(batch), n))
        return values.expand((n, *batch, n)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """:class:`OneHotCategorical` with the gradient of the probabilities for that of a sample.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import OneHotCategoricalStraightThrough
    >>> p = tgb.tensor([0.25, 0.75], requires_grad=True)
    >>> x = OneHotCategoricalStraightThrough(p).rsample()
    >>> x.sum().item(), x.requires_grad
    (1.0, True)

    Notes
    -----
    Bengio, Léonard and Courville, "Estimating or Propagating Gradients Through Stochastic Neurons",
    2013.
    """

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw unit vectors, whose gradient goes straight to the probabilities."""
        return self.sample(sample_shape) + (self.probs - self.probs.detach())
