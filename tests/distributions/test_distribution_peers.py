"""Everything that a distribution tells, and its gradients, beside real PyTorch's."""

import itertools
import warnings

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.distributions.cases import CASES, CROSSED, build, first, value_of

pytestmark = pytest.mark.peers

every = pytest.mark.parametrize("case", CASES, ids=str)

#: PyTorch's Bessel functions are polynomials of 7 digits; it gives log n! in single precision.
ROUGH = {"VonMises": 1e-5, "Multinomial": 1e-7}


def close(ours, theirs, rtol=1e-9):
    if not hasattr(theirs, "detach"):
        assert ours == theirs
        return
    ours, theirs = ours.detach().numpy(), theirs.detach().numpy()
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    single = theirs.dtype == np.float32
    rtol, atol = (max(rtol, 1e-5), 1e-6) if single else (rtol, 1e-11)
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


def answer(ask):
    try:
        return ask()
    except NotImplementedError:
        return NotImplementedError


def both(case, **more):
    import torch

    mine, _ = build(tgb, case, **more)
    other, _ = build(torch, case, **more)
    drawn = None
    if isinstance(case.values, str):
        torch.manual_seed(0)
        drawn = other.sample((2,)).numpy()
    return mine, other, value_of(tgb, case, drawn), value_of(torch, case, drawn)


@every
def test_what_it_tells(case):
    mine, other, *_ = both(case)
    rtol = ROUGH.get(case.name, 1e-9)
    assert mine.batch_shape == other.batch_shape
    assert mine.event_shape == other.event_shape
    assert mine.has_rsample == other.has_rsample
    assert mine.has_enumerate_support == other.has_enumerate_support
    assert repr(mine).split("(")[0] == repr(other).split("(")[0]
    assert repr(mine.support).split("(")[0] == repr(other.support).split("(")[0]
    for name in ("mean", "mode", "variance", "stddev"):
        if name not in case.missing:
            ours, expected = (
                answer(lambda n=name: getattr(mine, n)),
                answer(lambda n=name: getattr(other, n)),
            )
            assert (ours is NotImplementedError) == (expected is NotImplementedError), name
            if expected is not NotImplementedError:
                close(ours, expected, rtol)
    for name in ("entropy", "perplexity", "enumerate_support"):
        if name not in case.missing and "log_prob" not in case.missing:
            ours = answer(getattr(mine, name))
            expected = answer(getattr(other, name))
            assert (ours is NotImplementedError) == (expected is NotImplementedError), name
            if expected is not NotImplementedError:
                close(ours, expected, rtol)


@every
def test_log_prob_and_its_gradients(case):
    import torch

    if "log_prob" in case.missing:
        return
    _, _, value, theirs = both(case)
    grads = []
    for lib, x in ((tgb, value), (torch, theirs)):
        wanted = "grad" not in case.missing
        distribution, leaves = build(lib, case, wanted)
        if wanted and x.is_floating_point() and not distribution.support.is_discrete:
            x = x.detach().clone().requires_grad_()
            leaves = [*leaves, x]
        out = distribution.log_prob(x)
        if leaves and wanted:
            out.sum().backward()
        grads.append((out, [leaf.grad for leaf in leaves]))
    (ours, mine), (expected, others) = grads
    rtol = ROUGH.get(case.name, 1e-8)
    close(ours, expected, rtol)
    for a, b in zip(mine, others, strict=True):
        assert (a is None) == (b is None)
        if b is not None:
            close(a, b, rtol)


@every
def test_distribution_functions(case):
    mine, other, value, theirs = both(case)
    expected = answer(lambda: other.cdf(theirs))
    if expected is NotImplementedError:
        assert answer(lambda: mine.cdf(value)) is NotImplementedError
        return
    close(mine.cdf(value), expected)
    inverse = answer(lambda: other.icdf(expected))
    if inverse is not NotImplementedError:
        close(mine.icdf(mine.cdf(value)), inverse, 1e-6)


