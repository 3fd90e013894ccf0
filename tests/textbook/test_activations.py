"""Note 2, part A sections 1 and 2: the neuron, and the activation functions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_bp.textbook import (
    leaky_relu,
    leaky_relu_derivative,
    relu,
    relu_derivative,
    sigmoid,
    sigmoid_derivative,
    softmax,
    softmax_jacobian,
    tanh,
    tanh_derivative,
)


def test_weighted_sum_of_a_neuron():
    w, x, b = np.array([0.5, -1.0, 2.0]), np.array([2.0, 3.0, 1.0]), 0.25
    assert w @ x + b == 0.5 * 2 - 1.0 * 3 + 2.0 * 1 + 0.25 == 0.25


def test_layers_without_activation_are_one_affine_map():
    rng = np.random.default_rng(0)
    W1, b1 = rng.standard_normal((4, 3)), rng.standard_normal((4, 1))
    W2, b2 = rng.standard_normal((2, 4)), rng.standard_normal((2, 1))
    X = rng.standard_normal((3, 7))
    assert np.allclose(W2 @ (W1 @ X + b1) + b2, (W2 @ W1) @ X + (W2 @ b1 + b2))


def test_layer_shapes_and_the_broadcast_bias():
    n = [3, 4, 2]  # n[0] inputs, then layers 1 … L with L = 2
    a = np.ones((n[0], 5))
    for l in (1, 2):
        W, b = np.ones((n[l], n[l - 1])), np.zeros((n[l], 1))
        a = W @ a + b  # b is a column, repeated over the 5 samples
        assert a.shape == (n[l], 5)
    # Three columns of units, two weight matrices: L is the number of layers that have weights.
    assert len(n) - 1 == 2


def test_sigmoid_by_hand():
    # σ(log 3) = 1 / (1 + 1/3) = 3/4
    assert sigmoid(math.log(3)) == pytest.approx(0.75)
    assert sigmoid(-math.log(3)) == pytest.approx(0.25)
    assert sigmoid(0.0) == 0.5


def test_sigmoid_of_the_notes_overflows():
    with pytest.warns(RuntimeWarning, match="overflow"):
        assert 1 / (1 + np.exp(np.float64(1000))) == 0.0


def test_sigmoid_is_stable_at_extremes():
    z = np.array([-1e4, -745.0, -40.0, 40.0, 1e4])
    a = sigmoid(z)  # warnings are errors here
    assert a[0] == 0.0 and a[-1] == 1.0
    assert a[2] == pytest.approx(math.exp(-40), rel=1e-12)  # not rounded to 0


def test_sigmoid_range_is_open_only_in_exact_arithmetic():
    assert sigmoid(36.0) < 1.0
    assert sigmoid(37.0) == 1.0
    assert sigmoid_derivative(sigmoid(37.0)) == 0.0


def test_sigmoid_derivative_takes_the_output(central_difference):
    z = np.linspace(-5, 5, 11)
    numeric = central_difference(lambda z: float(sigmoid(z).sum()), z)
    assert np.allclose(sigmoid_derivative(sigmoid(z)), numeric, atol=1e-9)
    assert not np.allclose(sigmoid_derivative(z), numeric, atol=0.1)  # the input: wrong


def test_tanh_by_hand():
    # tanh(log 2) = (2 − ½) / (2 + ½) = 3/5
    assert tanh(math.log(2)) == pytest.approx(0.6)
    assert tanh_derivative(0.6) == pytest.approx(0.64)


def test_tanh_quotient_of_the_notes_is_nan_at_extremes():
    z = np.float64(1000)
    with np.errstate(all="ignore"):
        quotient = (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))
    assert np.isnan(quotient)
    assert tanh(z) == 1.0


@given(st.floats(-20, 20))
def test_tanh_is_a_stretched_sigmoid(z):
    assert tanh(z) == pytest.approx(2 * sigmoid(2 * z) - 1, abs=1e-12)


def test_tanh_derivative_against_central_differences(central_difference):
    z = np.linspace(-3, 3, 13)
    numeric = central_difference(lambda z: float(tanh(z).sum()), z)
    assert np.allclose(tanh_derivative(tanh(z)), numeric, atol=1e-9)


def test_sigmoid_and_tanh_saturate():
    # σ′(10) = e⁻¹⁰ / (1 + e⁻¹⁰)² ≈ 4.54e-5;  1 − tanh²(10) ≈ 4 e⁻²⁰ ≈ 8.2e-9
    assert sigmoid_derivative(sigmoid(10.0)) == pytest.approx(4.54e-5, rel=1e-3)
    assert tanh_derivative(tanh(10.0)) == pytest.approx(8.24e-9, rel=1e-2)


def test_relu_by_hand():
    assert relu([-2.0, 0.0, 3.0]).tolist() == [0, 0, 3]


def test_relu_derivative_against_central_differences(central_difference):
    z = np.array([-2.0, -0.1, 0.1, 3.0])
    numeric = central_difference(lambda z: float(relu(z).sum()), z)
    assert np.allclose(relu_derivative(z), numeric, atol=1e-9)


def test_relu_has_no_derivative_at_zero():
    h = 1e-6
    assert (relu(h) - relu(0.0)) / h == 1.0  # from the right
    assert (relu(0.0) - relu(-h)) / h == 0.0  # from the left
    assert relu_derivative(0.0) == 0.0  # the convention


@pytest.mark.parametrize("derivative", [relu_derivative, leaky_relu_derivative])
def test_derivatives_keep_float32_where_the_notes_code_does_not(derivative):
    z = np.ones(3, np.float32)
    assert derivative(z).dtype == np.float32
    assert (z > 0).astype(float).dtype == np.float64


def test_a_relu_that_outputs_0_for_one_sample_learns_from_others():
    X = np.array([1.0, -1.0])  # w = 1: on for the first sample, off for the second
    dw = (relu_derivative(1.0 * X) * X).sum()  # gradient of Σ relu(w x)
    assert dw == 1.0


def test_a_relu_dead_on_all_samples_gets_no_gradient():
    X = np.array([1.0, 2.0, 3.0])
    assert (relu_derivative(-1.0 * X) * X).sum() == 0.0


def test_a_dead_relu_can_be_revived_from_below():
    # x = 1, h1 = relu(w1), h2 = relu(h1 − 1), out = h1 + h2, E = ½ (3 − out)².
    w1 = 0.5
    h2 = relu(relu(w1) - 1)
    assert h2 == 0.0  # dead on the only sample there is
    dw1 = -(3 - 0.5) * 1.0  # through out = h1, which is on: ∂E/∂w1 = −2.5
    w1 -= 0.5 * dw1  # 0.5 + 1.25
    assert relu(relu(w1) - 1) == 0.75  # alive, though its own weights never moved


def test_leaky_relu_by_hand():
    assert np.allclose(leaky_relu([-2.0, 0.0, 3.0], 0.01), [-0.02, 0, 3])
    assert leaky_relu_derivative([-2.0, 0.0, 3.0], 0.01).tolist() == [0.01, 0.01, 1]


def test_leaky_relu_derivative_against_central_differences(central_difference):
    z = np.array([-2.0, -0.1, 0.1, 3.0])
    numeric = central_difference(lambda z: float(leaky_relu(z, 0.2).sum()), z)
    assert np.allclose(leaky_relu_derivative(z, 0.2), numeric, atol=1e-9)


def test_leaky_relu_vanishes_faster_than_sigmoid_on_its_negative_side():
    assert pytest.approx(1e-10) == 0.01**5
    assert pytest.approx(9.77e-4, rel=1e-3) == 0.25**5


def test_softmax_by_hand():
    # e^{log 1} : e^{log 2} : e^{log 5} = 1 : 2 : 5
    assert np.allclose(softmax(np.log([1.0, 2.0, 5.0])), [1 / 8, 2 / 8, 5 / 8])


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.floats(0, 1000), st.integers(0, 9999))
def test_softmax_columns_are_probabilities(k, m, spread, seed):
    A = softmax(spread * np.random.default_rng(seed).standard_normal((k, m)))
    assert A.shape == (k, m)
    assert A.min() >= 0
    assert np.allclose(A.sum(axis=0), 1)


def test_softmax_as_written_overflows():
    z = np.array([1000.0, 1000.0])
    with np.errstate(all="ignore"):
        assert np.isnan(np.exp(z) / np.exp(z).sum()).all()
    assert softmax(z).tolist() == [0.5, 0.5]


def test_softmax_needs_all_scores():
    # The same z_1 = 0 gives ½ beside 0 and 1/(1 + e) beside 1.
    assert softmax([0.0, 0.0])[0] == 0.5
    assert softmax([0.0, 1.0])[0] == pytest.approx(1 / (1 + math.e))


def test_softmax_of_two_classes_is_a_sigmoid_of_the_difference():
    assert softmax([1.7, 0.4])[0] == pytest.approx(float(sigmoid(1.3)))


def test_softmax_jacobian_against_central_differences(central_difference):
    z = np.array([0.3, -1.2, 2.0, 0.0])
    rows = [central_difference(lambda z, i=i: float(softmax(z)[i]), z) for i in range(4)]
    assert np.allclose(softmax_jacobian(softmax(z)), rows, atol=1e-9)


def test_softmax_gradient_vanishes_when_saturated():
    # The table's "—". a = (1 − ε, ε): the largest entry of the Jacobian is ε(1 − ε).
    assert softmax_jacobian([0.5, 0.5]).max() == 0.25  # the same bound as σ′
    assert np.abs(softmax_jacobian(softmax([20.0, 0.0]))).max() < 2.1e-9


def test_softmax_with_cross_entropy_does_not_vanish_when_wrong():
    a, y = softmax([20.0, 0.0]), np.array([0.0, 1.0])  # sure, and wrong
    assert np.abs(a - y).max() > 0.999  # dZ
    squared = softmax_jacobian(a) @ (a - y)  # ½‖y − a‖² instead
    assert np.abs(squared).max() < 1e-8


def test_ranges_of_the_comparison_table():
    z = np.linspace(-5, 5, 1001)
    assert sigmoid(z).min() > 0 and sigmoid(z).max() < 1
    assert tanh(z).min() > -1 and tanh(z).max() < 1
    assert relu(z).min() == 0 and relu(z).max() == 5
    assert leaky_relu(z).min() == -0.05 and leaky_relu(z).max() == 5
