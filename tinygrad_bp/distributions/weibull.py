"""The Weibull distribution."""

from __future__ import annotations

from typing import Any

from ..arrays import Size
from ..tensor import Tensor
from . import constraints
from .exponential import Exponential
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, PowerTransform
from .utils import broadcast_all, euler_constant, like_batch

__all__ = ["Weibull"]


class Weibull(TransformedDistribution):
    """The Weibull distribution: F(x) = 1 − exp(−(x / λ)ᵏ).

    Parameters
    ----------
    scale : float or Tensor
        λ.
    concentration : float or Tensor
        k.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Weibull
    >>> Weibull(1.0, 2.0).mean
    tensor(0.8862)
    """

    arg_constraints = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        self.concentration_reciprocal = self.concentration.reciprocal()
        base = Exponential(like_batch(1.0, self.scale), validate_args=validate_args)
        steps = [PowerTransform(self.concentration_reciprocal), AffineTransform(0, self.scale)]
        super().__init__(base, steps, validate_args=validate_args)

    def _expand_parts(self, new: Any, batch_shape: Size) -> None:
        super()._expand_parts(new, batch_shape)
        new.concentration_reciprocal = self.concentration_reciprocal.expand(batch_shape)

    def _moment(self, n: int) -> Tensor:
        """Give Γ(1 + n / k)."""
        return (1 + n * self.concentration_reciprocal).lgamma().exp()

    @property
    def mean(self) -> Tensor:
        """λ Γ(1 + 1 / k)."""
        return self.scale * self._moment(1)

    @property
    def mode(self) -> Tensor:
        """λ ((k − 1) / k)^(1 / k)."""
        return self.scale * (1 - self.concentration_reciprocal) ** self.concentration_reciprocal

    @property
    def variance(self) -> Tensor:
        """λ² (Γ(1 + 2 / k) − Γ(1 + 1 / k)²)."""
        return self.scale.square() * (self._moment(2) - self._moment(1).square())

    def entropy(self) -> Tensor:
        """Give γ (1 − 1 / k) + log(λ / k) + 1."""
        turned = self.concentration_reciprocal
        return euler_constant * (1 - turned) + (self.scale * turned).log() + 1
