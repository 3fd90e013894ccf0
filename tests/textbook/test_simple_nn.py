"""Note 2, part B section 4: the notes' Python class, and which loss its gradients belong to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_bp.textbook import (
    SimpleNN,
    binary_cross_entropy,
    half_squared_error,
    mean_squared_error,
    sigmoid,
    sigmoid_derivative,
)

NAMES = ("W1", "b1", "W2", "b2")


class NotesNN:
    """The notes' own code, line by line, but for `rng` and the missing print."""

    def __init__(self, input_size, hidden_size, output_size, lr, rng):
        self.W1 = rng.standard_normal((hidden_size, input_size)) * np.sqrt(1 / input_size)
        self.b1 = np.zeros((hidden_size, 1))
        self.W2 = rng.standard_normal((output_size, hidden_size)) * np.sqrt(1 / hidden_size)
        self.b2 = np.zeros((output_size, 1))
        self.lr = lr

    def forward(self, X):
        self.a1 = 1 / (1 + np.exp(-(self.W1 @ X + self.b1)))
        self.a2 = 1 / (1 + np.exp(-(self.W2 @ self.a1 + self.b2)))
        return self.a2

    def backward(self, X, y):
        m = X.shape[1]
        dz2 = self.a2 - y
        dW2 = (1 / m) * dz2 @ self.a1.T
        db2 = (1 / m) * np.sum(dz2, axis=1, keepdims=True)
        da1 = self.W2.T @ dz2
        dz1 = da1 * (self.a1 * (1 - self.a1))
        dW1 = (1 / m) * dz1 @ X.T
        db1 = (1 / m) * np.sum(dz1, axis=1, keepdims=True)
        self.W2 -= self.lr * dW2
        self.b2 -= self.lr * db2
        self.W1 -= self.lr * dW1
        self.b1 -= self.lr * db1

    def train(self, X, y, epochs):
        losses = []
        for _ in range(epochs):
            losses.append(np.mean((y - self.forward(X)) ** 2))
            self.backward(X, y)
        return losses


def problem(seed=0, n=3, outputs=2, m=6):
    rng = np.random.default_rng(seed)
    nn = SimpleNN(n, 4, outputs, rng=rng)
    nn.b1[:], nn.b2[:] = rng.standard_normal((4, 1)), rng.standard_normal((outputs, 1))
    return nn, rng.standard_normal((n, m)), rng.integers(0, 2, (outputs, m)).astype(float)


def numeric_gradient(central_difference, nn, name, loss):
    """Central difference of `loss()` in one parameter of nn."""
    original = getattr(nn, name)

    def f(value):
        setattr(nn, name, value)
        try:
            return loss()
        finally:
            setattr(nn, name, original)

    return central_difference(f, original)


def test_same_numbers_as_the_notes_code():
    X, y = np.random.default_rng(1).standard_normal((2, 9)), np.array([[0, 1, 1] * 3])
    ours = SimpleNN(2, 4, 1, lr=0.1, rng=np.random.default_rng(0))
    notes = NotesNN(2, 4, 1, 0.1, np.random.default_rng(0))
    assert ours.train(X, y, epochs=50) == pytest.approx(notes.train(X, y, 50), rel=1e-12)
    for name in NAMES:
        assert np.allclose(getattr(ours, name), getattr(notes, name), rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 6), st.integers(0, 9999))
def test_gradients_are_those_of_binary_cross_entropy(central_difference, n, outputs, m, seed):
    nn, X, y = problem(seed, n, outputs, m)
    g = nn.gradients(X, y)
    for name in NAMES:
        exact = getattr(g, "d" + name)
        numeric = numeric_gradient(central_difference, nn, name, lambda: nn.cross_entropy(X, y))
        assert np.allclose(numeric, exact, atol=1e-8), name


def test_cross_entropy_is_the_sum_over_outputs_and_the_mean_over_samples():
    nn, X, y = problem()
    by_formula = binary_cross_entropy(y, nn.forward(X)).sum() / X.shape[1]
    assert nn.cross_entropy(X, y) == pytest.approx(float(by_formula))


def test_cross_entropy_is_finite_where_the_sigmoid_rounds():
    nn = SimpleNN(1, 1, 1, rng=np.random.default_rng(0))
    nn.b2[:] = 800.0
    assert nn.cross_entropy([[0.0]], [[0.0]]) == pytest.approx(800, abs=1)


def test_squared_error_needs_a_further_factor(central_difference):
    nn, X, y = problem()
    g = nn.gradients(X, y)
    m = X.shape[1]
    numeric = numeric_gradient(
        central_difference,
        nn,
        "W2",
        lambda: float(half_squared_error(y, nn.forward(X)).sum()) / m,
    )
    nn.forward(X)
    true_dz2 = (nn.a2 - y) * sigmoid_derivative(nn.a2)  # for ½(y − a2)² + sigmoid
    assert np.allclose(true_dz2 @ nn.a1.T / m, numeric, atol=1e-9)
    assert not np.allclose(g.dW2, numeric, atol=0.01)


