"""Samples, gradients, shapes and errors of distributions."""

import copy
import math
import pickle

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.distributions.cases import CASES, build, value_of
from tinygrad_bp import distributions as d
from tinygrad_bp.autograd import gradcheck
from tinygrad_bp.distributions import constraints

every = pytest.mark.parametrize("case", CASES, ids=str)

COUNT = 20_000


@every
def test_samples_lie_in_the_support_and_have_the_moments(case):
    distribution, _ = build(tgb, case)
    tgb.manual_seed(1)
    samples = distribution.sample((COUNT,))
    assert samples.shape == (COUNT, *distribution.batch_shape, *distribution.event_shape)
    assert not samples.requires_grad
    assert distribution.support.check(samples[:200]).all()
    tgb.manual_seed(1)
    assert tgb.equal(samples, distribution.sample((COUNT,)))
    if case.name in ("LKJCholesky", "LogisticNormal") or "Relaxed" in case.name:
        return
    mean, deviation = distribution.mean.numpy(), distribution.variance.sqrt().numpy()
    found = samples.numpy().astype(np.float64)
    if case.name == "VonMises":  # its variance is that of a circle
        z = np.exp(1j * found).mean(0)
        np.testing.assert_allclose(np.exp(1j * mean) * (1 - deviation**2), z, atol=0.03)
        return
    known = np.isfinite(mean) & np.isfinite(deviation) & (deviation > 0)
    tails = np.maximum(deviation, np.abs(found).max(0) / 40)  # heavy tails converge slowly
    error = np.abs(found.mean(0) - mean)[known] / tails[known]
    assert (error < 5 / math.sqrt(COUNT) + 0.02).all(), error
    if case.name not in ("Pareto", "InverseGamma", "StudentT", "FisherSnedecor", "LogNormal",
                         "GeneralizedPareto", "Weibull", "Wishart"):  # fmt: skip
        ratio = found.std(0)[known] / deviation[known]
        assert (np.abs(ratio - 1) < 0.1).all(), ratio


@every
def test_the_gradient_of_log_prob(case):
    if isinstance(case.values, str) or case.missing & {"grad", "log_prob"}:
        return
    if case.name == "GeneralizedPareto":  # made of single precision
        return
    distribution, leaves = build(tgb, case)
    if not leaves:
        return
    keys = [key for key, value in case.options.items() if isinstance(value, np.ndarray)]
    value = value_of(tgb, case)

    def log_prob(*parameters):
        # A difference quotient must not move matrices off the symmetric ones.
        symmetric = [
            (p + p.mT) / 2 if key.endswith("matrix") else p
            for key, p in zip(keys, parameters, strict=True)
        ]
        options = {**case.options, **dict(zip(keys, symmetric, strict=True))}
        return getattr(d, case.name)(**options, validate_args=False).log_prob(value)

    assert gradcheck(log_prob, leaves)
    assert distribution.log_prob(value).dtype == tgb.float64


def test_single_precision_stays():
    for case in CASES:
        options = {
            key: tgb.tensor(value.astype(np.float32)) if isinstance(value, np.ndarray) else value
            for key, value in case.options.items()
        }
        distribution = getattr(d, case.name)(**options)
        sample = distribution.sample((2,))
        assert sample.dtype in (tgb.float32, tgb.int64), case
        assert distribution.log_prob(sample).dtype == tgb.float32, case


