"""The Wishart distribution."""

from __future__ import annotations

import math
import warnings
from typing import Any

import tinygrad_bp as tgb

from ..arrays import Size
from ..tensor import Tensor
from . import constraints
from .chi2 import Chi2
from .exp_family import ExponentialFamily
from .multivariate_normal import OfMatrix, log_diagonal, solved
from .utils import noise

__all__ = ["Wishart"]


class Wishart(OfMatrix, ExponentialFamily):
    """The distribution of Σ xᵢ xᵢᵀ over ν normal vectors of covariance V.

    Parameters
    ----------
    df : float or Tensor
        ν, greater than n − 1; it need not be an integer.
    covariance_matrix : Tensor
        V, (…, n, n); or
    precision_matrix : Tensor
        V⁻¹; or
    scale_tril : Tensor
        L, lower triangular, with V = L Lᵀ.

    Raises
    ------
    AssertionError
        If not exactly one matrix is given.
    ValueError
        For too few axes or degrees of freedom.

    Warns
    -----
    UserWarning
        For ν < n: samples may be singular.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.distributions import Wishart
    >>> Wishart(tgb.tensor(3.0), covariance_matrix=tgb.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(
        self,
        df: Any,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        given = [m for m in (covariance_matrix, precision_matrix, scale_tril) if m is not None]
        if len(given) != 1:
            raise AssertionError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        df = df if isinstance(df, Tensor) else tgb.tensor(df, dtype=given[0].dtype)
        batch = self._take_matrix(
            df.shape,
            covariance_matrix=covariance_matrix,
            precision_matrix=precision_matrix,
            scale_tril=scale_tril,
        )
        self.df = df.expand(batch)
        n = given[0].shape[-1]
        if (self.df <= n - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {n - 1}.")
        if (self.df < n).any():
            warnings.warn(
                "df is less than the size of the matrices: singular samples are likely",
                stacklevel=2,
            )
        super().__init__(batch, (n, n), validate_args=validate_args)

    @property
    def arg_constraints(self) -> dict[str, Any]:
        """ν > n − 1, and what matrices may be."""
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    def _expand_parts(self, new: Any, batch_shape: Size) -> None:
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril

    @property
    def _freedom(self) -> Tensor:
        """ν, beside matrices."""
        return self.df.reshape((*self._batch_shape, 1, 1))

    @property
    def mean(self) -> Tensor:
        """ν V."""
        return self._freedom * self.covariance_matrix

    @property
    def mode(self) -> Tensor:
        """(ν − n − 1) V; NaN for ν ≤ n + 1."""
        factor = self._freedom - self.event_shape[-1] - 1
        return tgb.where(factor <= 0, math.nan, factor) * self.covariance_matrix

    @property
    def variance(self) -> Tensor:
        """ν (V² + v vᵀ), with the diagonal v of V, element by element."""
        matrix = self.covariance_matrix
        v = matrix.diagonal(dim1=-2, dim2=-1)
        return self._freedom * (matrix.square() + v.unsqueeze(-1) * v.unsqueeze(-2))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draw L A Aᵀ Lᵀ, with χ numbers on the diagonal of A and normal ones below (Bartlett)."""
        n = self._event_shape[-1]
        order = tgb.arange(n, dtype=self.df.dtype)
        chi = Chi2(self.df.unsqueeze(-1) - order, validate_args=False).rsample(sample_shape).sqrt()
        diagonal = chi.clamp(min=tgb.finfo(chi.dtype).eps).diag_embed()
        below = noise("standard_normal", self._extended_shape(sample_shape), chi).tril(-1)
        lower = self._unbroadcasted_scale_tril @ (diagonal + below)
        return lower @ lower.mT

    def _half_log_det(self) -> Tensor:
        """Give ½ n log 2 + log det L."""
        lower = self._unbroadcasted_scale_tril
        return lower.shape[-1] * math.log(2) / 2 + log_diagonal(lower)

    def log_prob(self, value: Tensor) -> Tensor:
        """Give the log density at a matrix."""
        self._check_value(value)
        nu, n = self.df, self._event_shape[-1]
        lower = self._unbroadcasted_scale_tril
        # tr(V⁻¹ X) = tr(L⁻¹ X L⁻ᵀ)
        trace = solved(lower, solved(lower, value).mT).diagonal(dim1=-2, dim2=-1).sum(-1)
        log_det = tgb.linalg.slogdet(value).logabsdet
        return (
            (nu - n - 1) / 2 * log_det
            - trace / 2
            - nu * self._half_log_det()
            - tgb.mvlgamma(nu / 2, n)
        )

    def entropy(self) -> Tensor:
        """Give the entropy, in nats."""
        nu, n = self.df, self._event_shape[-1]
        order = tgb.arange(n, dtype=nu.dtype) / 2
        psi = (nu.unsqueeze(-1) / 2 - order).digamma().sum(-1)
        return (
            (n + 1) * self._half_log_det()
            + tgb.mvlgamma(nu / 2, n)
            - (nu - n - 1) / 2 * psi
            + nu * n / 2
        )

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        n = self._event_shape[-1]
        return -self.precision_matrix / 2, (self.df - n - 1) / 2

    def _log_normalizer(self, x: Tensor, y: Tensor) -> Tensor:
        n = self._event_shape[-1]
        half = y + (n + 1) / 2
        log_det = tgb.linalg.slogdet(-2 * x).logabsdet
        return half * (n * math.log(2) - log_det) + tgb.mvlgamma(half, n)
