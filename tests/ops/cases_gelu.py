"""Cases of the slopes in `rules.gelu`."""

from __future__ import annotations

import math

import numpy as np

from tests.ops.case import Array, Case, Numbers, each
from tests.ops.cases_elementwise import normal_cdf
from tinygrad_bp.rules import gelu as rules

draw = Numbers(15)


def slope(x: float, _: float = 0.0) -> float:
    return normal_cdf(x) + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def tanh_slope(x: float) -> float:
    t = math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    inner = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
    return (1 + t) / 2 + x / 2 * (1 - t * t) * inner


def with_gelu(x: Array, _: Array) -> tuple[Array, Array]:
    return x, rules.gelu(x)


CASES = [
    *[Case(rules.gelu_slope, with_gelu(x, x), each(slope), into=with_gelu)
      for x in (draw(2, 3), draw(), draw(0), np.array([0.0, -0.0, 1e-300, -30.0, 30.0]))],
    *[Case(rules.gelu_tanh_slope, (draw(*shape),), each(tanh_slope))
      for shape in ((2, 3), (), (0,))],
]  # fmt: skip
