"""Transforms of numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import tinygrad_bp as tgb

from ...arrays import Size
from ...nn.functional import softplus
from ...tensor import Tensor
from .. import constraints
from ..utils import Number, broadcast_all, sum_rightmost
from .base import Transform

__all__ = [
    "AbsTransform", "AffineTransform", "CumulativeDistributionTransform", "ExpTransform",
    "PowerTransform", "SigmoidTransform", "SoftplusTransform", "TanhTransform",
]  # fmt: skip


def clipped_sigmoid(x: Tensor) -> Tensor:
    """Give a sigmoid that is never 0 nor 1."""
    info = tgb.finfo(x.dtype)
    return x.sigmoid().clamp(min=info.tiny, max=1 - info.eps)


class _Simple(Transform):
    """A transform without parameters: two of a kind are equal."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


class ExpTransform(_Simple):
    """y = exp x.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import ExpTransform
    >>> f = ExpTransform()
    >>> y = f(tgb.tensor(1.0))
    >>> y, f.inv(y)
    (tensor(2.7183), tensor(1.0000))
    """

    domain = constraints.real
    codomain = constraints.positive
    bijective = True
    sign = 1

    def _call(self, x: Tensor) -> Tensor:
        return x.exp()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Give x."""
        return x


class PowerTransform(Transform):
    """y = xᵖ, for positive x.

    Parameters
    ----------
    exponent : float or Tensor
        p.
    cache_size : {0, 1}
        See :class:`Transform`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import PowerTransform
    >>> PowerTransform(tgb.tensor(2.0))(tgb.tensor([1.0, 3.0]))
    tensor([1., 9.])
    """

    domain = constraints.positive
    codomain = constraints.positive
    bijective = True

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        (self.exponent,) = broadcast_all(exponent)

    def _again(self, cache_size: int) -> Transform:
        return PowerTransform(self.exponent, cache_size)

    @property
    def sign(self) -> Any:
        """That of p."""
        return self.exponent.sign()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PowerTransform) and bool((self.exponent == other.exponent).all())

    __hash__ = object.__hash__

    def _call(self, x: Tensor) -> Tensor:
        return x.pow(self.exponent)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Give log |p y / x|."""
        return (self.exponent * y / x).abs().log()

    def forward_shape(self, shape: Any) -> Any:
        """Broadcast with the exponent."""
        return Size(np.broadcast_shapes(shape, self.exponent.shape))

    inverse_shape = forward_shape


class SigmoidTransform(_Simple):
    """y = 1 / (1 + exp(−x)).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import SigmoidTransform
    >>> SigmoidTransform()(tgb.tensor([0.0, 1.0]))
    tensor([0.5000, 0.7311])
    """

    domain = constraints.real
    codomain = constraints.unit_interval
    bijective = True
    sign = 1

    def _call(self, x: Tensor) -> Tensor:
        return clipped_sigmoid(x)

    def _inverse(self, y: Tensor) -> Tensor:
        info = tgb.finfo(y.dtype)
        y = y.clamp(min=info.tiny, max=1 - info.eps)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Give log y + log(1 − y)."""
        return -softplus(-x) - softplus(x)


class SoftplusTransform(_Simple):
    """y = log(1 + exp x)."""

    domain = constraints.real
    codomain = constraints.positive
    bijective = True
    sign = 1

    def _call(self, x: Tensor) -> Tensor:
        return softplus(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return (-(-y).expm1()).log() + y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Give the log of the sigmoid."""
        return -softplus(-x)


class TanhTransform(_Simple):
    """y = tanh x.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import TanhTransform
    >>> TanhTransform()(tgb.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    domain = constraints.real
    codomain = constraints.interval(-1.0, 1.0)
    bijective = True
    sign = 1

    def _call(self, x: Tensor) -> Tensor:
        return x.tanh()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Give log(1 − y²), by a formula that does not cancel for large x."""
        return 2 * (math.log(2) - x - softplus(-2 * x))


class AbsTransform(_Simple):
    """y = |x|; its inverse gives the positive one."""

    domain = constraints.real
    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return x.abs()

    def _inverse(self, y: Tensor) -> Tensor:
        return y


class AffineTransform(Transform):
    """y = loc + scale · x.

    Parameters
    ----------
    loc, scale : float or Tensor
        See above.
    event_dim : int
        How many axes make one event.
    cache_size : {0, 1}
        See :class:`Transform`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import AffineTransform
    >>> f = AffineTransform(1.0, 2.0)
    >>> x = tgb.tensor(3.0)
    >>> f(x), f.log_abs_det_jacobian(x, f(x))
    (tensor(7.), tensor(0.6931))
    """

    bijective = True

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim

    @property
    def event_dim(self) -> int:
        """How many axes make one event."""
        return self._event_dim

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> Any:
        """The real numbers."""
        n = self._event_dim
        return constraints.independent(constraints.real, n) if n else constraints.real

    codomain = domain

    def _again(self, cache_size: int) -> Transform:
        return AffineTransform(self.loc, self.scale, self._event_dim, cache_size)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, AffineTransform)
            and _same(self.loc, other.loc)
            and _same(self.scale, other.scale)
        )

    __hash__ = object.__hash__

    @property
    def sign(self) -> Any:
        """That of the scale."""
        if isinstance(self.scale, Number):
            return int(np.sign(float(self.scale)))  # type: ignore[arg-type]
        return self.scale.sign()

    def _call(self, x: Tensor) -> Tensor:
        return self.loc + self.scale * x

    def _inverse(self, y: Tensor) -> Tensor:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Give log |scale|, summed over an event."""
        if isinstance(self.scale, Number):
            result = tgb.full_like(x, math.log(abs(self.scale)))
        else:
            result = self.scale.abs().log()
        n = self._event_dim
        return sum_rightmost(result, n).expand(x.shape[: x.ndim - n])

    def forward_shape(self, shape: Any) -> Any:
        """Broadcast with loc and scale."""
        others = (getattr(v, "shape", ()) for v in (self.loc, self.scale))
        return Size(np.broadcast_shapes(shape, *others))

    inverse_shape = forward_shape


def _same(a: Any, b: Any) -> bool:
    equal = a == b
    return bool(equal.all()) if isinstance(equal, Tensor) else bool(equal)


class CumulativeDistributionTransform(Transform):
    """y = F(x), uniform if x comes from the distribution.

    Parameters
    ----------
    distribution : Distribution
        Of which F is the distribution function.
    cache_size : {0, 1}
        See :class:`Transform`.
    """

    bijective = True
    codomain = constraints.unit_interval
    sign = 1

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution = distribution

    def _again(self, cache_size: int) -> Transform:
        return CumulativeDistributionTransform(self.distribution, cache_size)

    @property
    def domain(self) -> Any:
        """The distribution's support."""
        return self.distribution.support

    def _call(self, x: Tensor) -> Tensor:
        return self.distribution.cdf(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Give the log density."""
        return self.distribution.log_prob(x)
