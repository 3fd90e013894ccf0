"""The relaxed categorical distribution."""

from __future__ import annotations

import math
from typing import Any

from ..tensor import Tensor
from . import constraints
from .categorical import Categorical
from .one_hot_categorical import OfCategorical
from .transformed_distribution import TransformedDistribution
from .transforms import ExpTransform
from .utils import clamp_probs, noise, spread

__all__ = ["ExpRelaxedCategorical", "RelaxedOneHotCategorical"]


class ExpRelaxedCategorical(OfCategorical):
    """The logarithm of a :class:`RelaxedOneHotCategorical` vector.

    Parameters
    ----------
    temperature : Tensor
        How far from the corners the vectors stay.
    probs : Tensor
        (…, K), brought to a sum of 1; or
    logits : Tensor
        (…, K), their logarithms but for a constant.
    """

    support = constraints.real_vector  # more than is: PyTorch's too
    has_rsample = True

    def __init__(
        self,
        temperature: Tensor,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical = Categorical(probs, logits)
        self.temperature = temperature
        super().__init__(
            self._categorical.batch_shape, self.param_shape[-1:], validate_args=validate_args
        )

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw the log softmax of (logits + Gumbel numbers) / temperature."""
        u = clamp_probs(noise("random", self._extended_shape(sample_shape), self.logits))
        return ((self.logits - (-u.log()).log()) / self.temperature).log_softmax(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        k = self.event_shape[0]
        logits, value = spread(self.logits, value)
        scores = (logits - value * self.temperature).log_softmax(-1)
        return scores.sum(-1) + math.lgamma(k) + (k - 1) * self.temperature.log()


class RelaxedOneHotCategorical(TransformedDistribution):
    """K probabilities near a corner, whose samples have a gradient.

    Parameters
    ----------
    temperature, probs, logits
        See :class:`ExpRelaxedCategorical`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import RelaxedOneHotCategorical
    >>> q = RelaxedOneHotCategorical(tgb.tensor(0.5), tgb.tensor([0.25, 0.75]))
    >>> round(q.rsample().sum().item(), 4)
    1.0

    Notes
    -----
    Maddison, Mnih and Teh, "The Concrete Distribution", 2017; Jang, Gu and Poole, "Categorical
    Reparameterization with Gumbel-Softmax", 2017.
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.simplex
    base_dist: ExpRelaxedCategorical

    def __init__(
        self,
        temperature: Tensor,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    @property
    def temperature(self) -> Tensor:
        """How far from the corners the vectors stay."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Tensor:
        """Logarithms of the probabilities of the corners."""
        return self.base_dist.logits

    @property
    def probs(self) -> Tensor:
        """Probabilities of the corners."""
        return self.base_dist.probs
