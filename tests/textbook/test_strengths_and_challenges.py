"""Note 2, part A sections 8 and 10: what is claimed of networks in general."""

import numpy as np
import pytest

from tinygrad_bp.textbook import SimpleNN, gradient_descent, relu


def interpolate_by_relu(f, x, units):
    """Evaluate the one-hidden-layer ReLU net that joins f at `units + 1` knots on [0, 2π]."""
    knots = np.linspace(0, 2 * np.pi, units + 1)
    slopes = np.diff(f(knots)) / np.diff(knots)
    output_weights = np.diff(slopes, prepend=0.0)  # each unit adds a change of slope at its knot
    return f(knots[0]) + output_weights @ relu(x[None, :] - knots[:-1, None])


def test_one_hidden_layer_with_enough_units_approximates_sine():
    x = np.linspace(0, 2 * np.pi, 1000)
    errors = [np.abs(interpolate_by_relu(np.sin, x, n) - np.sin(x)).max() for n in (8, 16, 32, 64)]
    # Piecewise linear: error ≤ (2π/n)²/8 · max|sin″|, a quarter of it for twice the units.
    assert all(e <= (2 * np.pi / n) ** 2 / 8 for e, n in zip(errors, (8, 16, 32, 64), strict=True))
    assert errors[-1] < 0.0013


def test_the_approximation_ends_where_the_compact_set_ends():
    x = np.array([10 * np.pi + np.pi / 2])  # sin = 1
    assert np.abs(interpolate_by_relu(np.sin, x, 64) - 1).max() > 10  # a straight line, far away


def test_a_jump_is_not_approximated_uniformly():
    # Not "any function": continuous ones. At a jump from 0 to 1 a continuous net passes ½.
    def step(x):
        return (x >= np.pi).astype(float)

    x = np.linspace(np.pi - 0.2, np.pi + 0.2, 100_001)
    for units in (9, 33, 65):  # odd: the jump falls inside a segment
        error = np.abs(interpolate_by_relu(step, x, units) - step(x)).max()
        assert error >= 0.49


def test_many_layers_of_one_unit_are_monotone_and_cannot_be_a_parabola():
    # A composition of monotone maps is monotone, so |f(−1) − 1|, |f(0)|, |f(1) − 1| cannot all be
    # below ½, however many layers there are: "enough hidden layers" is the wrong quantity.
    rng = np.random.default_rng(0)
    for layers in (1, 10, 100):
        for _ in range(20):
            a = np.linspace(-1, 1, 201)
            for _ in range(layers):
                a = relu(rng.normal() * a + rng.normal())
            a = rng.normal() * a + rng.normal()
            steps = np.diff(a)
            assert np.all(steps >= -1e-12) or np.all(steps <= 1e-12)
            assert np.abs(a - np.linspace(-1, 1, 201) ** 2).max() >= 0.5 - 1e-9


def test_four_samples_suffice_for_xor():
    X, y = [[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]], [[0.0, 1.0, 1.0, 0.0]]
    nn = SimpleNN(2, 4, 1, lr=2.0, rng=np.random.default_rng(0))
    losses = nn.train(X, y, epochs=3000)
    assert losses[-1] < 1e-4
    assert nn.forward(X).round().tolist() == y


def test_descent_stays_in_the_local_minimum_of_its_valley():
    # ¼x⁴ − ½x² + 0.2x has its global minimum at −1.088; from 1.5, descent ends at 0.879.
    def f(x):
        return x**4 / 4 - x**2 / 2 + 0.2 * x

    w = np.array([1.5])
    for _ in range(1000):
        w = gradient_descent(w, w**3 - w + 0.2, lr=0.1)
    assert float(w[0]) == pytest.approx(0.8789, abs=1e-4)
    assert f(float(w[0])) > f(-1.088)
