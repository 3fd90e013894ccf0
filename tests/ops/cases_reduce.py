"""Cases of `rules.reduce` and `rules.loss`: references by loops over lists of numbers."""

from __future__ import annotations

import itertools
import math
import operator
from typing import Any

import numpy as np

from tests.ops.case import Case, Numbers, along, build, each, reduced
from tests.ops.cases_elementwise import array, inf, nan, sigmoid
from tinygrad_bp.rules import loss
from tinygrad_bp.rules import reduce as red

draw = Numbers(2)

#: (shape, axis): over everything, one axis, several, negative ones; of single numbers.
PLACES = [
    ((2, 3), None), ((2, 3), 0), ((2, 3), (1,)), ((2, 3, 4), (0, 2)), ((2, 3, 4), (-1,)),
    ((2, 3, 4), (-1, 0)), ((4,), 0), ((), None), ((), ()), ((1, 3), (0,)), ((2, 3), ()),
]  # fmt: skip
EMPTY = [((0, 3), None), ((0, 3), (0,)), ((0, 3), (1,)), ((2, 0), (1,))]


def reductions(op: Any, f: Any, places: Any, make: Any = draw, dtype: Any = None) -> list[Case]:
    return [
        Case(op, (make(*shape),), reduced(f, dtype), {"axis": axis, "keepdims": keep})
        for shape, axis in places
        for keep in (False, True)
    ]


def mean(numbers: list[float]) -> float:
    return math.fsum(numbers) / len(numbers) if numbers else nan


def running(f: Any) -> Any:
    return along(lambda numbers: list(itertools.accumulate(numbers, f)))


def recurrence(a: Any, b: Any, *, axis: int) -> Any:
    a, b = np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)
    out = np.empty(b.shape)
    for place in np.ndindex(*b.shape[:-1]):
        state = 0.0
        for j in range(b.shape[-1]):
            state = b[(*place, j)] + a[(*place, j)] * state
            out[(*place, j)] = state
    return np.moveaxis(out, -1, axis)


def first_best(better: Any) -> Any:
    def find(numbers: list[float]) -> int:
        best = 0
        for i, number in enumerate(numbers):
            if better(number, numbers[best]):
                best = i
        return best

    return find


def zeros_inside() -> Any:
    x = draw(3, 4)
    x[0, 1] = x[1, 0] = x[1, 2] = 0
    return x


def spread(x: Any, *, shape: tuple[int, ...], axis: Any) -> Any:
    axes = range(len(shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = {a % len(shape) for a in axes}
    kept = x.reshape(tuple(1 if i in axes else n for i, n in enumerate(shape)))
    return build(shape, lambda *p: kept[tuple(0 if i in axes else k for i, k in enumerate(p))])


places = [draw(2, 5), draw(5), draw(3, 1)]
tied = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])

