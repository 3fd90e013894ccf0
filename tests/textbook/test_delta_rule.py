"""Note 2, part B sections 1 and 2: Iⱼ, Oⱼ, Errⱼ, Δwᵢⱼ, momentum."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_bp.textbook import (
    DeltaRuleNetwork,
    gradient_descent,
    hidden_error,
    output_error,
    sigmoid,
    sigmoid_derivative,
)


def half_squared_sum(net, x, T):
    return float(0.5 * np.sum((T - net.forward(x)[-1]) ** 2))


def test_net_input_and_output_by_hand():
    # I = 0.5 · 2 − 1 · 1 + log 3 = log 3, O = ¾
    net = DeltaRuleNetwork([[[0.5], [-1.0]]], [[math.log(3)]])
    assert net.forward([2.0, 1.0])[-1] == pytest.approx([0.75])


def test_w_ij_is_the_transpose_of_W():
    w, x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.array([1.0, -1.0])
    by_sum = [sum(w[i, j] * x[i] for i in range(2)) for j in range(3)]
    net = DeltaRuleNetwork([w], [np.zeros(3)])
    assert by_sum == [-3, -3, -3] == (w.T @ x).tolist()  # W = wᵀ has shape n_out × n_in
    assert np.allclose(net.forward(x)[-1], sigmoid(np.array(by_sum)))


def test_output_error_is_minus_the_gradient_of_half_the_squared_error(central_difference):
    T = np.array([0.9, 0.2])
    I = np.array([0.4, -1.0])
    numeric = central_difference(lambda I: float(0.5 * np.sum((T - sigmoid(I)) ** 2)), I)
    assert np.allclose(output_error(sigmoid(I), T), -numeric, atol=1e-9)


def test_hidden_error_by_hand():
    # O(1 − O) = ¼; w · Err = 1 · 0.1 + 2 · (−0.3) = −0.5
    assert hidden_error([0.5], [[1.0, 2.0]], [0.1, -0.3]) == pytest.approx([-0.125])


def test_err_is_not_the_difference_called_error():
    assert output_error(0.6, 0.9) == pytest.approx(0.072)
    assert pytest.approx(0.3) == 0.9 - 0.6


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=5), st.integers(0, 9999))
def test_every_update_is_minus_l_times_the_gradient(central_difference, sizes, seed):
    rng = np.random.default_rng(seed)
    net = DeltaRuleNetwork.from_sizes(sizes, rng=rng, l=0.3)
    x, T = rng.standard_normal(sizes[0]), rng.random(sizes[-1])
    weights = [w.copy() for w in net.weights]
    biases = [theta.copy() for theta in net.biases]
    net.learn(x, T)
    for k in range(len(weights)):

        def loss_of_w(w, k=k):
            changed = DeltaRuleNetwork([*weights[:k], w, *weights[k + 1 :]], biases)
            return half_squared_sum(changed, x, T)

        def loss_of_theta(theta, k=k):
            changed = DeltaRuleNetwork(weights, [*biases[:k], theta, *biases[k + 1 :]])
            return half_squared_sum(changed, x, T)

        dw, dtheta = net.weights[k] - weights[k], net.biases[k] - biases[k]
        assert np.allclose(dw, -0.3 * central_difference(loss_of_w, weights[k]), atol=1e-9)
        assert np.allclose(dtheta, -0.3 * central_difference(loss_of_theta, biases[k]), atol=1e-9)


def test_plus_l_err_is_minus_eta_gradient():
    # w ← w + l Err O  and  w ← w − η ∂L/∂w are one rule, since Err O = −∂L/∂w.
    O_i, w, T, l = 0.5, 0.4, 0.9, 0.1
    O = float(sigmoid(w * O_i))
    gradient = (O - T) * O * (1 - O) * O_i  # chain rule on ½ (T − O)²
    plus = w + l * float(output_error(O, T)) * O_i
    minus = gradient_descent(np.array([w]), np.array([gradient]), lr=l)
    assert plus == pytest.approx(float(minus[0]))
    assert plus > w  # O < T: it must grow


def test_error_stops_at_the_first_hidden_layer():
    net = DeltaRuleNetwork.from_sizes([2, 3, 1], rng=np.random.default_rng(0))
    Err = net.errors(net.forward([1.0, 2.0]), [1.0])
    assert [e.shape for e in Err] == [(3,), (1,)]  # none for the two input units


def test_hidden_errors_come_from_the_next_layer_not_only_from_outputs():
    net = DeltaRuleNetwork.from_sizes([1, 2, 3, 1], rng=np.random.default_rng(0))
    O = net.forward([1.0])
    first, second, last = net.errors(O, [1.0])
    assert np.allclose(second, hidden_error(O[2], net.weights[2], last))
    assert np.allclose(first, hidden_error(O[1], net.weights[1], second))


def test_every_layer_is_updated_not_only_hidden_ones():
    net = DeltaRuleNetwork.from_sizes([2, 3, 1], rng=np.random.default_rng(0))
    before = [w.copy() for w in net.weights]
    net.learn([1.0, 2.0], [1.0])
    assert all(np.all(w != old) for w, old in zip(net.weights, before, strict=True))


def test_backpropagation_alone_changes_no_weight():
    net = DeltaRuleNetwork.from_sizes([2, 3, 1], rng=np.random.default_rng(0))
    before = [w.copy() for w in net.weights]
    Err = net.errors(net.forward([1.0, 2.0]), [1.0])
    assert Err[-1][0] != 0
    assert all(np.array_equal(w, old) for w, old in zip(net.weights, before, strict=True))


def test_hidden_errors_use_the_weights_before_their_update():
    net = DeltaRuleNetwork([[[0.6]], [[0.4]]], [[0.0], [0.0]], l=10.0)
    O = net.forward([1.0])
    Err_out = float(output_error(O[2], [0.9])[0])
    Err_hidden = O[1][0] * (1 - O[1][0]) * 0.4 * Err_out
    net.learn([1.0], [0.9])
    assert float(net.weights[0][0, 0]) == pytest.approx(0.6 + 10 * Err_hidden)


def test_bias_learns_like_a_weight_from_a_unit_that_is_always_one():
    with_bias = DeltaRuleNetwork([[[0.4]]], [[0.1]], l=0.5, mu=0.3)
    with_unit = DeltaRuleNetwork([[[0.4], [0.1]]], [[0.0]], l=0.5, mu=0.3, learn_biases=False)
    for _ in range(5):
        with_bias.learn([2.0], [0.9])
        with_unit.learn([2.0, 1.0], [0.9])
    assert float(with_bias.biases[0][0]) == pytest.approx(float(with_unit.weights[0][1, 0]))
    assert float(with_bias.weights[0][0, 0]) == pytest.approx(float(with_unit.weights[0][0, 0]))


def test_momentum_adds_a_share_of_the_last_change():
    net = DeltaRuleNetwork([[[0.4]]], [[0.0]], l=0.1, mu=0.9, learn_biases=False)
    w, changes, plain = [0.4], [], []
    for _ in range(3):
        O = net.forward([0.5])
        plain.append(0.1 * float(output_error(O[-1], [0.9])[0]) * 0.5)
        net.learn([0.5], [0.9])
        w.append(float(net.weights[0][0, 0]))
        changes.append(w[-1] - w[-2])
    assert changes[0] == pytest.approx(plain[0])
    assert changes[1] == pytest.approx(plain[1] + 0.9 * changes[0])
    assert changes[2] == pytest.approx(plain[2] + 0.9 * changes[1])


def test_output_error_vanishes_when_the_output_is_wrong_and_saturated():
    # Squared error with sigmoid: O ≈ 0, T = 1. Cross-entropy's a − y would be −1.
    O = sigmoid(-20.0)
    assert output_error(O, 1.0) < 2.1e-9
    assert sigmoid_derivative(O) < 2.1e-9
    assert float(O) - 1.0 == pytest.approx(-1.0)


def test_training_repeats_epochs_until_the_error_is_small():
    X, T = [[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]], [[0.0, 0.0, 0.0, 1.0]]
    net = DeltaRuleNetwork.from_sizes([2, 3, 1], rng=np.random.default_rng(0), l=0.5, mu=0.5)
    losses = net.train(X, T, epochs=2000, rng=np.random.default_rng(1))
    assert len(losses) == 2000
    assert losses[-1] < 0.01 < losses[0]
    assert net.predict(X).round().tolist() == T


def test_repeating_does_not_always_make_the_error_small():
    # One sigmoid unit cannot be "exclusive or": the best it can do is ½ everywhere, E = ½ · ¼.
    X, T = [[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]], [[0.0, 1.0, 1.0, 0.0]]
    net = DeltaRuleNetwork.from_sizes([2, 1], rng=np.random.default_rng(0), l=0.05)
    assert net.train(X, T, epochs=2000)[-1] > 0.12
