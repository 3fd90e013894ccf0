"""Cases of the medians and of the running logsumexp in `rules.reduce`."""

from __future__ import annotations

import math
import statistics

import numpy as np

from tests.ops.case import Array, Case, Numbers, along
from tests.ops.cases_elementwise import array, inf, nan
from tinygrad_bp.rules import reduce as red

draw = Numbers(13)


def lower_median(x: Array, *, skip_nan: bool = False) -> Array:
    return np.array(statistics.median_low(x.ravel().tolist()))


def running_logsumexp(numbers: list[float]) -> list[float]:
    return [math.log(math.fsum(map(math.exp, numbers[: k + 1]))) for k in range(len(numbers))]


CASES = [
    *[Case(red.median, (draw(*shape),), lower_median) for shape in ((5,), (2, 3), (), (2, 2, 2))],
    Case(red.median, (array(1, 2, 2, 3),), lower_median, note="ties", smooth=False,
         slopes=(array(0, 0.5, 0.5, 0),)),
    Case(red.median, (array(1, nan, 3),), lambda x, **_: np.array(nan), note="NaN", smooth=False,
         slopes=(array(0, 1, 0),)),
    Case(red.median, (array(1, nan, 3),), lambda x, **_: np.array(1.0), {"skip_nan": True}, "NaN",
         smooth=False, slopes=(array(1, 0, 0),)),
    *[Case(red.logcumsumexp, (draw(*shape),), along(running_logsumexp), {"axis": axis})
      for shape, axis in (((5,), 0), ((3, 4), 0), ((3, 4), 1), ((2, 3, 2), -2), ((0, 3), 0),
                          ((3, 0), 0))],
    Case(red.logcumsumexp, (array(-inf, 0, 1000, 0),), lambda x, axis: array(-inf, 0, 1000, 1000),
         {"axis": 0}, "extreme", smooth=False, slopes=(array(1, 1, 2, 0),)),
]  # fmt: skip
