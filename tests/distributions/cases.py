"""One record a distribution: how it is made, from parameters that are written for any library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

rng = np.random.default_rng(7)


def positive(*shape: int) -> Any:
    return rng.uniform(0.4, 3.0, shape)


def unit(*shape: int) -> Any:
    return rng.uniform(0.1, 0.9, shape)


def real(*shape: int) -> Any:
    return rng.normal(size=shape)


def simplex(*shape: int) -> Any:
    x = rng.uniform(0.1, 1.0, shape)
    return x / x.sum(-1, keepdims=True)


def covariance(*shape: int) -> Any:
    x = rng.normal(size=shape)
    return x @ np.swapaxes(x, -1, -2) + np.eye(shape[-1])


def lower(*shape: int) -> Any:
    return np.linalg.cholesky(covariance(*shape))


@dataclass(frozen=True)
class Made:
    """A distribution: `name(**options)`, and values (numbers, or "sample": drawn by the peer).

    `missing` names what PyTorch does not have of it, or what it does otherwise.
    """

    name: str
    options: dict[str, Any]
    values: Any
    missing: frozenset[str] = field(default_factory=frozenset)

    def __str__(self) -> str:
        return f"{self.name}-{'-'.join(self.options)}"


def made(name: str, values: Any, *, missing: str = "", **options: Any) -> Made:
    return Made(name, options, values, frozenset(missing.split()))


SMALL = np.array([[0.2, 0.7, 0.05], [0.9, 0.4, 0.6]])
COUNTS = np.array([[0.0, 1.0, 4.0], [3.0, 2.0, 0.0]])
BITS = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])

CASES = [
    made("Normal", real(2, 3), loc=real(3), scale=positive(3)),
    made("Normal", real(2, 3), loc=real(3), scale=positive(2, 1)),
    made("Normal", real(2, 3), loc=0.5, scale=2.0),
    made("LogNormal", positive(2, 3), loc=real(3), scale=positive(3)),
    made("HalfNormal", positive(2, 3), scale=positive(3)),
    made("Cauchy", real(2, 3), loc=real(3), scale=positive(3)),
    made("HalfCauchy", positive(2, 3), scale=positive(3)),
    made("Laplace", real(2, 3), loc=real(3), scale=positive(3)),
    made("Gumbel", real(2, 3), loc=real(3), scale=positive(3)),
    made("Uniform", SMALL, low=-positive(3), high=positive(3) + 1),
    made("Exponential", positive(2, 3), rate=positive(3)),
    made("Gamma", positive(2, 3), concentration=positive(3), rate=positive(3)),
    made("InverseGamma", positive(2, 3), concentration=positive(3) + 2, rate=positive(3)),
    made("Chi2", positive(2, 3), df=positive(3)),
    made("Beta", SMALL, concentration1=positive(3), concentration0=positive(3)),
    made("Beta", SMALL, concentration1=2.0, concentration0=3.0),
    made("Dirichlet", simplex(2, 3), concentration=positive(2, 3)),
    made("Kumaraswamy", SMALL, missing="mode", concentration1=positive(3),
         concentration0=positive(3)),
    made("Pareto", positive(2, 3) + 3, scale=positive(3), alpha=positive(3) + 2),
    made("Weibull", positive(2, 3), scale=positive(3), concentration=positive(3)),
    made("GeneralizedPareto", positive(2, 3) + 1, loc=unit(3), scale=positive(3),
         concentration=np.array([0.0, 0.3, 0.2])),
    made("StudentT", real(2, 3), df=np.array([0.7, 1.5, 4.0]), loc=real(3), scale=positive(3)),
    made("FisherSnedecor", positive(2, 3), df1=np.array([1.0, 3.0, 5.0]),
         df2=np.array([1.5, 3.0, 7.0])),
    made("VonMises", real(2, 3), loc=real(3), concentration=positive(3) * 3),
    made("Bernoulli", BITS, probs=unit(3)),
    made("Bernoulli", BITS, logits=real(3)),
    made("Bernoulli", BITS, probs=np.array([0.0, 1.0, 0.5]), missing="log_prob kl grad"),
    made("ContinuousBernoulli", SMALL, probs=np.array([0.2, 0.5, 0.9])),
    made("ContinuousBernoulli", SMALL, logits=np.array([-1.0, 0.001, 2.0])),
    made("Geometric", COUNTS, probs=unit(3)),
    made("Geometric", COUNTS, logits=real(3)),
    made("Binomial", COUNTS, total_count=5, probs=unit(3)),
    made("Binomial", COUNTS, missing="entropy enumerate_support",
         total_count=np.array([4.0, 5.0, 6.0]), logits=real(3)),
    made("NegativeBinomial", COUNTS, total_count=positive(3), probs=unit(3)),
    made("NegativeBinomial", COUNTS, total_count=4.0, logits=real(3)),
    made("Poisson", COUNTS, rate=positive(3)),
    made("Categorical", np.array([[0, 2], [1, 3]]), probs=positive(2, 4)),
    made("Categorical", np.array([1, 3]), logits=real(2, 4)),
    made("Categorical", np.array([1, 3]), probs=np.array([0.0, 0.5, 0.2, 0.3]), missing="grad"),
    made("OneHotCategorical", np.eye(4)[[1, 3]], probs=positive(2, 4)),
    made("OneHotCategoricalStraightThrough", np.eye(4)[[1, 3]], logits=real(2, 4)),
    made("Multinomial", np.array([[1.0, 2.0, 2.0], [0.0, 5.0, 0.0]]), total_count=5,
         probs=positive(2, 3)),
    made("RelaxedBernoulli", SMALL, temperature=np.array(0.7), probs=unit(3)),
    made("RelaxedBernoulli", SMALL, temperature=np.array(0.7), logits=real(3)),
    made("RelaxedOneHotCategorical", simplex(2, 4), temperature=np.array(0.7),
         probs=positive(2, 4)),
    made("LogisticNormal", simplex(2, 4), loc=real(3), scale=positive(3)),
    made("MultivariateNormal", real(2, 3), loc=real(3), covariance_matrix=covariance(3, 3)),
    made("MultivariateNormal", real(2, 3), loc=real(2, 3), precision_matrix=covariance(3, 3)),
    made("MultivariateNormal", real(4, 2, 3), loc=real(3), scale_tril=lower(2, 3, 3)),
    made("LowRankMultivariateNormal", real(2, 3), loc=real(2, 3), cov_factor=real(3, 2),
         cov_diag=positive(3)),
    made("Wishart", covariance(2, 3, 3), df=np.array([4.5, 6.0]),
         covariance_matrix=covariance(3, 3)),
    made("Wishart", covariance(2, 3, 3), missing="grad", df=np.array([4.0, 5.5]),
         scale_tril=lower(2, 3, 3)),
    made("LKJCholesky", "sample", dim=3, concentration=positive(2)),
]  # fmt: skip


def kind_of(lib: Any, case: Made) -> Any:
    """Give float64; PyTorch's generalized Pareto distribution works with float32 alone."""
    return lib.float32 if case.name == "GeneralizedPareto" else lib.float64


def build(lib: Any, case: Made, wanted: bool = False, **more: Any) -> tuple[Any, list[Any]]:
    """Make the distribution in a library, of tensors; list those that want a gradient."""
    options: dict[str, Any] = {}
    leaves = []
    for key, value in case.options.items():
        options[key] = value
        if isinstance(value, np.ndarray):
            leaf = lib.tensor(value, dtype=kind_of(lib, case), requires_grad=wanted)
            options[key] = leaf
            leaves.append(leaf)
    return getattr(lib.distributions, case.name)(**options, **more), leaves


def value_of(lib: Any, case: Made, drawn: Any = None) -> Any:
    values = np.asarray(case.values if drawn is None else drawn)
    return lib.tensor(values, dtype=lib.int64 if values.dtype.kind == "i" else kind_of(lib, case))


#: Kinds whose divergences from one another have formulas.
CROSSED = [
    "Bernoulli", "Beta", "Binomial", "ContinuousBernoulli", "Exponential", "Gamma", "Gumbel",
    "Laplace", "Normal", "Pareto", "Poisson", "Uniform",
]  # fmt: skip


def first(name: str) -> Made:
    """Find the first case of a kind."""
    return next(case for case in CASES if case.name == name)
