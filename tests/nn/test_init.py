"""Starting values: bounds, moments, structure."""

import math

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp.nn import init

FAN_IN, FAN_OUT = 200, 300
SIX = math.sqrt(6 / (FAN_IN + FAN_OUT))
TWO = math.sqrt(2 / (FAN_IN + FAN_OUT))
HE = math.sqrt(2 / FAN_IN)

UNIFORM = [
    (lambda w: init.uniform_(w, -2, 3), -2, 3),
    (init.xavier_uniform_, -SIX, SIX),
    (lambda w: init.xavier_uniform_(w, gain=2.0), -2 * SIX, 2 * SIX),
    (lambda w: init.kaiming_uniform_(w, nonlinearity="relu"), -HE * 3**0.5, HE * 3**0.5),
    (
        lambda w: init.kaiming_uniform_(w, a=1, mode="fan_out"),
        -math.sqrt(3 / FAN_OUT),
        math.sqrt(3 / FAN_OUT),
    ),
    (init.lecun_uniform_, -math.sqrt(3 / FAN_IN), math.sqrt(3 / FAN_IN)),
]

NORMAL = [
    (lambda w: init.normal_(w, 1.0, 0.5), 1.0, 0.5),
    (init.xavier_normal_, 0, TWO),
    (lambda w: init.kaiming_normal_(w, nonlinearity="relu"), 0, HE),
    (lambda w: init.kaiming_normal_(w, 0.1, "fan_out"), 0, math.sqrt(2 / 1.01 / FAN_OUT)),
    (init.lecun_normal_, 0, math.sqrt(1 / FAN_IN)),
]


def weight(kind=tgb.float32):
    tgb.manual_seed(0)
    return tgb.empty(FAN_OUT, FAN_IN, dtype=kind, requires_grad=True)


@pytest.mark.parametrize("kind", [tgb.float16, tgb.float32, tgb.float64])
@pytest.mark.parametrize(("fill", "low", "high"), UNIFORM)
def test_uniform(fill, low, high, kind):
    w = weight(kind)
    assert fill(w) is w and w.is_leaf and w.requires_grad and w.dtype == kind
    values = w.detach().numpy().astype(float)
    slack = (high - low) * (1e-2 if kind == tgb.float16 else 1e-6)
    assert low - slack <= values.min() < low + 0.01 * (high - low)
    assert high - 0.01 * (high - low) < values.max() <= high + slack
    assert abs(values.std() - (high - low) / math.sqrt(12)) < 0.01 * (high - low)


@pytest.mark.parametrize(("fill", "mean", "std"), NORMAL)
def test_normal(fill, mean, std):
    w = weight()
    assert fill(w) is w
    values = w.detach().numpy()
    assert abs(values.mean() - mean) < 0.02 * std
    assert abs(values.std() - std) < 0.02 * std
    inside = (np.abs(values - mean) < std).mean()
    assert abs(inside - 0.6827) < 0.01


@pytest.mark.parametrize(
    ("mean", "std", "a", "b"),
    [(0, 1, -2, 2), (1, 0.5, 0.9, 1.1), (0, 1, 2, 2.5), (0, 0.02, -2, 2), (0, 1, 0.0, 0.01)],
)
def test_truncated_normal(mean, std, a, b):
    w = weight(tgb.float64)
    init.trunc_normal_(w, mean, std, a, b)
    values = w.detach().numpy()
    assert a <= values.min() and values.max() <= b
    # The mean of a truncated normal distribution, from its density at the ends.
    low, high = (a - mean) / std, (b - mean) / std
    density = [math.exp(-x * x / 2) / math.sqrt(2 * math.pi) for x in (low, high)]
    share = 0.5 * (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2)))
    expected = mean + std * (density[0] - density[1]) / share
    assert abs(values.mean() - expected) < 0.01 * min(std, b - a)


def test_truncated_normal_errors():
    with pytest.warns(UserWarning, match="more than 2 std"):
        init.trunc_normal_(tgb.empty(3), 10.0, 1.0, 0.0, 7.0)
    with pytest.raises(ValueError, match="at most"):
        init.trunc_normal_(tgb.empty(3), 0.0, 1.0, 1.0, -1.0)


def test_a_generator_of_ones_own():
    draws = [init.normal_(tgb.empty(4), generator=tgb.Generator().manual_seed(3)) for _ in range(2)]
    assert tgb.equal(*draws)