REPARAMETERISED = [
    (lambda p: d.Normal(p, p.exp()), [0.3, -0.5]),
    (lambda p: d.LogNormal(p, p.exp()), [0.3, -0.5]),
    (lambda p: d.Laplace(p, p.exp()), [0.3, -0.5]),
    (lambda p: d.Cauchy(p, p.exp()), [0.3, -0.5]),
    (lambda p: d.Gumbel(p, p.exp()), [0.3, -0.5]),
    (lambda p: d.Uniform(p, p + p.exp()), [0.3, -0.5]),
    (lambda p: d.Exponential(p.exp()), [0.3, -0.5]),
    (lambda p: d.Weibull(p.exp(), p.exp() + 1), [0.3, -0.5]),
    (lambda p: d.Pareto(p.exp(), p.exp() + 1), [0.3, -0.5]),
    (lambda p: d.HalfNormal(p.exp()), [0.3, -0.5]),
    (lambda p: d.Kumaraswamy(p.exp() + 1, p.exp() + 1), [0.3, -0.5]),
    (lambda p: d.ContinuousBernoulli(logits=p), [0.3, -0.5]),
    (lambda p: d.RelaxedBernoulli(tgb.tensor(0.5).double(), logits=p), [0.3, -0.5]),
    (lambda p: d.RelaxedOneHotCategorical(tgb.tensor(0.5).double(), logits=p), [0.3, -0.5, 1.0]),
    (lambda p: d.LogisticNormal(p, p.exp()), [0.3, -0.5]),
    (lambda p: d.MultivariateNormal(p, scale_tril=(p.exp().diag() + p.diag(-1)[:3, :3])),
     [0.3, -0.5, 0.1]),
    (lambda p: d.LowRankMultivariateNormal(p, p.unsqueeze(-1), p.exp()), [0.3, -0.5]),
]  # fmt: skip


@pytest.mark.parametrize(("make", "start"), REPARAMETERISED)
def test_the_gradient_of_a_sample(make, start):
    p = tgb.tensor(start, dtype=tgb.float64, requires_grad=True)

    def drawn(p):
        tgb.manual_seed(3)
        return make(p).rsample((4,))

    assert make(p).has_rsample
    assert gradcheck(drawn, p)


def quantile(concentration, probability):
    """Invert the gamma distribution's function by halving."""
    low, high = np.zeros_like(probability), np.full_like(probability, 100.0)
    for _ in range(80):
        middle = (low + high) / 2
        below = tgb.special.gammainc(tgb.tensor(concentration), tgb.tensor(middle)).numpy()
        low, high = (
            np.where(below < probability, middle, low),
            np.where(below < probability, high, middle),
        )
    return (low + high) / 2


def test_the_gradient_of_a_gamma_sample_is_that_of_the_quantile():
    alpha = np.array([0.5, 1.0, 2.5, 9.0, 40.0])
    p = tgb.tensor(alpha, requires_grad=True)
    tgb.manual_seed(5)
    z = d.Gamma(p, 1.0).rsample()
    z.sum().backward()
    u = tgb.special.gammainc(p.detach(), z.detach()).numpy()
    step = 1e-5 * alpha
    expected = (quantile(alpha + step, u) - quantile(alpha - step, u)) / (2 * step)
    np.testing.assert_allclose(p.grad.numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "moment"),
    [
        (lambda p: d.Gamma(p, 2.0), lambda p: p / 2.0),
        (lambda p: d.Beta(p, 2.0), lambda p: p / (p + 2.0)),
        (lambda p: d.Chi2(p), lambda p: p),
        (lambda p: d.Dirichlet(tgb.stack([p, p * 0 + 1.0, p * 2], -1)),
         lambda p: p / (3 * p + 1)),
        (lambda p: d.StudentT(p + 3.0), lambda p: p * 0),
    ],
)  # fmt: skip
def test_implicit_gradients_are_right_on_average(make, moment):
    tgb.manual_seed(2)
    p = tgb.tensor(1.7, dtype=tgb.float64, requires_grad=True)
    samples = make(p).rsample((COUNT,))
    first = samples[..., 0] if samples.ndim > 1 else samples
    (ours,) = tgb.autograd.grad(first.mean(), p)
    (expected,) = tgb.autograd.grad(moment(p), p)
    assert abs(ours.item() - expected.item()) < 0.05


def test_small_concentrations_give_no_zeros():
    tgb.manual_seed(0)
    for kind in (tgb.float32, tgb.float64):
        alpha = tgb.full((1000,), 1e-3, dtype=kind, requires_grad=True)
        z = d.Gamma(alpha, 1.0).rsample()
        z.sum().backward()
        assert (z > 0).all() and alpha.grad.isfinite().all()
        assert d.Dirichlet(alpha.reshape(100, 10)).rsample().isfinite().all()