CASES = [
    *reductions(red.sum, math.fsum, PLACES + EMPTY),
    *reductions(red.mean, mean, PLACES + EMPTY),
    *reductions(red.amax, max, PLACES),
    *reductions(red.amin, min, PLACES),
    *reductions(red.amax, max, [((0, 3), (1,))]),
    *[Case(op, (tied,), reduced(best), {"axis": axis, "keepdims": False}, "ties", smooth=False,
           slopes=(np.array(slopes),))
      for op, best, axis, slopes in (
          (red.amax, max, (1,), [[0, 0.5, 0.5], [1 / 3] * 3]),
          (red.amax, max, None, [[0, 0.5, 0.5], [0, 0, 0]]),
          (red.amin, min, (1,), [[1, 0, 0], [1 / 3] * 3]),
          (red.amin, min, (0,), [[1, 0, 0], [0, 1, 1]]))],
    *reductions(red.prod, math.prod, PLACES + EMPTY),
    *[Case(red.prod, (zeros_inside(),), reduced(math.prod), {"axis": axis, "keepdims": False},
           "zeros") for axis in (None, (0,), (1,), (-1, 0), ())],
    *[Case(red.cumsum, (draw(*shape),), running(operator.add), {"axis": axis})
      for shape, axis in (((2, 3), 0), ((2, 3), -1), ((4,), 0), ((0, 2), 0), ((2, 0), 1))],
    *[Case(red.cumprod, (x,), running(operator.mul), {"axis": axis}, note)
      for x, axis, note in (
          (draw(2, 3), 0, ""), (draw(2, 3), -1, ""), (draw(4), 0, ""), (draw(0, 2), 0, ""),
          (draw(2, 0), 0, ""), (draw(1, 2), 0, ""), (zeros_inside(), 0, "zeros"),
          (zeros_inside(), 1, "zeros"))],
    *[Case(red.recurrence, (draw(*shape), draw(*shape)), recurrence, {"axis": axis})
      for shape, axis in (((2, 3), 0), ((2, 3), -1), ((4,), 0), ((0, 2), 0), ((2, 1), 1))],
    *[Case(red.pnorm, (draw.away(*shape),),
           lambda x, p, axis, keepdims: reduced(
               lambda ns: math.fsum(abs(n) ** p for n in ns) ** (1 / p))(
                   x, axis=axis, keepdims=keepdims),
           {"p": p, "axis": axis, "keepdims": keep})
      for shape, axis in (((2, 3), None), ((2, 3), (1,)), ((2, 3, 2), (0, -1)), ((), None))
      for p, keep in ((3.0, False), (0.5, True), (-1.0, False), (2.5, True))],
    *[Case(red.pnorm, (np.array([[0.0, 0.0], [0.0, 2.0]]),), lambda x, p, axis, keepdims: array(0,
        2),
           {"p": p, "axis": (1,), "keepdims": False}, "zero", smooth=False,
           slopes=(np.array([[0.0, 0.0], [0.0, 1.0]]),)) for p in (3.0, 0.5)],
    *[Case(red.spread, (draw(*shape),), spread, {"shape": whole, "axis": axis})
      for shape, whole, axis in (
          ((), (2, 3), None), ((3,), (2, 3), 0), ((2,), (2, 3), (-1,)), ((2, 1), (2, 3), (1,)),
          ((3,), (2, 3, 4), (0, 2)), ((), (), None), ((0,), (2, 0), (0,)), ((), (0, 2), None))],
    *[Case(red.full_like, (draw(*shape),), lambda x, value: build(x.shape, lambda *_: value),
           {"value": 1.5}) for shape in ((2, 3), (), (0,))],
    *reductions(red.any, any, PLACES + EMPTY, draw.mask, bool),
    *reductions(red.all, all, PLACES + EMPTY, draw.mask, bool),
    *reductions(red.any, any, PLACES, dtype=bool),
    *reductions(red.all, all, PLACES, dtype=bool),
    *reductions(red.count_nonzero, lambda ns: sum(n != 0 for n in ns), PLACES + EMPTY,
                draw.integers, np.int64),
    *reductions(red.argmax, first_best(operator.gt), [((2, 3), None), ((2, 3), 0), ((2, 3, 4), -1),
                                                      ((), None)], dtype=np.int64),
    *reductions(red.argmin, first_best(operator.lt), [((2, 3), None), ((2, 3), 0), ((2, 3, 4), -1),
                                                      ((), None)], dtype=np.int64),
    *[Case(red.argmax, (tied,), reduced(first_best(operator.gt), np.int64),
           {"axis": 1, "keepdims": True}, "ties")],
    *[Case(red.argsort, (x,),
           along(lambda ns, descending, stable: sorted(range(len(ns)), key=ns.__getitem__,
                                                       reverse=descending), np.int64),
           {"axis": axis, "descending": descending, "stable": True})
      for x, axis in ((draw(2, 3), -1), (draw(2, 3), 0), (tied, 1), (draw.integers(3, 4, high=2),
          0),
                      (draw(0, 2), 0))
      for descending in (False, True)],
]  # fmt: skip


# ------------------------------------------------------------------------------- softmax and losses


def softmax(numbers: list[float]) -> list[float]:
    total = math.fsum(math.exp(n) for n in numbers)
    return [math.exp(n) / total for n in numbers]


def log_softmax(numbers: list[float]) -> list[float]:
    total = math.log(math.fsum(math.exp(n) for n in numbers)) if numbers else nan
    return [n - total for n in numbers]


def logsumexp(numbers: list[float]) -> float:
    return math.log(math.fsum(math.exp(n) for n in numbers)) if numbers else -inf


def bce(x: float, y: float) -> float:
    return -y * math.log(sigmoid(x)) - (1 - y) * math.log(1 - sigmoid(x))


def cross_entropy(x: Any, y: Any) -> Any:
    rows = [log_softmax(list(map(float, row)))[int(k)] for row, k in zip(x, y, strict=True)]
    return np.array(-math.fsum(rows) / len(rows))


def softmax_error(x: Any, y: Any) -> Any:
    rows = [[math.exp(z) for z in log_softmax(list(map(float, row)))] for row in x]
    return build(x.shape, lambda i, j: rows[i][j] - (j == y[i]))


