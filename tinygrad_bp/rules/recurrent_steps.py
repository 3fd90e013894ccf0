"""Which rows a step of a packed batch reads and writes: shared by the recurrences and their rules.

A batch of sequences of unequal length is laid out as PyTorch packs it: the longest first, all rows
of step 0, then all rows of step 1, and so on; `sizes` says how many rows each step has. Equal
lengths are the case of equal sizes. The state keeps a row for each sequence; a step changes the
first `size` of them. With `reverse` the steps run from the last to the first.
"""

from __future__ import annotations

import itertools
import math
from builtins import sum as total
from typing import Any, NamedTuple

import numpy as np

from ..op import primitive
from .index import concatenate, embed
from .linalg import matmul
from .shape import reshape

__all__ = ["Sizes", "Step", "cut", "gates_of", "in_rows", "mix", "part", "previous", "steps_of",
           "turned", "weight_of"]  # fmt: skip

Sizes = tuple[int, ...]


class Step(NamedTuple):
    """The rows of a step, from `first` to `last`, and those with the states that it begins with.

    These are the rows of the step that ran before, from `before` on. If that one had fewer
    sequences, `known` of them, the others begin here, with the first states.
    """

    first: int
    last: int
    size: int
    before: int
    known: int

    def begin(self, states: Any, start: Any) -> Any:
        """Give the states that the step begins with, of the states of all rows."""
        size, known = self.size, self.known
        if known == 0:
            return start[:size]
        found = states[self.before : self.before + min(size, known)]
        return found if known >= size else np.concatenate((found, start[known:size]))


def steps_of(sizes: Sizes, reverse: bool) -> list[Step]:
    """List the steps in the order in which they run."""
    ends = list(itertools.accumulate(sizes))
    order = list(zip(ends, sizes, strict=True))
    steps, before, known = [], 0, 0
    for end, size in reversed(order) if reverse else order:
        steps.append(Step(end - size, end, size, before, known))
        before, known = end - size, size
    return steps


def _put_back(g: Any, shape: tuple[int, ...], start: int) -> Any:
    size = math.prod(g.shape)
    return embed(reshape(g, shape=(size,)), shape=shape, key=slice(start, start + size))


# One operation, not a slice and a reshape: cells that are stepped by hand do it twice a step.
@primitive(view=True, x=lambda g, x_shape, *, start: _put_back(g, x_shape, start))
def cut(x: Any, *, start: int, shape: tuple[int, int]) -> Any:
    """Cut a matrix out of a row of numbers."""
    return x[start : start + shape[0] * shape[1]].reshape(shape)


def part(packed: Any, number: int, widths: tuple[int, ...], rows: int) -> Any:
    """Cut a part out of a flat output: (rows, its width)."""
    return cut(packed, start=rows * total(widths[:number]), shape=(rows, widths[number]))


def gates_of(gate: Any, step: Step, count: int) -> Any:
    """Show the gates of one step, (count, rows, hidden): a gate's numbers lie together."""
    shape = (count, step.size, gate.shape[1] // count)
    return reshape(gate[step.first : step.last], shape=shape)


def turned(weight: Any, sizes: Sizes) -> Any:
    """Give Wᵀ, copied if there are steps enough: 64 rows times it take 69 µs in place of 93."""
    return weight.T.copy() if len(sizes) > 4 else weight.T


def mix(new: Any, old: Any) -> Any:
    """Put new rows in the place of the first of the old ones."""
    n = new.shape[0]
    return new if n == old.shape[0] else concatenate(new, old[n:], axis=0)


def previous(h: Any, start: Any, sizes: Sizes, reverse: bool) -> Any:
    """Return the state that each row's step began with, in the rows' order."""
    state, found = start, []
    if len(set(sizes)) == 1:  # the states themselves, moved by a step
        n = sizes[0]
        pieces = (h[n:], start) if reverse else (start, h[: h.shape[0] - n])
        return concatenate(*pieces, axis=0) if len(sizes) > 1 else start
    for step in steps_of(sizes, reverse):
        found.append(state[: step.size])
        state = mix(h[step.first : step.last], state)
    return in_rows(found[::-1], reverse)


def weight_of(d_gates: Any, h: Any, start: Any, sizes: Sizes, reverse: bool) -> Any:
    """Give Σ over all rows of the gates' gradient times the state before."""
    if len(set(sizes)) > 1 or len(sizes) == 1:
        return matmul(d_gates.T, previous(h, start, sizes, reverse))
    n, rows = sizes[0], h.shape[0]
    # Two products, and no copy of the states that is moved by a step.
    if reverse:
        return matmul(d_gates[: rows - n].T, h[n:]) + matmul(d_gates[rows - n :].T, start)
    return matmul(d_gates[n:].T, h[: rows - n]) + matmul(d_gates[:n].T, start)


def in_rows(pieces: list[Any], reverse: bool) -> Any:
    """Join what backward found, last step first, in the rows' order."""
    if len(pieces) == 1:
        return pieces[0]
    return concatenate(*(pieces if reverse else pieces[::-1]), axis=0)
