"""Linear, activations, dropout, reshaping: values by hand, gradients by central differences."""

import math
import warnings

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import nn
from tinygrad_bp.autograd import gradcheck
from tinygrad_bp.nn import functional as F


def f64(*values):
    return tgb.tensor(list(values), dtype=tgb.float64)


# ------------------------------------------------------------------------------------------ linear


def test_linear_by_hand():
    layer = nn.Linear(2, 3)
    with tgb.no_grad():
        layer.weight.copy_(tgb.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
        layer.bias.copy_(tgb.tensor([0.5, 0.0, -0.5]))
    x = tgb.tensor([[1.0, -1.0], [2.0, 0.0]], requires_grad=True)
    out = layer(x)
    assert out.tolist() == [[-0.5, -1.0, -1.5], [2.5, 6.0, 9.5]]
    out.sum().backward()
    assert layer.weight.grad.tolist() == [[3.0, -1.0]] * 3
    assert layer.bias.grad.tolist() == [2.0, 2.0, 2.0]
    assert x.grad.tolist() == [[9.0, 12.0], [9.0, 12.0]]
    assert out.grad_fn.name() == "LinearBackward"


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3), (0, 3)])
def test_linear_shapes_and_gradients(shape, bias):
    layer = nn.Linear(3, 2, bias=bias, dtype=tgb.float64)
    assert layer(tgb.ones(*shape, dtype=tgb.float64)).shape == (*shape[:-1], 2)
    if 0 in shape:
        return
    arguments = [tgb.randn(*shape, dtype=tgb.float64), layer.weight.detach()]
    if bias:
        arguments.append(layer.bias.detach())
    assert gradcheck(F.linear, arguments)


def test_linear_starts_as_pytorch_draws_it():
    tgb.manual_seed(0)
    layer = nn.Linear(100, 400)
    bound = 0.1
    for parameter in layer.parameters():
        values = parameter.detach().numpy()
        assert np.abs(values).max() <= bound and values.dtype == np.float32
        assert abs(values.std() - bound / math.sqrt(3)) < 0.005
    tgb.manual_seed(0)
    assert tgb.equal(nn.Linear(100, 400).weight, layer.weight)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert nn.Linear(0, 2)(tgb.ones(1, 0)).tolist() == [[0.0, 0.0]]


def test_linear_of_a_wrong_width_names_the_shapes():
    with pytest.raises(RuntimeError, match=r"linear.*\(5, 4\).*\(2, 3\).*in_features"):
        nn.Linear(3, 2)(tgb.ones(5, 4))
    with pytest.raises(RuntimeError, match="device"):
        nn.Linear(3, 2, device="cuda")


# ------------------------------------------------------------------------------------- activations

SIGMOID_1, SIGMOID_M2 = 1 / (1 + math.exp(-1)), 1 / (1 + math.exp(2))

# module, values at −2, 0 and 1
ACTIVATIONS = [
    (nn.Sigmoid(), [SIGMOID_M2, 0.5, SIGMOID_1]),
    (nn.Tanh(), [math.tanh(-2), 0.0, math.tanh(1)]),
    (nn.ReLU(), [0.0, 0.0, 1.0]),
    (nn.LeakyReLU(0.1), [-0.2, 0.0, 1.0]),
    (nn.Softplus(), [math.log1p(math.exp(-2)), math.log(2), math.log1p(math.e)]),
    (
        nn.Softplus(beta=2),
        [math.log1p(math.exp(-4)) / 2, math.log(2) / 2, math.log1p(math.e**2) / 2],
    ),
    (nn.ELU(), [math.expm1(-2), 0.0, 1.0]),
    (nn.ELU(0.5), [0.5 * math.expm1(-2), 0.0, 1.0]),
    (nn.GELU(), [-2 * 0.022750131948179207, 0.0, 0.8413447460685429]),
    (nn.GELU("tanh"), [-0.04540230591222494, 0.0, 0.8411919906082768]),
    (nn.SiLU(), [-2 * SIGMOID_M2, 0.0, SIGMOID_1]),
    (nn.Softsign(), [-2 / 3, 0.0, 0.5]),
    (nn.LogSigmoid(), [math.log(SIGMOID_M2), math.log(0.5), math.log(SIGMOID_1)]),
    (nn.Hardtanh(), [-1.0, 0.0, 1.0]),
    (nn.ReLU6(), [0.0, 0.0, 1.0]),
]
IDS = [repr(m) for m, _ in ACTIVATIONS]


