"""Clipping, vectors of parameters, penalties."""

import math

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.nn import utils


def two():
    a, b = tgb.zeros(2, requires_grad=True), tgb.zeros(1, 1, requires_grad=True)
    c = tgb.zeros(1, requires_grad=True)  # without a gradient: left out
    a.grad, b.grad = tgb.tensor([3.0, -4.0]), tgb.tensor([[12.0]])
    return [a, b, c]


@pytest.mark.parametrize(
    ("p", "norm"), [(2, 13.0), (1, 19.0), (math.inf, 12.0), (3, (27 + 64 + 1728) ** (1 / 3))]
)
def test_clip_grad_norm(p, norm):
    parameters = two()
    total = utils.clip_grad_norm_(parameters, 1.0, norm_type=p)
    assert total.item() == pytest.approx(norm, rel=1e-6)
    factor = 1 / (norm + 1e-6)
    np.testing.assert_allclose(
        parameters[0].grad.numpy(), np.array([3.0, -4.0]) * factor, rtol=1e-5
    )
    assert parameters[1].grad.item() == pytest.approx(12 * factor, rel=1e-5)
    assert parameters[2].grad is None


def test_small_gradients_stay_as_they_are():
    parameters = two()
    utils.clip_grad_norm_(iter(parameters), 100.0)
    assert parameters[0].grad.tolist() == [3.0, -4.0]
    assert utils.clip_grad_norm_(parameters[2], 1.0).item() == 0
    assert utils.clip_grad_norm_(parameters[0], 1.0).item() == 5


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_norms_far_out_neither_overflow_nor_vanish(scale):
    g = tgb.tensor([3.0, 4.0]) * scale
    assert utils.get_total_norm([g]).item() == pytest.approx(5 * scale, rel=1e-6)
    assert utils.get_total_norm([tgb.zeros(2)]).item() == 0
    assert utils.get_total_norm([]).item() == 0


def test_gradients_that_are_not_finite():
    parameters = two()
    parameters[0].grad[0] = float("nan")
    with pytest.raises(RuntimeError, match=r"total norm of order 2\.0 .* is nan"):
        utils.clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
    assert utils.clip_grad_norm_(parameters, 1.0).isnan()
    assert parameters[1].grad.isnan().all()  # seen, not hidden
    parameters = two()
    parameters[0].grad[0] = float("inf")
    assert utils.clip_grad_norm_(parameters, 1.0).item() == float("inf")
    assert parameters[1].grad.item() == 0


def test_clip_grad_value():
    parameters = two()
    utils.clip_grad_value_(parameters, 3.5)
    assert parameters[0].grad.tolist() == [3.0, -3.5]
    assert parameters[1].grad.tolist() == [[3.5]]


def test_vector_round_trip():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    vector = utils.parameters_to_vector(net.parameters())
    assert vector.shape == (13,) and vector.requires_grad
    new = tgb.arange(13.0)
    utils.vector_to_parameters(new, net.parameters())
    assert net[0].weight.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    assert tgb.equal(utils.parameters_to_vector(net.parameters()), new)
    net(tgb.ones(1, 2)).sum().backward()
    assert net[0].weight.grad is not None
    for wrong in (tgb.ones(12), tgb.ones(14), tgb.ones(13, 1)):
        with pytest.raises(RuntimeError, match="13 elements"):
            utils.vector_to_parameters(wrong, net.parameters())
    with pytest.raises(TypeError, match="Tensor"):
        utils.vector_to_parameters([1.0], net.parameters())


def test_penalties():
    a = tgb.tensor([1.0, -2.0, 0.0], requires_grad=True)
    b = tgb.tensor([[3.0]], requires_grad=True)
    one = utils.l1_penalty([a, b], 0.5)
    assert one.item() == 3.0
    one.backward()
    assert a.grad.tolist() == [0.5, -0.5, 0.0]
    a.grad = b.grad = None
    two = utils.l2_penalty(iter([a, b]), 0.5)
    assert two.item() == 7.0
    two.backward()
    assert a.grad.tolist() == [1.0, -2.0, 0.0] and b.grad.tolist() == [[3.0]]
    assert utils.l2_penalty(a).item() == 5.0
    for penalty in (utils.l1_penalty, utils.l2_penalty):
        with pytest.raises(ValueError, match="no parameters"):
            penalty([])


def test_l2_penalty_is_weight_decay():
    a, b = (tgb.tensor([1.0, -2.0], dtype=tgb.float64, requires_grad=True) for _ in "ab")
    first = tgb.optim.SGD([a], lr=0.1)
    second = tgb.optim.SGD([b], lr=0.1, weight_decay=0.6)
    for _ in range(5):
        first.zero_grad()
        ((a * a * a).sum() + utils.l2_penalty([a], 0.3)).backward()
        first.step()
        second.zero_grad()
        (b * b * b).sum().backward()
        second.step()
    assert tgb.allclose(a, b, rtol=1e-13)


def test_the_norm_of_complex_gradients():
    w = tgb.nn.Parameter(tgb.tensor([3.0 + 4.0j, 0.0 - 12.0j], dtype=tgb.complex128))
    w.grad = w.detach().clone()
    total = tgb.nn.utils.clip_grad_norm_([w], 6.5)
    assert total.item() == 13 and total.dtype == tgb.float64
    assert np.allclose(w.grad.numpy(), [1.5 + 2j, -6j])
