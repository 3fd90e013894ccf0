"""KL divergences of two distributions of different kinds."""

from __future__ import annotations

import math
from typing import Any

import tinygrad_bp as tgb

from ..tensor import Tensor
from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .continuous_bernoulli import ContinuousBernoulli
from .exponential import Exponential
from .gamma import Gamma
from .gumbel import Gumbel
from .kl import register_kl
from .laplace import Laplace
from .normal import Normal
from .pareto import Pareto
from .poisson import Poisson
from .uniform import Uniform
from .utils import euler_constant


def _infinite(p: Any, q: Any) -> Tensor:
    """Give ∞: p gives values that q can't."""
    return tgb.full(p.batch_shape, math.inf, dtype=p.mean.dtype)


for _kind, _others in {
    Beta: [Pareto],
    ContinuousBernoulli: [Pareto],
    Exponential: [Beta, ContinuousBernoulli, Pareto, Uniform],
    Gamma: [Beta, ContinuousBernoulli, Pareto, Uniform],
    Gumbel: [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform],
    Laplace: [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform],
    Normal: [Beta, ContinuousBernoulli, Exponential, Gamma, Pareto, Uniform],
    Pareto: [Beta, ContinuousBernoulli, Uniform],
    Poisson: [Bernoulli, Binomial],
}.items():
    for _other in _others:
        register_kl(_kind, _other)(_infinite)


def _given(p: Any, q: Any, mean: Tensor, square: Tensor) -> Tensor:
    """Give −E log q of a normal q, from the first two moments of p."""
    spread = (square - 2 * q.loc * mean + q.loc.square()) / (2 * q.scale.square())
    return spread + q.scale.log() + 0.5 * math.log(2 * math.pi)


@register_kl(Beta, Normal)
@register_kl(ContinuousBernoulli, Normal)
@register_kl(Exponential, Normal)
@register_kl(Gamma, Normal)
@register_kl(Gumbel, Normal)
@register_kl(Laplace, Normal)
@register_kl(Uniform, Normal)
def _any_normal(p: Any, q: Any) -> Tensor:
    return _given(p, q, p.mean, p.variance + p.mean.square()) - p.entropy()


@register_kl(Pareto, Normal)
def _pareto_normal(p: Any, q: Any) -> Tensor:
    finite = _given(p, q, p.mean, p.variance + p.mean.square()) - p.entropy()
    return tgb.where(p.alpha <= 2, math.inf, finite)  # the second moment is infinite


@register_kl(Beta, Exponential)
@register_kl(ContinuousBernoulli, Exponential)
@register_kl(Gamma, Exponential)
def _any_exponential(p: Any, q: Any) -> Tensor:
    return q.rate * p.mean - q.rate.log() - p.entropy()


@register_kl(Pareto, Exponential)
def _pareto_exponential(p: Any, q: Any) -> Tensor:
    return tgb.where(p.alpha <= 1, math.inf, _any_exponential(p, q))


@register_kl(Uniform, Exponential)
def _uniform_exponential(p: Any, q: Any) -> Tensor:
    return tgb.where(p.low < 0, math.inf, _any_exponential(p, q))


def _gamma_of(q: Any, mean_log: Tensor, mean: Tensor) -> Tensor:
    """Give −E log q of a gamma q."""
    a = q.concentration
    return a.lgamma() - a * q.rate.log() - (a - 1) * mean_log + q.rate * mean


@register_kl(Beta, Gamma)
def _beta_gamma(p: Any, q: Any) -> Tensor:
    a, b = p.concentration1, p.concentration0
    return _gamma_of(q, a.digamma() - (a + b).digamma(), p.mean) - p.entropy()


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Any, q: Any) -> Tensor:
    return _gamma_of(q, -euler_constant - p.rate.log(), p.mean) - p.entropy()


@register_kl(Pareto, Gamma)
def _pareto_gamma(p: Any, q: Any) -> Tensor:
    mean_log = p.scale.log() + p.alpha.reciprocal()
    return tgb.where(p.alpha <= 1, math.inf, _gamma_of(q, mean_log, p.mean) - p.entropy())