LINES = [
    ((2, 3), 1),
    ((2, 3), 0),
    ((2, 3, 2), -2),
    ((4,), -1),
    ((0, 3), 1),
    ((2, 0), 1),
    ((1, 1), 0),
]
CASES += [
    *[Case(loss.softmax, (draw(*shape),), along(softmax), {"axis": axis}) for shape, axis in LINES],
    Case(loss.softmax, (array(-inf, 1000.0, 1000.0),), lambda x, axis: array(0.0, 0.5, 0.5),
         {"axis": 0}, "extreme", smooth=False, slopes=(array(0.0, 0.0, 0.0),)),
    *[Case(loss.log_softmax, (draw(*shape),), along(log_softmax), {"axis": axis})
      for shape, axis in LINES],
    Case(loss.log_softmax, (array(-1000.0, 0.0),), lambda x, axis: array(-1000.0, 0.0),
         {"axis": 0}, "extreme", smooth=False, slopes=(array(1.0, -1.0),)),
    *[Case(loss.logsumexp, (draw(*shape),), reduced(logsumexp), {"axis": axis, "keepdims": keep})
      for shape, axis in (((2, 3), (1,)), ((2, 3), (-2,)), ((2, 3, 4), (0, 2)), ((), ()),
                          ((0, 3), (1,)), ((0, 3), (0,)), ((3,), (0,)))
      for keep in (False, True)],
    Case(loss.logsumexp, (np.array([[-inf, -inf], [1000.0, 1000.0], [-inf, 0.0]]),),
         lambda x, axis, keepdims: array(-inf, 1000.0 + math.log(2), 0.0),
         {"axis": (1,), "keepdims": False}, "extreme", smooth=False,
         slopes=(np.array([[0.0, 0.0], [0.5, 0.5], [0.0, 1.0]]),)),
    *[Case(loss.bce_with_logits, pair, each(bce))
      for pair in ((draw(2, 3), draw.positive(2, 3) / 3), (draw(2, 3), draw.positive(3) / 3),
                   (draw(), draw.positive(2)), (draw(0, 2), draw(2)))],
    *[Case(loss.bce, pair, each(lambda x, y: -y * math.log(x) - (1 - y) * math.log(1 - x)))
      for pair in ((draw.positive(2, 3) / 3, draw.positive(2, 3) / 3),
                   (draw.positive(2, 3) / 3, draw.positive(3) / 3),
                   (draw.positive() / 3, draw.positive(2) / 3),
                   (draw.positive(0, 2) / 3, draw(2)))],
    Case(loss.bce, (array(0.0, 1.0, 0.0, 1.0), array(0.0, 1.0, 1.0, 0.0)),
         lambda x, y: array(0.0, 0.0, 100.0, 100.0), note="certain", smooth=False,
         slopes=(array(0.0, 0.0, -1e12, 1e12), array(100.0, -100.0, 100.0, -100.0))),
    *[Case(loss.one_hot, (draw.integers(*shape),),
           lambda y, classes, dtype: build((*y.shape, classes), lambda *p: y[p[:-1]] == p[-1]),
           {"classes": 5, "dtype": np.dtype("float64")}) for shape in ((3,), (2, 3), (), (0,))],
    *[Case(loss.negative_log_likelihood, (draw(n, 5), draw.integers(n)),
           lambda x, y: np.array(-mean([float(x[i, k]) for i, k in enumerate(y)])))
      for n in (1, 3)],
    *[Case(loss.softmax_error, (draw(3, n), draw.integers(3) % n), softmax_error)
      for n in (1, 4, 40)],
    *[Case(loss.softmax_cross_entropy, (draw(n, 5), draw.integers(n)), cross_entropy)
      for n in (1, 3)],
    Case(loss.softmax_cross_entropy, (np.array([[1000.0, 0.0], [0.0, 1000.0]]), np.array([0, 0])),
         lambda x, y: np.array(500.0), note="extreme", smooth=False,
         slopes=(np.array([[0.0, 0.0], [-0.5, 0.5]]),)),
    *[Case(loss.mean_squared_error, (draw(*shape), draw(*shape)),
           lambda x, y: np.array(mean([(float(a) - float(b)) ** 2
                                       for a, b in zip(x.flat, y.flat, strict=True)])))
      for shape in ((2, 3), (4,), (), (1, 1))],
    Case(loss.bce_with_logits, (array(-1000.0, 1000.0, 0.0), array(0.0, 0.0, 1.0)),
         lambda x, y: array(0.0, 1000.0, math.log(2)), note="extreme", smooth=False,
         slopes=(array(0.0, 1.0, -0.5), array(1000.0, -1000.0, 0.0))),
]  # fmt: skip
