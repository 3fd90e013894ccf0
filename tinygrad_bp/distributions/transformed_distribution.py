"""The distribution of a function of a random value."""

from __future__ import annotations

from typing import Any

from ..arrays import Size
from ..mode import no_grad
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution
from .independent import Independent
from .transforms import ComposeTransform, Transform
from .utils import sum_rightmost

__all__ = ["TransformedDistribution"]


class TransformedDistribution(Distribution):
    """What comes out of transforms when a random value goes in.

    log p(y) = log p(x) − Σ log |dy/dx|

    Parameters
    ----------
    base_distribution : Distribution
        Of what goes in.
    transforms : Transform or list of Transform
        In the order in which they act.

    Raises
    ------
    ValueError
        For what is no transform, or a base with too few axes.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Normal, TransformedDistribution
    >>> from tinygrad_bp.distributions.transforms import ExpTransform
    >>> log_normal = TransformedDistribution(Normal(0.0, 1.0), ExpTransform())
    >>> log_normal.log_prob(tgb.tensor(1.0))
    tensor(-0.9189)
    """

    arg_constraints: dict[str, Any] = {}

    def __init__(
        self,
        base_distribution: Distribution,
        transforms: Transform | list[Transform],
        validate_args: bool | None = None,
    ) -> None:
        self.transforms = [transforms] if isinstance(transforms, Transform) else transforms
        if not isinstance(self.transforms, list) or not all(
            isinstance(t, Transform) for t in self.transforms
        ):
            raise ValueError(f"transforms must be a Transform or a list of them, not {transforms}")
        shape = Size((*base_distribution.batch_shape, *base_distribution.event_shape))
        base_dim = len(base_distribution.event_shape)
        whole = ComposeTransform(self.transforms)
        if len(shape) < whole.domain.event_dim:
            raise ValueError(
                "base_distribution needs to have shape with size at least "
                f"{whole.domain.event_dim}, but got {tuple(shape)}."
            )
        out_shape = whole.forward_shape(shape)
        in_shape = whole.inverse_shape(out_shape)
        if tuple(in_shape) != tuple(shape):  # parameters of a transform are a larger batch
            base_distribution = base_distribution.expand(in_shape[: len(in_shape) - base_dim])
        taken = whole.domain.event_dim - base_dim
        if taken > 0:
            base_distribution = Independent(base_distribution, taken)
        self.base_dist = base_distribution
        change = whole.codomain.event_dim - whole.domain.event_dim
        cut = len(out_shape) - max(whole.codomain.event_dim, base_dim + change)
        super().__init__(out_shape[:cut], out_shape[cut:], validate_args=validate_args)

    def _expand_parts(self, new: Any, batch_shape: Size) -> None:
        shape = ComposeTransform(self.transforms).inverse_shape((*batch_shape, *self.event_shape))
        new.base_dist = self.base_dist.expand(shape[: len(shape) - len(self.base_dist.event_shape)])

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        """What the last transform gives."""
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        extra = len(self.event_shape) - support.event_dim
        return constraints.independent(support, extra) if extra > 0 else support

    @property
    def has_rsample(self) -> bool:
        """Whether samples have a gradient."""
        return bool(self.base_dist.has_rsample)

    def _transformed(self, x: Any) -> Any:
        for transform in self.transforms:
            x = transform(x)
        return x

    @no_grad()
    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw values."""
        return self._transformed(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw values with a gradient."""
        return self._transformed(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        dim = len(self.event_shape)
        total: Any = 0.0
        y = value
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            dim += transform.domain.event_dim - transform.codomain.event_dim
            stretch = transform.log_abs_det_jacobian(x, y)
            total = total - sum_rightmost(stretch, dim - transform.domain.event_dim)
            y = x
        base = self.base_dist.log_prob(y)
        return total + sum_rightmost(base, dim - len(self.base_dist.event_shape))

    def _turned(self, probability: Tensor) -> Tensor:
        """Give 1 − p where the transforms fall: the order of values is turned around."""
        sign = ComposeTransform(self.transforms).sign
        if isinstance(sign, int) and sign == 1:
            return probability
        return sign * (probability - 0.5) + 0.5

    def cdf(self, value: Tensor) -> Tensor:
        """Give the probability of a value not larger than this one."""
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        self.base_dist._check_value(value)
        return self._turned(self.base_dist.cdf(value))

    def icdf(self, value: Tensor) -> Tensor:
        """Give the value below which a sample lies with this probability."""
        return self._transformed(self.base_dist.icdf(self._turned(value)))
