"""Which calls run in one loop.

A loop walks over one space, the shape that its calls have in common, and does for every element
what they say: what is between two of them never reaches memory. Sums over the last axes may end in
the loop and be read again in it, row by row (a softmax: the maximum, the sum of e^z, the quotient);
other sums are only added up.

Calls are taken in order; each joins the first loop that it may join, or begins one. A call may join
a loop only if all that it reads is ready there, so that the order of the steps stays a valid one.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ...rules import loss, reduce
from ..kernels.elements import ELEMENTS
from ..program import Call, Program, Value
from .places import Place, contiguous

__all__ = ["Loop", "Single", "Step", "fuse"]

REDUCTIONS = frozenset((reduce.sum, reduce.amax, reduce.amin))
_LOOPED = "fd?lqib"


def squeezed(shape: Iterable[int]) -> tuple[int, ...]:
    """Leave the axes of length 1 away."""
    return tuple(n for n in shape if n != 1)


@dataclass(eq=False)
class Single:
    """A step that is one call; `table` is memory that it needs while it runs."""

    call: Call
    table: Value | None = None

    @property
    def calls(self) -> list[Call]:
        """The call, as that of a loop."""
        return [self.call]


@dataclass(eq=False)
class Loop:
    """A step that is a loop.

    Attributes
    ----------
    space : tuple of int
        The extents of the loop, without those of 1.
    inner : int or None
        How many of its last axes are summed up row by row inside of it; None while none is.
    calls : list of Call
    levels : dict of Value to str
        Whether a value that is computed here is one an "element", one a "row", or there "after"
        the loop only.
    """

    space: tuple[int, ...]
    inner: int | None = None
    calls: list[Call] = field(default_factory=list)
    levels: dict[Value, str] = field(default_factory=dict)
    #: Results of calls that run once a row.
    by_row: set[Value] = field(default_factory=set)

    @property
    def rows(self) -> tuple[int, ...]:
        """The extents around the rows."""
        return self.space[: len(self.space) - (self.inner or 0)]


Step = Loop | Single


def walk(value: Value, place: Place, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides with which a loop over `shape` reads a value that broadcasts to it."""
    lead = len(shape) - len(value.shape)
    strides = [0] * lead + [
        0 if n == 1 else s for n, s in zip(value.shape, place.strides, strict=True)
    ]
    return tuple(s for n, s in zip(shape, strides, strict=True) if n != 1)


def reduced_axes(call: Call) -> tuple[list[int], int]:
    """Return the squeezed axes that a reduction sums over, and how many there are in all."""
    source = call.args[0].shape
    axis = call.attrs.get("axis")
    over = range(len(source)) if axis is None else (axis,) if isinstance(axis, int) else axis
    over = {a % len(source) for a in over}
    left = [i for i, n in enumerate(source) if n != 1]
    return [k for k, i in enumerate(left) if i in over], len(left)


def last_axes(call: Call) -> int | None:
    """Return how many of the last axes a reduction sums over; None if over others too."""
    axes, rank = reduced_axes(call)
    return len(axes) if axes == list(range(rank - len(axes), rank)) else None


def loopable(call: Call) -> bool:
    """Whether a loop can do this call."""
    values = [*call.operands, call.out]
    if not all(v.dtype.char in _LOOPED and math.prod(v.shape) for v in values):
        return False
    if call.op in REDUCTIONS:
        return call.out.dtype == call.args[0].dtype and call.out.dtype.kind == "f"
    return call.op in ELEMENTS or call.op is loss.one_hot


def space_of(call: Call) -> tuple[int, ...]:
    """Return what a loop for this call goes over."""
    return squeezed(call.args[0].shape if call.op in REDUCTIONS else call.out.shape)


