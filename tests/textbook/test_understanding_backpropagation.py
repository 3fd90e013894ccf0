"""Note 1, "Understanding Backpropagation": loss, dA2, dZ2, and every gradient of the network."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tinygrad_bp.textbook import (
    TwoLayerSoftmax,
    categorical_cross_entropy,
    categorical_cross_entropy_derivative,
    one_hot,
    relu_derivative,
    softmax,
    softmax_jacobian,
)

Y_HAT = np.array([0.01, 0.02, 0.05, 0.02, 0.80, 0.01, 0.01, 0.00, 0.01, 0.07])  # the note's vector
PARAMETERS = ("W1", "b1", "W2", "b2")


def by_hand():
    """A 1-2-2 net with one sample whose every number can be written down.

    X = 1, W1 = (1, −1)ᵀ, b1 = 0:  Z1 = (1, −1)ᵀ, A1 = (1, 0)ᵀ
    W2 = [[log 3, 7], [0, 7]], b2 = 0:  Z2 = (log 3, 0)ᵀ, A2 = (3/4, 1/4)ᵀ
    """
    net = TwoLayerSoftmax(
        [[1.0], [-1.0]], [[0.0], [0.0]], [[math.log(3), 7.0], [0.0, 7.0]], [[0.0], [0.0]]
    )
    return net, np.array([[1.0]]), np.array([[0.0], [1.0]])


def random_net(seed, n_x=3, n_h=4, c=3, m=5):
    rng = np.random.default_rng(seed)
    net = TwoLayerSoftmax.from_sizes(n_x, n_h, c, rng=rng)
    net.b1[:] = rng.standard_normal(net.b1.shape)
    net.b2[:] = rng.standard_normal(net.b2.shape)
    return net, rng.standard_normal((n_x, m)), one_hot(rng.integers(0, c, m), c)


def loss_with(net, name, value, X, Y):
    changed = TwoLayerSoftmax(**{k: value if k == name else getattr(net, k) for k in PARAMETERS})
    changed.forward(X)
    return changed.loss(Y)


def test_loss_of_the_example_is_0_2231_nats():
    y = one_hot([4], 10)[:, 0]
    # −log 0.8 = log 1.25 = 0.25 − 0.25²/2 + 0.25³/3 − … = 0.22314
    assert categorical_cross_entropy(y, Y_HAT) == pytest.approx(0.22314, abs=5e-6)


def test_the_notes_0_097_is_a_base_10_logarithm():
    assert round(-math.log10(0.80), 4) == 0.0969
    assert round(-math.log(0.80), 4) == 0.2231
    # nats = log10 · ln 10: the notes' number is too small by the factor 2.3026
    assert -math.log(0.80) / -math.log10(0.80) == pytest.approx(2.302585, abs=1e-6)


def test_minus_log_y4_is_zero_whatever_is_predicted():
    y = one_hot([4], 10)[:, 0]
    assert -math.log(y[4]) == 0.0  # y_4 = 1: the prediction does not occur in it
    assert -math.log(Y_HAT[4]) > 0.2


def test_ten_classes_are_numbered_0_to_9():
    y = one_hot([4], 10)[:, 0]
    assert len(Y_HAT) == len(y) == 10
    total = -sum(y[i] * math.log(Y_HAT[i]) for i in range(10) if y[i] != 0)  # i = 0 … c − 1
    assert total == pytest.approx(-math.log(0.8))
    with pytest.raises(IndexError):
        _ = y[10]  # i = c has no entry


def test_prediction_vector_sums_to_one():
    # 0.01 + 0.02 + 0.05 + 0.02 + 0.80 + 0.01 + 0.01 + 0.00 + 0.01 + 0.07 = 1.00
    assert Y_HAT.sum() == pytest.approx(1.0)


def test_the_printed_0_00_is_a_rounded_softmax():
    # For scores that float64 can exp, no softmax output is 0: it takes a gap above 745.
    assert softmax(np.array([0.0, -700.0]))[1] > 0
    # And were it exactly 0, a sample of class 7 would cost infinitely much.
    assert categorical_cross_entropy(one_hot([7], 10)[:, 0], Y_HAT) == np.inf


def test_zero_times_log_zero_needs_a_convention():
    y = one_hot([4], 10)[:, 0]
    with np.errstate(all="ignore"):
        assert np.isnan(-np.sum(y * np.log(Y_HAT)))  # NumPy: 0 · (−∞) = nan
    assert np.isfinite(categorical_cross_entropy(y, Y_HAT))


def test_one_hot_of_label_4():
    assert one_hot([4], 10)[:, 0].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


def test_loss_tends_to_zero_and_to_infinity():
    p = np.array([1e-300, 1e-8, 0.1, 0.5, 0.9, 1 - 1e-12])
    losses = categorical_cross_entropy(np.stack([np.ones(6), np.zeros(6)]), np.stack([p, 1 - p]))
    assert np.all(np.diff(losses) < 0)
    assert losses[0] > 690 and losses[-1] < 1e-11


def test_true_dA2_is_minus_Y_over_A2(central_difference):
    A2 = np.array([[0.75], [0.25]])
    Y = np.array([[0.0], [1.0]])
    numeric = central_difference(lambda A: float(categorical_cross_entropy(Y, A).sum()), A2)
    exact = categorical_cross_entropy_derivative(Y, A2)
    assert exact.ravel().tolist() == [0.0, -4.0]  # −0/0.75, −1/0.25
    assert np.allclose(numeric, exact, atol=1e-6)


def test_the_notes_dA2_is_neither_dA2_nor_dZ2():
    A2, Y = np.array([[0.75], [0.25]]), np.array([[0.0], [1.0]])
    notes = Y - A2
    dA2 = categorical_cross_entropy_derivative(Y, A2)
    dZ2 = softmax_jacobian(A2) @ dA2
    assert notes.ravel().tolist() == [-0.75, 0.75]
    assert dA2.ravel().tolist() == [0.0, -4.0]
    assert dZ2.ravel().tolist() == [0.75, -0.75]  # the opposite sign


def test_the_constant_is_pulled_out_not_the_product_rule():
    # d(Y log A)/dA by the product rule: Y′ log A + Y/A, and Y′ = 0 is all that it adds.
    Y, A, dY = 1.0, 0.25, 0.0
    assert -(dY * math.log(A) + Y / A) == -Y / A == -4.0


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 8), st.integers(0, 10_000))
def test_dZ2_is_A2_minus_Y_by_the_softmax_jacobian(c, seed):
    rng = np.random.default_rng(seed)
    A2 = softmax(rng.standard_normal(c))
    Y = rng.dirichlet(np.ones(c))  # needs ΣY = 1 only, not one-hot
    dZ2 = softmax_jacobian(A2) @ categorical_cross_entropy_derivative(Y, A2)
    assert np.allclose(dZ2, A2 - Y, atol=1e-12)


def test_dZ2_is_wrong_where_Y_does_not_sum_to_one():
    # dZᵢ = Aᵢ ΣY − Yᵢ. With Y = (1, 1) and A = (3/4, 1/4): (3/2 − 1, 1/2 − 1).
    A2, Y = np.array([0.75, 0.25]), np.array([1.0, 1.0])
    dZ2 = softmax_jacobian(A2) @ categorical_cross_entropy_derivative(Y, A2)
    assert np.allclose(dZ2, [0.5, -0.5])
    assert np.allclose(A2 - Y, [-0.25, -0.75])
    net, X, _ = by_hand()
    net.forward(X)
    with pytest.raises(ValueError, match="sum to 1"):
        net.backward(X, [[1.0], [1.0]])


def test_dZ2_against_central_differences(central_difference):
    Z2 = np.array([math.log(3), 0.0])
    Y = np.array([0.0, 1.0])
    numeric = central_difference(lambda Z: float(categorical_cross_entropy(Y, softmax(Z))), Z2)
    assert np.allclose(numeric, [0.75, -0.75], atol=1e-9)


def test_forward_by_hand():
    net, X, _ = by_hand()
    net.forward(X)
    assert net.Z1.ravel().tolist() == [1, -1]
    assert net.A1.ravel().tolist() == [1, 0]
    assert np.allclose(net.Z2.ravel(), [math.log(3), 0])
    assert np.allclose(net.A2.ravel(), [0.75, 0.25])


def test_loss_by_hand():
    net, X, Y = by_hand()
    net.forward(X)
    assert net.loss(Y) == pytest.approx(2 * math.log(2))  # −log ¼


def test_backward_by_hand():
    net, X, Y = by_hand()
    net.forward(X)
    g = net.backward(X, Y)
    assert np.allclose(g.dZ2, [[0.75], [-0.75]])
    assert np.allclose(g.dW2, [[0.75, 0], [-0.75, 0]])  # dZ2 (1, 0)
    assert np.allclose(g.dB2, [[0.75], [-0.75]])
    # W2ᵀ dZ2 = (¾ log 3, 0); the second unit is off anyway
    assert np.allclose(g.dZ1, [[0.75 * math.log(3)], [0]])
    assert np.allclose(g.dW1, [[0.75 * math.log(3)], [0]])
    assert np.allclose(g.dB1, [[0.75 * math.log(3)], [0]])


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 4), st.integers(1, 5), st.integers(1, 4), st.integers(1, 6), st.integers(0, 9999)
)
def test_every_gradient_against_central_differences(central_difference, n_x, n_h, c, m, seed):
    net, X, Y = random_net(seed, n_x, n_h, c, m)
    net.forward(X)
    assume(np.abs(net.Z1).min() > 1e-3)  # stay clear of ReLU's kink
    g = net.backward(X, Y)
    for name, exact in zip(PARAMETERS, (g.dW1, g.dB1, g.dW2, g.dB2), strict=True):
        numeric = central_difference(
            lambda value, name=name: loss_with(net, name, value, X, Y), getattr(net, name)
        )
        assert exact.shape == getattr(net, name).shape
        assert np.allclose(numeric, exact, atol=1e-7), name


def test_without_1_over_m_the_gradient_is_that_of_the_sum(central_difference):
    net, X, Y = random_net(0, m=5)
    net.forward(X)
    g = net.backward(X, Y)
    summed = g.dZ2 @ net.A1.T  # no 1/m
    numeric = central_difference(lambda W2: 5 * loss_with(net, "W2", W2, X, Y), net.W2)
    assert np.allclose(summed, numeric, atol=1e-7)
    assert np.allclose(summed, 5 * g.dW2)


def test_bias_gradient_sums_over_samples_and_stays_a_column():
    net, X, Y = random_net(1, m=5)
    net.forward(X)
    g = net.backward(X, Y)
    assert g.dB2.shape == net.b2.shape == (3, 1)
    # Summing everything gives 0, since each column of A2 − Y sums to 1 − 1: b2 would never learn.
    assert np.sum(g.dZ2) == pytest.approx(0, abs=1e-12)
    assert np.abs(g.dB2).max() > 0.01
    # Without keepdims the shape is (3,), and (3, 1) − (3,) is a matrix.
    assert (net.b2 - g.dZ2.sum(axis=1)).shape == (3, 3)


def test_g_prime_is_a_matrix_of_ones_and_zeros():
    Z1 = np.array([[2.0, -1.0], [0.0, 0.5]])
    assert relu_derivative(Z1).tolist() == [[1, 0], [0, 1]]  # at 0: the convention 0


def test_transpose_does_not_reverse_the_weights():
    W2 = np.array([[1.0, 2.0], [3.0, 4.0]])
    A1 = np.array([[1.0], [1.0]])
    # W2 A1 = (3, 7), and W2ᵀ (3, 7) = (24, 34), not (1, 1)
    assert (W2.T @ (W2 @ A1)).ravel().tolist() == [24, 34]


def test_multiplying_by_the_slope_does_not_undo_the_activation():
    # tanh(1) = 0.76; times the slope there, 0.42, is 0.32; undoing tanh would give back 1.
    a = np.tanh(1.0)
    assert a * (1 - a**2) == pytest.approx(0.3199, abs=1e-4)
    assert np.arctanh(a) == pytest.approx(1.0)


def test_update_by_hand():
    net, X, Y = by_hand()
    net.forward(X)
    net.update(net.backward(X, Y), alpha=0.1)
    assert np.allclose(net.W2, [[math.log(3) - 0.075, 7], [0.075, 7]])
    assert np.allclose(net.b2, [[-0.075], [0.075]])
    assert np.allclose(net.W1, [[1 - 0.075 * math.log(3)], [-1]])
    assert np.allclose(net.b1, [[-0.075 * math.log(3)], [0]])


def test_all_gradients_come_before_any_update():
    net, X, Y = random_net(2)
    net.forward(X)
    right = net.backward(X, Y)
    W2_after = net.W2 - 0.5 * right.dW2
    wrong_dZ1 = W2_after.T @ right.dZ2 * relu_derivative(net.Z1)
    assert not np.allclose(wrong_dZ1, right.dZ1, atol=1e-2)


def test_training_lowers_the_loss_and_learns():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    X = rng.standard_normal((2, 60)) * 0.3 + np.array([[0, 3, 0], [0, 0, 3]])[:, labels]
    net = TwoLayerSoftmax.from_sizes(2, 8, 3, rng=rng)
    seen = []
    losses = net.train(
        X,
        one_hot(labels, 3),
        alpha=0.5,
        iterations=200,
        report=lambda i, loss: seen.append((i, loss)),
    )
    assert losses[-1] < 0.1 * losses[0]
    assert net.accuracy(X, labels) == 1.0
    assert seen == list(enumerate(losses))


def test_layer_count_and_units_are_chosen_like_alpha():
    # What descent changes are the numbers in W and b; it cannot change their shapes.
    net, X, Y = random_net(3)
    shapes = [getattr(net, name).shape for name in PARAMETERS]
    net.train(X, Y, alpha=0.1, iterations=5)
    assert [getattr(net, name).shape for name in PARAMETERS] == shapes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_follows_the_parameters(dtype):
    net = TwoLayerSoftmax.from_sizes(3, 4, 2, rng=np.random.default_rng(0), dtype=dtype)
    X, Y = np.ones((3, 5)), np.ones((2, 5), dtype=int) * [[1], [0]]
    net.forward(X)
    g = net.backward(X, Y)
    net.update(g, 0.1)
    assert {array.dtype for array in (*g, net.A2, net.W1, net.b2)} == {np.dtype(dtype)}


def test_loss_stays_finite_where_the_probability_underflows():
    net = TwoLayerSoftmax([[1.0]], [[0.0]], [[1000.0], [0.0]], [[0.0], [0.0]])
    assert net.forward([[1.0]]).ravel().tolist() == [1.0, 0.0]
    assert net.loss([[0.0], [1.0]]) == pytest.approx(1000.0)