def test_reinforce_learns_the_better_arm():
    tgb.manual_seed(0)
    logits = tgb.zeros(3, requires_grad=True)
    optimizer = tgb.optim.SGD([logits], lr=0.5)
    for _ in range(200):
        policy = d.Categorical(logits=logits)
        action = policy.sample()
        reward = [0.0, 1.0, 0.2][action.item()]
        optimizer.zero_grad()
        (-policy.log_prob(action) * reward).backward()
        optimizer.step()
    assert logits.argmax() == 1


# ------------------------------------------------------------------------------- shapes and errors


def test_sample_shapes_and_deprecated_sampling():
    normal = d.Normal(tgb.zeros(2, 3), 1.0)
    assert normal.sample(tgb.Size((4,))).shape == (4, 2, 3)
    assert normal.sample().shape == (2, 3) and d.Normal(0.0, 1.0).sample().shape == ()
    with pytest.warns(FutureWarning, match="sample_n"):
        assert normal.sample_n(5).shape == (5, 2, 3)
    categorical = d.Categorical(logits=tgb.zeros(2, 4))
    assert categorical.sample((3, 5)).shape == (3, 5, 2) and categorical.sample().shape == (2,)
    assert categorical.sample((0,)).shape == (0, 2)
    assert categorical.log_prob(tgb.zeros(3, 1)).shape == (3, 2)


def test_validation():
    with pytest.raises(ValueError, match="Expected parameter scale"):
        d.Normal(0.0, -1.0)
    with pytest.raises(ValueError, match="Expected parameter low"):
        d.Uniform(1.0, 0.0)
    with pytest.raises(ValueError, match="within the support"):
        d.Exponential(1.0).log_prob(tgb.tensor(-1.0))
    with pytest.raises(ValueError, match="must be a Tensor"):
        d.Normal(0.0, 1.0).log_prob(0.5)
    with pytest.raises(ValueError, match="right-most size"):
        d.Dirichlet(tgb.ones(3)).log_prob(tgb.ones(2) / 2)
    with pytest.raises(ValueError, match="not broadcastable"):
        d.Normal(tgb.zeros(3), 1.0).log_prob(tgb.zeros(2))
    with pytest.raises(ValueError, match="Either `probs` or `logits`"):
        d.Bernoulli()
    with pytest.raises(ValueError, match="at least one-dimensional"):
        d.Categorical(probs=tgb.tensor(0.5))
    with pytest.raises(ValueError, match="tensors or numbers"):
        d.Normal("0", 1.0)
    with pytest.raises(ValueError, match="positive"):
        d.Geometric(probs=tgb.tensor(0.0))
    with pytest.raises(ValueError, match="Exactly one"):
        d.MultivariateNormal(tgb.zeros(2))
    with pytest.raises(ValueError, match="reinterpreted_batch_ndims"):
        d.Independent(d.Normal(0.0, 1.0), 1)
    with pytest.raises(ValueError, match="does not equal"):
        d.MixtureSameFamily(d.Categorical(logits=tgb.zeros(2)), d.Normal(tgb.zeros(3), 1.0))
    with pytest.raises(NotImplementedError, match="inhomogeneous"):
        d.Multinomial(tgb.tensor([1, 2]), tgb.ones(2) / 2)
    with pytest.raises(NotImplementedError, match="No KL"):
        d.kl_divergence(d.Cauchy(0.0, 1.0), d.Normal(0.0, 1.0))
    with pytest.raises(TypeError, match="type_p"):
        d.register_kl(int, d.Normal)
    assert d.Normal(0.0, -1.0, validate_args=False).scale.item() == -1
    assert d.Exponential(1.0, validate_args=False).log_prob(tgb.tensor(-1.0)).item() == 1
    d.Distribution.set_default_validate_args(False)
    try:
        assert d.Normal(0.0, -1.0).scale.item() == -1
    finally:
        d.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="True or False"):
        d.Distribution.set_default_validate_args(3)


def test_repr():
    assert repr(d.Normal(0.0, 1.0)) == "Normal(loc: 0.0, scale: 1.0)"
    assert repr(d.Normal(tgb.zeros(2), 1.0)).startswith("Normal(loc: ")
    assert repr(constraints.interval(0.0, 1.0)) == "Interval(lower_bound=0.0, upper_bound=1.0)"
    assert repr(constraints.positive) == "GreaterThan(lower_bound=0.0)"
    assert repr(constraints.real) == "Real()"
    assert repr(d.TanhTransform().inv) == "_InverseTransform(TanhTransform())"