@every
def test_expanded(case):
    mine, other, value, theirs = both(case)
    shape = (5, *mine.batch_shape)
    mine, other = mine.expand(shape), other.expand(shape)
    assert mine.batch_shape == other.batch_shape == shape
    assert mine.event_shape == other.event_shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's Wishart takes regular samples for singular ones
        drawn = other.sample((2,))
    assert mine.sample((2,)).shape == drawn.shape
    assert mine.sample((2,)).dtype.name == str(drawn.dtype).removeprefix("torch.")
    if value.ndim == len(shape) + len(mine.event_shape):
        value, theirs = value[:1], theirs[:1]
    if "log_prob" not in case.missing and value.ndim <= len(shape) + len(mine.event_shape):
        close(mine.log_prob(value), other.log_prob(theirs), ROUGH.get(case.name, 1e-9))


@pytest.mark.parametrize(("one", "other"), list(itertools.product(CROSSED, CROSSED)))
def test_divergences_of_different_kinds(one, other):
    import torch

    results = []
    for lib in (tgb, torch):
        p, _ = build(lib, first(one))
        q, _ = build(lib, first(other))
        results.append(answer(lambda p=p, q=q, lib=lib: lib.distributions.kl_divergence(p, q)))
    ours, expected = results
    assert (ours is NotImplementedError) == (expected is NotImplementedError)
    if expected is not NotImplementedError:
        ours = ours.expand(expected.shape)
        close(ours, expected)


@every
def test_divergence_of_one_kind(case):
    import torch

    if "kl" in case.missing:
        return
    results = []
    for lib in (tgb, torch):
        p, leaves = build(lib, case, "grad" not in case.missing)
        more = {
            key: np.roll(value, 1, -1) if value.ndim == 1 else value
            for key, value in case.options.items()
            if isinstance(value, np.ndarray)
        }
        other = type(case)(case.name, {**case.options, **more}, case.values)
        q, _ = build(lib, other)
        out = answer(lambda p=p, q=q, lib=lib: lib.distributions.kl_divergence(p, q))
        if out is not NotImplementedError and leaves and out.requires_grad:
            out[out.isfinite()].sum().backward()
        results.append((out, [leaf.grad for leaf in leaves]))
    (ours, mine), (expected, others) = results
    assert (ours is NotImplementedError) == (expected is NotImplementedError)
    if expected is NotImplementedError:
        return
    close(ours, expected, 1e-8)
    for a, b in zip(mine, others, strict=True):
        if b is not None and np.isfinite(b.numpy()).all():
            close(a, b, 1e-7)


TRANSFORMS = [
    ("ExpTransform", (), (2, 3)),
    ("SigmoidTransform", (), (2, 3)),
    ("SoftplusTransform", (), (2, 3)),
    ("TanhTransform", (), (2, 3)),
    ("AffineTransform", (0.5, -2.0), (2, 3)),
    ("PowerTransform", (2.0,), (2, 3)),
    ("StickBreakingTransform", (), (2, 3)),
    ("CorrCholeskyTransform", (), (2, 6)),
    ("LowerCholeskyTransform", (), (2, 3, 3)),
    ("PositiveDefiniteTransform", (), (2, 3, 3)),
    ("SoftmaxTransform", (), (2, 3)),
    ("ReshapeTransform", ((2, 3), (6,)), (4, 2, 3)),
]


@pytest.mark.parametrize(("name", "options", "shape"), TRANSFORMS)
def test_transforms(name, options, shape):
    import torch

    x = np.random.default_rng(3).normal(size=shape)
    if name == "PowerTransform":
        x = np.abs(x) + 0.1
    seen = []
    for lib in (tgb, torch):
        t = getattr(lib.distributions, name)(*options)
        a = lib.tensor(x, requires_grad=True)
        y = t(a)
        back = t.inv(y)
        log = answer(lambda t=t, a=a, y=y: t.log_abs_det_jacobian(a, y))
        total = (y * y).sum() + (0 if log is NotImplementedError else log.sum())
        total.backward()
        dims = (t.domain.event_dim, t.codomain.event_dim, t.bijective)
        seen.append((y, back, log, a.grad, dims, tuple(t.forward_shape(x.shape))))
    for ours, theirs in zip(*seen, strict=True):
        if theirs is not NotImplementedError:
            close(ours, theirs, 1e-8)
        else:
            assert ours is NotImplementedError


