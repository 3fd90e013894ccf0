"""KL divergences of two distributions of one kind."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import tinygrad_bp as tgb

from ..autograd import grad
from ..nn.functional import softplus
from ..tensor import Tensor
from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .categorical import Categorical
from .cauchy import Cauchy
from .continuous_bernoulli import ContinuousBernoulli
from .dirichlet import Dirichlet
from .exp_family import ExponentialFamily
from .exponential import Exponential
from .gamma import Gamma
from .geometric import Geometric
from .gumbel import Gumbel
from .half_normal import HalfNormal
from .independent import Independent
from .kl import kl_divergence, register_kl
from .laplace import Laplace
from .lowrank_multivariate_normal import LowRankMultivariateNormal
from .multivariate_normal import MultivariateNormal, log_diagonal, solved, squared_length
from .normal import Normal
from .one_hot_categorical import OneHotCategorical
from .pareto import Pareto
from .poisson import Poisson
from .transformed_distribution import TransformedDistribution
from .uniform import Uniform
from .utils import euler_constant, sum_rightmost


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Tensor:
    one = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    none = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    one = tgb.where(p.probs == 0, 0.0, tgb.where(q.probs == 0, math.inf, one))
    return one + tgb.where(p.probs == 1, 0.0, tgb.where(q.probs == 1, math.inf, none))


@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Tensor:
    return _dirichlet(p._dirichlet, q._dirichlet)


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Tensor:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    one = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return tgb.where(p.total_count > q.total_count, math.inf, p.total_count * one)


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Tensor:
    terms = p.probs * (p.logits - q.logits)
    terms = tgb.where(p.probs == 0, 0.0, tgb.where(q.probs == 0, math.inf, terms))
    return terms.sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot_categorical(p: Any, q: Any) -> Tensor:
    return _categorical(p._categorical, q._categorical)


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Tensor:
    apart = (p.scale + q.scale).square() + (p.loc - q.loc).square()
    return apart.log() - (4 * p.scale * q.scale).log()


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli(p: Any, q: Any) -> Tensor:
    mine = p._cont_bern_log_norm() + (-p.probs).log1p()
    other = q._cont_bern_log_norm() + (-q.probs).log1p()
    return p.mean * (p.logits - q.logits) + mine - other


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Tensor:
    a, b = p.concentration, q.concentration
    total = a.sum(-1)
    constant = total.lgamma() - b.sum(-1).lgamma() - (a.lgamma() - b.lgamma()).sum(-1)
    away = (a - b) * (a.digamma() - total.digamma().unsqueeze(-1))
    return constant + away.sum(-1)


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Tensor:
    ratio = q.rate / p.rate
    return ratio - 1 - ratio.log()


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_family(p: Any, q: Any) -> Tensor:
    """Give the Bregman divergence of the normalizer."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot be computed "
            "using Bregman divergences"
        )
    thetas = [theta.detach().requires_grad_() for theta in p._natural_params]
    others = q._natural_params
    normalizer = p._log_normalizer(*thetas)
    slopes = grad(normalizer.sum(), thetas, create_graph=True)
    result = q._log_normalizer(*others) - normalizer
    for theta, other, slope in zip(thetas, others, slopes, strict=True):
        result = result - sum_rightmost((other - theta) * slope, len(q.event_shape))
    return result


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Tensor:
    a, b = p.concentration, q.concentration
    constant = b * (p.rate / q.rate).log() + b.lgamma() - a.lgamma()
    return constant + (a - b) * a.digamma() + (q.rate - p.rate) * (a / p.rate)


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Tensor:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Any, q: Any) -> Tensor:
    ratio, away = p.scale / q.scale, (q.loc - p.loc) / q.scale
    tail = (away + (1 + ratio).lgamma()).exp()
    return -ratio.log() - away + ratio * euler_constant + tail - (1 + euler_constant)


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: Any, q: Any) -> Tensor:
    return _normal(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("the two Independent take different numbers of axes as events")
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Tensor:
    ratio, away = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + away / q.scale + ratio * (-away / p.scale).exp() - 1


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Tensor:
    ratio = (p.scale / q.scale).square()
    away = ((p.loc - q.loc) / q.scale).square()
    return 0.5 * (ratio + away - 1 - ratio.log())


@register_kl(Pareto, Pareto)
def _pareto(p: Any, q: Any) -> Tensor:
    scales, alphas = p.scale / q.scale, q.alpha / p.alpha
    inside = q.alpha * scales.log() - alphas.log() + alphas - 1
    return tgb.where(p.scale < q.scale, math.inf, inside)


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Tensor:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError("the two distributions have different transforms, or events")
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Tensor:
    inside = ((q.high - q.low) / (p.high - p.low)).log()
    return tgb.where((q.low > p.low) | (q.high < p.high), math.inf, inside)


def _log_det_half(p: Any) -> Tensor:
    if isinstance(p, LowRankMultivariateNormal):
        return p._log_det() / 2
    return log_diagonal(p._unbroadcasted_scale_tril)


def _covariance_root(p: Any) -> list[Tensor]:
    """Give matrices whose squares B Bᵀ add up to the covariance."""
    if isinstance(p, LowRankMultivariateNormal):
        return [p._unbroadcasted_cov_factor, p._unbroadcasted_cov_diag.sqrt().diag_embed()]
    return [p._unbroadcasted_scale_tril]


def _sum_of_squares(matrix: Tensor) -> Tensor:
    return matrix.square().sum((-2, -1))


def _trace(q: Any, root: Tensor) -> Tensor:
    """Give tr(Σ⁻¹ B Bᵀ)."""
    if not isinstance(q, LowRankMultivariateNormal):
        return _sum_of_squares(solved(*_same_batch(q._unbroadcasted_scale_tril, root)))
    alone = _sum_of_squares(root / q._unbroadcasted_cov_diag.sqrt().unsqueeze(-1))
    return alone - _sum_of_squares(solved(*_same_batch(q._capacitance_tril, q._weighted() @ root)))


def _same_batch(*matrices: Tensor) -> tuple[Tensor, ...]:
    batch = np.broadcast_shapes(*(m.shape[:-2] for m in matrices))
    return tuple(m.expand((*batch, *m.shape[-2:])) for m in matrices)


@register_kl(MultivariateNormal, MultivariateNormal)
@register_kl(MultivariateNormal, LowRankMultivariateNormal)
@register_kl(LowRankMultivariateNormal, MultivariateNormal)
@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _multivariate_normal(p: Any, q: Any) -> Tensor:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be "
            f"computed: {tuple(p.event_shape)} and {tuple(q.event_shape)}"
        )
    away = q.loc - p.loc
    if isinstance(q, LowRankMultivariateNormal):
        length = q._squared_length(away)
    else:
        length = squared_length(q._unbroadcasted_scale_tril, away)
    trace: Any = 0
    for root in _covariance_root(p):
        trace = trace + _trace(q, root)
    return _log_det_half(q) - _log_det_half(p) + 0.5 * (trace + length - p.event_shape[0])
