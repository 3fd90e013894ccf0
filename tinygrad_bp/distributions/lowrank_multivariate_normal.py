"""The normal distribution of vectors, with few directions of covariance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import tinygrad_bp as tgb

from ..tensor import Tensor
from . import constraints
from .distribution import Distribution
from .multivariate_normal import log_diagonal, solved, squared_length, times
from .utils import lazy_property, noise

__all__ = ["LowRankMultivariateNormal"]


class LowRankMultivariateNormal(Distribution):
    """The normal distribution of vectors with covariance W Wᵀ + diag(D).

    Nothing of size (n, n) is computed, but by the capacitance K = 1 + Wᵀ D⁻¹ W of size (m, m):
    Σ⁻¹ = D⁻¹ − D⁻¹ W K⁻¹ Wᵀ D⁻¹ (Woodbury), det Σ = det K · det D.

    Parameters
    ----------
    loc : Tensor
        μ, (…, n).
    cov_factor : Tensor
        W, (…, n, m).
    cov_diag : Tensor
        D, (…, n).

    Raises
    ------
    ValueError
        If shapes do not fit.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import LowRankMultivariateNormal
    >>> q = LowRankMultivariateNormal(tgb.zeros(2), tgb.ones(2, 1), tgb.ones(2))
    >>> q.covariance_matrix
    tensor([[2., 1.],
            [1., 2.]])
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        cov_factor: Tensor,
        cov_diag: Tensor,
        validate_args: bool | None = None,
    ) -> None:
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event = loc.shape[-1:]
        if cov_factor.ndim < 2:
            raise ValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if cov_factor.shape[-2:-1] != event:
            raise ValueError(
                f"cov_factor must be a batch of matrices with shape {event[0]} x m, and is of "
                f"shape {tuple(cov_factor.shape)}"
            )
        if cov_diag.shape[-1:] != event:
            raise ValueError(
                f"cov_diag must be a batch of vectors with shape {tuple(event)}, and is of shape "
                f"{tuple(cov_diag.shape)}"
            )
        try:
            batch = np.broadcast_shapes(loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1])
        except ValueError as error:
            raise ValueError(
                f"Incompatible batch shapes: loc {tuple(loc.shape)}, cov_factor "
                f"{tuple(cov_factor.shape)}, cov_diag {tuple(cov_diag.shape)}"
            ) from error
        self.loc = loc.expand((*batch, *event))
        self.cov_factor = cov_factor.expand((*batch, *cov_factor.shape[-2:]))
        self.cov_diag = cov_diag.expand((*batch, *event))
        self._unbroadcasted_cov_factor = cov_factor
        self._unbroadcasted_cov_diag = cov_diag
        scaled = self._weighted()
        unit = tgb.eye(cov_factor.shape[-1], dtype=cov_factor.dtype)
        self._capacitance_tril = tgb.linalg.cholesky(unit + scaled @ cov_factor)
        super().__init__(batch, event, validate_args=validate_args)

    def _weighted(self) -> Tensor:
        """Give Wᵀ D⁻¹."""
        return self._unbroadcasted_cov_factor.mT / self._unbroadcasted_cov_diag.unsqueeze(-2)

    @property
    def mean(self) -> Tensor:
        """μ."""
        return self.loc

    mode = mean

    @property
    def variance(self) -> Tensor:
        """The diagonal of Σ."""
        own = self._unbroadcasted_cov_factor.square().sum(-1) + self._unbroadcasted_cov_diag
        return own.expand(self._extended_shape())

    @lazy_property
    def scale_tril(self) -> Tensor:
        """L, lower triangular, with Σ = L Lᵀ."""
        return tgb.linalg.cholesky(self.covariance_matrix)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """Σ."""
        return self.cov_factor @ self.cov_factor.mT + self.cov_diag.diag_embed()

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """Σ⁻¹."""
        part = solved(self._capacitance_tril, self._weighted())
        n = self._event_shape[0]
        inverse = self._unbroadcasted_cov_diag.reciprocal().diag_embed() - part.mT @ part
        return inverse.expand((*self._batch_shape, n, n))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw μ + W ε + √D ε′."""
        shape = self._extended_shape(sample_shape)
        few = noise("standard_normal", (*shape[:-1], self.cov_factor.shape[-1]), self.loc)
        many = noise("standard_normal", shape, self.loc)
        own = self._unbroadcasted_cov_diag.sqrt() * many
        return self.loc + times(self._unbroadcasted_cov_factor, few) + own

    def _log_det(self) -> Tensor:
        return 2 * log_diagonal(self._capacitance_tril) + self._unbroadcasted_cov_diag.log().sum(-1)

    def _squared_length(self, away: Tensor) -> Tensor:
        alone = (away.square() / self._unbroadcasted_cov_diag).sum(-1)
        return alone - squared_length(self._capacitance_tril, times(self._weighted(), away))

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        n = self._event_shape[0]
        away = self._squared_length(value - self.loc)
        return -0.5 * (n * math.log(2 * math.pi) + self._log_det() + away)

    def entropy(self) -> Tensor:
        """Give ½ (n (1 + log 2π) + log det Σ)."""
        n = self._event_shape[0]
        entropy = 0.5 * (n * (1 + math.log(2 * math.pi)) + self._log_det())
        return entropy.expand(self._batch_shape)
