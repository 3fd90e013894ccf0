"""Cases of `rules.floating`, `rules.logarithm` and `rules.complex`, number by number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.ops.case import Case, Numbers, each
from tests.ops.cases_elementwise import apart, array, binary, inf, nan, unary
from tinygrad_bp.rules import complex as cx
from tinygrad_bp.rules import elementwise as ew
from tinygrad_bp.rules import floating as fl
from tinygrad_bp.rules import logarithm as lg

draw = Numbers(12)


def xlog(x: float, y: float) -> float:
    return x * math.log(y) if x else 0.0


def sinc(x: float) -> float:
    return math.sin(math.pi * x) / (math.pi * x) if x else 1.0


def limited(x: float, lower: float | None, upper: float | None) -> float:
    if lower is not None and x < lower:
        x = lower
    return upper if upper is not None and x > upper else x


CASES = [
    *[case for lower, upper in ((-0.7, 0.9), (None, 0.9), (-0.7, None))
      for case in unary(ew.clip_constant, limited, lower=lower, upper=upper)],
    Case(ew.clip_constant, (array(-1.0, 1.0, 2.0, nan),), lambda x, **_: array(-1.0, 1.0, 1.0, nan),
         {"lower": -1.0, "upper": 1.0}, "at the bounds", smooth=False,
         slopes=(array(1.0, 1.0, 0.0, 0.0),)),
    *binary(fl.copysign, math.copysign, draw.away, draw.away),
    Case(fl.copysign, (array(0.0, -2.0), array(-1.0, -0.0)), each(math.copysign), note="zero",
         smooth=False, slopes=(array(0.0, 1.0), array(0.0, 0.0))),
    *unary(fl.fraction, lambda x: x - math.trunc(x)),
    *unary(fl.nan_to_num, lambda x, **_: x, nan=0.0, posinf=None, neginf=None),
    Case(fl.nan_to_num, (array(nan, inf, -inf, 2.0),), lambda x, **_: array(7.0, 8.0, -9.0, 2.0),
         {"nan": 7.0, "posinf": 8.0, "neginf": -9.0}, smooth=False,
         slopes=(array(0.0, 0.0, 0.0, 1.0),)),
    *unary(fl.mantissa, lambda x: math.frexp(x)[0]),
    Case(fl.exponent, (array(0.0, 0.75, -8.0, 3.0),), each(lambda x: math.frexp(x)[1], np.int32)),
    *binary(fl.fmax, max, second=apart),
    *binary(fl.fmin, min, second=apart),
    Case(fl.fmax, (array(1.0, nan, 2.0, nan), array(1.0, 3.0, nan, nan)),
         lambda x, y: array(1.0, 3.0, 2.0, nan), note="ties and NaN", smooth=False,
         slopes=(array(1.0, 0.0, 1.0, 1.0), array(0.0, 1.0, 0.0, 0.0))),
    Case(fl.fmin, (array(1.0, nan, 2.0), array(1.0, 3.0, nan)), lambda x, y: array(1.0, 3.0, 2.0),
         note="ties and NaN", smooth=False, slopes=(array(1.0, 0.0, 1.0), array(0.0, 1.0, 0.0))),
    Case(fl.heaviside, (array(-1.5, 0.0, -0.0, 2.0), array(0.5)),
         each(lambda x, y: y if x == 0 else float(x > 0))),
    Case(fl.nextafter, (draw(2, 3), draw(3)), each(math.nextafter)),
    Case(fl.isposinf, (array(inf, -inf, nan, 0.0),), each(lambda x: x == inf, bool)),
    Case(fl.isneginf, (array(inf, -inf, nan, 0.0),), each(lambda x: x == -inf, bool)),
    Case(fl.gcd, (draw.integers(2, 3, low=-9, high=30), draw.integers(3)), each(math.gcd)),
    Case(fl.lcm, (draw.integers(2, 3, low=-9, high=30), draw.integers(3)), each(math.lcm)),
    *binary(lg.logaddexp2, lambda x, y: math.log2(2**x + 2**y)),
    Case(lg.logaddexp2, (array(2000.0, -inf), array(0.0, 0.0)), lambda x, y: array(2000.0, 0.0),
         note="extreme", smooth=False, slopes=(array(1.0, 0.0), array(0.0, 1.0))),
    *binary(lg.xlogy, xlog, draw.away, draw.positive),
    Case(lg.xlogy, (array(0.0, 0.0, 0.0, 2.0), array(0.0, -1.0, nan, 0.0)),
         lambda x, y: array(0.0, 0.0, nan, -inf), note="zero", smooth=False,
         slopes=(array(0.0, 0.0, nan, -inf), array(nan, 0.0, nan, inf))),
    *binary(lg.xlog1py, lambda x, y: x * math.log1p(y), draw.away, draw.positive),
    Case(lg.xlog1py, (array(0.0, 0.0, 2.0), array(-1.0, -2.0, -1.0)),
         lambda x, y: array(0.0, 0.0, -inf), note="zero", smooth=False,
         slopes=(array(0.0, 0.0, -inf), array(nan, 0.0, inf))),
    *unary(lg.entropy, lambda x: -x * math.log(x), draw.positive),
    Case(lg.entropy, (array(0.0, -1.0, nan),), lambda x: array(0.0, -inf, nan), note="edges",
         smooth=False, slopes=(array(inf, nan, nan),)),
    *[case for eps in (None, 0.01)
      for case in unary(lg.logit, lambda x, eps: math.log(x / (1 - x)),
                        lambda *shape: draw(*shape, low=0.1, high=0.9), eps=eps)],
    Case(lg.logit, (array(0.0, 0.05, 1.5),), lambda x, eps: array(*[math.log(p / (1 - p))
         for p in (0.1, 0.1, 0.9)]), {"eps": 0.1}, "cut off", smooth=False,
         slopes=(array(0.0, 0.0, 0.0),)),
    Case(lg.logit, (array(0.0, 1.0, 1.5),), lambda x, eps: array(-inf, inf, nan), {"eps": None},
         "edges", smooth=False, slopes=(array(inf, inf, nan),)),
    *unary(lg.sinc, sinc),
    Case(lg.sinc, (array(0.0),), each(sinc), note="zero", smooth=False, slopes=(array(0.0),)),
    Case(cx.imag, (draw(2, 3),), lambda x: np.zeros((2, 3))),
]  # fmt: skip
parts: Any = draw(2, 3) + 1j * draw(2, 3)
CASES += [
    Case(cx.imag, (parts,), lambda z: np.array([[w.imag for w in row] for row in z.tolist()])),
]
