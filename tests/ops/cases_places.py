"""Cases of `rules.strided`, `rules.scatter`, `rules.sorting`, and of padding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.case import Case, Numbers, build
from tinygrad_bp.rules import scatter as sc
from tinygrad_bp.rules import shape as sh
from tinygrad_bp.rules import sorting as so
from tinygrad_bp.rules import strided as st

draw = Numbers(11)


# --------------------------------------------------------------------- windows, strides, margins


def windows(x: Any, *, axis: int, length: int, step: int) -> Any:
    starts = range(0, x.shape[axis] - length + 1, step)
    shape = (*x.shape[:axis], len(starts), *x.shape[axis + 1 :], length)

    def source(*p: int) -> Any:
        place = list(p[:-1])
        place[axis] = starts[p[axis]] + p[-1]
        return x[tuple(place)]

    return build(shape, source)


def add_windows(x: Any, *, shape: Any, axis: int, step: int) -> Any:
    out = np.zeros(shape)
    for p in np.ndindex(*x.shape):
        place = list(p[:-1])
        place[axis] = p[axis] * step + p[-1]
        out[tuple(place)] += x[p]
    return out


def reached(place: Any, stride: Any, offset: int) -> int:
    return offset + sum(i * s for i, s in zip(place, stride, strict=True))


def strided(x: Any, *, size: Any, stride: Any, offset: int) -> Any:
    return build(size, lambda *p: x[reached(p, stride, offset)])


def add_strided(x: Any, *, length: int, size: Any, stride: Any, offset: int) -> Any:
    out = np.zeros(length)
    for p in np.ndindex(*size):
        out[reached(p, stride, offset)] += x[p]
    return out


def pad(x: Any, *, widths: Any, value: float = 0.0) -> Any:
    def source(*p: int) -> Any:
        place = tuple(i - before for i, (before, _) in zip(p, widths, strict=True))
        inside = all(0 <= i < n for i, n in zip(place, x.shape, strict=True))
        return x[place] if inside else value

    return build(tuple(n + a + b for n, (a, b) in zip(x.shape, widths, strict=True)), source)


def crop(x: Any, *, widths: Any) -> Any:
    return build(
        tuple(n - a - b for n, (a, b) in zip(x.shape, widths, strict=True)),
        lambda *p: x[tuple(i + before for i, (before, _) in zip(p, widths, strict=True))],
    )


WINDOWS: list[Any] = [
    ((5,), 0, 2, 1), ((6,), 0, 3, 2), ((2, 7), 1, 3, 3), ((5, 2), 0, 1, 2), ((4, 3), 0, 4, 1),
    ((3,), 0, 0, 1),
]  # fmt: skip
STRIDES: list[Any] = [
    (6, (2, 3), (3, 1), 0), (6, (2, 2), (1, 2), 1), (4, (3, 2), (1, 1), 0), (5, (), (), 3),
    (4, (2, 3), (0, 1), 1), (3, (0, 2), (1, 1), 0),
]  # fmt: skip
MARGINS: list[Any] = [
    ((2, 3), ((1, 0), (0, 2))), ((3,), ((2, 1),)), ((), ()), ((0, 2), ((1, 1), (0, 0))),
    ((2, 2), ((0, 0), (0, 0))),
]  # fmt: skip

CASES = [
    *[Case(st.windows, (draw(*shape),), windows, {"axis": axis, "length": n, "step": step})
      for shape, axis, n, step in WINDOWS],
    Case(st.windows, (draw(3, 5).T[:, ::2],), windows, {"axis": 0, "length": 2, "step": 1},
         "not contiguous"),
    *[Case(st.add_windows, (windows(draw(*shape), axis=axis, length=n, step=step) * 1.25,),
           add_windows, {"shape": shape, "axis": axis, "step": step})
      for shape, axis, n, step in WINDOWS],
    *[Case(st.strided, (draw(n),), strided, {"size": size, "stride": stride, "offset": offset})
      for n, size, stride, offset in STRIDES],
    Case(st.strided, (draw(9)[::2],), strided, {"size": (2, 2), "stride": (1, 2), "offset": 1},
         "every other"),
    *[Case(st.add_strided, (draw(*size),), add_strided,
           {"length": n, "size": size, "stride": stride, "offset": offset})
      for n, size, stride, offset in STRIDES],
    *[Case(sh.pad, (draw(*shape),), pad, {"widths": widths}) for shape, widths in MARGINS],
    Case(sh.pad, (draw(2, 3),), pad, {"widths": ((1, 1), (0, 1)), "value": -1.5}),
    *[Case(sh.crop, (draw(*(n + a + b for n, (a, b) in zip(shape, widths, strict=True))),), crop,
           {"widths": widths}) for shape, widths in MARGINS],
]  # fmt: skip


# --------------------------------------------------------- extremes and products at the same place


def gathered(combine: Callable[[list[float]], float]) -> Callable[..., Any]:
    def reference(x: Any, v: Any, places: Any, *, include: bool = True) -> Any:
        out = x.copy()
        for i in range(len(x)):
            arrived = [v[k] for k in range(len(v)) if places[k] == i]
            if arrived:
                out[i] = combine(([x[i]] if include else []) + arrived)
        return out

    return reference


def product(numbers: list[float]) -> float:
    out = 1.0
    for number in numbers:
        out *= number
    return out


def counted(x: Any, places: Any, *, include: bool = True) -> Any:
    arrived = [sum(1 for p in places if p == i) for i in range(len(x))]
    return np.array([n + 1 if include else max(n, 1) for n in arrived], x.dtype)


PLACES = np.array([0, 2, 2, 0, 2])
REDUCTIONS: list[Any] = [
    (sc.scatter_amax, gathered(max)), (sc.scatter_amin, gathered(min)),
    (sc.scatter_prod, gathered(product)),
]  # fmt: skip
TIED_X, TIED_V = np.array([1.0, 5.0, 2.0]), np.array([1.0, 2.0, 2.0, 0.5, -3.0])
ZERO_X, ZERO_V = np.array([0.0, 5.0, 2.0]), np.array([3.0, 0.0, 4.0, 2.0, 0.0])

CASES += [
    *[Case(op, (draw(4), draw(5), PLACES), reference, {"include": include})
      for op, reference in REDUCTIONS for include in (True, False)],
    *[Case(op, (draw(3), draw(0), PLACES[:0]), reference, {"include": True})
      for op, reference in REDUCTIONS],
    # Ties share evenly: at place 0 x and v, at place 2 x and two of v.
    Case(sc.scatter_amax, (TIED_X, TIED_V, PLACES), gathered(max), note="ties", smooth=False,
         slopes=(np.array([0.5, 1.0, 1 / 3]), np.array([0.5, 1 / 3, 1 / 3, 0.0, 0.0]))),
    # As in PyTorch: x has its share, though it takes no part.
    Case(sc.scatter_amax, (TIED_X, TIED_V, PLACES), gathered(max), {"include": False}, "ties",
         smooth=False,
         slopes=(np.array([0.0, 1.0, 0.0]), np.array([0.5, 1 / 3, 1 / 3, 0.0, 0.0]))),
    # With one zero the gradient reaches that factor alone, with two no factor.
    Case(sc.scatter_prod, (ZERO_X, ZERO_V, PLACES), gathered(product), note="zeros", twice=False),
    *[Case(sc.scatter_count, (draw(4), PLACES), counted, {"include": include})
      for include in (True, False)],
]  # fmt: skip


# ---------------------------------------------------------------------------------------- searches


def lines(f: Callable[[list[float]], list[int]]) -> Callable[..., Any]:
    """Make a reference of a search in the numbers along an axis."""

    def reference(x: Any, *, axis: int, **attrs: Any) -> Any:
        moved = np.moveaxis(x, axis, -1)
        found = [f(list(moved[p]), **attrs) for p in np.ndindex(*moved.shape[:-1])]
        width = len(found[0]) if found else 0
        out = np.array(found, np.int64).reshape(*moved.shape[:-1], width)
        return np.moveaxis(out, -1, axis)

    return reference


def running(numbers: list[float], *, sign: int) -> list[int]:
    out: list[int] = []
    best = 0
    for i, number in enumerate(numbers):
        stays = np.isnan(numbers[best]) and not np.isnan(number)
        if not stays and (np.isnan(number) or sign * number >= sign * numbers[best]):
            best = i
        out.append(best)
    return out


def top(numbers: list[float], *, k: int, largest: bool = True) -> list[int]:
    order = sorted(range(len(numbers)), key=lambda i: -numbers[i] if largest else numbers[i])
    return order[:k]


def frequent(numbers: list[float]) -> list[int]:
    best = min(numbers, key=lambda n: (-numbers.count(n), n))
    return [max(i for i, n in enumerate(numbers) if n == best)]


def belongs(edges: Any, x: Any, *, right: bool = False) -> Any:
    out = np.empty(x.shape, np.int64)
    for p in np.ndindex(*x.shape):
        row = edges if edges.ndim == 1 else edges[p[:-1]]
        out[p] = sum(1 for e in row if e < x[p] or (right and e == x[p]))
    return out


REPEATED = np.array([[1.0, 3.0, 3.0, 0.0, 1.0], [2.0, 2.0, 2.0, 2.0, 2.0]])
EDGES = np.array([[0.0, 1.0, 1.0, 4.0], [-1.0, 2.0, 3.0, 3.0]])

CASES += [
    *[Case(so.running_argmax, (x,), lines(running), {"axis": axis, "sign": sign})
      for x, axis in ((draw(3, 4), 1), (draw(3, 4), 0), (REPEATED, 1),
                      (np.array([1.0, np.nan, 2.0]), 0)) for sign in (1, -1)],
    *[Case(so.argtop, (x,), lines(top), {"k": k, "axis": axis, "largest": largest})
      for x, k, axis in ((draw(3, 4), 2, 1), (draw(3, 4), 3, 0), (draw(40), 3, 0), (draw(2), 0, 0),
                         (REPEATED, 4, 1)) for largest in (True, False)],
    *[Case(so.argmode, (x,), lines(frequent), {"axis": axis})
      for x, axis in ((REPEATED, 1), (REPEATED, 0), (draw(3), 0))],
    *[Case(so.searchsorted, (edges, x), belongs, {"right": right})
      for edges, x in ((EDGES[0], draw(2, 3)), (EDGES[0], np.array([1.0, 4.0, 9.0, -3.0])),
                       (EDGES, np.array([[1.0, 4.0, 0.0], [3.0, -2.0, 2.0]])))
      for right in (False, True)],
    *[Case(so.isin, (draw.integers(3, 4), np.array([1, 3])),
           lambda x, tests, invert: build(
               x.shape, lambda *p: (x[p] in list(tests)) != invert, bool),
           {"invert": invert}) for invert in (False, True)],
]  # fmt: skip
