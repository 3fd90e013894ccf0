"""Cases of `rules.pool`: references that go through each window, number by number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.ops.case import Array, Case, Numbers
from tinygrad_bp.rules import pool as ops

draw = Numbers(22)

Shape = tuple[int, ...]


def windows(size: Shape, out: Shape, how: dict[str, Any]) -> Iterator[tuple[Shape, list[Shape]]]:
    """Yield each window, and the places in it that lie inside, in order."""
    kernel = how["kernel"]
    dilation = how.get("dilation", (1,) * len(kernel))
    for window in np.ndindex(*out):
        places = []
        for k in np.ndindex(*kernel):
            at = tuple(
                s * i + d * j - p
                for s, i, d, j, p in zip(
                    how["stride"], window, dilation, k, how["padding"], strict=True
                )
            )
            if all(0 <= a < n for a, n in zip(at, size, strict=True)):
                places.append(at)
        yield window, places


def winners(x: Array, out: Shape, how: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield each window's place in the output, and the place of its largest element."""
    rank = len(how["kernel"])
    for lead in np.ndindex(*x.shape[:-rank]):
        for window, places in windows(x.shape[-rank:], out, how):
            best = places[0]
            for place in places[1:]:
                if x[lead + place] > x[lead + best]:
                    best = place
            yield lead + window, lead + best


def max_pool(x: Array, *, size: Shape, **how: Any) -> Array:
    out = np.empty((*x.shape[: -len(size)], *size), x.dtype)
    for to, at in winners(x, size, how):
        out[to] = x[at]
    return out


def place_largest(y: Array, x: Array, top: Array, **how: Any) -> Array:
    out = np.zeros(x.shape)
    for to, at in winners(x, top.shape[-len(how["kernel"]) :], how):
        out[at] += y[to]
    return out


def pick_largest(v: Array, x: Array, top: Array, **how: Any) -> Array:
    out = np.zeros(top.shape)
    for to, at in winners(x, top.shape[-len(how["kernel"]) :], how):
        out[to] = v[at]
    return out


def largest_positions(x: Array, top: Array, **how: Any) -> Array:
    rank = len(how["kernel"])
    out = np.zeros(top.shape, np.int64)
    for to, at in winners(x, top.shape[-rank:], how):
        out[to] = np.ravel_multi_index(at[-rank:], x.shape[-rank:])
    return out


def largest_of(x: Array, positions: Array) -> Array:
    n, channels, _ = x.shape
    out = np.zeros((n, channels, positions.shape[2]), np.int64)
    for i, c, window in np.ndindex(*out.shape):
        row = positions[i % len(positions), c % positions.shape[1], window]
        out[i, c, window] = max(row.tolist(), key=lambda at: x[i, c, at])
    return out


def put(x: Array, positions: Array, *, length: int) -> Array:
    out = np.zeros((*x.shape[:-1], length))
    for place in np.ndindex(*x.shape):
        out[(*place[:-1], positions[place])] = x[place]
    return out


def sum_windows(x: Array, *, size: Shape, **how: Any) -> Array:
    out = np.zeros((*x.shape[: -len(size)], *size))
    for lead in np.ndindex(*x.shape[: -len(size)]):
        for window, places in windows(x.shape[-len(size) :], size, how):
            out[lead + window] = sum(x[lead + place] for place in places)
    return out


def spread_windows(y: Array, *, size: Shape, **how: Any) -> Array:
    out = np.zeros((*y.shape[: -len(size)], *size))
    for lead in np.ndindex(*y.shape[: -len(size)]):
        for window, places in windows(size, y.shape[-len(size) :], how):
            for place in places:
                out[lead + place] += y[lead + window]
    return out


def how(kernel: Shape, stride: Shape, padding: Shape | None = None) -> dict[str, Any]:
    return {"kernel": kernel, "stride": stride, "padding": padding or (0,) * len(kernel)}


#: (shape of x, kernel, stride, padding, dilation, number of windows)
KINDS: list[tuple[Shape, dict[str, Any], Shape, Shape]] = [
    ((2, 2, 6), how((2,), (2,)), (1,), (3,)),
    ((2, 7), how((3,), (2,), (1,)), (2,), (3,)),
    ((2, 2, 4, 6), how((2, 2), (2, 2)), (1, 1), (2, 3)),
    ((1, 2, 5, 5), how((3, 3), (2, 2), (1, 1)), (1, 1), (3, 3)),
    ((1, 2, 5, 6), how((2, 3), (1, 2)), (2, 1), (3, 2)),
    ((1, 1, 5, 5), how((2, 2), (2, 2)), (1, 1), (3, 3)),  # the last windows reach over the end
    ((1, 2, 4, 4), how((1, 1), (2, 2)), (1, 1), (2, 2)),
    ((2, 1, 6), how((3,), (3,), (1,)), (1,), (2,)),  # as long as its windows, but not covered
    ((2, 1, 6), how((2,), (2,)), (2,), (2,)),
    ((1, 1, 4, 3, 4), how((2, 2, 2), (2, 1, 2)), (1, 1, 1), (2, 2, 2)),
]

CASES: list[Case] = []
for shape, window, dilation, size in KINDS:
    x = draw(*shape)
    attrs = {**window, "dilation": dilation}
    top = max_pool(x, size=size, **attrs)
    CASES += [
        Case(ops.max_pool, (x,), max_pool, {"size": size, **attrs}),
        Case(ops.place_largest, (draw(*top.shape), x, top), place_largest, attrs),
        Case(ops.pick_largest, (draw(*shape), x, top), pick_largest, attrs),
        Case(ops.largest_positions, (x, top), largest_positions, attrs),
        Case(ops.sum_windows, (x,), sum_windows, {"size": size, **window}),
        Case(
            ops.spread_windows, (draw(*top.shape),), spread_windows,
            {"size": shape[-len(size) :], **window},
        ),
    ]  # fmt: skip

TIED = np.array([[[1.0, 1.0, 0.0, 2.0], [1.0, 1.0, 2.0, 2.0]]])
PAIRS = {**how((2, 2), (2, 2)), "dilation": (1, 1)}
CASES += [
    Case(
        ops.max_pool, (TIED,), max_pool, {"size": (1, 2), **PAIRS}, note="ties", smooth=False,
        slopes=(np.array([[[1.0, 0, 0, 1], [0, 0, 0, 0]]]),),  # the first of the largest
    ),
    Case(ops.largest_positions, (TIED, np.array([[[1.0, 2.0]]])), largest_positions, PAIRS),
    Case(
        ops.largest_of,
        (draw(2, 2, 6), np.array([[[[0, 1], [2, 5], [3, 3]]]])), largest_of,
    ),
    Case(
        ops.largest_of,
        (draw(2, 2, 6), draw.integers(2, 2, 3, 2)), largest_of, note="windows of each plane",
    ),
    Case(ops.put, (draw(2, 3), np.array([[4, 0, 2], [1, 5, 3]])), put, {"length": 6}),
]  # fmt: skip
