"""Cases of `rules.trellis`: references that go through all paths, or one step at a time."""

from __future__ import annotations

import itertools
import math

import numpy as np

from tests.ops.case import Array, Case, Numbers
from tinygrad_bp.rules import trellis as tr

draw = Numbers(62)


def all_paths(x: Array, skips: Array) -> Array:
    """Sum e^{score} over every path, one by one."""
    times, samples, states = x.shape
    sums = np.zeros(x.shape)
    for t, n in itertools.product(range(times), range(samples)):
        for path in itertools.product(range(states), repeat=t + 1):
            steps = [b - a for a, b in itertools.pairwise(path)]
            jumps = [b for a, b in itertools.pairwise(path) if b - a == 2]
            if all(0 <= step <= 2 for step in steps) and all(skips[n, b] for b in jumps):
                sums[t, n, path[-1]] += math.exp(sum(x[i, n, s] for i, s in enumerate(path)))
    return np.log(sums)


def pulled(x: Array, a: Array, b: Array, c: Array) -> Array:
    out = x.copy()
    times, samples, states = x.shape
    for t in reversed(range(times - 1)):
        for n, s in itertools.product(range(samples), range(states)):
            for share, by in ((a, 0), (b, 1), (c, 2)):
                if s + by < states:
                    out[t, n, s] += share[t, n, s + by] * out[t + 1, n, s + by]
    return out


def pushed(x: Array, a: Array, b: Array, c: Array) -> Array:
    out = x.copy()
    times, samples, states = x.shape
    for t in range(1, times):
        for n, s in itertools.product(range(samples), range(states)):
            for share, by in ((a, 0), (b, 1), (c, 2)):
                if s - by >= 0:
                    out[t, n, s] += share[t - 1, n, s] * out[t - 1, n, s - by]
    return out


SHAPES = [(4, 2, 5), (3, 1, 3), (2, 2, 2), (3, 2, 1), (1, 2, 3), (3, 0, 3)]


def operands(times: int, samples: int, states: int) -> tuple[Array, ...]:
    shares = (max(times - 1, 0), samples, states)
    return (draw(times, samples, states), *[draw(*shares) for _ in range(3)])


CASES = [
    *[Case(tr.trellis, (draw(*shape), draw.mask(*shape[1:])), all_paths) for shape in SHAPES],
    *[Case(tr.pull, operands(*shape), pulled) for shape in SHAPES],
    *[Case(tr.push, operands(*shape), pushed) for shape in SHAPES],
]
