"""Distributions of the form exp(θ · t(x) − A(θ)) h(x)."""

from __future__ import annotations

from typing import Any

from ..autograd import grad
from ..tensor import Tensor
from .distribution import Distribution
from .utils import sum_rightmost

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """Base of the exponential families: the entropy follows from the normalizer A(θ).

    H = A(θ) − θ · ∇A(θ) − E log h(x)

    A subclass gives `_natural_params` (θ), `_log_normalizer` (A) and `_mean_carrier_measure`
    (E log h).

    Notes
    -----
    Nielsen and Nock, "Entropies and Cross-Entropies of Exponential Families", 2010.
    """

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Any) -> Tensor:
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self) -> float:
        raise NotImplementedError

    def entropy(self) -> Tensor:
        """Give the entropy, by the derivative of the normalizer."""
        thetas = [theta.detach().requires_grad_() for theta in self._natural_params]
        normalizer = self._log_normalizer(*thetas)
        slopes = grad(normalizer.sum(), thetas, create_graph=True)
        result = normalizer - self._mean_carrier_measure
        for theta, slope in zip(thetas, slopes, strict=True):
            result = result - sum_rightmost(theta * slope, len(self.event_shape))
        return result
