"""The update of certain arrays by NumPy's calls.

A call takes half a microsecond whatever it does: small parameters are joined to rows for it, and
parted again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .blocks import Program, scratch_for
from .fused import due, work

__all__ = ["Calls"]

#: Numbers of a parameter up to which joining it to others pays.
_SMALL = 1 << 11


class Calls:
    """The update of certain arrays, which somebody else keeps; only their gradients are others.

    Parameters
    ----------
    program : Program
    kind : dtype
        Of all arrays: real, contiguous, and all but the gradients writeable.
    members : list of list of ndarray
        For each parameter w, g and the state.
    waits : bool
        Whether machine code may take over when it pays.
    """

    __slots__ = ("_alone", "_columns", "_kind", "_parts", "_program", "_rows", "_small", "_work")

    def __init__(self, program: Program, kind: Any, members: list[list[Any]],
                 waits: bool) -> None:  # fmt: skip
        self._program, self._kind = program, kind
        self._work = work(members) if waits else 0
        small = [at for at, arrays in enumerate(members) if _is_small(arrays[0])]
        if len(small) < 3 or len({id(members[at][0]) for at in small}) < len(small):
            small = []  # one of them comes twice
        self._small = small
        self._alone = [
            (at, [a.reshape(-1) for a in arrays[:1] + arrays[2:]])
            for at, arrays in enumerate(members)
            if at not in small
        ]
        self._rows: list[Any] = []
        self._columns: list[Any] = []
        self._parts: list[Any] = []
        if small:
            self._join([members[at] for at in small])

    def _join(self, members: list[list[Any]]) -> None:
        sizes = [arrays[0].size for arrays in members]
        self._rows = [np.empty(sum(sizes), self._kind) for _ in members[0]]
        for place, (row, column) in enumerate(
            zip(self._rows, zip(*members, strict=True), strict=True)
        ):
            if place == 1:
                continue  # the gradient
            self._columns.append((row, column))
            start = 0
            for array, size in zip(column, sizes, strict=True):
                self._parts.append((array, row[start : start + size].reshape(array.shape)))
                start += size

    def __call__(self, gradients: list[Any], scalars: Iterable[float]) -> None:
        """Make a step."""
        program, small = self._program, self._small
        scratch = scratch_for(program, self._kind)
        with np.errstate(all="ignore"):  # what is not finite shows in the parameters
            if small:
                for row, column in self._columns:
                    np.concatenate(column, axis=None, out=row)
                np.concatenate([gradients[at] for at in small], axis=None, out=self._rows[1])
                program.run(self._rows, scalars, scratch)
                for array, part in self._parts:
                    array[...] = part
            for at, (w, *state) in self._alone:
                program.run([w, gradients[at].reshape(-1), *state], scalars, scratch)

    def outdated(self) -> bool:
        """Count what is about to be updated, and say whether machine code is to do it."""
        return self._work > 0 and due(self._program, self._kind, self._work)


def _is_small(w: Any) -> bool:
    """Whether a parameter is so small that it is quicker to copy it than to call NumPy for it."""
    # Memory of its own: of two views of the same, the second has to see what the first did.
    return w.size <= _SMALL and w.base is None
