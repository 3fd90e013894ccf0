"""How the cost of a step grows: with depth, width, batch, and the size of the graph."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.networks import Network, mlp
from benchmarks.peers import COMPILED, EAGER
from benchmarks.timing import measure

Tick = Callable[[], object]


@dataclass(frozen=True)
class Series:
    """One size that grows. `make` gives the network of a size; None: a chain of operations."""

    title: str
    axis: str
    at: tuple[int, ...]
    make: Callable[[int], Network] | None


SERIES = [
    Series("Depth: hidden layers of 64, batch 64", "layers", (1, 2, 4, 8, 16, 32),
           lambda n: mlp(64, *[64] * n, 10, batch=64)),
    Series("Width: two hidden layers, batch 64", "units", (8, 32, 128, 512, 1024),
           lambda n: mlp(64, n, n, 10, batch=64)),
    Series("Batch: 784-128-10", "rows", (1, 8, 64, 512, 2048),
           lambda n: mlp(784, 128, 10, batch=n)),
    Series("Graph: a chain of operations on ten numbers", "operations", (1, 10, 100, 1000, 10000),
           None),
]  # fmt: skip


def work(quick: bool) -> int:
    """Return how often `grow` ticks."""
    return sum(len(_sizes(series, quick)) for series in SERIES)


def _sizes(series: Series, quick: bool) -> tuple[int, ...]:
    return series.at[:2] if quick else series.at


def contenders(modules: dict[str, Any]) -> dict[str, Any]:
    """Return who takes part: all but torch.compile, which would compile for minutes."""
    names = (*EAGER, "tgb.compile", "JAX jit")
    return {name: module for name, module in modules.items() if name in names}


def grow(modules: dict[str, Any], rounds: int, quick: bool, tick: Tick) -> list[dict[str, Any]]:
    """Time forward + backward of the contenders at each size, and what compiling it takes."""
    found = []
    for series in SERIES:
        sizes = _sizes(series, quick)
        times: dict[str, list[float]] = {}
        compiling: dict[str, list[float]] = {}
        for n in sizes:
            steps = {}
            for name, module in modules.items():
                if series.make is not None:
                    steps[name] = module.prepare(series.make(n)).run
                elif hasattr(module, "chain"):
                    steps[name] = module.chain(n)
                if name in COMPILED and name in steps:
                    compiling.setdefault(name, []).append(_first(steps[name]))
            for name, timing in measure(steps, rounds, duration=0.004).items():
                times.setdefault(name, []).append(round(timing.median, 2))
            tick()
        found.append(
            {"title": series.title, "axis": series.axis, "at": list(sizes), "times": times,
             "compile": compiling}
        )  # fmt: skip
    return found


def _first(step: Callable[[], object]) -> float:
    """Return the seconds of the first two calls, in which a step is compiled."""
    start = time.perf_counter()
    step()
    step()
    return round(time.perf_counter() - start, 2)
