"""Note 2, part A section 4: the update rule, the learning rate, the three variants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_bp.textbook import batch, gradient_descent, mini_batch, stochastic


def descend_quadratic(h, lr, steps, w=1.0):
    """Minimise ½ h w², whose gradient is h w: each step multiplies w by 1 − lr·h."""
    w = np.array([w])
    for _ in range(steps):
        w = gradient_descent(w, h * w, lr=lr)
    return float(w[0])


def test_gradient_descent_by_hand():
    w = gradient_descent(np.array([1.0, 2.0]), np.array([0.5, -1.0]), lr=0.1)
    assert w == pytest.approx([0.95, 2.1])


def test_the_gradient_is_the_direction_of_steepest_increase():
    # f(w) = w1² + 3 w2 at (1, 1): gradient (2, 3). No unit direction climbs faster than along it.
    gradient = np.array([2.0, 3.0])
    angles = np.linspace(0, 2 * np.pi, 3601)
    rates = np.cos(angles) * gradient[0] + np.sin(angles) * gradient[1]
    best = angles[rates.argmax()]
    assert best == pytest.approx(np.arctan2(3, 2), abs=2e-3)
    assert rates.max() == pytest.approx(np.hypot(2, 3), abs=1e-5)


def test_the_step_is_the_rate_times_the_gradient():
    w, g = np.zeros(2), np.array([30.0, 40.0])
    assert np.linalg.norm(gradient_descent(w, g, lr=0.01) - w) == pytest.approx(0.01 * 50)


@given(st.floats(0.01, 100), st.floats(0.05, 3.0))
def test_descent_diverges_exactly_above_2_over_curvature(h, ratio):
    lr = ratio / h
    end = abs(descend_quadratic(h, lr, steps=20))
    assert end == pytest.approx(abs(1 - ratio) ** 20, rel=1e-6, abs=1e-12)
    if ratio > 2.01:
        assert end > 1.0
    elif ratio < 1.99:
        assert end < 1.0


def test_no_absolute_threshold_is_too_large_or_too_small():
    assert descend_quadratic(h=0.2, lr=5.0, steps=1) == 0.0  # 50 × "too large", perfect
    assert abs(descend_quadratic(h=25.0, lr=0.1, steps=20)) > 3000  # 0.1: 1.5²⁰ = 3325
    assert descend_quadratic(h=20_000.0, lr=0.00005, steps=1) == 0.0  # "too small", perfect


def test_batch_gradient_descent_is_not_stable_by_itself():
    # Mean of ½ (w x)² over all samples: curvature mean x² = 12.5. No noise, and it explodes.
    x, w = np.array([3.0, 4.0]), np.array([1.0])
    for _ in range(20):
        w = gradient_descent(w, np.mean(x**2) * w, lr=0.2)  # 2/12.5 = 0.16 < 0.2
    assert abs(float(w[0])) == pytest.approx(1.5**20)


def test_the_mean_of_one_sample_gradients_is_the_batch_gradient():
    rng = np.random.default_rng(0)
    x, y, w = rng.standard_normal(10), rng.standard_normal(10), 0.7
    single = [float(np.mean((w * x[i] - y[i]) * x[i])) for i in stochastic(10, rng)]
    (everything,) = batch(10)
    full = float(np.mean((w * x[everything] - y[everything]) * x[everything]))
    assert np.mean(single) == pytest.approx(full)
    assert np.std(single) > 0.1  # noise is what the single samples differ by


@given(st.integers(1, 50), st.integers(1, 60), st.integers(0, 9999))
def test_an_epoch_visits_every_sample_once(m, k, seed):
    batches = list(mini_batch(m, k, np.random.default_rng(seed)))
    assert sorted(np.concatenate(batches).tolist()) == list(range(m))
    assert len(batches) == -(-m // k)  # ⌈m/k⌉ updates
    assert all(len(b) == k for b in batches[:-1])
    assert len(batches[-1]) == (m % k or k if k <= m else m)


def test_updates_an_epoch_of_the_three_variants():
    rng = np.random.default_rng(0)
    assert [len(list(v)) for v in (batch(100), stochastic(100, rng), mini_batch(100, 32, rng))] == [
        1,
        100,
        4,
    ]
    assert [len(b) for b in mini_batch(100, 32, rng)] == [32, 32, 32, 4]


def test_a_ragged_batch_is_averaged_over_its_own_size():
    gradients = np.array([1.0, 2.0, 3.0])
    *_, last = mini_batch(3, 2, np.random.default_rng(0))
    assert len(last) == 1
    assert gradients[last].sum() / 2 == gradients[last].mean() / 2  # dividing by k halves the step


def test_order_is_shuffled_and_reproducible():
    first = np.concatenate(list(stochastic(20, np.random.default_rng(1))))
    again = np.concatenate(list(stochastic(20, np.random.default_rng(1))))
    assert first.tolist() == again.tolist() != list(range(20))


def test_descent_can_converge_to_a_saddle():
    # f = x² − y² from (1, 0): the gradient (2x, −2y) vanishes at (0, 0), which is a saddle.
    w = np.array([1.0, 0.0])
    for _ in range(200):
        w = gradient_descent(w, np.array([2 * w[0], -2 * w[1]]), lr=0.1)
    assert np.allclose(w, 0, atol=1e-12)  # converged …
    beside = np.array([0.0, 0.1])
    assert beside[0] ** 2 - beside[1] ** 2 < w[0] ** 2 - w[1] ** 2  # … and it is lower beside it
