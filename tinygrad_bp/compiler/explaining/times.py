"""Where the time of a step goes: its parts run one by one, on copies, each with a clock.

Nothing that the user has is touched: the states are copied, the inputs are made up in the ranges
of those that were seen, random numbers come from a copy of the generator.
"""

from __future__ import annotations

import copy
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter_ns
from types import SimpleNamespace
from typing import Any

import numpy as np

from ...memory import on_line
from ..program import Call, Program, Value
from ..reference import Execute, reference
from ..replay import ReplayStep

__all__ = ["Given", "Times", "copied", "measure"]

Array = np.ndarray[Any, np.dtype[Any]]
Tick = Callable[[int], None]

#: Nanoseconds that a measurement may take, and the fewest and most rounds of it.
_TIME, _FEWEST, _MOST = 300_000_000, 5, 200


class Given:
    """What a program is run on, as far as it has to be known to run it on something else.

    Parameters
    ----------
    inputs : sequence of ndarray
        Of which the ranges of whole numbers are kept: they may be indices.
    draws : sequence of callable
    """

    def __init__(self, inputs: Sequence[Array], draws: Sequence[Any]) -> None:
        self.draws = list(draws)
        self._ranges = [
            (a.min(), a.max()) if a.dtype.kind in "iu" and a.size else (0, 0) for a in inputs
        ]

    def inputs(self, values: Sequence[Value], rng: np.random.Generator) -> list[Array]:
        """Make inputs up."""
        made: list[Array] = []
        for value, (low, high) in zip(values, self._ranges, strict=True):
            if value.dtype.kind in "iu":
                array = rng.integers(low, high, value.shape, value.dtype, endpoint=True)
            elif value.dtype.kind == "b":
                array = rng.random(value.shape) < 0.5
            else:
                array = rng.standard_normal(value.shape).astype(value.dtype)
            made.append(np.asarray(array))
        return made

    def drawn(self) -> list[Callable[[], Array]]:
        """Return functions that draw as a step does, from copies of the generators."""
        copies: dict[int, Any] = {}
        functions = []
        for draw in self.draws:
            numpy = copies.setdefault(id(draw.generator), copy.deepcopy(draw.generator.numpy))
            functions.append(type(draw)(SimpleNamespace(numpy=numpy), draw.method, draw.args,
                                        draw.kwargs))  # fmt: skip
        return functions


@dataclass
class Times:
    """Nanoseconds, medians over rounds.

    Attributes
    ----------
    parts : dict of int to float
        Of the steps of a lowered program, or of the calls of one that runs call by call.
    draws : float
        Of drawing random numbers.
    rounds : int
    """

    parts: dict[int, float]
    draws: float
    rounds: int

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.parts.values()) + self.draws


def copied(program: Program) -> Program:
    """Return a program that does the same to states of its own."""
    known: dict[Value, Value] = {}

    def own(x: Any) -> Any:
        if not isinstance(x, Value):
            return x
        if x not in known:
            array = x.array
            if x.kind == "state" and array is not None:
                array = on_line(array.copy("K"))  # as states lie, from the start
            known[x] = Value(x.kind, x.shape, x.dtype, array, x.name)
        return known[x]

    return Program(
        [own(v) for v in program.inputs], [own(v) for v in program.scalars],
        [own(v) for v in program.draws],
        [Call(c.op, tuple(map(own, c.args)), c.attrs, own(c.out), c.line) for c in program.calls],
        [(own(state), own(new)) for state, new in program.stores],
        [own(v) for v in program.outputs],
    )  # fmt: skip


def measure(program: Program, execute: Execute, given: Given) -> Times:
    """Measure the parts of a program as `execute` would run it."""
    clock = _Clock()
    mine = copied(program)
    run: Execute
    if isinstance(execute, ReplayStep):
        run = ReplayStep(mine, clock.tick)
    elif hasattr(execute, "lowered"):
        from ..machine.native import NativeStep

        run = NativeStep(mine, clock.around)
    else:
        run = _reference(mine, clock.tick)
    draws, rng = given.drawn(), np.random.default_rng(0)
    inputs = given.inputs(program.inputs, rng)
    scalars = [0.5] * len(program.scalars)
    drawing: list[int] = []
    begin = perf_counter_ns()
    while len(drawing) < _MOST:
        start = clock.at = perf_counter_ns()
        drawn = [draw() for draw in draws]
        drawing.append(perf_counter_ns() - start)
        clock.at = perf_counter_ns()
        with np.errstate(all="ignore"):
            run(inputs, scalars, drawn)
        if len(drawing) >= _FEWEST and perf_counter_ns() - begin > _TIME:
            break
    parts, own = clock.medians(), 0.0
    if -1 in parts:  # a part that does nothing: what the clock and the call take
        own = parts.pop(-1)
    parts = {i: max(taken - own, 0.0) for i, taken in parts.items()}
    return Times(parts, statistics.median(drawing) if draws else 0.0, len(drawing))


class _Clock:
    """Collects what each part takes, round by round."""

    def __init__(self) -> None:
        self.taken: dict[int, list[int]] = {}
        self.at = 0

    def tick(self, number: int) -> None:
        """Give the time since the last tick to a part."""
        now = perf_counter_ns()
        self.taken.setdefault(number, []).append(now - self.at)
        self.at = perf_counter_ns()

    def around(self, part: Callable[[int], int], number: int) -> Callable[[int], int]:
        """Make a function that runs a part by the clock."""
        taken = self.taken.setdefault(number, [])

        def run(table: int) -> int:
            start = perf_counter_ns()
            out = part(table)
            taken.append(perf_counter_ns() - start)
            return out

        return run

    def medians(self) -> dict[int, float]:
        """Return the median of each part; the first round is left out, since it warms up."""
        return {i: statistics.median(taken[1:] or taken) for i, taken in self.taken.items()}


def _reference(program: Program, tick: Tick) -> Execute:
    """Make the plain back end run with a clock in each operation."""

    def clocked(call: Call, number: int) -> Any:
        def run(*args: Any, **attrs: Any) -> Any:
            out = call.op.run(*args, **attrs)
            tick(number)
            return out

        return SimpleNamespace(run=run)

    program.calls = [
        Call(clocked(c, i), c.args, c.attrs, c.out) for i, c in enumerate(program.calls)
    ]
    return reference(program)


def flops(call: Call) -> float | None:
    """Return the multiplications and additions of a product or convolution; None of others."""
    name, shapes = call.op.name, [a.shape for a in call.operands]
    if name in ("matmul", "affine", "linear"):
        return 2.0 * math.prod(call.out.shape) * shapes[0][-1]
    if name == "conv":
        return 2.0 * math.prod(call.out.shape) * math.prod(shapes[1][1:])
    if name == "conv_transpose":
        return 2.0 * math.prod(shapes[0]) * math.prod(shapes[1][1:])
    if name == "conv_weight":
        return 2.0 * math.prod(shapes[1]) * math.prod(call.out.shape[1:])
    if name in ("attend", "attend_pull"):
        # Scores of each query and key first; then a product with them for each other operand.
        left = [True] if name == "attend" else [left for _, left, _ in call.attrs["products"]]
        others = shapes[-len(left) :]
        widths = [s[-1] if is_left else s[-2] for s, is_left in zip(others, left, strict=True)]
        scores = math.prod(shapes[0][:-1]) * shapes[1][-1]
        return 2.0 * scores * (shapes[0][-1] + sum(widths)) / (2 if call.attrs["causal"] else 1)
    return None
