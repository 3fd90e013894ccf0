"""Note 2, part A section 7: L2, weight decay, L1, dropout."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_bp.textbook import (
    adam,
    adamw,
    decoupled_weight_decay,
    dropout_at_test,
    dropout_at_train,
    dropout_mask,
    gradient_descent,
    inverted_dropout,
    l1_gradient,
    l1_penalty,
    l2_gradient,
    l2_penalty,
    relu,
)


def expectation(f, n, keep):
    """Mean of f(mask) over all 2ⁿ masks, each weighted by its probability: exact, no sampling."""
    masks = (np.array(bits) for bits in product([0.0, 1.0], repeat=n))
    return sum(keep ** mask.sum() * (1 - keep) ** (n - mask.sum()) * f(mask) for mask in masks)


def test_l2_gradient_is_2_lambda_w(central_difference):
    w = np.array([3.0, -4.0])
    assert l2_penalty(w, 0.1) == pytest.approx(2.5)  # 0.1 (9 + 16)
    assert l2_gradient(w, np.zeros(2), 0.1) == pytest.approx([0.6, -0.8])
    assert np.allclose(central_difference(lambda w: l2_penalty(w, 0.1), w), [0.6, -0.8])


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0, 1), st.floats(0.001, 0.5))
def test_l2_is_weight_decay_under_plain_descent(w, g, lam, lr):
    w, g = np.array([w]), np.array([g])
    penalised = gradient_descent(w, l2_gradient(w, g, lam), lr=lr)
    decayed = gradient_descent(decoupled_weight_decay(w, lr=lr, weight_decay=2 * lam), g, lr=lr)
    assert penalised == pytest.approx(decayed, abs=1e-12)
    assert penalised == pytest.approx((1 - 2 * lr * lam) * w - lr * g, abs=1e-12)


def test_l2_is_not_weight_decay_under_adam():
    # No loss at all, only the penalty with λ = 0.25 (weight decay 0.5), lr = 0.1, one step.
    w, zero = np.array([10.0, 1.0]), np.zeros(2)
    penalised, _, _ = adam(w, l2_gradient(w, zero, 0.25), zero, zero, 1, lr=0.1)
    decayed, _, _ = adamw(w, zero, zero, zero, 1, lr=0.1, weight_decay=0.5)
    # Adam divides the penalty's gradient by its own size: every weight loses lr, large or small.
    assert penalised == pytest.approx([9.9, 0.9])
    # Decay takes the same share of each, 5 %.
    assert decayed == pytest.approx([9.5, 0.95])


def test_lambda_does_not_matter_to_the_first_step_of_adam():
    w, zero = np.array([10.0]), np.zeros(1)
    ends = [adam(w, l2_gradient(w, zero, lam), zero, zero, 1, lr=0.1)[0] for lam in (0.01, 100.0)]
    assert ends[0] == pytest.approx(ends[1], abs=1e-6)


def test_l1_gradient_is_lambda_sign_w(central_difference):
    w = np.array([3.0, -4.0])
    assert l1_penalty(w, 0.1) == pytest.approx(0.7)
    assert l1_gradient([3.0, 0.0, -4.0], np.zeros(3), 0.1).tolist() == [0.1, 0, -0.1]
    assert np.allclose(central_difference(lambda w: l1_penalty(w, 0.1), w), [0.1, -0.1])


def test_l1_minimum_is_exactly_zero_for_small_weights():
    # ½ (w − 0.3)² + 0.5 |w|: the slope at 0 lies in −0.3 ± 0.5, which contains 0: minimum at 0.
    grid = np.linspace(-1, 1, 20_001)
    assert grid[np.argmin(0.5 * (grid - 0.3) ** 2 + 0.5 * np.abs(grid))] == pytest.approx(0.0)
    # L2 of the same strength shrinks and never reaches it: w = 0.3 / (1 + 2 · 0.5)
    assert grid[np.argmin(0.5 * (grid - 0.3) ** 2 + 0.5 * grid**2)] == pytest.approx(0.15)


def test_l1_by_gradient_descent_jumps_over_zero():
    w, seen = np.array([0.25]), []
    for _ in range(4):
        w = gradient_descent(w, l1_gradient(w, np.zeros(1), 1.0), lr=0.5)
        seen.append(float(w[0]))
    assert seen == [-0.25, 0.25, -0.25, 0.25]  # never 0
    soft_threshold = np.sign(w) * max(abs(float(w[0])) - 0.5, 0.0)  # the proximal step
    assert float(soft_threshold[0]) == 0.0


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=5), st.floats(0.1, 1.0))
def test_both_dropout_conventions_have_the_expectations_they_claim(a, keep):
    a = np.array(a)
    notes = expectation(lambda mask: dropout_at_train(a, mask), len(a), keep)
    inverted = expectation(lambda mask: inverted_dropout(a, mask, keep), len(a), keep)
    assert np.allclose(notes, dropout_at_test(a, keep))  # keep · a
    assert np.allclose(inverted, a)


def test_dropout_with_p_kept_and_p_dropped_confused():
    # "p = 0.8" in the notes keeps 80 %; torch.nn.Dropout(0.8) drops 80 %.
    rng = np.random.default_rng(0)
    assert dropout_mask((200, 200), 0.8, rng).mean() == pytest.approx(0.8, abs=0.01)
    assert dropout_mask((200, 200), 1 - 0.8, rng).mean() == pytest.approx(0.2, abs=0.01)


def test_test_time_scaling_is_exact_only_up_to_the_next_nonlinearity():
    # a = (1, 1), keep = ½, next unit relu(a1 + a2 − 1): the sum is 0, 1, 1, 2 with equal chance.
    a = np.ones(2)
    trained = expectation(lambda mask: float(relu(dropout_at_train(a, mask).sum() - 1)), 2, 0.5)
    tested = float(relu(dropout_at_test(a, 0.5).sum() - 1))
    assert (trained, tested) == (0.25, 0.0)


def test_dropout_gradient_passes_the_same_mask(central_difference):
    mask, a = np.array([1.0, 0.0, 1.0]), np.array([0.5, -1.0, 2.0])
    numeric = central_difference(lambda a: float(inverted_dropout(a, mask, 0.5).sum()), a)
    assert np.allclose(numeric, mask / 0.5)


def test_dropping_nothing_changes_nothing():
    a = np.array([1.0, 2.0])
    mask = dropout_mask((2,), 1.0, np.random.default_rng(0))
    assert dropout_at_train(a, mask).tolist() == dropout_at_test(a, 1.0).tolist() == a.tolist()
    assert inverted_dropout(a, mask, 1.0).tolist() == a.tolist()