@pytest.mark.parametrize(("module", "values"), ACTIVATIONS, ids=IDS)
def test_activation_values(module, values):
    out = module(f64(-2.0, 0.0, 1.0))
    np.testing.assert_allclose(out.numpy(), values, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("module", "values"), ACTIVATIONS, ids=IDS)
def test_activation_gradients(module, values):
    assert gradcheck(module, (f64(-2.3, -0.4, 0.3, 0.9, 2.1),))


@pytest.mark.parametrize("kind", [tgb.float32, tgb.float64])
@pytest.mark.parametrize(("module", "values"), ACTIVATIONS, ids=IDS)
def test_activations_at_extreme_inputs(module, values, kind):
    x = tgb.tensor([-1e4, -100.0, 0.0, 100.0, 1e4], dtype=kind, requires_grad=True)
    out = module(x)
    out.sum().backward()
    assert tgb.isfinite(out).all() and tgb.isfinite(x.grad).all()
    assert out.dtype == kind


# The slope at the kink, by PyTorch's convention.
KINKS = [
    (nn.ReLU(), 0.0, 0.0),
    (nn.LeakyReLU(0.1), 0.0, 0.1),
    (nn.ELU(), 0.0, 1.0),
    (nn.Hardtanh(), 1.0, 0.0),
    (nn.Hardtanh(), -1.0, 0.0),
    (nn.ReLU6(), 0.0, 0.0),
    (nn.ReLU6(), 6.0, 0.0),
]


@pytest.mark.parametrize(("module", "at", "slope"), KINKS, ids=lambda v: repr(v))
def test_kinks(module, at, slope):
    x = tgb.tensor(at, requires_grad=True)
    module(x).backward()
    assert x.grad.item() == pytest.approx(slope)


IN_PLACE = [
    nn.ReLU(True), nn.SiLU(True), nn.LeakyReLU(0.1, True), nn.ELU(1.0, True),
    nn.Hardtanh(inplace=True), nn.ReLU6(True),
]  # fmt: skip


@pytest.mark.parametrize("module", IN_PLACE, ids=repr)
def test_in_place_activations_change_their_input_and_keep_gradients(module):
    x = f64(-2.0, 0.5, 3.0).requires_grad_()
    y = x * 1
    out = module(y)
    assert out is y
    out.sum().backward()
    module.inplace = False
    x2 = f64(-2.0, 0.5, 3.0).requires_grad_()
    module(x2).sum().backward()
    assert tgb.allclose(x.grad, x2.grad)
    with pytest.raises(RuntimeError, match="leaf"):
        F.relu_(x)


def test_functional_in_place_twins():
    assert F.leaky_relu_(f64(-1.0), 0.5).tolist() == [-0.5]
    assert F.elu_(f64(1.0)).tolist() == [1.0]
    assert F.relu_(f64(-1.0)).tolist() == [0.0]


def test_other_functions():
    assert F.tanhshrink(f64(1.0)).item() == pytest.approx(1 - math.tanh(1))
    assert F.softmin(f64(0.0, 0.0), 0).tolist() == [0.5, 0.5]
    with pytest.raises(RuntimeError, match="approximate"):
        F.gelu(f64(1.0), approximate="none of these")
    with pytest.raises(ValueError, match="max_val"):
        nn.Hardtanh(1, -1)


@pytest.mark.parametrize("module", [nn.Softmax(dim=1), nn.LogSoftmax(dim=1)], ids=repr)
def test_softmax(module):
    z = f64(*[[0.0, math.log(2), math.log(5)], [1e4, 0.0, -1e4]]).requires_grad_()
    out = module(z)
    p = out if isinstance(module, nn.Softmax) else out.exp()
    np.testing.assert_allclose(p.detach().numpy(), [[0.125, 0.25, 0.625], [1, 0, 0]], atol=1e-12)
    out.sum().backward()
    assert tgb.isfinite(out).all() and tgb.isfinite(z.grad).all()
    assert gradcheck(module, (tgb.randn(3, 4, dtype=tgb.float64),))


