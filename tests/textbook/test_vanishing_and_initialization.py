"""Note 2, part A sections 5 and 6: vanishing gradients, their cures, first weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_bp.textbook import (
    SimpleNN,
    clip_gradient,
    glorot_normal,
    glorot_uniform,
    he_normal,
    lecun_normal,
    relu,
    sigmoid,
    sigmoid_derivative,
    tanh,
    tanh_derivative,
)


@given(st.floats(-50, 50))
def test_slopes_are_bounded_by_a_quarter_and_one(z):
    assert sigmoid_derivative(sigmoid(z)) <= 0.25
    assert tanh_derivative(tanh(z)) <= 1.0


def test_the_bounds_are_reached_only_at_zero():
    assert sigmoid_derivative(sigmoid(0.0)) == 0.25
    assert tanh_derivative(tanh(0.0)) == 1.0
    assert sigmoid_derivative(sigmoid(0.5)) < 0.24
    assert tanh_derivative(tanh(0.5)) < 0.79


def chain_slope(w, layers, bias=0.0):
    """d a_L / d a_0 of a chain a ← σ(w a + bias), from a_0 = ½: the product of w σ′(z)."""
    a, slope = 0.5, 1.0
    for _ in range(layers):
        a = float(sigmoid(w * a + bias))
        slope *= w * float(sigmoid_derivative(a))
    return slope


def test_weights_are_factors_too():
    assert pytest.approx(9.54e-7, rel=1e-3) == 0.25**10  # the notes' product, with every w = 1
    # w = 4 and bias −2 keep z at 0: each factor is 4 · ¼ = 1, and nothing vanishes.
    assert chain_slope(4.0, 10, bias=-2.0) == 1.0
    # w = 8, bias −4: each factor is 2, and it explodes, with the sigmoid's ¼ in every layer.
    assert chain_slope(8.0, 10, bias=-4.0) == 1024.0
    # w = 1, no bias: below the notes' bound, since z is never 0.
    assert 0 < chain_slope(1.0, 10) < 0.25**10


def test_large_weights_without_centring_saturate_instead():
    assert chain_slope(8.0, 10) < 1e-20  # z near 8: σ′ is 3e-4, and 8 of those is too little


def test_chain_slope_against_central_differences(central_difference):
    def chain(a0):
        a = a0
        for _ in range(3):
            a = sigmoid(1.5 * a - 0.5)
        return float(a)

    assert chain_slope(1.5, 3, -0.5) == pytest.approx(float(central_difference(chain, 0.5)))


def test_relu_signals_vanish_with_the_notes_initialisation():
    # Var z = Var x with √(1/n_in); ReLU keeps half of it. 20 layers: 2⁻²⁰ ≈ 1e-6. He: nothing lost.
    rng = np.random.default_rng(0)
    energy = {}
    for draw in (lecun_normal, he_normal):
        a = rng.standard_normal((256, 200))
        for _ in range(20):
            a = relu(draw(256, 256, rng) @ a)
        energy[draw] = float(np.mean(a**2))
    assert 1e-7 < energy[lecun_normal] < 1e-5
    assert 0.1 < energy[he_normal] < 10


def test_a_residual_connection_adds_one_to_the_slope(central_difference):
    # a ← a + ½ σ(a): slope 1 + ½ σ′ > 1 a layer, where a ← ½ σ(a) has at most ⅛.
    def residual(a):
        for _ in range(10):
            a = a + 0.5 * sigmoid(a)
        return float(a)

    def plain(a):
        for _ in range(10):
            a = 0.5 * sigmoid(a)
        return float(a)

    assert float(central_difference(residual, 0.0)) > 1.0
    assert abs(float(central_difference(plain, 0.0))) < 0.125**9


def test_normalised_inputs_do_not_saturate():
    z = np.array([-100.0, 100.0])
    assert sigmoid_derivative(sigmoid(z)).max() < 1e-40
    normalised = (z - z.mean()) / z.std()  # −1, 1
    assert sigmoid_derivative(sigmoid(normalised)).min() == pytest.approx(0.1966, abs=1e-4)


def test_clipping_bounds_an_exploding_gradient():
    g = clip_gradient([3e6, 4e6], max_norm=1.0)
    assert g == pytest.approx([0.6, 0.8])  # length 1, same direction


def test_clipping_leaves_a_vanishing_gradient_alone():
    g = np.array([3e-9, 4e-9])
    assert clip_gradient(g, max_norm=1.0).tolist() == g.tolist()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5), st.floats(1e-3, 1e3))
def test_clipping_never_makes_a_gradient_longer(g, max_norm):
    clipped = clip_gradient(g, max_norm)
    assert np.linalg.norm(clipped) <= min(np.linalg.norm(g), max_norm) * (1 + 1e-12)


@pytest.mark.parametrize(
    ("draw", "variance"),
    [
        (lecun_normal, 1 / 100),
        (glorot_normal, 2 / 500),
        (glorot_uniform, 2 / 500),
        (he_normal, 2 / 100),
    ],
)
def test_variance_of_each_initialisation(draw, variance):
    W = draw(400, 100, np.random.default_rng(0))
    assert W.shape == (400, 100)
    assert W.mean() == pytest.approx(0, abs=4 * np.sqrt(variance / W.size))
    assert W.var() == pytest.approx(variance, rel=0.04)


def test_glorot_uniform_stays_within_its_range():
    W = glorot_uniform(400, 100, np.random.default_rng(0))
    assert 0.99 < np.abs(W).max() / np.sqrt(6 / 500) <= 1.0


def test_the_notes_xavier_is_lecuns():
    # SimpleNN(100, 400, ·): √(1/n_in) = 0.1; Glorot's √(2/(n_in + n_out)) = 0.0632
    std = SimpleNN(100, 400, 1, rng=np.random.default_rng(0)).W1.std()
    assert std == pytest.approx(np.sqrt(1 / 100), rel=0.02)
    assert std != pytest.approx(np.sqrt(2 / 500), rel=0.3)


def test_the_two_agree_only_in_square_layers():
    def pair(n_out, n_in):
        return [
            draw(n_out, n_in, np.random.default_rng(0)) for draw in (lecun_normal, glorot_normal)
        ]

    assert np.array_equal(*pair(64, 64))  # 1/64 = 2/(64 + 64)
    assert not np.allclose(*pair(64, 16))


def test_too_small_weights_vanish_too():
    # "small random values" is not the point: with σ = 0.01 and n = 100, Var z = 0.01 Var x a layer.
    rng = np.random.default_rng(0)
    a = rng.standard_normal((100, 50))
    for _ in range(5):
        a = tanh(0.01 * rng.standard_normal((100, 100)) @ a)
    assert np.mean(a**2) < 1e-9


def test_equal_weights_stay_equal():
    nn = SimpleNN(2, 3, 1, rng=np.random.default_rng(0))
    nn.W1[:], nn.W2[:] = 0.1, 0.1
    nn.train([[0.0, 1.0], [1.0, 1.0]], [[0.0, 1.0]], epochs=50)
    assert not np.allclose(nn.W1[0], 0.1)  # it learns,
    assert np.allclose(nn.W1, nn.W1[0])  # but as if it had one hidden unit


def test_zero_biases_break_nothing():
    nn = SimpleNN(2, 3, 1, rng=np.random.default_rng(0))
    assert not nn.b1.any() and not nn.b2.any()
    nn.train([[0.0, 1.0], [1.0, 1.0]], [[0.0, 1.0]], epochs=50)
    assert len({round(float(b), 12) for b in nn.b1[:, 0]}) == 3  # random weights told them apart
