"""Activation functions: in place, at kinks, drawn ones, and bad input."""

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn

F = nn.functional
X = np.array([-5.0, -3.0, -1.3, -1.0, -0.5, 0.0, 0.2, 0.5, 1.0, 3.0, 6.0, 7.0])

TWINS = {
    "relu": {}, "relu6": {}, "leaky_relu": {"negative_slope": 0.3}, "elu": {"alpha": 0.7},
    "celu": {"alpha": 0.7}, "selu": {}, "silu": {}, "mish": {}, "hardtanh": {"max_val": 3.0},
    "hardsigmoid": {}, "hardswish": {}, "rrelu": {"lower": 0.2},
    "threshold": {"threshold": 0.5, "value": -1.0},
}  # fmt: skip
UNDERSCORED = ["celu_", "elu_", "hardtanh_", "leaky_relu_", "relu_", "rrelu_", "selu_"]
OTHERS = {
    "gelu": {}, "glu": {}, "hardshrink": {}, "logsigmoid": {}, "sigmoid": {}, "softplus": {},
    "softshrink": {}, "softsign": {}, "tanh": {}, "tanhshrink": {}, "softmin": {"dim": 0},
}  # fmt: skip


@pytest.mark.parametrize("name", TWINS)
def test_in_place_is_the_same_function(name):
    arguments, function = TWINS[name], getattr(F, name)
    x = tgb.tensor(X, requires_grad=True)
    hidden = x * 1
    out = function(hidden, **arguments, inplace=True)
    assert out is hidden
    out.backward(tgb.ones_like(out))
    y = tgb.tensor(X, requires_grad=True)
    expected = function(y, **arguments)
    expected.backward(tgb.ones_like(expected))
    assert tgb.equal(hidden, expected) and tgb.equal(x.grad, y.grad)


@pytest.mark.parametrize("name", UNDERSCORED)
def test_underscored_names_change_their_input(name):
    x = tgb.tensor(X)
    assert getattr(F, name)(x) is x
    assert tgb.equal(x, getattr(F, name[:-1])(tgb.tensor(X)))


def test_threshold_in_place():
    x = tgb.tensor(X)
    assert F.threshold_(x, 0.5, -1.0) is x and x.tolist() == [-1.0] * 8 + [1.0, 3.0, 6.0, 7.0]


@pytest.mark.peers
@pytest.mark.parametrize("name", [*TWINS, *OTHERS])
def test_kinks_and_extremes_are_those_of_pytorch(name):
    import torch

    arguments = {**TWINS, **OTHERS}[name]
    values = np.array([*X, 50.0, -50.0, 1000.0, -1000.0, np.nan, np.inf])
    mine = tgb.tensor(values, requires_grad=True)
    theirs = torch.tensor(values, requires_grad=True)
    out = getattr(F, name)(mine, **arguments)
    expected = getattr(torch.nn.functional, name)(theirs, **arguments)
    np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy(), rtol=1e-12)
    out.backward(tgb.ones_like(out))
    expected.backward(torch.ones_like(expected))
    # Where the value is infinite or NaN, so may the slope be, in one way or the other.
    finite = np.isfinite(values) if out.shape == mine.shape else np.isfinite(values) * 0 > 1
    np.testing.assert_allclose(
        mine.grad.numpy()[finite], theirs.grad.numpy()[finite], rtol=1e-6, atol=1e-12
    )


def test_integers_and_half_precision():
    assert F.hardtanh(tgb.tensor([-3, 0, 3])).tolist() == [-1, 0, 1]
    assert F.relu6(tgb.tensor([8, -1])).tolist() == [6, 0]
    for name in ["hardswish", "selu", "celu", "mish", "hardsigmoid", "softshrink", "hardshrink"]:
        assert getattr(F, name)(tgb.ones(2, dtype=tgb.float16)).dtype == tgb.float16


def test_rrelu_draws_a_slope_for_each_element():
    x = tgb.full((1000,), -1.0, requires_grad=True)
    out = F.rrelu(x, 0.2, 0.6, training=True)
    out.sum().backward()
    slopes = -out.detach().numpy()
    assert 0.2 <= slopes.min() < 0.25 and 0.55 < slopes.max() <= 0.6
    np.testing.assert_allclose(x.grad.numpy(), slopes)
    assert tgb.allclose(F.rrelu(x, 0.2, 0.6), tgb.full((1000,), -0.4))
    layer = nn.RReLU(0.2, 0.6)
    assert layer(x.detach()).unique().numel() > 900
    assert layer.eval()(x.detach()).unique().numel() == 1


def test_gumbel_softmax():
    logits = tgb.tensor(np.log([[0.7, 0.2, 0.1]] * 4000), requires_grad=True)
    soft = F.gumbel_softmax(logits, tau=0.5)
    np.testing.assert_allclose(soft.detach().numpy().sum(1), 1)
    hard = F.gumbel_softmax(logits, hard=True, dim=-1)
    values = hard.detach().numpy().round(12)
    assert set(values.ravel()) == {0.0, 1.0} and (values.sum(1) == 1).all()
    assert values.mean(0) == pytest.approx([0.7, 0.2, 0.1], abs=0.04)
    (hard * tgb.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert (logits.grad.numpy() != 0).all()
    with pytest.warns(UserWarning, match="eps"):
        F.gumbel_softmax(logits, eps=1e-5)


def test_bad_input():
    with pytest.raises(RuntimeError, match="3 channels"):
        F.prelu(tgb.ones(2, 3), tgb.ones(2))
    with pytest.raises(RuntimeError, match="one dtype"):
        F.prelu(tgb.ones(2, 3), tgb.ones(1, dtype=tgb.float64))
    with pytest.raises(RuntimeError, match="0 or 1 axes"):
        F.prelu(tgb.ones(2, 3), tgb.ones(1, 3))
    with pytest.raises(RuntimeError, match="dimension must be even"):
        F.glu(tgb.ones(2, 3))
    with pytest.raises(RuntimeError, match="0-dimensional"):
        F.glu(tgb.tensor(1.0))
    with pytest.raises(RuntimeError, match="lambda"):
        F.softshrink(tgb.ones(1), -1.0)
    with pytest.raises(RuntimeError, match="alpha"):
        F.celu(tgb.ones(1), 0.0)
    with pytest.raises(RuntimeError, match="lower"):
        F.rrelu(tgb.ones(1), 0.5, 0.1)
    with pytest.raises(ValueError, match="min_val"):
        F.hardtanh(tgb.ones(1), 2.0, 1.0)
    with pytest.raises(ValueError, match="3D or 4D"):
        nn.Softmax2d()(tgb.ones(2, 2))
    with pytest.warns(FutureWarning, match="min_value"):
        assert nn.Hardtanh(min_value=-2.0).min_val == -2.0
    assert F.prelu(tgb.tensor(-1.0), tgb.tensor([0.5])).tolist() == -0.5
    layer = nn.PReLU(2, init=0.1)
    with tgb.no_grad():
        layer.weight.zero_()
    layer.reset_parameters()
    assert layer.weight.tolist() == pytest.approx([0.1, 0.1])