def test_composed_transforms_and_registries():
    import torch

    x = np.random.default_rng(4).normal(size=(5, 3))
    outs = []
    for lib in (tgb, torch):
        d, c = lib.distributions, lib.distributions.constraints
        low, high = lib.tensor(-1.0, dtype=lib.float64), lib.tensor(2.0, dtype=lib.float64)
        regions = [
            c.real, c.positive, c.nonnegative, c.greater_than(low), c.less_than(high),
            c.interval(low, high), c.unit_interval, c.simplex, c.real_vector,
            c.independent(c.positive, 1), c.stack([c.real, c.positive, c.unit_interval], dim=-1),
            c.cat([c.real, c.positive], dim=-1, lengths=[2, 1]),
        ]  # fmt: skip
        got = []
        for registry in (d.biject_to, d.transform_to):
            for region in regions:
                t = registry(region)
                y = t(lib.tensor(x))
                got += [y, t.inv(y), region.check(y)]
                if registry is d.biject_to:
                    got.append(t.log_abs_det_jacobian(lib.tensor(x), y))
        outs.append(got)
    for ours, theirs in zip(*outs, strict=True):
        close(ours, theirs)


def test_transformed_independent_and_mixed():
    import torch

    x = np.abs(np.random.default_rng(5).normal(size=(2, 3)))
    outs = []
    for lib in (tgb, torch):
        d = lib.distributions
        loc = lib.tensor(x * 2 - 1, requires_grad=True)
        base = d.Normal(loc, lib.ones(3, dtype=lib.float64))
        value = lib.tensor(x)
        flow = d.TransformedDistribution(
            d.Independent(base, 1), [d.AffineTransform(0.3, 2.0), d.ExpTransform()]
        )
        weights = d.Categorical(logits=lib.tensor([[0.1, 0.5, -0.3]] * 2, dtype=lib.float64))
        mixture = d.MixtureSameFamily(weights, base)
        vectors = d.MixtureSameFamily(
            d.Categorical(probs=lib.tensor([0.4, 0.6], dtype=lib.float64)), d.Independent(base, 1)
        )
        got = [
            flow.log_prob(value), flow.batch_shape, flow.event_shape,
            mixture.log_prob(value[:, 0]), mixture.mean, mixture.variance,
            mixture.cdf(value[:, 0]), vectors.log_prob(value[0]), vectors.mean, vectors.variance,
            mixture.sample((4,)).shape, vectors.sample((4,)).shape, repr(flow), repr(mixture),
            d.kl_divergence(d.Independent(base, 1), d.Independent(d.Normal(loc * 2, 1.5), 1)),
        ]  # fmt: skip
        (got[0].sum() + got[3].sum() + got[7].sum()).backward()
        outs.append(
            [
                g if not isinstance(g, str) else g.replace("torch.", "").replace("tinygrad_bp.", "")
                for g in got
            ]
        )
        outs[-1].append(loc.grad)
    for ours, theirs in zip(*outs, strict=True):
        close(ours, theirs)


def test_the_gradient_of_a_gamma_sample():
    import torch

    rng = np.random.default_rng(6)
    alpha = np.exp(rng.uniform(-3, 6, 400))
    z = np.maximum(rng.standard_gamma(alpha), 1e-200)
    ours = tgb.distributions.gamma.gamma_slope(z, alpha)
    theirs = torch._standard_gamma_grad(torch.tensor(alpha), torch.tensor(z)).numpy()
    # PyTorch's are rational approximations with four digits.
    np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=1e-12)
