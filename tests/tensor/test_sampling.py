"""Random tensors and methods that draw: distributions, arguments, states of generators."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_bp as tgb

N = 20_000
# name -> (draw into a tensor, mean, deviation of the distribution)
DRAWS = {
    "normal_": (lambda x: x.normal_(2, 3), 2, 3),
    "uniform_": (lambda x: x.uniform_(-1, 3), 1, 4 / 12**0.5),
    "bernoulli_": (lambda x: x.bernoulli_(0.25), 0.25, (3 / 16) ** 0.5),
    "exponential_": (lambda x: x.exponential_(0.5), 2, 2),
    "geometric_": (lambda x: x.geometric_(0.25), 4, 12**0.5),
    "log_normal_": (lambda x: x.log_normal_(0, 0.25), np.exp(1 / 32), 0.2551),
    "random_": (lambda x: x.random_(0, 10), 4.5, (99 / 12) ** 0.5),
    "poisson": (lambda x: tgb.poisson(x + 4), 4, 2),
    "binomial": (lambda x: tgb.binomial(x + 8, x + 0.25), 2, 1.5**0.5),
    "normal": (lambda x: tgb.normal(x + 2, 3.0), 2, 3),
    "bernoulli": (lambda x: tgb.bernoulli(x, 0.25), 0.25, (3 / 16) ** 0.5),
}


@pytest.mark.parametrize("dtype", [tgb.float32, tgb.float64], ids=lambda d: d.name)
@pytest.mark.parametrize("name", DRAWS)
def test_moments(name, dtype):
    tgb.manual_seed(0)
    draw, mean, deviation = DRAWS[name]
    x = draw(tgb.zeros(N, dtype=dtype))
    assert x.dtype is dtype
    np.testing.assert_allclose(x.mean().item(), mean, atol=5 * deviation / N**0.5)
    np.testing.assert_allclose(x.std().item(), deviation, rtol=0.05)


def test_cauchy_has_its_quartiles():
    tgb.manual_seed(0)
    x = np.asarray(tgb.zeros(N).cauchy_(1, 2))
    np.testing.assert_allclose(np.quantile(x, [0.25, 0.5, 0.75]), [-1, 1, 3], atol=0.15)


def test_names_of_arguments():
    x = tgb.zeros(100)
    assert ((y := x.uniform_(**{"from": 2, "to": 3})) >= 2).all() and (y < 3).all()
    assert x.random_(5).max() < 5 and x.random_(**{"from": 3, "to": 4}).eq(3).all()
    assert set(tgb.zeros(100, dtype=tgb.bool).random_().tolist()) == {True, False}
    with pytest.raises(TypeError):
        x.uniform_(until=3)


@pytest.mark.parametrize(("use", "error"), [
    (lambda: tgb.zeros(2).normal_(0, -1), RuntimeError),
    (lambda: tgb.zeros(2).uniform_(1, 0), RuntimeError),
    (lambda: tgb.zeros(2).exponential_(0), RuntimeError),
    (lambda: tgb.zeros(2).geometric_(1), RuntimeError),
    (lambda: tgb.zeros(2).random_(3, 3), RuntimeError),
    (lambda: tgb.normal(0.0, 1.0), TypeError),
    (lambda: tgb.normal(tgb.zeros(2), -tgb.ones(2)), RuntimeError),
    (lambda: tgb.poisson(-tgb.ones(2)), RuntimeError),
    (lambda: tgb.binomial(tgb.ones(2), tgb.ones(2) * 2), RuntimeError),
    (lambda: tgb.multinomial(tgb.ones(2, 2, 2), 1), RuntimeError),
    (lambda: tgb.rand(2, dtype=tgb.int64), RuntimeError),
    (lambda: tgb.randint(0, 10), TypeError),
    (lambda: tgb.zeros(2.0), TypeError),
])  # fmt: skip
def test_bad_arguments(use, error):
    with pytest.raises(error):
        use()


def test_a_draw_into_a_graph_has_no_gradient():
    w = tgb.ones(3, requires_grad=True)
    y = w * 2
    y.uniform_()
    (y * 3).sum().backward()
    assert w.grad.tolist() == [0, 0, 0]


def test_multinomial_with_replacement_follows_the_weights_of_each_row():
    tgb.manual_seed(0)
    rows = tgb.multinomial(tgb.tensor([[0.0, 1.0, 0.0, 3.0], [1.0, 0.0, 0.0, 0.0]]), N, True)
    counts = np.bincount(np.asarray(rows[0]), minlength=4) / N
    np.testing.assert_allclose(counts, [0, 0.25, 0, 0.75], atol=0.02)
    assert (rows[1] == 0).all()


def test_like_and_out():
    x = tgb.zeros(2, 3, dtype=tgb.float64)
    generator = tgb.Generator().manual_seed(1)
    y = tgb.rand_like(x, dtype=tgb.float32, generator=generator, requires_grad=True)
    assert y.shape == x.shape and y.dtype is tgb.float32 and y.requires_grad
    assert tgb.randint_like(x, 2, 3).eq(2).all() and tgb.randint(5, size=(2,)).shape == (2,)
    out = tgb.empty(0)
    assert tgb.randn(4, out=out) is out and out.shape == (4,)
    assert tgb.zeros(size=(2, 3)).shape == (2, 3) == tgb.randn(size=(2, 3)).shape
    with pytest.raises(RuntimeError, match="can't hold"):
        tgb.rand(2, out=tgb.zeros(2, dtype=tgb.int64))


def test_states_of_generators():
    tgb.manual_seed(3)
    state = tgb.get_rng_state()
    first = tgb.rand(3)
    assert state.dtype is tgb.uint8
    tgb.set_rng_state(state)
    assert tgb.equal(tgb.rand(3), first)
    with tgb.random.fork_rng():
        tgb.manual_seed(8)
    after = tgb.rand(3)
    tgb.set_rng_state(state)
    tgb.rand(3)
    assert tgb.equal(tgb.rand(3), after)
    g = tgb.Generator("cpu").manual_seed(5)
    for twin in (pickle.loads(pickle.dumps(g)), copy.deepcopy(g), g.clone_state()):
        assert twin.initial_seed() == 5 and twin.device == tgb.device("cpu")
        assert tgb.equal(tgb.rand(2, generator=twin), tgb.rand(2, generator=g.clone_state()))
    with pytest.raises(TypeError):
        g.set_state({"seed": 1})
    with pytest.raises(RuntimeError, match="no state"):
        g.set_state(tgb.zeros(3, dtype=tgb.uint8))
