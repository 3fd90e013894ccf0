"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import tinygrad_bp as tgb

from ..arrays import Size
from ..tensor import Tensor
from . import constraints
from .distribution import Distribution
from .utils import lazy_property, noise

__all__ = ["MultivariateNormal", "OfMatrix"]


def times(matrix: Tensor, vector: Tensor) -> Tensor:
    """Multiply matrices by vectors."""
    return (matrix @ vector.unsqueeze(-1)).squeeze(-1)


def solved(lower: Tensor, right: Tensor) -> Tensor:
    """Give L⁻¹ B for lower triangular matrices."""
    return tgb.linalg.solve_triangular(lower, right, upper=False)


def squared_length(lower: Tensor, vector: Tensor) -> Tensor:
    """Give |L⁻¹ x|², the squared Mahalanobis length."""
    return solved(lower, vector.unsqueeze(-1)).square().sum((-2, -1))


def log_diagonal(lower: Tensor) -> Tensor:
    """Give half the log determinant of L Lᵀ."""
    return lower.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def factor_of_inverse(precision: Tensor) -> Tensor:
    """Give L with L Lᵀ = P⁻¹: the turned-around Cholesky factor of the turned-around P."""
    turned = tgb.linalg.cholesky(precision.flip((-2, -1))).flip((-2, -1)).mT
    return solved(turned, tgb.eye(precision.shape[-1], dtype=precision.dtype))


class OfMatrix(Distribution):
    """Of a distribution with a positive definite matrix Σ, given in one of three ways."""

    _unbroadcasted_scale_tril: Tensor

    def _take_matrix(self, batch: Any, **given: Any) -> Size:
        """Set the one that was given, and L with Σ = L Lᵀ; return the batch's shape."""
        ((name, matrix),) = ((k, v) for k, v in given.items() if v is not None)
        if matrix.ndim < 2:
            raise ValueError(
                f"{name} must be at least two-dimensional, with optional leading batch dimensions"
            )
        shape = Size(np.broadcast_shapes(matrix.shape[:-2], batch))
        self.__dict__[name] = matrix.expand((*shape, *matrix.shape[-2:]))
        if name == "scale_tril":
            self._unbroadcasted_scale_tril = matrix
        elif name == "covariance_matrix":
            self._unbroadcasted_scale_tril = tgb.linalg.cholesky(matrix)
        else:
            self._unbroadcasted_scale_tril = factor_of_inverse(matrix)
        return shape

    def _whole(self, matrix: Tensor) -> Tensor:
        return matrix.expand((*self._batch_shape, *matrix.shape[-2:]))

    @lazy_property
    def scale_tril(self) -> Tensor:
        """L, lower triangular, with Σ = L Lᵀ."""
        return self._whole(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """Σ."""
        lower = self._unbroadcasted_scale_tril
        return self._whole(lower @ lower.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """Σ⁻¹."""
        lower = self._unbroadcasted_scale_tril
        inverse = solved(lower, tgb.eye(lower.shape[-1], dtype=lower.dtype))
        return self._whole(inverse.mT @ inverse)


class MultivariateNormal(OfMatrix):
    """The normal distribution of vectors: log p(x) = −½ (|L⁻¹ (x − μ)|² + n log 2π) − log det L.

    Parameters
    ----------
    loc : Tensor
        μ, (…, n).
    covariance_matrix : Tensor
        Σ, (…, n, n); or
    precision_matrix : Tensor
        Σ⁻¹; or
    scale_tril : Tensor
        L, lower triangular, with Σ = L Lᵀ: the fastest.

    Raises
    ------
    ValueError
        If not exactly one matrix is given, or too few axes.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import MultivariateNormal
    >>> q = MultivariateNormal(tgb.zeros(2), tgb.tensor([[2.0, 1.0], [1.0, 2.0]]))
    >>> q.log_prob(tgb.zeros(2))
    tensor(-2.3872)
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        if sum(m is not None for m in (covariance_matrix, precision_matrix, scale_tril)) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        batch = self._take_matrix(
            loc.shape[:-1],
            covariance_matrix=covariance_matrix,
            precision_matrix=precision_matrix,
            scale_tril=scale_tril,
        )
        self.loc = loc.expand((*batch, loc.shape[-1]))
        super().__init__(batch, loc.shape[-1:], validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """μ."""
        return self.loc

    mode = mean

    @property
    def variance(self) -> Tensor:
        """The diagonal of Σ."""
        return self._unbroadcasted_scale_tril.square().sum(-1).expand(self._extended_shape())

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw μ + L ε."""
        eps = noise("standard_normal", self._extended_shape(sample_shape), self.loc)
        return self.loc + times(self._unbroadcasted_scale_tril, eps)

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a value."""
        self._check_value(value)
        lower = self._unbroadcasted_scale_tril
        away = squared_length(lower, value - self.loc)
        n = self._event_shape[0]
        return -0.5 * (n * math.log(2 * math.pi) + away) - log_diagonal(lower)

    def entropy(self) -> Tensor:
        """Give ½ n (1 + log 2π) + log det L."""
        n = self._event_shape[0]
        constant = 0.5 * n * (1 + math.log(2 * math.pi))
        return (constant + log_diagonal(self._unbroadcasted_scale_tril)).expand(self._batch_shape)
