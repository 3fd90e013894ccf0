"""Cases of the slopes in `rules.gelu`."""

from __future__ import annotations

import math

from tests.ops.case import Case, Numbers, each
from tests.ops.cases_elementwise import normal_cdf
from tinygrad_bp.rules import gelu as rules

draw = Numbers(15)


def slope(x: float) -> float:
    return normal_cdf(x) + x * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def tanh_slope(x: float) -> float:
    t = math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    inner = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
    return (1 + t) / 2 + x / 2 * (1 - t * t) * inner


CASES = [
    Case(op, (draw(*shape),), each(f))
    for op, f in ((rules.gelu_slope, slope), (rules.gelu_tanh_slope, tanh_slope))
    for shape in ((2, 3), (), (0,))
]
