"""Memory in a replay is not used again while a view of it is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.compiler.building import Building, agree, run
from tinygrad_bp.compiler.reference import reference
from tinygrad_bp.compiler.replay import ReplayStep
from tinygrad_bp.op import Op
from tinygrad_bp.rules import elementwise as ew
from tinygrad_bp.rules import reduce, shape

#: Operations whose result may lie in their operand's memory; in NumPy's it may be any operand.
VIEWS: list[tuple[Any, dict[str, Any], tuple[int, ...]]] = [
    (reduce.spread, {"shape": (4, 3, 2), "axis": (1,)}, (4, 2)),
    (reduce.spread, {"shape": (4, 2), "axis": ()}, (4, 2)),
    (shape.broadcast_to, {"shape": (3, 4, 2)}, (4, 2)),
    (Op(lambda x: x[1:], {}, name="numpy_getitem"), {}, (4, 2)),
    (Op(lambda x: x.T, {}, name="numpy_transpose"), {}, (4, 2)),
    (shape.sum_to, {"shape": (4, 2)}, (4, 2)),
]


@pytest.mark.parametrize(("op", "attrs", "size"), VIEWS)
def test_memory_lives_as_long_as_views_of_it(op: Any, attrs: Any, size: Any) -> None:
    built = Building()
    x = built.input(built.normal(*size))
    shown = built(op, built(ew.negative, x), **attrs)
    other = built(ew.exp, x)  # would take the memory of −x, if that were free
    built.output(built(ew.tanh, other), built(ew.tanh, shown))
    agree(built)


@pytest.mark.parametrize(("op", "attrs", "size"), VIEWS)
def test_a_view_that_is_returned_is_not_written_over(op: Any, attrs: Any, size: Any) -> None:
    built = Building()
    x = built.input(built.normal(*size))
    shown = built(op, built(ew.negative, x), **attrs)
    w = built.state(built.normal(*size))
    built.output(shown, built(op, w, **attrs), built(ew.tanh, built(ew.exp, x)))
    built.store(w, built(ew.subtract, w, built(ew.square, x)))
    agree(built)


def test_a_view_of_the_second_operand() -> None:
    built = Building()
    x = built.input(built.normal(4, 2))
    second = Op(lambda x, y: y[: len(x)], {}, name="numpy_getitem")
    shown = built(second, x, built(ew.negative, x))
    other = built(ew.exp, x)
    built.output(built(ew.tanh, other), built(ew.tanh, shown))
    expected, _ = run(built, reference, 2)
    found, _ = run(built, ReplayStep, 2)
    for want, got in zip(expected, found, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6)