def test_constants_and_identity():
    assert init.zeros_(tgb.ones(2)).tolist() == [0, 0]
    assert init.ones_(tgb.zeros(2)).tolist() == [1, 1]
    assert init.constant_(tgb.zeros(2), 0.5).tolist() == [0.5, 0.5]
    assert init.eye_(tgb.ones(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]
    with pytest.raises(ValueError, match="2 dimensions"):
        init.eye_(tgb.ones(2))


@pytest.mark.parametrize("shape", [(4, 4), (3, 7), (7, 3), (4, 2, 3)])
def test_orthogonal(shape):
    w = init.orthogonal_(tgb.empty(*shape, dtype=tgb.float64), gain=2.0)
    m = w.numpy().reshape(shape[0], -1) / 2
    gram = m @ m.T if m.shape[0] <= m.shape[1] else m.T @ m
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)
    with pytest.raises(ValueError, match="2 or more"):
        init.orthogonal_(tgb.empty(3))
    assert init.orthogonal_(tgb.empty(0, 3)).shape == (0, 3)


GAINS = {"linear": 1, "conv2d": 1, "conv_transpose3d": 1, "sigmoid": 1, "tanh": 5 / 3,
         "relu": 2**0.5, "leaky_relu": (2 / 1.0001) ** 0.5, "selu": 0.75}  # fmt: skip


@pytest.mark.parametrize("name", GAINS)
def test_gains(name):
    assert init.calculate_gain(name) == pytest.approx(GAINS[name], rel=1e-12)


def test_errors():
    assert init.calculate_gain("leaky_relu", 1) == 1.0
    for bad in (True, "a"):
        with pytest.raises(ValueError, match="not a valid number"):
            init.calculate_gain("leaky_relu", bad)
    with pytest.raises(ValueError, match="Unsupported nonlinearity"):
        init.calculate_gain("step")
    with pytest.raises(ValueError, match="Mode fan not supported"):
        init.kaiming_uniform_(tgb.empty(2, 2), mode="fan")
    for fill in (init.xavier_normal_, init.lecun_normal_, init.kaiming_normal_):
        with pytest.raises(ValueError, match=r"fewer than 2 dimensions, of shape \(3,\)"):
            fill(tgb.empty(3))
    with pytest.raises(RuntimeError, match="can't be negative"):
        init.normal_(tgb.empty(3), std=-1.0)
    with pytest.raises(RuntimeError, match="at most"):
        init.uniform_(tgb.empty(3), 1.0, 0.0)
    for fill in (init.kaiming_uniform_, init.kaiming_normal_):
        with pytest.warns(UserWarning, match="zero-element"):
            fill(tgb.empty(0, 3))


def test_the_field_behind_the_channels_counts():
    assert init._fans(tgb.empty(8, 4, 3, 5)) == (60, 120)


def test_a_recorded_graph_notices():
    w = tgb.ones(2, 2, requires_grad=True)
    out = (w * w).sum()
    init.xavier_uniform_(w)
    with pytest.raises(RuntimeError, match="changed in place"):
        out.backward()


@pytest.mark.parametrize("shape", [(4, 3, 5), (6, 2, 3, 4), (2, 4, 1, 2, 3)], ids=str)
@pytest.mark.parametrize("groups", [1, 2])
def test_dirac_puts_a_one_in_the_middle_of_each_channel(shape, groups):
    weight = init.dirac_(tgb.ones(*shape), groups).numpy()
    each = shape[0] // groups
    expected = np.zeros(shape)
    for g in range(groups):
        for i in range(min(each, shape[1])):
            expected[(g * each + i, i, *(n // 2 for n in shape[2:]))] = 1
    np.testing.assert_array_equal(weight, expected)


def test_sparse_sets_a_share_of_each_column_to_zero():
    weight = init.sparse_(tgb.ones(10, 4), 0.25, std=2.0).numpy()
    assert ((weight == 0).sum(0) == 3).all() and np.abs(weight).max() > 0.5
    first = init.sparse_(tgb.ones(5, 2), 0.5, generator=tgb.Generator().manual_seed(1))
    second = init.sparse_(tgb.ones(5, 2), 0.5, generator=tgb.Generator().manual_seed(1))
    assert tgb.equal(first, second)


def test_shapes_that_dirac_and_sparse_refuse():
    with pytest.raises(ValueError, match="3, 4, or 5 dimensions"):
        init.dirac_(tgb.ones(2, 2))
    with pytest.raises(ValueError, match="divisible"):
        init.dirac_(tgb.ones(3, 2, 2), 2)
    with pytest.raises(ValueError, match="2 dimensions"):
        init.sparse_(tgb.ones(2, 2, 2), 0.5)


def test_former_names_warn():
    with pytest.warns(FutureWarning, match=r"nn\.init\.constant_"):
        assert init.constant(tgb.empty(2), 3.0).tolist() == [3.0, 3.0]
    with pytest.warns(FutureWarning, match=r"nn\.init\.xavier_uniform_"):
        assert init.xavier_uniform(tgb.empty(2, 2)).shape == (2, 2)
