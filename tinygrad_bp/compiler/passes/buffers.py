"""Where computed values lie: one block of memory, in which a place is used again once it is free.

A value lives from the step that computes it to the last one that reads it; what the step returns
lives on. The new value of a state is written into the state's own memory, if nobody needs the old
one any more by then; otherwise it is copied there at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from ..program import Program, Value
from .fuse import Loop, Step, outside, walk
from .packing import Span, bound, pack
from .places import Place, contiguous

__all__ = ["Memory", "plan_memory"]

LINE = 64  # bytes: of a cache line, and of the widest vector


@dataclass
class Memory:
    """The plan.

    Attributes
    ----------
    offsets : dict
        Computed value -> where it begins in the block, in bytes.
    size : int
        Of the block, in bytes.
    homes : dict
        Computed value -> the state whose memory it is written to.
    copies : list of (Value, Value)
        (state, new): what is copied at the end.
    stored : set of Value
        Values that have to be in memory: somebody reads them outside of the loop they come from.
    returned : list of Value
        Computed values whose memory the caller gets: it is no part of the block.
    least : int
        Bytes that are in use at once: the block can't be smaller.
    unshared : int
        Bytes that all of them would take side by side.
    """

    offsets: dict[Value, int] = field(default_factory=dict)
    size: int = 0
    homes: dict[Value, Value] = field(default_factory=dict)
    copies: list[tuple[Value, Value]] = field(default_factory=list)
    stored: set[Value] = field(default_factory=set)
    returned: list[Value] = field(default_factory=list)
    least: int = 0
    unshared: int = 0


def _bytes(value: Value) -> int:
    return -(-max(math.prod(value.shape) * value.dtype.itemsize, 1) // LINE) * LINE


def _in_place(number: int, step: Step, state: Value, new: Value, places: dict[Value, Place],
              last: int) -> bool:  # fmt: skip
    """Whether a step, which computes `new`, may write it over `state`, which `last` reads."""
    if state.shape != new.shape or state.dtype != new.dtype:
        return False
    if places[state].strides != contiguous(state.shape) and math.prod(state.shape) > 1:
        return False
    if last > number:
        return False
    if last < number:
        return True  # as a gradient's memory: it is only written
    if not isinstance(step, Loop):
        return False
    if step.levels.get(new) != "element" or step.inner is not None:
        return False
    written = False
    for call in step.calls:
        written = written or call.out is new
        for v in call.operands:
            if places[v].base is state and (
                (written and call.out is not new)
                or places[v].offset
                or call.out in step.by_row
                or walk(v, places[v], call.args[0].shape if v is call.args[0] else call.out.shape)
                != contiguous(step.space)
            ):
                return False
    return True


def plan_memory(program: Program, steps: list[Step], places: dict[Value, Place],
                scratch: dict[Any, list[Value]]) -> Memory:  # fmt: skip
    """Give every computed value its memory; `scratch` holds what a step needs for itself."""
    plan = Memory(stored=outside(steps, program, places))
    made = {call.out: i for i, step in enumerate(steps) for call in step.calls}
    returned = {places[v].base for v in program.outputs}
    read = {places[v].base: i for i, s in enumerate(steps) for c in s.calls for v in c.operands}
    for state, new in program.stores:
        if state is new:
            continue
        base = places[new].base
        if (
            base is new and new in made and new not in returned and new not in plan.homes
            and _in_place(made[new], steps[made[new]], state, new, places, read.get(state, -1))
            and state not in returned
        ):  # fmt: skip
            plan.homes[new] = state
        else:
            plan.copies.append((state, new))
    plan.returned = [v for v in made if v in returned]
    last = dict(made)
    for i, step in enumerate(steps):
        for call in step.calls:
            for v in call.operands:
                base = places[v].base
                if base in made:
                    last[base] = max(last[base], i)
    for _, v in plan.copies:
        if places[v].base in made:
            last[places[v].base] = len(steps)

    kept: list[Value] = []
    spans: list[Span] = []
    for i, step in enumerate(steps):
        mine = [c.out for c in step.calls if c.out in plan.stored or not isinstance(step, Loop)]
        for value in mine:
            if value not in plan.homes and value not in returned:
                kept.append(value)
                spans.append(Span(_bytes(value), i, last[value]))
        for value in scratch.get(step, []):
            kept.append(value)
            spans.append(Span(_bytes(value), i, i))
    offsets, plan.size = pack(spans)
    plan.offsets = dict(zip(kept, offsets, strict=True))
    plan.least, plan.unshared = bound(spans), sum(span.size for span in spans)
    return plan
