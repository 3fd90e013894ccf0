"""A step of Adam on 100,000 parameters, beside reading and writing its arrays once.

Adam reads the gradient, and reads and writes the parameters and both moments. That traffic is the
floor for whatever computes the update. It is taken twice: with one set of arrays, which stay in the
processor's cache, and with many sets in turn, so that each comes from main memory, as in a step
whose forward and backward pass have used the cache since.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.peers.contender import LEARNING_RATE
from benchmarks.timing import Step, measure

PARAMETERS = 100_000

#: Sets of arrays that come from memory: 100 MB, more than a cache has.
SETS = 64

#: Where the arrays are: what their figures are called.
PLACES = ("in cache", "from memory")


def once(n: int) -> Step:
    """Return what reads four arrays of `n` numbers and writes three of them."""
    g, p, m, v = (np.ones(n, np.float32) for _ in range(4))

    def run() -> None:
        g.max()
        for array in (p, m, v):
            np.negative(array, out=array)

    return run


def of(m: Any, n: int, **options: Any) -> Step:
    """Return a step of the Adam of a library with PyTorch's names: of a network's four arrays."""
    rng = np.random.default_rng(0)
    # Shared out as the parameters of 784-126-10 are, which are 100,180.
    sizes = [n * 98 // 100, n // 1000, n * 18 // 1000]
    sizes.append(n - sum(sizes))
    parameters = []
    for size in sizes:
        p = m.tensor(rng.standard_normal(size).astype(np.float32), requires_grad=True)
        p.grad = m.tensor(rng.standard_normal(size).astype(np.float32))
        parameters.append(p)
    step: Step = m.optim.Adam(parameters, lr=LEARNING_RATE, **options).step
    return step


def in_turn(make: Callable[[], Step], sets: int) -> Step:
    """Return what runs the next of several steps at each call."""
    steps = itertools.cycle([make() for _ in range(sets)])
    return lambda: next(steps)()


def compare(
    modules: dict[str, Any], rounds: int, n: int = PARAMETERS, sets: int = SETS
) -> dict[str, Any]:
    """Time the floor, and the Adam of each library that has one."""
    makers: dict[str, Callable[[], Step]] = {"read and write once": lambda: once(n)}
    if "tinygrad_bp" in modules:
        import tinygrad_bp as tgb

        makers["tinygrad_bp"] = lambda: of(tgb, n)
    if "PyTorch" in modules:
        import torch

        makers["PyTorch"] = lambda: of(torch, n)
        makers["PyTorch, fused"] = lambda: of(torch, n, fused=True)
    times: dict[str, dict[str, float]] = {name: {} for name in makers}
    for place, count in zip(PLACES, (1, sets), strict=True):
        steps = {name: in_turn(make, count) for name, make in makers.items()}
        for name, timing in measure(steps, rounds).items():
            times[name][place] = round(timing.median, 2)
    return {"parameters": n, "times": times}
