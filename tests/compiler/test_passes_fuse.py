"""Chains, sums that end them, and states: fused, they compute what they do one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.compiler.building import Building, agree
from tinygrad_bp.compiler.kernels.emit import lower
from tinygrad_bp.compiler.passes.fuse import Loop
from tinygrad_bp.compiler.program import Value
from tinygrad_bp.rules import elementwise as ew
from tinygrad_bp.rules import gelu, layer_norm, linalg, loss, reduce, shape
from tinygrad_bp.rules.index import slice_


def test_cross_entropy_and_its_gradient_are_one_loop() -> None:
    built = Building()
    x, y = built.input(built.normal(8, 5)), built.input(built.rng.integers(0, 5, 8))
    mean = built(loss.softmax_cross_entropy, x, y)
    error = built(ew.multiply, built(loss.softmax_error, x, y), 1 / 8)
    built.output(mean, error, built(reduce.sum, error, axis=0))
    loops = lower(built.program).steps
    assert [type(s) for s in loops[:1]] == [Loop]
    # The mean is divided by 8 once the rows are through.
    assert len(loops) == 2
    agree(built)


def test_an_optimizer_writes_over_its_states() -> None:
    built = Building()
    w, m, g = (built.state(built.normal(40, 30)) for _ in range(3))
    rate = built.scalar(0.1)
    new_m = built(ew.add, m, built(ew.multiply, built(ew.subtract, g, m), 0.1))
    built.store(m, new_m)
    built.store(w, built(ew.subtract, w, built(ew.multiply, rate, new_m)))
    lowered = lower(built.program)
    assert len(lowered.steps) == 1
    assert not lowered.memory.copies
    assert lowered.memory.size == 0
    agree(built, steps=3)


def test_long_chains_go_block_by_block() -> None:
    built = Building()
    w, g = built.state(built.normal(300, 200)), built.input(built.normal(300, 200))
    half = built(ew.multiply, g, built.scalar(0.5))
    root = built(ew.sqrt, built(ew.multiply, g, g))
    built.store(w, built(ew.subtract, w, built(ew.divide, half, built(ew.add, root, 1.0))))
    built.output(half, built(reduce.sum, root))
    agree(built, steps=3)


def test_a_state_that_is_still_read_is_written_at_the_end() -> None:
    built = Building()
    w, x = built.state(built.normal(6, 6)), built.input(built.normal(6, 6))
    new = built(ew.add, w, x)
    built.store(w, new)
    built.output(built(linalg.matmul, x, w), built(ew.multiply, built(reduce.sum, new, axis=1), 2))
    turned = built(shape.transpose, w, axes=(1, 0))
    built.output(built(ew.subtract, new, turned))
    agree(built, steps=3)


def test_states_change_places() -> None:
    built = Building()
    a, b = built.state(built.normal(5)), built.state(built.normal(5))
    built.store(a, b)
    built.store(b, a)
    agree(built, steps=3)


def test_views_are_read_where_they_lie() -> None:
    built = Building()
    x = built.input(built.normal(4, 6, 10))
    turned = built(shape.transpose, x, axes=(2, 0, 1))
    flat = built(shape.reshape, turned, shape=(10, 24))
    part = built(slice_, x, key=(slice(1, 3), slice(None, None, 2), slice(2, 7)))
    row = built(slice_, x, key=(0, 1))
    wide = built(shape.broadcast_to, row, shape=(6, 10))
    built.output(
        turned, part, flat, built(ew.exp, flat), built(ew.multiply, part, part),
        built(reduce.sum, part, axis=(0, 2)), built(ew.add, wide, x), built(ew.add, row, 1),
    )  # fmt: skip
    back = built(ew.exp, x)
    built.output(built(linalg.matmul, built(shape.reshape, back, shape=(24, 10)), row))
    agree(built)


def test_memory_is_used_again() -> None:
    built = Building()
    x = built.input(built.normal(64, 64))
    y = x
    for _ in range(12):
        y = built(ew.tanh, built(linalg.matmul, y, x))
    built.output(built(reduce.sum, y))
    memory = lower(built.program).memory
    assert memory.size <= 3 * 64 * 64 * 4
    assert memory.unshared > 3 * memory.size
    agree(built, tolerance=1e-3)


SHAPES = [(4, 6), (6,), (4, 1), (), (1, 6), (24,), (2, 4, 6)]
MAPS = [ew.add, ew.subtract, ew.multiply, ew.maximum, ew.minimum, ew.greater]
SINGLE = [ew.exp, ew.tanh, ew.negative, ew.relu, ew.sigmoid, ew.square, ew.absolute, shape.copy]


def random_program(draw: Any, dtype: Any) -> Building:
    """Write calls that fit together, at random; keep numbers small by tanh now and then."""
    built = Building(draw(st.integers(0, 99)))
    values: list[Value] = []
    for _ in range(draw(st.integers(2, 4))):
        array = built.normal(*draw(st.sampled_from(SHAPES)), dtype=dtype)
        values.append(draw(st.sampled_from([built.input, built.state]))(array))
    pick = lambda: draw(st.sampled_from(values))
    for _ in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from(["map", "map", "one", "sum", "view", "where", "row", "dot"]))
        x, y = pick(), pick()
        try:
            np.broadcast_shapes(x.shape, y.shape)
        except ValueError:
            y = x
        floats = x.dtype.kind == y.dtype.kind == "f"
        if kind == "where":
            values.append(built(ew.where, built(ew.greater, x, y), x, y))
        elif not floats:
            continue
        elif kind == "map":
            values.append(built(draw(st.sampled_from(MAPS)), x, y))
        elif kind == "one":
            values.append(built(draw(st.sampled_from(SINGLE)), built(ew.tanh, x)))
        elif kind == "sum" and x.shape:
            axis = draw(st.sampled_from([None, *range(-1, len(x.shape)), (0, len(x.shape) - 1)]))
            if isinstance(axis, tuple) and len(set(axis)) < 2:
                axis = 0
            op = draw(st.sampled_from([reduce.sum, reduce.mean, reduce.amax]))
            values.append(built(op, x, axis=axis, keepdims=draw(st.booleans())))
        elif kind == "view" and len(x.shape) > 1:
            to = draw(st.sampled_from(["turn", "flat", "part"]))
            if to == "turn":
                axes = tuple(reversed(range(len(x.shape))))
                values.append(built(shape.transpose, x, axes=axes))
            elif to == "flat":
                values.append(built(shape.reshape, x, shape=(x.shape[0], -1)))
            else:
                values.append(built(slice_, x, key=(slice(0, None, 2),)))
        elif kind == "row" and x.shape:
            values.append(built(loss.softmax, x, axis=-1))
        elif kind == "dot" and len(x.shape) == 2:
            values.append(built(linalg.matmul, x, built(shape.transpose, x, axes=(1, 0))))
    for v in values:
        if v.kind == "state" and v.dtype == dtype:
            fits = [
                u for u in values if u.kind != "input" and u.shape == v.shape and u.dtype == dtype
            ]
            built.store(v, draw(st.sampled_from(fits)))
    built.output(*draw(st.lists(st.sampled_from(values), min_size=1, max_size=4)))
    return built


@pytest.mark.parametrize("backend", ["replay", "native"])
# A smaller failing program would take minutes of compiling to find.
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck),
          phases=[Phase.explicit, Phase.reuse, Phase.generate])  # fmt: skip
@given(data=st.data())
def test_random_programs(backend: str, data: Any) -> None:
    built = random_program(data.draw, np.float64)
    agree(built, backend, steps=2, tolerance=1e-9)


def test_what_follows_a_layer_on_sequences_is_one_loop_with_its_bias() -> None:
    built = Building()
    x = built.input(built.normal(2, 3, 8))
    weight, bias = built.state(built.normal(8, 8)), built.state(built.normal(8))
    mapped = built(ew.add, x, built(gelu.gelu, built(linalg.linear, x, weight, bias)))
    scale, shift = built.state(built.normal(8)), built.state(built.normal(8))
    built.output(built(layer_norm.layer_norm, mapped, scale, shift, eps=1e-5), mapped)
    loops = [s for s in lower(built.program).steps if isinstance(s, Loop)]
    # The product has the shape of a matrix, the residual x that of sequences.
    assert len(loops) == 1
    agree(built)


def test_rows_of_what_is_turned_stay_as_they_are() -> None:
    built = Building()
    x = built.input(built.normal(2, 3, 4))
    weight, bias = built.state(built.normal(4, 4)), built.state(built.normal(4))
    mapped = built(linalg.linear, x, weight, bias)
    turned = built(shape.transpose, built(ew.exp, x), axes=(1, 0, 2))
    back = built(shape.transpose, turned, axes=(1, 0, 2))
    one = built(ew.multiply, mapped, back)
    per_step = built.input(built.normal(3, 4))
    two = built(ew.add, mapped, per_step)
    built.output(one, two, built(ew.add, one, built(ew.tanh, two)))
    agree(built)
