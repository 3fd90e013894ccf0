"""The relaxed Bernoulli distribution."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import constraints
from .distribution import Distribution
from .transformed_distribution import TransformedDistribution
from .transforms import SigmoidTransform
from .utils import Binary, clamp_probs, noise, spread

__all__ = ["LogitRelaxedBernoulli", "RelaxedBernoulli"]


class LogitRelaxedBernoulli(Binary, Distribution):
    """The logit of a :class:`RelaxedBernoulli` number.

    Parameters
    ----------
    temperature : Tensor
        How far from 0 and 1 the numbers stay.
    probs : float or Tensor
        The probability of 1; or
    logits : float or Tensor
        log p − log(1 − p).
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.real

    def __init__(
        self,
        temperature: Tensor,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        self._take(probs, logits)
        super().__init__(self._param.shape, validate_args=validate_args)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw (logit u + logit p) / temperature."""
        u = clamp_probs(noise("random", self._extended_shape(sample_shape), self.probs))
        p = clamp_probs(self.probs)
        return (u.log() - (-u).log1p() + p.log() - (-p).log1p()) / self.temperature

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        logits, value = spread(self.logits, value)
        away = logits - value * self.temperature
        return self.temperature.log() + away - 2 * away.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """A number in (0, 1) near 0 or 1, whose samples have a gradient.

    Parameters
    ----------
    temperature, probs, logits
        See :class:`LogitRelaxedBernoulli`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import RelaxedBernoulli
    >>> q = RelaxedBernoulli(tgb.tensor(0.5), tgb.tensor(0.25))
    >>> x = q.rsample((100,))
    >>> bool(((0 < x) & (x < 1)).all())
    True

    Notes
    -----
    Maddison, Mnih and Teh, "The Concrete Distribution", 2017; Jang, Gu and Poole, "Categorical
    Reparameterization with Gumbel-Softmax", 2017.
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    base_dist: LogitRelaxedBernoulli

    def __init__(
        self,
        temperature: Tensor,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    @property
    def temperature(self) -> Tensor:
        """How far from 0 and 1 the numbers stay."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Tensor:
        """The logit, log p − log(1 − p)."""
        return self.base_dist.logits

    @property
    def probs(self) -> Tensor:
        """The probability of 1."""
        return self.base_dist.probs
