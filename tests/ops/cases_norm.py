"""Cases of `rules.norm` and `rules.rows`: references by loops over Python numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.ops.case import Case, Numbers, build, element, reduced
from tinygrad_bp.rules import norm, rows

draw = Numbers(11)


def mean(numbers: list[float]) -> float:
    return math.fsum(numbers) / len(numbers) if numbers else math.nan


def variance(numbers: list[float]) -> float:
    return mean([(n - mean(numbers)) ** 2 for n in numbers])


def moments(x: Any, *, axis: Any) -> Any:
    parts = [reduced(f)(x, axis=axis, keepdims=True) for f in (mean, variance)]
    return np.array(parts)


def normalize(x: Any, statistics: Any, weight: Any, bias: Any, *, eps: float) -> Any:
    def one(*place: int) -> float:
        m, v = (element(part, place) for part in statistics)
        z = (x[place].item() - m) / math.sqrt(v + eps)
        return z * element(weight, place) + element(bias, place)

    return build(x.shape, one)


def statistics(*shape: int) -> Any:
    return np.stack([draw(*shape), draw.positive(*shape)])


def row_dot(x: Any, y: Any) -> Any:
    return build((*x.shape[:-1], 1), lambda *p: math.fsum(x[p[:-1]] * y[p[:-1]]))


def softmax(row: Any, forbidden: float) -> list[float]:
    if max(row) == -math.inf:
        return [forbidden] * len(row)
    total = math.fsum(math.exp(v - max(row)) for v in row)
    return [math.exp(v - max(row)) / total for v in row]


CASES = [
    *[Case(norm.moments, (draw(*shape),), moments, {"axis": axis})
      for shape, axis in (
          ((2, 3), (1,)), ((2, 3), (0,)), ((2, 3, 4), (1, 2)), ((2, 3, 4), (0, 2)),
          ((2, 12), (1,)), ((3, 2, 2, 2), (0, 2, 3)), ((2, 0), (0,)))],
    *[Case(norm.normalize, (draw(*shape), statistics(*kept), draw(*affine), draw(*affine)),
           normalize, {"eps": 1e-3})
      for shape, kept, affine in (
          ((2, 3), (2, 1), (3,)), ((2, 3, 4), (2, 1, 1), (3, 4)), ((2, 3, 4), (1, 3, 1), (3, 1)),
          ((2, 3, 2), (2, 3, 1), (3, 1)), ((2, 2, 2, 3), (2, 2, 1, 1), (2, 2, 1)),
          ((2, 3), (1, 3), ()), ((0, 3), (1, 3), (3,)))],
    *[Case(rows.row_dot, (draw(*shape), draw(*shape)), row_dot)
      for shape in ((2, 3), (2, 3, 4), (4,), (0, 3), (2, 9))],
]  # fmt: skip