def test_a_distribution_of_the_users_own():
    class Triangle(d.Distribution):
        arg_constraints = {"width": constraints.positive}
        support = constraints.nonnegative
        has_rsample = True

        def __init__(self, width):
            self.width = width
            super().__init__(width.shape)

        def rsample(self, sample_shape=()):
            u = tgb.rand(self._extended_shape(sample_shape))
            return self.width * (1 - (1 - u).sqrt())

        def log_prob(self, value):
            return (2 * (1 - value / self.width) / self.width).log()

    triangle = Triangle(tgb.tensor([1.0, 2.0]))
    assert triangle.sample((5,)).shape == (5, 2)
    assert triangle.expand((3, 2)).width.shape == (3, 2)
    assert triangle.entropy.__doc__ is not None
    with pytest.raises(NotImplementedError):
        triangle.entropy()
    with pytest.raises(ValueError, match="width"):
        Triangle(tgb.tensor([-1.0]))


def test_lazy_values_are_recorded_and_kept():
    logits = tgb.zeros(2, requires_grad=True)
    bernoulli = d.Bernoulli(logits=logits)
    with tgb.no_grad():
        assert bernoulli.probs is bernoulli.probs
    assert bernoulli.probs.requires_grad
    twin = copy.deepcopy(d.Normal(tgb.zeros(2), 1.0))
    assert twin.log_prob(tgb.zeros(2)).shape == (2,)
    again = pickle.loads(pickle.dumps(d.LogNormal(tgb.zeros(2), 1.0)))
    assert again.log_prob(tgb.ones(2)).shape == (2,)


def test_straight_through_samples_have_the_gradient_of_the_probabilities():
    logits = tgb.tensor([0.1, 0.2, 0.3], requires_grad=True)
    sample = d.OneHotCategoricalStraightThrough(logits=logits).rsample()
    assert sorted(sample.tolist()) == [0.0, 0.0, 1.0]
    sample[0].backward()
    p = logits.detach().softmax(0)
    assert tgb.allclose(logits.grad, p[0] * (tgb.tensor([1.0, 0, 0]) - p), atol=1e-6)


def test_transforms_remember_and_compare():
    t = d.ExpTransform(cache_size=1)
    x = tgb.tensor([-300.0])
    y = t(x)
    assert t.inv(y) is x and t(x) is y
    assert t.with_cache(1) is t and t.with_cache(0)._cache_size == 0
    assert d.AffineTransform(1.0, 2.0) == d.AffineTransform(1.0, 2.0)
    assert d.AffineTransform(1.0, 2.0) != d.AffineTransform(1.0, 3.0)
    assert d.ExpTransform() == d.ExpTransform() != d.TanhTransform()
    assert d.AffineTransform(0.0, -2.0).sign == -1
    with pytest.raises(ValueError, match="cache_size"):
        d.ExpTransform(cache_size=2)
    with pytest.raises(ValueError, match="different"):
        d.ReshapeTransform((2,), (3,))


def test_cumulative_distribution_transform():
    normal = d.Normal(tgb.tensor(0.0).double(), 1.0)
    t = d.CumulativeDistributionTransform(normal)
    x = tgb.tensor([-1.0, 0.5], dtype=tgb.float64)
    assert tgb.allclose(t.inv(t(x)), x)
    assert tgb.equal(t.log_abs_det_jacobian(x, t(x)), normal.log_prob(x))
    uniform = d.TransformedDistribution(normal, t)
    assert tgb.allclose(uniform.log_prob(tgb.tensor([0.2, 0.9]).double()), tgb.zeros(2).double())


def test_ambiguous_divergences_are_told():
    class P(d.Normal):
        pass

    class Q(d.Normal):
        pass

    d.register_kl(P, d.Normal)(lambda p, q: tgb.tensor(1.0))
    d.register_kl(d.Normal, Q)(lambda p, q: tgb.tensor(2.0))
    with pytest.warns(RuntimeWarning, match="Ambiguous"):
        assert d.kl_divergence(P(0.0, 1.0), Q(0.0, 1.0)).item() == 1