class _Fusion:
    def __init__(self, program: Program, places: dict[Value, Place],
                 after: dict[Value, Value]) -> None:  # fmt: skip
        self.program, self.places, self.after = program, places, after
        self.steps: list[Step] = []
        #: Space, or the first axes of one -> the loops that have it, in order.
        self.loops: dict[tuple[int, ...], list[int]] = {}
        self.ready: dict[Value, int] = {}  # base -> the step that computes it
        self.read: dict[Value, int] = {}  # base -> the last step that reads it
        self.state_of = {new: state for state, new in program.stores}

    def run(self) -> list[Step]:
        """Give every call its step."""
        for call in self.program.calls:
            base = self.places[call.out].base
            if base is not call.out:
                continue  # a view: no step
            bases = [self.places[v].base for v in call.operands]
            first = max((self.ready.get(b, -1) for b in bases), default=-1)
            if call.out in self.after:
                first = max(first, self.ready[self.places[self.after[call.out]].base])
            state = self.state_of.get(call.out)
            if state is not None:  # it takes the state's memory, which is then read no more
                first = max(first, self.read.get(state, -1))
            number = self._place(call, first) if loopable(call) else self._new(Single(call))
            self.ready[base] = number
            for b in bases:
                self.read[b] = max(self.read.get(b, -1), number)
        return self.steps

    def _new(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1

    def _place(self, call: Call, first: int) -> int:
        space = space_of(call)
        alike = self.loops.get(space, [])
        for number in alike[bisect_left(alike, first) :]:
            step = self.steps[number]
            assert isinstance(step, Loop)
            if self._join(step, call):
                return number
        loop = Loop(space)
        joined = self._join(loop, call)
        assert joined, call.op.name
        number = self._new(loop)
        for k in range(len(space) + 1):
            self.loops.setdefault(space[:k], []).append(number)
        return number

    def _join(self, loop: Loop, call: Call) -> bool:
        """Add the call to the loop if it may be there."""
        space, inner = space_of(call), loop.inner
        own = [v for v in call.operands if self.places[v].base in loop.levels]
        levels = {loop.levels[self.places[v].base] for v in own}
        shape = call.args[0].shape if call.op in REDUCTIONS else call.out.shape
        if space == loop.space and (space != loop.rows or not inner):
            level, rank = "element", len(space)
        elif inner and space == loop.rows and "row" in levels and "element" not in levels:
            level, rank = "row", len(space)
        elif inner is None and own and self._may_end(loop, own, space):
            level, rank, inner = "row", len(space), len(loop.space) - len(space)
        else:
            return False
        for v in own:
            base = self.places[v].base
            if loop.levels[base] == "row" and level == "element" and inner is None:
                inner = self._inner_of(loop, base)
                if inner is None:
                    return False
            expected = contiguous(loop.space[: len(loop.space) - (inner or 0)])
            if loop.levels[base] == "row":
                expected = (expected + (0,) * (inner or 0))[:rank]
            else:
                expected = contiguous(loop.space)
                if level == "row":
                    return False
            if walk(v, self.places[v], shape) != expected or self.places[v].offset:
                return False
        if call.op in REDUCTIONS and level == "element":
            last = last_axes(call)
            # What is summed over other axes is ready after the loop only.
            mine = "row" if last and inner in (None, last) else "after"
        elif call.op in REDUCTIONS:
            mine = "after"
        else:
            mine = level
        if "after" in levels:
            return False
        if inner is not None and inner != loop.inner:
            for c in loop.calls:
                if loop.levels[c.out] == "row" and c.op in REDUCTIONS and last_axes(c) != inner:
                    loop.levels[c.out] = "after"
        loop.inner = inner
        loop.levels[call.out] = mine
        if level == "row":
            loop.by_row.add(call.out)
        loop.calls.append(call)
        return True

    def _inner_of(self, loop: Loop, base: Value) -> int | None:
        call = next((c for c in loop.calls if c.out is base), None)
        return last_axes(call) if call is not None and call.op in REDUCTIONS else None

    def _may_end(self, loop: Loop, own: list[Value], space: tuple[int, ...]) -> bool:
        """Whether a call on rows can follow the sums that it reads, in a loop without rows yet."""
        bases = [self.places[v].base for v in own]
        inners = {self._inner_of(loop, b) for b in bases if loop.levels[b] == "row"}
        return (
            len(inners) == 1
            and all(loop.levels[b] == "row" for b in bases)
            and inners == {len(loop.space) - len(space)}
            and space == loop.space[: len(space)]
        )


def fuse(program: Program, places: dict[Value, Place],
         after: dict[Value, Value] | None = None) -> list[Step]:  # fmt: skip
    """Divide the calls into steps, in an order in which they can run.

    `after` names calls, by their results, that come no sooner than another value.
    """
    return _Fusion(program, places, after or {}).run()


def outside(steps: list[Step], program: Program, places: dict[Value, Place]) -> set[Value]:
    """Find what is read in another step than the one that computes it, or after the last."""
    made: dict[Value, Any] = {c.out: step for step in steps for c in step.calls}
    found = {places[v].base for v in program.outputs} | {places[v].base for _, v in program.stores}
    for step in steps:
        for call in step.calls:
            for v in call.operands:
                base = places[v].base
                if made.get(base) is not step:
                    found.add(base)
    return found