def test_comment_mse_plus_sigmoid_in_one_number():
    # a2 = 0.9, y = 0. The comment's "MSE + sigmoid" gives 0.9 · 0.09 = 0.081, the code 0.9.
    a2, y = 0.9, 0.0
    assert (a2 - y) * a2 * (1 - a2) == pytest.approx(0.081)
    assert a2 - y == 0.9


def test_printed_loss_is_twice_the_notes_mse():
    y, y_hat = np.array([[1.0, 0.0]]), np.array([[0.6, 0.2]])
    assert mean_squared_error(y, y_hat) == pytest.approx(0.1)
    assert np.mean(half_squared_error(y, y_hat)) == pytest.approx(0.05)


def test_printed_loss_can_rise_while_the_descended_loss_falls():
    # One weight, two samples that pull it apart. At the squared error's minimum its slope is 0 and
    # that of the cross-entropy is not: one small step of the notes' rule, and the print goes up.
    x = np.array([[1.0, 4.0]])
    y = np.array([[1.0, 0.0]])

    def squared(w):
        return mean_squared_error(y, sigmoid(w * x))

    def cross(w):
        return float(np.mean(binary_cross_entropy(y, sigmoid(w * x))))

    grid = np.linspace(-2, 2, 40_001)
    w_squared = grid[np.argmin([squared(w) for w in grid])]
    dw = float(np.mean((sigmoid(w_squared * x) - y) * x))  # the notes' gradient
    after = w_squared - 0.05 * dw
    assert cross(after) < cross(w_squared)
    assert squared(after) > squared(w_squared)


def test_printed_mean_is_over_outputs_too_but_the_gradients_is_not():
    nn, X, y = problem(outputs=3)
    a2 = nn.forward(X)
    assert mean_squared_error(y, a2) == pytest.approx(np.sum((y - a2) ** 2) / (3 * X.shape[1]))
    assert np.allclose(nn.gradients(X, y).db2, (a2 - y).sum(axis=1, keepdims=True) / X.shape[1])


def test_losses_are_those_before_each_update():
    nn, X, y = problem()
    before = mean_squared_error(y, nn.forward(X))
    losses = nn.train(X, y, epochs=3)
    assert losses[0] == before
    assert len(losses) == 3
    assert mean_squared_error(y, nn.forward(X)) not in losses  # the final one is not listed


def test_gradients_do_not_update():
    nn, X, y = problem()
    before = [getattr(nn, name).copy() for name in NAMES]
    nn.gradients(X, y)
    assert all(np.array_equal(getattr(nn, n), b) for n, b in zip(NAMES, before, strict=True))


def test_da1_uses_W2_before_its_update():
    nn, X, y = problem()
    nn.lr = 1.0
    g = nn.gradients(X, y)
    W1, W2 = nn.W1.copy(), nn.W2.copy()
    assert np.array_equal(g.da1, W2.T @ g.dz2)
    nn.backward(X, y)
    assert np.allclose(nn.W1, W1 - g.dW1)
    wrong = (nn.W2.T @ g.dz2) * sigmoid_derivative(nn.a1) @ X.T / X.shape[1]
    assert not np.allclose(wrong, g.dW1, atol=1e-3)


def test_the_notes_backward_uses_the_last_forward_whatever_it_saw():
    notes = NotesNN(1, 2, 1, 0.1, np.random.default_rng(0))
    notes.forward(np.array([[5.0]]))
    stale = notes.a1.copy()
    notes.backward(np.array([[-5.0]]), np.array([[1.0]]))  # another X: no error, wrong gradients
    assert np.array_equal(notes.a1, stale)
    ours = SimpleNN(1, 2, 1, rng=np.random.default_rng(0))
    ours.forward([[5.0]])
    ours.gradients([[-5.0]], [[1.0]])
    assert not np.array_equal(ours.a1, stale)


def test_an_unseeded_generator_gives_other_weights_each_time():
    weights = [SimpleNN(2, 3, 1, rng=np.random.default_rng(seed)).W1 for seed in (0, 0, 1)]
    assert np.array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_verbose_prints_every_100_epochs_and_report_sees_all(capsys):
    nn, X, y = problem()
    seen = []
    losses = nn.train(X, y, epochs=250, verbose=True, report=lambda e, loss: seen.append((e, loss)))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[0].split()[1] for line in lines] == ["0", "100", "200"]
    assert lines[0] == f"Epoch    0 | Loss: {losses[0]:.6f}"
    assert seen == list(enumerate(losses))


def test_silent_by_default(capsys):
    nn, X, y = problem()
    nn.train(X, y, epochs=101)
    assert capsys.readouterr().out == ""


def test_shapes_of_all_gradients():
    nn, X, y = problem(n=3, outputs=2, m=6)
    shapes = {name: array.shape for name, array in nn.gradients(X, y)._asdict().items()}
    assert shapes == {
        "dz2": (2, 6),
        "dW2": (2, 4),
        "db2": (2, 1),
        "da1": (4, 6),
        "dz1": (4, 6),
        "dW1": (4, 3),
        "db1": (4, 1),
    }
