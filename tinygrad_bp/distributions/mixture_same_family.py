"""Mixtures."""

from __future__ import annotations

from typing import Any

from ..arrays import Size
from ..mode import no_grad
from ..tensor import Tensor
from . import constraints
from .categorical import Categorical
from .distribution import Distribution

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """One of K distributions of a kind, chosen by a categorical one: p(x) = Σ πₖ pₖ(x).

    Parameters
    ----------
    mixture_distribution : Categorical
        π.
    component_distribution : Distribution
        The components, along the last axis of its batch.

    Raises
    ------
    ValueError
        For other kinds, or numbers of components that differ.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import MixtureSameFamily
    >>> from tinygrad_bp.distributions import Categorical, Normal
    >>> parts = Normal(tgb.tensor([-1.0, 3.0]), tgb.ones(2))
    >>> MixtureSameFamily(Categorical(tgb.tensor([0.5, 0.5])), parts).mean
    tensor(1.)
    """

    arg_constraints: dict[str, Any] = {}

    def __init__(
        self,
        mixture_distribution: Categorical,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                "The Mixture distribution needs to be a Categorical, not a "
                f"{type(mixture_distribution).__name__}"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution needs to be a Distribution, not a "
                f"{type(component_distribution).__name__}"
            )
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        mine = mixture_distribution.batch_shape
        *batch, count = component_distribution.batch_shape
        for i, j in zip(reversed(mine), reversed(batch), strict=False):
            if 1 not in (i, j) and i != j:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({tuple(mine)}) is not compatible with "
                    f"`component_distribution.batch_shape` ({(*batch, count)})"
                )
        self._num_component = mixture_distribution.param_shape[-1]
        if self._num_component != count:
            raise ValueError(
                f"`mixture_distribution component` ({self._num_component}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({count})"
            )
        event = component_distribution.event_shape
        self._event_ndims = len(event)
        super().__init__(batch, event, validate_args=validate_args)

    def _expand_parts(self, new: Any, batch_shape: Size) -> None:
        new._mixture_distribution = self._mixture_distribution.expand(batch_shape)
        new._component_distribution = self._component_distribution.expand(
            (*batch_shape, self._num_component)
        )

    @constraints.dependent_property
    def support(self) -> Any:
        """That of the components."""
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Categorical:
        """Which component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components."""
        return self._component_distribution

    def _averaged(self, values: Tensor) -> Tensor:
        """Sum over the components, with their probabilities."""
        probs = self._mixture_distribution.probs
        return (probs.reshape((*probs.shape, *(1,) * self._event_ndims)) * values).sum(
            -1 - self._event_ndims
        )

    @property
    def mean(self) -> Tensor:
        """The mean of the means."""
        return self._averaged(self._component_distribution.mean)

    @property
    def variance(self) -> Tensor:
        """The mean of the variances, plus the variance of the means."""
        away = self._component_distribution.mean - self._padded(self.mean)
        return self._averaged(self._component_distribution.variance + away.square())

    def _padded(self, value: Tensor) -> Tensor:
        return value.unsqueeze(-1 - self._event_ndims)

    def cdf(self, x: Tensor) -> Tensor:
        """Give the probability of a value not larger than this one."""
        each = self._component_distribution.cdf(self._padded(x))
        return (each * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, x: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(x)
        each = self._component_distribution.log_prob(self._padded(x))
        return (each + self._mixture_distribution.logits.log_softmax(-1)).logsumexp(-1)

    @no_grad()
    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw from all components, and take one."""
        axis = len(sample_shape) + len(self._batch_shape)
        values = self._component_distribution.sample(sample_shape)
        which = self._mixture_distribution.expand(self._batch_shape).sample(sample_shape)
        which = which.reshape((*which.shape, *(1,) * (self._event_ndims + 1)))
        shape = (*values.shape[:axis], 1, *self._event_shape)
        return values.gather(axis, which.expand(shape)).squeeze(axis)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(\n  {self.mixture_distribution},\n"
            f"  {self.component_distribution})"
        )
