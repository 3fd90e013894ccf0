"""Convolutions, pools, joins and rows by number, as kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.compiler.building import Building, agree, native
from tinygrad_bp.rules import conv, embedding, index, pool, reduce, shape
from tinygrad_bp.rules import elementwise as ew


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "dilation"),
    [((3, 3), (1, 1), (0, 0), (1, 1)), ((3, 2), (2, 1), (1, 0), (1, 1)),
     ((1, 1), (1, 1), (0, 0), (1, 1)), ((2, 3), (1, 2), (2, 3), (2, 1))],
)  # fmt: skip
def test_convolution(kernel: Any, stride: Any, padding: Any, dilation: Any, dtype: Any) -> None:
    built = Building()
    how: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": 1}
    x = built.input(built.normal(3, 2, 9, 8, dtype=dtype))
    w = built.state(built.normal(4, 2, *kernel, dtype=dtype))
    b = built.state(built.normal(4, dtype=dtype))
    y = built(conv.conv_bias, x, w, b, **how)
    g = built(ew.tanh, y)
    back = built(conv.conv_transpose, g, w, size=(9, 8), **how)
    to_weight = built(conv.conv_weight, x, g, kernel=kernel, **how)
    built.output(y, built(conv.conv, x, w, **how), back, to_weight)
    built.store(w, built(ew.subtract, w, built(ew.multiply, to_weight, 0.01)))
    agree(built)
    assert all(isinstance(e, str) for e in native(built.program).entries)


def test_convolution_in_groups_and_in_one_dimension_is_left_to_numpy() -> None:
    built = Building()
    how: dict[str, Any] = {"stride": (1,), "padding": (1,), "dilation": (1,), "groups": 1}
    x, w = built.input(built.normal(2, 4, 9)), built.state(built.normal(6, 4, 3))
    built.output(built(ew.tanh, built(conv.conv, built(ew.exp, x), w, **how)))
    agree(built)


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "size"),
    [((2, 2), (2, 2), (0, 0), (3, 4)), ((3, 2), (1, 1), (0, 0), (4, 7)),
     ((2, 2), (2, 2), (1, 1), (4, 5)), ((2, 2), (3, 3), (0, 0), (2, 3))],
)  # fmt: skip
def test_pools(kernel: Any, stride: Any, padding: Any, size: Any) -> None:
    built = Building()
    numbers = built.rng.integers(-3, 3, (2, 3, 6, 8)).astype(np.float32)  # with ties
    numbers[0, 0, :2] = np.nan
    x = built.input(numbers)
    how: dict[str, Any] = {"kernel": kernel, "stride": stride, "padding": padding,
                           "dilation": (1, 1)}  # fmt: skip
    y = built(pool.max_pool, x, size=size, **how)
    g = built.input(built.normal(2, 3, *size))
    built.output(y, built(pool.place_largest, g, x, y, **how))
    agree(built)


def test_joins_and_parts() -> None:
    built = Building()
    x, y = built.input(built.normal(3, 4)), built.input(built.normal(3, 2))
    turned = built(shape.transpose, x, axes=(1, 0))
    z = built(ew.exp, x)
    built.output(
        built(index.concatenate, x, y, z, axis=1),
        built(index.stack, x, z, axis=1),
        built(index.concatenate, turned, turned, axis=0),
        built(index.embed, x, shape=(3, 9), key=(slice(None), slice(1, 9, 2))),
        built(index.embed, y, shape=(5, 3, 2), key=(2,)),
        built(shape.pad, x, widths=((1, 0), (2, 3)), value=1.5),
        built(ew.add, built(reduce.full_like, x, value=2.5), x),
    )
    agree(built)


def test_rows_by_number() -> None:
    built = Building()
    table = built.state(built.normal(7, 5))
    numbers = built.input(built.rng.integers(0, 7, (2, 9)))
    rows = built(embedding.embedding, table, numbers)
    added = built(embedding.add_rows, built(ew.tanh, rows), numbers, count=7)
    built.store(table, built(ew.subtract, table, added))
    built.output(rows)
    agree(built, steps=3)
    with pytest.raises(IndexError):
        native(built.program)([np.full((2, 9), 7)])
