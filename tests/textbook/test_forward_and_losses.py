"""Note 2, part A section 3: forward pass, the three losses, the chain rule."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_bp.textbook import (
    binary_cross_entropy,
    binary_cross_entropy_derivative,
    categorical_cross_entropy,
    categorical_cross_entropy_derivative,
    half_squared_error,
    half_squared_error_derivative,
    mean_squared_error,
    sigmoid,
    sigmoid_derivative,
)


def test_forward_of_a_layer_is_the_neurons_one_by_one():
    rng = np.random.default_rng(0)
    W, b, a = rng.standard_normal((3, 2)), rng.standard_normal((3, 1)), rng.standard_normal((2, 4))
    layer = sigmoid(W @ a + b)
    for j in range(3):
        for i in range(4):
            z = sum(W[j, k] * a[k, i] for k in range(2)) + b[j, 0]
            assert layer[j, i] == pytest.approx(1 / (1 + math.exp(-z)))


def test_half_squared_error_by_hand(central_difference):
    assert half_squared_error([0.9], [0.6]) == pytest.approx([0.045])  # ½ · 0.3²
    assert half_squared_error_derivative([0.9], [0.6]) == pytest.approx([-0.3])
    numeric = central_difference(lambda p: float(half_squared_error([0.9], p).sum()), [0.6])
    assert numeric == pytest.approx([-0.3])


def test_the_notes_mse_takes_no_mean():
    y, y_hat = np.array([1.0, 0.0]), np.array([0.6, 0.2])
    # squares 0.16 and 0.04: mean 0.1; halves 0.08 and 0.02, which are two numbers, not one
    assert half_squared_error(y, y_hat) == pytest.approx([0.08, 0.02])
    assert mean_squared_error(y, y_hat) == pytest.approx(0.1)
    assert half_squared_error(y, y_hat).mean() == pytest.approx(0.1 / 2)


def test_binary_cross_entropy_by_hand():
    assert binary_cross_entropy([1.0], [0.25]) == pytest.approx([math.log(4)])
    assert binary_cross_entropy([0.0], [0.25]) == pytest.approx([math.log(4 / 3)])
    assert binary_cross_entropy([1.0, 0.0], [0.0, 0.0]).tolist() == [np.inf, 0.0]


def test_categorical_cross_entropy_by_hand():
    Y = [[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
    A = [[0.5, 0.2], [0.25, 0.7], [0.25, 0.1]]
    assert categorical_cross_entropy(Y, A) == pytest.approx([math.log(2), math.log(10)])


@given(st.floats(0, 1), st.floats(0.001, 0.999))
def test_binary_cross_entropy_is_the_categorical_one_with_two_classes(y, p):
    two = categorical_cross_entropy([y, 1 - y], [p, 1 - p])
    assert binary_cross_entropy(y, p) == pytest.approx(float(two))


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0.05, 0.95))
def test_binary_cross_entropy_derivative_against_central_differences(central_difference, y, p):
    numeric = central_difference(lambda p: float(binary_cross_entropy(y, p)), p)
    assert binary_cross_entropy_derivative(y, p) == pytest.approx(float(numeric), abs=1e-6)


def test_categorical_cross_entropy_derivative_against_central_differences(central_difference):
    Y = np.array([[0.0, 1.0], [0.3, 0.0], [0.7, 0.0]])
    A = np.array([[0.2, 0.5], [0.3, 0.3], [0.5, 0.2]])
    numeric = central_difference(lambda A: float(categorical_cross_entropy(Y, A).sum()), A)
    assert np.allclose(categorical_cross_entropy_derivative(Y, A), numeric, atol=1e-7)


def test_derivative_at_probability_zero_is_zero_or_infinite():
    assert categorical_cross_entropy_derivative([0.0, 1.0], [0.0, 0.0]).tolist() == [0, -np.inf]
    assert binary_cross_entropy_derivative([0.0, 1.0], [0.0, 0.0]).tolist() == [1, -np.inf]


def test_sigmoid_with_binary_cross_entropy_gives_a_minus_y():
    y, a = np.array([0.0, 1.0, 0.3]), np.array([0.9, 0.2, 0.5])
    dz = binary_cross_entropy_derivative(y, a) * sigmoid_derivative(a)
    assert np.allclose(dz, a - y)


def test_chain_rule_of_one_weight(central_difference):
    # L = ½ (1 − σ(w x))² at w = 0, x = 2: (σ − 1) · σ(1 − σ) · x = −½ · ¼ · 2 = −¼
    def loss(w):
        return float(half_squared_error(1.0, sigmoid(w * 2.0)))

    assert central_difference(loss, 0.0) == pytest.approx(-0.25)


def test_several_paths_add_up(central_difference):
    # L = w² · 3w reaches w on two paths: 2w · 3w + w² · 3 = 9w². One path alone is 6w² or 3w².
    numeric = central_difference(lambda w: float((w**2) * (3 * w)), 2.0)
    assert numeric == pytest.approx(6 * 4 + 3 * 4)


def test_chain_rule_factors_do_not_commute():
    J1, J2 = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [3.0, 1.0]])
    assert not np.array_equal(J2 @ J1, J1 @ J2)


def test_one_backward_pass_replaces_a_difference_per_weight(central_difference):
    # The definition ("a tiny change in a specific weight") costs two forward passes a weight.
    calls = []

    def loss(W):
        calls.append(1)
        return float(np.sum(sigmoid(W)))

    W = np.zeros((3, 4))
    numeric = central_difference(loss, W)
    assert len(calls) == 2 * W.size
    assert np.allclose(numeric, sigmoid_derivative(sigmoid(W)))
