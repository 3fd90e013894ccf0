"""Pools, joins and rows by number, as kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.compiler.building import Building, agree, native
from tinygrad_bp.rules import elementwise as ew
from tinygrad_bp.rules import embedding, index, pool, reduce, shape


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