def _mean_log(low: Tensor, high: Tensor) -> Tensor:
    """Give the mean of log x between two numbers."""
    return (tgb.xlogy(high, high) - tgb.xlogy(low, low)) / (high - low) - 1


@register_kl(Uniform, Gamma)
def _uniform_gamma(p: Any, q: Any) -> Tensor:
    inside = _gamma_of(q, _mean_log(p.low, p.high), p.mean) - p.entropy()
    return tgb.where(p.low < 0, math.inf, inside)


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p: Any, q: Any) -> Tensor:
    return q.rate - p.probs * q.rate.log() - p.entropy()


@register_kl(Beta, ContinuousBernoulli)
def _beta_continuous_bernoulli(p: Any, q: Any) -> Tensor:
    constant = q._cont_bern_log_norm() + (-q.probs).log1p()
    return -p.entropy() - p.mean * q.logits - constant


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_continuous_bernoulli(p: Any, q: Any) -> Tensor:
    # PyTorch's condition: infinite also where an end of the two supports is the same.
    outside = (p.high >= 1) | (p.low <= 0)
    return tgb.where(outside, math.inf, _beta_continuous_bernoulli(p, q))


@register_kl(Beta, Uniform)
def _beta_uniform(p: Any, q: Any) -> Tensor:
    inside = (q.high - q.low).log() - p.entropy()
    return tgb.where((q.low > 0) | (q.high < 1), math.inf, inside)


@register_kl(ContinuousBernoulli, Uniform)
def _continuous_bernoulli_uniform(p: Any, q: Any) -> Tensor:
    # PyTorch's condition, see above.
    inside = (q.high - q.low).log() - p.entropy()
    return tgb.where((q.low >= 0) | (q.high <= 1), math.inf, inside)


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p: Any, q: Any) -> Tensor:
    product, away = p.rate * q.scale, q.loc / q.scale
    tail = away.exp() * product / (product + 1)
    return product.log() - 1 - away + tail + product.reciprocal()


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p: Any, q: Any) -> Tensor:
    product, away = p.rate * q.scale, q.loc / q.scale
    tail = away.exp() * (1 + product.reciprocal()).pow(-p.concentration)
    return -p.entropy() + q.scale.log() + p.concentration / product + tail - away


@register_kl(Normal, Gumbel)
def _normal_gumbel(p: Any, q: Any) -> Tensor:
    away, ratio = (p.loc - q.loc) / q.scale, (p.scale / q.scale).square()
    return q.scale.log() + away + (0.5 * ratio - away).exp() - p.entropy()


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p: Any, q: Any) -> Tensor:
    low, high = (p.low - q.loc) / q.scale, (p.high - q.loc) / q.scale
    tail = ((-low).exp() - (-high).exp()) / (high - low)
    return 0.5 * (low + high) + tail - (high - low).log()


@register_kl(Normal, Laplace)
def _normal_laplace(p: Any, q: Any) -> Tensor:
    z = (p.loc - q.loc) / p.scale
    size = math.sqrt(2 / math.pi) * (-0.5 * z.square()).exp() + z * (z / math.sqrt(2)).erf()
    return (2 * q.scale).log() + p.scale * size / q.scale - p.entropy()


@register_kl(Uniform, Beta)
def _uniform_beta(p: Any, q: Any) -> Tensor:
    a, b = q.concentration1, q.concentration0
    constant = a.lgamma() + b.lgamma() - (a + b).lgamma()
    inside = constant - (a - 1) * _mean_log(p.low, p.high) - p.entropy()
    inside = inside - (b - 1) * _mean_log(1 - p.high, 1 - p.low)
    return tgb.where((p.high > 1) | (p.low < 0), math.inf, inside)


@register_kl(Uniform, Pareto)
def _uniform_pareto(p: Any, q: Any) -> Tensor:
    inside = (q.alpha + 1) * _mean_log(p.low, p.high) - q.alpha.log() - q.alpha * q.scale.log()
    return tgb.where(p.low < q.scale, math.inf, inside - p.entropy())
