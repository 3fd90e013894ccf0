"""Note 2, part A section 4 (advanced optimizers) and part B section 2.E (momentum)."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_bp.textbook import adagrad, adam, adamw, gradient_descent, momentum, rmsprop


def tilted_double_well(x):
    """Gradient of ¼x⁴ − ½x² + 0.2x: minima at −1.088 (the global one) and 0.879, top at 0.209."""
    return x**3 - x + 0.2


def follow(x, mu, lr=0.1, steps=3000):
    w, delta = np.array([x]), np.zeros(1)
    for _ in range(steps):
        w, delta = momentum(w, tilted_double_well(w), delta, lr=lr, mu=mu)
    return float(w[0])


def test_momentum_by_hand():
    w, delta = np.array([1.0]), np.array([0.0])
    w, delta = momentum(w, np.array([2.0]), delta, lr=0.1, mu=0.5)
    assert (w, delta) == (pytest.approx([0.8]), pytest.approx([-0.2]))
    w, delta = momentum(w, np.array([2.0]), delta, lr=0.1, mu=0.5)
    assert (w, delta) == (pytest.approx([0.5]), pytest.approx([-0.3]))  # −0.2 − 0.1


def test_momentum_without_momentum_is_gradient_descent():
    w, dw = np.array([1.0, -2.0]), np.array([0.3, 0.4])
    new, _ = momentum(w, dw, np.zeros(2), lr=0.1, mu=0.0)
    assert new.tolist() == gradient_descent(w, dw, lr=0.1).tolist()


@settings(deadline=None)
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=10), st.floats(0, 0.99))
def test_momentum_of_the_notes_is_the_velocity_buffer_while_lr_is_constant(gradients, mu):
    w, delta = np.array([1.0]), np.zeros(1)
    w_buffer, buffer = 1.0, 0.0
    for g in gradients:
        w, delta = momentum(w, np.array([g]), delta, lr=0.1, mu=mu)
        buffer = mu * buffer + g  # torch.optim.SGD(momentum=mu)
        w_buffer -= 0.1 * buffer
    assert float(w[0]) == pytest.approx(w_buffer, abs=1e-9)


def test_momentum_differs_from_the_velocity_buffer_when_lr_changes():
    w, delta = momentum(np.zeros(1), np.array([1.0]), np.zeros(1), lr=1.0, mu=0.5)
    w, delta = momentum(w, np.array([0.0]), delta, lr=0.1, mu=0.5)
    assert float(delta[0]) == -0.5  # the old step keeps its size
    assert -0.1 * (0.5 * 1.0 + 0.0) == -0.05  # the buffer shrinks with lr


def test_momentum_points_against_the_gradient():
    _, delta = momentum(np.zeros(1), np.array([2.0]), np.zeros(1), lr=0.1, mu=0.9)
    assert float(delta[0]) < 0 < 2.0


def test_momentum_cannot_leave_a_point_without_gradient():
    w, delta = momentum(np.array([0.5]), np.zeros(1), np.zeros(1), lr=0.1, mu=0.9)
    assert (w.tolist(), delta.tolist()) == ([0.5], [0.0])


def test_momentum_escapes_a_local_minimum_or_the_global_one():
    assert follow(1.5, mu=0.0) == pytest.approx(0.879, abs=1e-3)  # local
    assert follow(1.5, mu=0.9) == pytest.approx(-1.088, abs=1e-3)  # escapes to the global one
    assert follow(-1.8, mu=0.0) == pytest.approx(-1.088, abs=1e-3)  # global
    assert follow(-1.8, mu=0.9) == pytest.approx(0.879, abs=1e-3)  # escapes from the global one


def test_momentum_is_faster_where_curvatures_differ():
    h = np.array([1.0, 100.0])  # ½ Σ h w²
    plain = fast = np.ones(2)
    delta = np.zeros(2)
    for _ in range(100):
        plain = gradient_descent(plain, h * plain, lr=2 / 101)  # the best constant rate
        # Polyak's best pair: lr = 4 / (√100 + √1)², μ = ((√100 − 1) / (√100 + 1))²
        fast, delta = momentum(fast, h * fast, delta, lr=4 / 121, mu=(9 / 11) ** 2)
    assert np.abs(plain).max() == pytest.approx((99 / 101) ** 100)  # 0.135
    assert np.abs(fast).max() < 1e-5


def test_adagrad_by_hand():
    w, s = adagrad(np.array([0.0]), np.array([3.0]), np.array([0.0]), lr=0.1, eps=0.0)
    assert (w, s) == (pytest.approx([-0.1]), pytest.approx([9.0]))
    w, s = adagrad(w, np.array([4.0]), s, lr=0.1, eps=0.0)
    assert (w, s) == (pytest.approx([-0.1 - 0.1 * 4 / 5]), pytest.approx([25.0]))


def test_adagrad_rate_only_ever_falls():
    w, s, steps = np.zeros(1), np.zeros(1), []
    for _ in range(100):
        before = w
        w, s = adagrad(w, np.ones(1), s, lr=1.0)
        steps.append(float((before - w)[0]))
    assert steps == pytest.approx([1 / math.sqrt(t) for t in range(1, 101)])


def test_adagrad_keeps_the_rate_of_rare_features():
    w, s = np.zeros(2), np.zeros(2)
    for t in range(100):
        rare = 1.0 if t == 99 else 0.0
        before = w
        w, s = adagrad(w, np.array([1.0, rare]), s, lr=0.1)
    assert before - w == pytest.approx([0.01, 0.1])  # 0.1/√100, and 0.1/√1


def test_rmsprop_by_hand():
    w, v = rmsprop(np.array([0.0]), np.array([2.0]), np.array([0.0]), lr=0.1, alpha=0.75, eps=0.0)
    assert (w, v) == (pytest.approx([-0.2]), pytest.approx([1.0]))  # v = ¼ · 4
    w, v = rmsprop(w, np.array([2.0]), v, lr=0.1, alpha=0.75, eps=0.0)
    assert v == pytest.approx([1.75])
    assert w == pytest.approx([-0.2 - 0.2 / math.sqrt(1.75)])


def test_rmsprop_forgets_what_adagrad_remembers():
    w = u = v = s = np.zeros(1)
    for _ in range(2000):
        before_w, before_u = w, u
        w, v = rmsprop(w, np.ones(1), v, lr=0.1)
        u, s = adagrad(u, np.ones(1), s, lr=0.1)
    assert float((before_w - w)[0]) == pytest.approx(0.1, rel=1e-3)
    assert float((before_u - u)[0]) == pytest.approx(0.1 / math.sqrt(2000), rel=1e-3)


def test_adam_by_hand():
    # step 1: m̂ = 1, v̂ = 1, so w = −lr
    w, m, v = adam(np.zeros(1), np.array([1.0]), np.zeros(1), np.zeros(1), 1, lr=0.1, eps=0.0)
    assert (w, m, v) == (pytest.approx([-0.1]), pytest.approx([0.1]), pytest.approx([0.001]))
    # step 2, dw = 2: m = 0.29, v = 0.004999; m̂ = 0.29/0.19, v̂ = 0.004999/0.001999
    w, m, v = adam(w, np.array([2.0]), m, v, 2, lr=0.1, eps=0.0)
    assert (m, v) == (pytest.approx([0.29]), pytest.approx([0.004999]))
    assert w == pytest.approx([-0.1 - 0.1 * (0.29 / 0.19) / math.sqrt(0.004999 / 0.001999)])


@given(st.floats(1e-3, 1e3))
def test_first_step_of_adam_has_length_lr(g):
    w, _, _ = adam(np.zeros(1), np.array([g]), np.zeros(1), np.zeros(1), 1, lr=0.1)
    assert float(w[0]) == pytest.approx(-0.1, rel=1e-4)


def test_without_bias_correction_the_first_step_of_adam_is_three_times_too_long():
    # "Momentum + RMSprop" alone: 0.1 g / √(0.001 g²) = 3.16
    m, v = 0.1 * 1.0, 0.001 * 1.0
    assert m / math.sqrt(v) == pytest.approx(3.1623, abs=1e-4)


def test_eps_is_added_after_the_root():
    zero, tiny = np.zeros(1), np.array([1e-8])
    # √v + ε = 1e-8 + 1e-8: half a step. √(v + ε) would be 1e-4: a ten-thousandth of one.
    assert adagrad(zero, tiny, zero, lr=1.0, eps=1e-8)[0] == pytest.approx([-0.5])
    assert rmsprop(zero, tiny, zero, lr=1.0, alpha=0.0, eps=1e-8)[0] == pytest.approx([-0.5])
    assert adam(zero, tiny, zero, zero, 1, lr=1.0, eps=1e-8)[0] == pytest.approx([-0.5])


def test_adamw_by_hand():
    zero = np.zeros(1)
    w, m, v = adamw(
        np.array([10.0]), np.array([1.0]), zero, zero, 1, lr=0.1, eps=0.0, weight_decay=0.5
    )
    assert w == pytest.approx([10 * (1 - 0.05) - 0.1])
    assert (m, v) == (pytest.approx([0.1]), pytest.approx([0.001]))  # no decay inside


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_optimizers_keep_the_dtype_and_change_nothing_in_place(dtype):
    w, dw, s = (np.full(3, value, dtype) for value in (1.0, 0.5, 0.0))
    results = [
        (gradient_descent(w, dw, lr=0.1),),
        momentum(w, dw, s, lr=0.1, mu=0.9),
        adagrad(w, dw, s),
        rmsprop(w, dw, s),
        adam(w, dw, s, s, 3),
        adamw(w, dw, s, s, 3),
    ]
    assert {array.dtype for result in results for array in result} == {np.dtype(dtype)}
    assert (w.tolist(), dw.tolist(), s.tolist()) == ([1.0] * 3, [0.5] * 3, [0.0] * 3)
