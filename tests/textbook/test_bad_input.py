"""Bad input raises ValueError that names the shapes and the remedy, and never gives a number."""

import numpy as np
import pytest

import tinygrad_bp.textbook as tb

RNG = np.random.default_rng(0)
ROW, COLUMN = np.ones((1, 3)), np.ones((3, 1))


def net():
    return tb.TwoLayerSoftmax.from_sizes(3, 4, 2, rng=np.random.default_rng(0))


def forwarded():
    network = net()
    network.forward(np.ones((3, 5)))
    return network


def simple():
    return tb.SimpleNN(3, 4, 1, rng=np.random.default_rng(0))


def delta():
    return tb.DeltaRuleNetwork.from_sizes([3, 2], rng=np.random.default_rng(0))


CASES = [
    (lambda: tb.half_squared_error(ROW, COLUMN), r"\(1, 3\).*\(3, 1\).*transpose"),
    (lambda: tb.half_squared_error_derivative(ROW, COLUMN), "same shape"),
    (lambda: tb.mean_squared_error(ROW, COLUMN), "same shape"),
    (lambda: tb.binary_cross_entropy(ROW, COLUMN), "same shape"),
    (lambda: tb.binary_cross_entropy_derivative(ROW, COLUMN), "same shape"),
    (lambda: tb.categorical_cross_entropy(ROW, COLUMN), "same shape"),
    (lambda: tb.categorical_cross_entropy_derivative(ROW, COLUMN), "same shape"),
    (lambda: tb.binary_cross_entropy([1.0], [1.5]), "apply sigmoid"),
    (lambda: tb.binary_cross_entropy([2.0], [0.5]), "outside"),
    (lambda: tb.categorical_cross_entropy([1.0, 0.0], [3.0, -2.0]), "softmax"),
    (lambda: tb.softmax_jacobian(np.ones((3, 2))), r"\(3, 2\).*one column"),
    (lambda: tb.one_hot([0, 3], 3), "0 to 3.*0 to 2"),
    (lambda: tb.one_hot([-1, 0], 3), "-1 to 0"),
    (lambda: tb.one_hot([0.0, 1.0], 3), "integers"),
    (lambda: tb.one_hot([[0, 1]], 3), r"\(1, 2\).*reshape"),
    (lambda: tb.TwoLayerSoftmax(COLUMN, ROW, ROW, [[0.0]]), r"W1 \(3, 1\).*b1 \(1, 3\)"),
    (lambda: tb.TwoLayerSoftmax(COLUMN, COLUMN, ROW.T, COLUMN), r"W2 \(3, 1\) reads 1"),
    (lambda: net().forward(np.ones((5, 3))), r"\(5, 3\), expected \(3, m\)"),
    (lambda: net().forward(np.ones(3)), "expected"),
    (lambda: net().forward(np.ones((3, 0))), "m ≥ 1"),
    (lambda: net().loss(np.ones((2, 5))), "call forward"),
    (lambda: net().backward(np.ones((3, 5)), np.ones((2, 5))), "call forward"),
    (lambda: forwarded().loss(np.ones((5, 2))), r"Y \(5, 2\).*A2 \(2, 5\).*one_hot"),
    (lambda: forwarded().backward(np.zeros((3, 5)), np.ones((2, 5))), "last forward"),
    (lambda: forwarded().backward(np.ones((3, 5)), np.ones((2, 5))), "sum to 1"),
    (lambda: net().accuracy(np.ones((3, 5)), np.ones((2, 5))), "argmax"),
    (lambda: simple().forward(np.ones((4, 3))), r"expected \(3, m\)"),
    (lambda: simple().gradients(np.ones((3, 5)), np.ones((5, 1))), r"\(5, 1\).*\(1, 5\)"),
    (lambda: simple().cross_entropy(np.ones((3, 5)), np.ones(5)), r"\(5,\).*\(1, 5\)"),
    (lambda: simple().train(np.ones((3, 5)), np.ones(5), epochs=1), r"\(5,\).*\(1, 5\)"),
    (lambda: delta().forward(np.ones((3, 5))), r"one sample: x = X\[:, i\]"),
    (lambda: delta().learn(np.ones(3), 1.0), r"T has shape \(\), expected \(2,\)"),
    (lambda: delta().train(np.ones((3, 5)), np.ones(5), epochs=1), "one column a sample"),
    (lambda: tb.DeltaRuleNetwork([COLUMN, COLUMN], [[0.0], [0.0]]), "do not chain"),
    (lambda: tb.DeltaRuleNetwork([COLUMN], [[0.0], [0.0]]), "do not chain"),
    (lambda: tb.DeltaRuleNetwork([], []), "do not chain"),
    (lambda: tb.gradient_descent(ROW, COLUMN, lr=0.1), "same shape"),
    (lambda: tb.momentum(ROW, ROW, COLUMN, lr=0.1, mu=0.9), r"delta \(3, 1\)"),
    (lambda: tb.adagrad(ROW, ROW, COLUMN), "same shape"),
    (lambda: tb.rmsprop(ROW, ROW, COLUMN), "same shape"),
    (lambda: tb.adam(ROW, ROW, ROW, COLUMN, 1), "same shape"),
    (lambda: tb.adam(ROW, ROW, ROW, ROW, 0), "counted from 1"),
    (lambda: tb.adamw(ROW, ROW, ROW, COLUMN, 1), "same shape"),
    (lambda: tb.l2_gradient(ROW, COLUMN, 0.1), "same shape"),
    (lambda: tb.l1_gradient(ROW, COLUMN, 0.1), "same shape"),
    (lambda: tb.clip_gradient(ROW, 0.0), "positive"),
    (lambda: tb.dropout_mask((3,), 0.0, RNG), r"1 - p of torch"),
    (lambda: tb.dropout_at_train(ROW, COLUMN), "same shape"),
    (lambda: tb.dropout_at_test(ROW, 1.5), "probability of staying"),
    (lambda: tb.inverted_dropout(ROW, ROW, -0.5), "keep"),
    (lambda: list(tb.batch(0)), "at least 1"),
    (lambda: list(tb.stochastic(0, RNG)), "at least 1"),
    (lambda: list(tb.mini_batch(5, 0, RNG)), "k is 0"),
]


@pytest.mark.parametrize(("call", "message"), CASES)
def test_error_names_the_shapes_and_the_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_given_parameters_are_copied():
    W1 = np.ones((4, 3))
    network = tb.TwoLayerSoftmax(W1, np.zeros((4, 1)), np.ones((2, 4)), np.zeros((2, 1)))
    network.W1 -= 1.0
    assert np.all(W1 == 1.0)


def test_integer_parameters_become_float64():
    network = tb.TwoLayerSoftmax([[1]], [[0]], [[1], [0]], [[0], [0]])
    assert network.W1.dtype == np.float64


def test_everything_exported_exists_and_is_documented():
    assert len(set(tb.__all__)) == len(tb.__all__) > 40
    for name in tb.__all__:
        assert (getattr(tb, name).__doc__ or "").strip(), name