@pytest.mark.parametrize("function", [F.softmax, F.log_softmax, F.softmin])
def test_softmax_without_an_axis_warns_as_pytorch(function):
    for shape, axis in [((3,), 0), ((2, 3), 1), ((2, 3, 4), 0), ((2, 3, 4, 5), 1)]:
        x = tgb.randn(*shape)
        with pytest.warns(UserWarning, match="Implicit dimension"):
            assert tgb.equal(function(x), function(x, dim=axis))


def test_softmax_of_nothing_finite_is_nan_as_in_pytorch():
    inf = float("inf")
    assert F.softmax(f64(inf, 0.0), 0).isnan().all()
    assert F.softmax(f64(-inf, -inf), 0).isnan().all()
    assert F.log_softmax(f64(-inf, 1.0), 0).tolist() == [-inf, 0.0]


# ----------------------------------------------------------------------------------------- dropout


def test_dropout():
    tgb.manual_seed(1)
    layer = nn.Dropout(0.25)
    x = tgb.ones(10000, requires_grad=True)
    out = layer(x)
    values = out.detach().numpy()
    assert set(values.tolist()) == {0.0, np.float32(1 / 0.75).item()}
    assert abs((values == 0).mean() - 0.25) < 0.02
    out.sum().backward()
    assert tgb.equal(x.grad, out.detach())  # the same mask, on the way back
    assert layer.eval()(x) is x
    tgb.manual_seed(1)
    assert tgb.equal(layer.train()(x), out)


def test_dropout_extremes_and_errors():
    x = tgb.ones(5)
    assert nn.Dropout(0.0)(x) is x
    assert nn.Dropout(1.0)(x).tolist() == [0.0] * 5
    assert F.dropout(x, training=False) is x
    y = tgb.ones(5)
    assert F.dropout(y, 1.0, inplace=True) is y and not y.any()
    assert F.dropout(tgb.ones(3, dtype=tgb.float64)).dtype == tgb.float64
    for p in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1"):
            nn.Dropout(p)
        with pytest.raises(ValueError, match="between 0 and 1"):
            F.dropout(x, p)


# ------------------------------------------------------------------------------------------ shapes


def test_flatten_unflatten_identity():
    x = tgb.arange(24.0).reshape(2, 3, 4)
    assert nn.Flatten()(x).shape == (2, 12)
    assert nn.Flatten(0, 1)(x).shape == (6, 4)
    assert F.flatten(x).shape == (24,)
    assert nn.Unflatten(1, (3, -1))(nn.Flatten()(x)).shape == (2, 3, 4)
    assert nn.Identity(1, b=2)(x) is x
    with pytest.raises(TypeError, match="tuple"):
        nn.Unflatten(1, 3)


def test_one_hot():
    assert F.one_hot(tgb.tensor([[1], [0]]), 3).tolist() == [[[0, 1, 0]], [[1, 0, 0]]]
    assert F.one_hot(tgb.tensor(1)).tolist() == [0, 1]
    assert F.one_hot(tgb.zeros(0, dtype=tgb.int64), 4).shape == (0, 4)
    for bad, classes, words in [
        (tgb.tensor([1.0]), -1, "int64"),
        (tgb.tensor([-1]), -1, "non-negative"),
        (tgb.tensor([3]), 3, "smaller than num_classes=3"),
        (tgb.zeros(0, dtype=tgb.int64), -1, "num_classes"),
    ]:
        with pytest.raises(RuntimeError, match=words):
            F.one_hot(bad, classes)


def test_normalize():
    x = tgb.tensor([[3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    out = F.normalize(x)
    assert out.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0.0, 0.0]]
    out.sum().backward()
    assert tgb.isfinite(x.grad).all()
    assert F.normalize(x, p=1, dim=0)[0].tolist() == [1.0, 1.0]
    assert gradcheck(F.normalize, (tgb.randn(2, 3, dtype=tgb.float64),))
