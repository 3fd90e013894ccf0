"""Cases of `rules.elementwise`: references by Python's `math`, number by number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.ops.case import Array, Case, Numbers, each
from tinygrad_bp.rules import elementwise as ew
from tinygrad_bp.rules import gelu as gelu_ops

draw = Numbers(1)
inf, nan = math.inf, math.nan


def array(*values: float) -> Array:
    return np.array(values, np.float64)


def unary(op: Any, f: Any, make: Any = draw, **attrs: Any) -> list[Case]:
    """A matrix, nothing, a single number, and a view with negative strides."""
    reference = each(f)
    operands = [make(3, 4), make(0, 3), make(), make(6)[::-2]]
    return [Case(op, (x,), reference, attrs) for x in operands]


def binary(op: Any, f: Any, first: Any = draw, second: Any = draw, **more: Any) -> list[Case]:
    """Broadcasting of every kind, nothing, single numbers."""
    reference = each(f)
    operands = [
        (first(2, 3), second(2, 3)),
        (first(2, 3), second(3)),
        (first(3, 1), second(1, 4)),
        (first(2, 1, 3), second(4, 1)),
        (first(), second(2, 2)),
        (first(3), second()),
        (first(), second()),
        (first(0, 3), second(1, 3)),
        (first(1), second(0)),
    ]
    return [Case(op, pair, reference, **more) for pair in operands]


def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def gelu_tanh(x: float) -> float:
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def softplus(x: float, beta: float) -> float:
    return math.log1p(math.exp(beta * x)) / beta


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def above_one(*shape: int) -> Array:
    return draw(*shape, low=1.2, high=3.0)


def apart(*shape: int) -> Array:
    """A second stream, so that no element equals one of the first."""
    return draw(*shape) + 0.0301


CASES = [
    *binary(ew.add, lambda x, y: x + y),
    *binary(ew.subtract, lambda x, y: x - y),
    *binary(ew.multiply, lambda x, y: x * y),
    *binary(ew.divide, lambda x, y: x / y, second=draw.away),
    *unary(ew.negative, lambda x: -x),
    *unary(ew.positive, lambda x: x),
    *unary(ew.square, lambda x: x * x),
    *unary(ew.reciprocal, lambda x: 1 / x, draw.away),
    *binary(ew.remainder, lambda x, y: x - y * math.floor(x / y), second=draw.away),
    *binary(ew.fmod, math.fmod, second=draw.away),
    *binary(ew.power, math.pow, draw.positive),
    Case(ew.power, (array(0.0, 0.0, 0.0), array(0.0, 1.0, 2.0)), each(math.pow), note="zero",
         smooth=False, slopes=(array(0.0, 1.0, 0.0), array(0.0, 0.0, 0.0))),
    Case(ew.power, (array(0.0), array(-1.0)), lambda x, y: array(inf), note="pole", smooth=False,
         slopes=(array(-inf), array(-inf))),
    Case(ew.power, (array(-2.0, -2.0), array(2.0, 3.0)), each(math.pow), note="negative base",
         smooth=False, slopes=(array(-4.0, 12.0), array(nan, nan))),
    *[case for exponent in (2, 3, 0, 1, -1, 0.5, -1.5, 2.0)
      for case in unary(ew.power_constant, lambda x, exponent: x**exponent, draw.positive,
                        exponent=exponent)],
    *unary(ew.power_constant, lambda x, exponent: x**exponent, draw.away, exponent=3),
    *[Case(ew.power_constant, (array(0.0),), each(lambda x, exponent: x**exponent),
           {"exponent": exponent}, "zero", smooth=False, slopes=(array(slope),))
      for exponent, slope in ((0, 0.0), (1, 1.0), (2, 0.0), (3, 0.0), (0.5, inf), (1.5, 0.0))],
    *unary(ew.exp, math.exp),
    *unary(ew.exp2, lambda x: 2**x),
    *unary(ew.expm1, math.expm1),
    *unary(ew.log, math.log, draw.positive),
    *unary(ew.log2, math.log2, draw.positive),
    *unary(ew.log10, math.log10, draw.positive),
    *unary(ew.log1p, math.log1p, draw.unit),
    Case(ew.log, (array(0.0, -1.0),), lambda x: array(-inf, nan), note="pole", smooth=False,
         slopes=(array(inf, -1.0),)),
    *unary(ew.sqrt, math.sqrt, draw.positive),
    Case(ew.sqrt, (array(0.0),), each(math.sqrt), note="zero", smooth=False, slopes=(array(inf),)),
    *unary(ew.rsqrt, lambda x: 1 / math.sqrt(x), draw.positive),
    *unary(ew.root, math.sqrt, draw.positive),
    Case(ew.root, (array(0.0, 4.0),), each(math.sqrt), note="zero", smooth=False,
         slopes=(array(0.0, 0.25),)),
    *binary(ew.hypot, math.hypot, draw.away, draw.away),
    Case(ew.hypot, (array(0.0), array(0.0)), each(math.hypot), note="zero", smooth=False,
         slopes=(array(nan), array(nan))),
    *binary(ew.logaddexp, lambda x, y: math.log(math.exp(x) + math.exp(y))),
    Case(ew.logaddexp, (array(1000.0, -inf), array(0.0, 0.0)), lambda x, y: array(1000.0, 0.0),
         note="extreme", smooth=False, slopes=(array(1.0, 0.0), array(0.0, 1.0))),
    *unary(ew.sin, math.sin),
    *unary(ew.cos, math.cos),
    *unary(ew.tan, math.tan, draw.unit),
    *unary(ew.arcsin, math.asin, draw.unit),
    *unary(ew.arccos, math.acos, draw.unit),
    *unary(ew.arctan, math.atan),
    *unary(ew.sinh, math.sinh),
    *unary(ew.cosh, math.cosh),
    *unary(ew.tanh, math.tanh),
    *unary(ew.arcsinh, math.asinh),
    *unary(ew.arccosh, math.acosh, above_one),
    *unary(ew.arctanh, math.atanh, draw.unit),
    *binary(ew.arctan2, math.atan2, draw.away, draw.away),
    *unary(ew.absolute, abs),
    Case(ew.absolute, (array(0.0, -0.0),), each(abs), note="kink", smooth=False,
         slopes=(array(0.0, 0.0),)),
    *binary(ew.maximum, max, second=apart),
    *binary(ew.minimum, min, second=apart),
    Case(ew.maximum, (array(1.0, 2.0), array(1.0, 1.0)), each(max), note="ties", smooth=False,
         slopes=(array(0.5, 1.0), array(0.5, 0.0))),
    Case(ew.minimum, (array(1.0, 2.0), array(1.0, 1.0)), each(min), note="ties", smooth=False,
         slopes=(array(0.5, 0.0), array(0.5, 1.0))),
    Case(ew.clip, (draw(3, 4), array(-0.7), array(0.9)), each(lambda x, a, b: min(max(x, a), b))),
    Case(ew.clip, (draw(3, 4), draw(4) - 1, draw(3, 1) + 1),
         each(lambda x, a, b: min(max(x, a), b)), note="tensor bounds"),
    Case(ew.clip, (draw(5), draw(5) + 2.5, draw(5) - 2.5),
         each(lambda x, a, b: min(max(x, a), b)), note="crossed bounds"),
    Case(ew.clip, (draw(0, 2), draw(), draw(2)), each(lambda x, a, b: min(max(x, a), b))),
    Case(ew.clip, (array(-1.0, 1.0, 0.0), array(-1.0, -1.0, 0.0), array(1.0, 1.0, 0.0)),
         each(lambda x, a, b: min(max(x, a), b)), note="at the bounds", smooth=False,
         slopes=(array(1.0, 1.0, 1.0), array(0.0, 0.0, 0.0), array(0.0, 0.0, 0.0))),
    *[Case(ew.where, (condition, x, y), each(lambda c, x, y: x if c else y, np.float64))
      for condition, x, y in [
          (draw.mask(2, 3), draw(2, 3), draw(2, 3)), (draw.mask(3), draw(2, 3), draw(2, 1)),
          (draw.mask(2, 1), draw(3), draw()), (draw.mask(), draw(2), draw(2)),
          (draw.mask(0), draw(1), draw(0)), (draw.mask(2, 2), draw(), draw())]],
    *[Case(ew.gate, (condition, x), each(lambda c, x: x if c else 0.0, np.float64))
      for condition, x in [
          (draw.mask(2, 3), draw(2, 3)), (draw.mask(3), draw(2, 3)), (draw.mask(2, 1), draw(3)),
          (draw.mask(), draw(2)), (draw.mask(0), draw(1)), (draw.mask(2, 2), draw())]],
    Case(ew.gate, (np.array([True, False, True, False]), array(nan, nan, inf, -inf)),
         lambda c, x: array(nan, 0.0, inf, 0.0), note="not finite", smooth=False,
         slopes=(array(1.0, 0.0, 1.0, 0.0),)),
    *unary(ew.floor, math.floor),
    *unary(ew.ceil, math.ceil),
    *unary(ew.trunc, math.trunc),
    *unary(ew.sign, lambda x: (x > 0) - (x < 0)),
    *unary(ew.round, lambda x, decimals: round(x, decimals), decimals=0),
    *unary(ew.round, lambda x, decimals: round(x, decimals), decimals=1),
    Case(ew.floor, (array(-1.0, 0.0, 1.0),), each(math.floor), note="at a jump", smooth=False,
         slopes=(array(0.0, 0.0, 0.0),)),
    Case(ew.round, (array(0.5, 1.5, -0.5),), each(lambda x, decimals: round(x)), {"decimals": 0},
        "half to even",
         smooth=False, slopes=(array(0.0, 0.0, 0.0),)),
    *binary(ew.floor_divide, lambda x, y: x // y, second=draw.away),
    *binary(ew.trunc_divide, lambda x, y: math.trunc(x / y), second=draw.away),
    *unary(ew.relu, lambda x: max(x, 0)),
    Case(ew.relu, (array(0.0, -0.0),), each(lambda x: max(x, 0)), note="kink", smooth=False,
         slopes=(array(0.0, 0.0),)),
    *unary(ew.leaky_relu, lambda x, slope: x if x > 0 else slope * x, slope=0.1),
    *unary(ew.leaky_relu, lambda x, slope: x if x > 0 else slope * x, slope=1.5),
    *[Case(ew.leaky_slope, (draw(2, 3),), each(lambda x, slope: 1.0 if x > 0 else slope),
           {"slope": slope})
      for slope in (0.1, 0.0, 1.5, -0.5)],
    Case(ew.leaky_relu, (array(0.0),), each(lambda x, slope: x), {"slope": 0.1}, "kink",
         smooth=False, slopes=(array(0.1),)),
    *unary(ew.sigmoid, sigmoid),
    Case(ew.sigmoid, (array(-1000.0, 1000.0),), lambda x: array(0.0, 1.0), note="extreme",
         smooth=False, slopes=(array(0.0, 0.0),)),
    *unary(ew.softplus, softplus, beta=1.0),
    *unary(ew.softplus, softplus, beta=2.5),
    Case(ew.softplus, (array(-1000.0, 1000.0, 0.0),),
         lambda x, beta: array(0.0, 1000.0, math.log(2)), {"beta": 1.0}, "extreme", smooth=False,
         slopes=(array(0.0, 1.0, 0.5),)),
    *unary(ew.elu, lambda x, alpha: x if x > 0 else alpha * math.expm1(x), alpha=1.0),
    *unary(ew.elu, lambda x, alpha: x if x > 0 else alpha * math.expm1(x), alpha=0.3),
    Case(ew.elu, (array(0.0, 1000.0, -1000.0),), lambda x, alpha: array(0.0, 1000.0, -0.5),
         {"alpha": 0.5}, "kink", smooth=False, slopes=(array(0.5, 1.0, 0.0),)),
    *unary(ew.erf, math.erf),
    Case(ew.erf, (array(-3.0, -1.0, -0.5, 0.0, 1.0, 1.5, 6.0),), each(math.erf),
        note="both series"),
    *unary(gelu_ops.gelu, lambda x: x * normal_cdf(x)),
    *unary(gelu_ops.gelu_tanh, gelu_tanh),
    *unary(ew.silu, lambda x: x * sigmoid(x)),
    Case(ew.silu, (array(-1000.0, 1000.0),), lambda x: array(-0.0, 1000.0), note="extreme",
         smooth=False, slopes=(array(0.0, 1.0),)),
]  # fmt: skip

whole = draw.integers
some = (whole(2, 3), whole(3))
for comparison, f in (
    (ew.greater, lambda x, y: x > y), (ew.greater_equal, lambda x, y: x >= y),
    (ew.less, lambda x, y: x < y), (ew.less_equal, lambda x, y: x <= y),
    (ew.equal, lambda x, y: x == y), (ew.not_equal, lambda x, y: x != y),
    (ew.logical_and, lambda x, y: bool(x) and bool(y)),
    (ew.logical_or, lambda x, y: bool(x) or bool(y)),
    (ew.logical_xor, lambda x, y: bool(x) != bool(y)),
):  # fmt: skip
    for operands in (some, (draw(2, 1), draw(3)), (array(nan, 1.0), array(1.0)), (draw(0), draw(1)),
                     (draw(), draw()), (draw.mask(4), draw.mask(4))):  # fmt: skip
        CASES += [Case(comparison, operands, each(f, bool))]
for bits, f in (
    (ew.bitwise_and, lambda x, y: x & y), (ew.bitwise_or, lambda x, y: x | y),
    (ew.bitwise_xor, lambda x, y: x ^ y),
):  # fmt: skip
    CASES += [Case(bits, pair, each(f)) for pair in (some, (draw.mask(2, 3), draw.mask(3)))]
CASES += [
    Case(ew.left_shift, some, each(lambda x, y: x << y)),
    Case(ew.right_shift, some, each(lambda x, y: x >> y)),
    Case(ew.invert, (some[0],), each(lambda x: ~x)),
    Case(ew.invert, (draw.mask(3),), each(lambda x: not x)),
    Case(ew.logical_not, (some[0],), each(lambda x: not x, bool)),
    Case(ew.logical_not, (draw(2, 2),), each(lambda x: not x, bool)),
    Case(ew.floor_divide, (whole(2, 3, low=-5), whole(3, low=1)), each(lambda x, y: x // y)),
    Case(ew.trunc_divide, (whole(2, 3, low=-5), whole(3, low=1)),
         each(lambda x, y: math.trunc(x / y))),
    *[Case(op, (array(nan, inf, -inf, 0.0, -1.5),), each(f, bool))
      for op, f in ((ew.isnan, math.isnan), (ew.isinf, math.isinf), (ew.isfinite, math.isfinite))],
    Case(ew.signbit, (array(-0.0, 0.0, -1.0, 2.0),), lambda x: np.array([True, False, True,
        False])),
]  # fmt: skip
