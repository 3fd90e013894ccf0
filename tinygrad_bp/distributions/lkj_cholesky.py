"""A distribution of correlation matrices."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..arrays import Size
from ..mode import no_grad
from ..tensor import Tensor
from . import constraints
from .beta import Beta
from .distribution import Distribution
from .utils import broadcast_all, noise

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Cholesky factors of correlation matrices C, with a density ∝ det(C)^(η − 1).

    Parameters
    ----------
    dim : int
        The size of the matrices.
    concentration : float or Tensor
        η; with 1 all matrices are as likely.

    Raises
    ------
    ValueError
        For a size below 2.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import LKJCholesky
    >>> L = LKJCholesky(3, 1.0).sample()
    >>> bool(tgb.allclose((L @ L.T).diagonal(), tgb.ones(3)))
    True

    Notes
    -----
    Lewandowski, Kurowicka and Joe, "Generating Random Correlation Matrices Based on Vines and
    Extended Onion Method", 2009.
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(
        self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        if dim < 2:
            raise ValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        # The squared length of what lies left of the diagonal, for each row.
        row = tgb.arange(dim - 1, dtype=self.concentration.dtype)
        row = tgb.cat([tgb.zeros(1, dtype=row.dtype), row])
        most = self.concentration + 0.5 * (dim - 2)
        self._beta = Beta(row + 0.5, most.unsqueeze(-1) - 0.5 * row)
        super().__init__(self.concentration.shape, (dim, dim), validate_args=validate_args)

    def _expand_parts(self, new: Any, batch_shape: Size) -> None:
        new._beta = self._beta.expand((*batch_shape, self.dim))

    @no_grad()
    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draw row by row: a length, and a direction."""
        square = self._beta.sample(sample_shape).unsqueeze(-1)
        normal = noise("standard_normal", self._extended_shape(sample_shape), square).tril(-1)
        length = normal.square().sum(-1, keepdim=True).sqrt()
        # The first row has nothing left of the diagonal.
        rows = square.sqrt() * normal / tgb.where(length == 0, 1.0, length)
        tiny = tgb.finfo(rows.dtype).tiny
        rest = (1 - rows.square().sum(-1)).clamp(min=tiny).sqrt()
        return rows + rest.diag_embed()

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a factor."""
        self._check_value(value)
        diagonal = value.diagonal(dim1=-2, dim2=-1)[..., 1:]
        row = tgb.arange(2, self.dim + 1, dtype=value.dtype)
        power = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - row
        n = self.dim - 1
        alpha = self.concentration + 0.5 * n
        constant = 0.5 * n * math.log(math.pi) + tgb.mvlgamma(alpha - 0.5, n) - n * alpha.lgamma()
        return (power * diagonal.log()).sum(-1) - constant
