"""detect_anomaly names the operation, and the line, in which the first NaN or Inf was born."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.autograd import Function, detect_anomaly, set_detect_anomaly


def leaf(*values: float) -> tgb.Tensor:
    return tgb.tensor([float(v) for v in values], requires_grad=True)


@pytest.mark.parametrize(("make", "fault", "name"), [
    (lambda x: tgb.log(x), "Inf", "log"),
    (lambda x: tgb.log(x - 1), "NaN", "log"),
    (lambda x: 1 / x, "Inf", "divide"),
    (lambda x: x / x, "NaN", "divide"),
    (lambda x: tgb.exp(x * 1000), "Inf", "exp"),
    (lambda x: tgb.sqrt(x - 1), "NaN", "sqrt"),
    (lambda x: tgb.ones(2) / x.detach(), "Inf", "divide"),
])  # fmt: skip
def test_forward(make, fault, name):
    x = leaf(0, 1)
    with detect_anomaly(), pytest.raises(RuntimeError) as error:
        make(x)
    text = str(error.value)
    assert f"the first {fault} of the forward pass" in text and f"'{name}'" in text
    assert "(2,)" in text and "test_anomaly.py" in text and "(lambda x: " in text


@pytest.mark.parametrize("create_graph", [False, True])
def test_backward_names_the_forward_line(create_graph):
    x = leaf(0, 1)
    with detect_anomaly():
        y = tgb.sqrt(x)  # an infinite slope at 0
        z = (y * 2).sum()
        with pytest.raises(RuntimeError) as error:
            z.backward(create_graph=create_graph)
    text = str(error.value)
    assert "first Inf of the backward pass" in text and "'sqrt'" in text and "(2,)" in text
    assert "`y = tgb.sqrt(x)  # an infinite slope at 0`" in text
    assert tgb.is_grad_enabled()


def test_the_nan_of_a_masked_branch_is_found_where_it_is_born():
    x = leaf(-1, 1)
    with detect_anomaly(), pytest.raises(RuntimeError, match="'log'"):
        tgb.where(x > 0, tgb.log(x), 0)
    x = leaf(0, 1)
    y = tgb.where(x > 0, tgb.sqrt(x), 0).sum()  # 0 · ∞ in the backward pass
    with detect_anomaly(), pytest.raises(RuntimeError, match=r"NaN of the backward pass.*'sqrt'"):
        y.backward()


@pytest.mark.parametrize("mask", [
    lambda x: x.masked_fill(tgb.tensor([True, False]), float("-inf")),
    lambda x: tgb.where(tgb.tensor([True, False]), float("-inf"), x),
    lambda x: x + tgb.tensor([float("-inf"), 0.0]),
    lambda x: x + np.array([-np.inf, 0.0], np.float32),
])  # fmt: skip
@pytest.mark.parametrize("create_graph", [False, True])
def test_infinities_that_the_user_put_in_are_not_blamed(mask, create_graph):
    x = leaf(1, 2)
    with detect_anomaly():
        p = mask(x).softmax(-1)
        (p * tgb.tensor([1.0, 2.0])).sum().backward(create_graph=create_graph)
    assert p.tolist() == [0, 1] and np.isfinite(x.grad.detach().numpy()).all()


def test_assigned_infinities_are_not_blamed():
    x = leaf(1, 2)
    with detect_anomaly():
        y = x * 1
        y[0] = float("-inf")
        y.softmax(-1)[1].backward()
    assert x.grad.tolist() == [0, 0]


def test_what_comes_after_is_not_blamed():
    x = leaf(0, 1)
    bad = tgb.log(x)
    with detect_anomaly():
        later = (bad * 2 + 1).exp() + tgb.tensor([float("nan"), 1.0])
        (later * 3).sum()
    seed = tgb.tensor([float("nan"), 1.0])
    with detect_anomaly():
        (x * 2).backward(seed)
    assert np.isnan(x.grad.numpy()[0])


def test_inf_minus_inf_is_a_birth():
    x = tgb.tensor([float("inf")], requires_grad=True)
    with detect_anomaly(), pytest.raises(RuntimeError, match=r"first NaN.*'subtract'"):
        x - x


def test_nested_and_switched_off():
    x = leaf(0, 1)
    with detect_anomaly():
        with detect_anomaly(check_nan=False):
            tgb.log(x)
        with set_detect_anomaly(False):
            tgb.log(x)
        with pytest.raises(RuntimeError):
            tgb.log(x)
    tgb.log(x)
    set_detect_anomaly(True)
    try:
        with pytest.raises(RuntimeError):
            tgb.log(x)
    finally:
        set_detect_anomaly(False)
    tgb.log(x)


def test_custom_functions():
    class Bad(Function):
        @staticmethod
        def forward(ctx, x, forward):
            return tgb.tensor(x.detach().numpy() * (np.nan if forward else 1))

        @staticmethod
        def backward(ctx, g):
            return tgb.tensor(g.numpy() * np.nan), None

    x = leaf(1, 2)
    with detect_anomaly():
        with pytest.raises(RuntimeError, match=r"first NaN of the forward pass.*'Bad'"):
            Bad.apply(x, True)  # nan
        y = Bad.apply(x, False)
        with pytest.raises(RuntimeError, match=r"backward pass.*'Bad'.*y = Bad.apply"):
            y.sum().backward()


def test_a_healthy_graph_is_left_alone():
    x = leaf(1, 2)
    with detect_anomaly():
        (x.exp().log() * x).sum().backward()
    assert x.grad.numpy() == pytest.approx([2, 4])
