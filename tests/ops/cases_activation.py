"""Cases of `rules.activation` and `rules.loss_terms`: references by Python's `math`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.ops.case import Array, Case, Numbers, each
from tinygrad_bp.rules import activation as act
from tinygrad_bp.rules import loss_terms as terms

draw = Numbers(61)


def array(*values: float) -> Array:
    return np.array(values, np.float64)


def wide(*shape: int) -> Array:
    """Numbers on all sides of the kinks, at 0.5, 1 and 3, and at none."""
    return draw(*shape, low=-4.9, high=4.73)


def unary(op: Any, f: Any, make: Any = wide, **attrs: Any) -> list[Case]:
    operands = [make(3, 4), make(0, 3), make(), make(6)[::-2]]
    return [Case(op, (x,), each(f), attrs) for x in operands]


def kink(op: Any, f: Any, x: Array, slopes: Array, **attrs: Any) -> Case:
    return Case(op, (x,), each(f), attrs, "kink", smooth=False, slopes=(slopes,))


def hardswish(x: float) -> float:
    return x * min(max(x + 3, 0), 6) / 6


def softshrink(x: float, bound: float) -> float:
    return x - bound if x > bound else x + bound if x < -bound else 0.0


def hardshrink(x: float, bound: float) -> float:
    return x if abs(x) > bound else 0.0


def celu(x: float, alpha: float) -> float:
    return max(0.0, x) + min(0.0, alpha * math.expm1(x / alpha))


def selu(x: float) -> float:
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return scale * (x if x > 0 else alpha * math.expm1(x))


def mish(x: float) -> float:
    return x * math.tanh(math.log1p(math.exp(x)))


def hardtanh(x: float, lower: float, upper: float) -> float:
    return min(max(x, lower), upper)


def hardsigmoid(x: float) -> float:
    return min(max(x + 3, 0), 6) / 6


def prelu(x: float, w: float) -> float:
    return x if x > 0 else w * x


def smooth_l1(x: float, y: float, beta: float) -> float:
    d = abs(x - y)
    return d * d / (2 * beta) if d < beta else d - beta / 2


def apart(*shape: int) -> Array:
    return draw(*shape) + 0.0301


CASES = [
    *unary(act.hardtanh, hardtanh, lower=-1.0, upper=1.0),
    *unary(act.hardtanh, hardtanh, lower=0.0, upper=6.0),
    kink(act.hardtanh, hardtanh, array(-1, 2), array(0, 0), lower=-1.0, upper=2.0),
    *unary(act.hardsigmoid, hardsigmoid),
    kink(act.hardsigmoid, hardsigmoid, array(-3, 3), array(0, 0)),
    *unary(act.hardswish, hardswish),
    kink(act.hardswish, hardswish, array(-3, 3), array(0, 1)),
    *unary(act.hardshrink, hardshrink, bound=0.7),
    kink(act.hardshrink, hardshrink, array(-0.5, 0.5), array(0, 0), bound=0.5),
    *unary(act.softshrink, softshrink, bound=0.7),
    kink(act.softshrink, softshrink, array(-0.5, 0.5, 0), array(0, 0, 0), bound=0.5),
    *unary(act.celu, celu, alpha=1.0),
    *unary(act.celu, celu, alpha=0.3),
    kink(act.celu, celu, array(0, 1000, -2000), array(1, 1, 0), alpha=2.0),
    *unary(act.selu, selu),
    kink(act.selu, selu, array(1000, -1000), array(1.0507009873554805, 0)),
    *unary(act.mish, mish),
    Case(act.mish, (array(1000, -1000),), lambda x: array(1000, 0), note="extreme", smooth=False,
         slopes=(array(1, 0),)),
    *[
        Case(act.prelu, pair, each(prelu))
        for pair in [
            (wide(2, 3), draw(1, 3)), (wide(2, 3, 4), draw(3, 1)), (wide(), draw()),
            (wide(0, 3), draw(1, 3)),
        ]
    ],
    Case(act.prelu, (array(0.0), array(0.25)), each(prelu), note="kink", smooth=False,
         slopes=(array(0.25), array(0.0))),
    *[
        Case(terms.smooth_l1, pair, each(smooth_l1), {"beta": beta})
        for beta in (1.0, 0.4)
        for pair in [
            (draw(2, 3), apart(2, 3)), (draw(2, 3), apart(3)), (draw(), apart()),
            (draw(0, 2), apart(0, 2)),
        ]
    ],
    Case(terms.smooth_l1, (array(1.0, 0.0, 3.0), array(0.0, 0.0, 1.0)), each(smooth_l1),
         {"beta": 1.0}, "kink", smooth=False, slopes=(array(1, 0, 1), array(-1, 0, -1))),
]  # fmt: skip
