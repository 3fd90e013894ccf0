"""The beta distribution."""

from __future__ import annotations

from typing import Any

import tinygrad_bp as tgb

from ..arrays import Size
from ..tensor import Tensor
from . import constraints
from .dirichlet import Dirichlet
from .exp_family import ExponentialFamily
from .utils import broadcast_all

__all__ = ["Beta"]


class Beta(ExponentialFamily):
    """A distribution of a probability: p(x) = x^(α − 1) (1 − x)^(β − 1) Γ(α + β) / Γ(α) Γ(β).

    Parameters
    ----------
    concentration1 : float or Tensor
        α.
    concentration0 : float or Tensor
        β.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Beta
    >>> Beta(2.0, 3.0).mean
    tensor(0.4000)
    >>> Beta(1.0, 1.0).log_prob(tgb.tensor(0.3))
    tensor(0.)
    """

    arg_constraints = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        pair = [c if isinstance(c, Tensor) else float(c) for c in (concentration1, concentration0)]
        self._dirichlet = Dirichlet(tgb.stack(broadcast_all(*pair), -1), validate_args)
        super().__init__(self._dirichlet.batch_shape, validate_args=validate_args)

    def _expand_parts(self, new: Any, batch_shape: Size) -> None:
        new._dirichlet = self._dirichlet.expand(batch_shape)

    @property
    def concentration1(self) -> Tensor:
        """α."""
        return self._dirichlet.concentration[..., 0]

    @property
    def concentration0(self) -> Tensor:
        """β."""
        return self._dirichlet.concentration[..., 1]

    @property
    def mean(self) -> Tensor:
        """α / (α + β)."""
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Tensor:
        """(α − 1) / (α + β − 2), or an end."""
        return self._dirichlet.mode[..., 0]

    @property
    def variance(self) -> Tensor:
        """α β / ((α + β)² (α + β + 1))."""
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.square() * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw the first of two Dirichlet probabilities."""
        return self._dirichlet.rsample(sample_shape)[..., 0]

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        return self._dirichlet.log_prob(tgb.stack([value, 1 - value], -1))

    def entropy(self) -> Tensor:
        """Give the entropy, in nats."""
        return self._dirichlet.entropy()

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        return self.concentration1, self.concentration0

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:
        return x.lgamma() + y.lgamma() - (x + y).lgamma()
