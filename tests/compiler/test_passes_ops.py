"""Each operation, alone: what it is taken apart into is what its forward computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.compiler.building import Building, agree
from tinygrad_bp.compiler.kernels.emit import lower
from tinygrad_bp.rules import attention, gelu, layer_norm, linalg, loss, reduce, rows, shape
from tinygrad_bp.rules import elementwise as ew

UNARY: list[tuple[Any, dict[str, Any]]] = [
    (ew.negative, {}), (ew.square, {}), (ew.exp, {}), (ew.tanh, {}), (ew.sigmoid, {}),
    (ew.relu, {}), (ew.silu, {}), (gelu.gelu, {}), (ew.absolute, {}), (ew.sign, {}),
    (ew.floor, {}), (ew.sin, {}), (ew.cos, {}), (ew.arctan, {}), (ew.expm1, {}),
    (ew.power_constant, {"exponent": 3}), (ew.power_constant, {"exponent": 2.0}),
    (ew.leaky_relu, {"slope": 0.1}), (ew.leaky_slope, {"slope": 0.1}), (ew.softplus, {}),
    (ew.softplus, {"beta": 2.0}), (ew.elu, {"alpha": 1.0}),
    (ew.clip_constant, {"lower": -0.5, "upper": 0.25}),
    (ew.log, {}), (ew.log1p, {}), (ew.sqrt, {}), (ew.rsqrt, {}), (ew.reciprocal, {}),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_operations_on_single_elements(dtype: Any) -> None:
    built = Building()
    x = built.input(built.normal(5, 37, dtype=dtype) * 3)
    positive = built.input(np.abs(built.normal(5, 37, dtype=dtype)) + dtype(0.01))
    for op, attrs in UNARY:
        rooted = op in (ew.log, ew.log1p, ew.sqrt, ew.rsqrt, ew.reciprocal)
        built.output(built(op, positive if rooted else x, **attrs))
    agree(built, steps=1)


def test_special_numbers() -> None:
    built = Building()
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40, 88.9, -104.0, 100.0, -1.0]
    x = built.input(np.array(special, np.float32))
    for op in (ew.exp, ew.log, ew.tanh, ew.sigmoid, ew.relu, ew.sqrt, ew.log1p, ew.expm1, ew.sign):
        built.output(built(op, x))
    y = built.input(np.array(special[::-1], np.float32))
    for op in (ew.maximum, ew.minimum, ew.gate, ew.add, ew.divide, ew.greater, ew.equal):
        built.output(built(op, x, y))
    agree(built, steps=1)


def test_two_operands_broadcast() -> None:
    built = Building()
    x = built.input(built.normal(4, 6, 5))
    for other in ((4, 6, 5), (5,), (6, 1), (4, 1, 5), (1, 1, 1), ()):
        y = built.input(built.normal(*other))
        for op in (ew.add, ew.subtract, ew.multiply, ew.divide, ew.maximum):
            built.output(built(op, x, y))
        built.output(built(ew.where, built(ew.greater, x, y), x, y))
    agree(built, steps=1)


@pytest.mark.parametrize("op", [reduce.sum, reduce.mean, reduce.amax, reduce.amin])
def test_reductions(op: Any) -> None:
    built = Building()
    x = built.input(built.normal(4, 6, 5))
    for axis in (None, 0, 1, 2, -1, (0, 1), (1, 2), (0, 2), (0, 1, 2)):
        for keepdims in (False, True):
            built.output(built(op, x, axis=axis, keepdims=keepdims))
    agree(built, steps=1)


@pytest.mark.parametrize("shapes", [
    ((7, 5), (5, 3)), ((1, 5), (5, 3)), ((7, 1), (1, 3)), ((7, 5), (5, 1)), ((3, 7, 5), (5, 4)),
    ((2, 3, 7, 5), (2, 3, 5, 4)), ((3, 7, 5), (3, 5, 4)), ((40, 50), (50, 60)), ((7, 90), (90, 3)),
    ((5,), (5, 4)), ((4, 5), (5,)), ((3, 1, 80, 70), (2, 70, 60)),
])  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products(shapes: Any, dtype: Any) -> None:
    built = Building()
    x, y = (built.input(built.normal(*s, dtype=dtype)) for s in shapes)
    built.output(built(linalg.matmul, x, y))
    if len(shapes[0]) == len(shapes[1]) == 2:
        xt, yt = built(shape.transpose, x, axes=(1, 0)), built(shape.transpose, y, axes=(1, 0))
        built.output(built(linalg.matmul, yt, xt))
        built.output(built(linalg.matmul, x, built(shape.copy, y)))
        built.output(built(linalg.matmul, built(shape.transpose, xt, axes=(1, 0)), y))
        built.output(built(linalg.matmul, x, xt), built(linalg.matmul, yt, y))
    agree(built, steps=1)


def test_losses_and_rows() -> None:
    built = Building()
    x = built.input(built.normal(9, 7) * 5)
    y = built.input(built.rng.integers(0, 7, 9))
    target = built.input(built.normal(9, 7))
    soft = built(loss.softmax, x, axis=1)
    built.output(
        soft,
        built(loss.log_softmax, x, axis=-1),
        built(loss.softmax, x, axis=0),
        built(loss.softmax_cross_entropy, x, y),
        built(loss.softmax_error, x, y),
        built(loss.negative_log_likelihood, x, y),
        built(loss.mean_squared_error, x, target),
        built(loss.bce_with_logits, x, target),
        built(rows.softmax_pull, target, soft, scale=0.5),
        built(rows.row_dot, x, target),
    )
    agree(built, steps=1)


def test_layer_norm_and_attention() -> None:
    built = Building()
    x, g = built.input(built.normal(3, 5, 16)), built.input(built.normal(3, 5, 16))
    weight, bias = built.state(built.normal(16)), built.state(built.normal(16))
    built.output(built(layer_norm.layer_norm, x, weight, bias, eps=1e-5))
    pulled = built(layer_norm.layer_norm_pull, g, x, weight, eps=1e-5)
    from tinygrad_bp.rules.index import slice_

    for key in ((slice(None, -2),), -2, (-1,)):
        built.output(built(slice_, pulled, key=key))
    scores = built.input(built.normal(2, 4, 6, 6))
    mask = np.triu(np.full((6, 6), -np.inf, np.float32), 1)
    built.output(built(attention.attention_weights, scores, built.constant(mask), scale=0.3))
    closed = mask.copy()
    closed[2] = -np.inf
    built.output(built(attention.attention_weights, scores, built.input(closed), scale=0.3))
    zero = built.constant(np.float32(0))
    built.output(built(attention.attention_weights, scores, zero, scale=0.3))
    agree(built, steps=1, tolerance=2e-5)


def test_an_index_out_of_range_is_refused_before_a_state_changes() -> None:
    built = Building()
    x, y = built.input(built.normal(4, 3)), built.input(np.array([0, 1, 2, 1]))
    weight = built.state(np.ones(3, np.float32))
    built.output(built(loss.softmax_cross_entropy, x, y))
    built.store(weight, built(ew.add, weight, 1.0))
    from tests.compiler.building import native

    step = native(built.program)
    with pytest.raises(IndexError):
        step([built.arrays[x], np.array([0, 1, 3, 1])])
    assert weight.array is not None
    assert weight.array.tolist() == [1, 1, 1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes_of_special_numbers(dtype: Any) -> None:
    built = Building()
    numbers = built.normal(8, 40, dtype=dtype)
    numbers[0, 3], numbers[1, 5], numbers[2, 7] = np.nan, -np.nan, np.inf
    numbers[3], numbers[4], numbers[5] = -np.inf, np.inf, -0.0
    numbers[6, 1] = -np.inf
    x = built.input(numbers)
    for op in (reduce.amax, reduce.amin):
        built.output(built(op, x, axis=1), built(op, x, axis=0), built(op, x))
        built.output(built(op, built(ew.negative, x), axis=1, keepdims=True))
    built.output(built(loss.softmax, x, axis=1))
    agree(built, steps=1)


def test_a_layer_without_bias_on_sequences_is_one_product() -> None:
    built = Building()
    x, g = built.input(built.normal(3, 5, 8)), built.input(built.normal(3, 5, 6))
    weight = built.state(built.normal(6, 8))
    turned = built(shape.transpose, weight, axes=(1, 0))
    out = built(linalg.matmul, built(ew.tanh, x), turned)
    back = built(shape.transpose, built(ew.exp, x), axes=(0, 2, 1))
    slope = built(shape.sum_to, built(linalg.matmul, back, g), shape=(8, 6))
    # Rows of what is turned do not lie one below the other.
    other = built(shape.transpose, built(ew.sin, x), axes=(1, 0, 2))
    built.output(out, slope, built(linalg.matmul, other, turned))
    found = [c.out.shape for c in lower(built.program).program.calls if c.op is linalg.matmul]
    assert found == [(15, 6), (8, 6), (5, 3, 6)]
    agree(built)
