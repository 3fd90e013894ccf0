"""What a step updates, gathered: parameters with the same formula and numbers are run together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..storage import KNOWN, storage_of
from .blocks import Program, program_of, scratch_for, update
from .fused import native_update

__all__ = ["Batch"]

#: Numbers of a parameter up to which joining it to others pays.
_SMALL = 1 << 11


class Batch:
    """The updates of a group's step, in their order.

    Parameters
    ----------
    fused : bool or None
        Whether they are to be run as machine code; None: where that pays.
    """

    __slots__ = ("fused", "native", "runs")

    def __init__(self, fused: bool | None) -> None:
        self.fused = fused
        #: Once it was run: what ran it, if that was machine code, in one.
        self.native: Any = None
        # A formula, its numbers and flags, a dtype, and the arrays of each parameter.
        self.runs: list[tuple[Any, dict[str, float], tuple[str, ...], Any, list[list[Any]]]] = []

    def add(self, formula: Any, parameter: Any, gradient: Any, state: list[Any],
            scalars: dict[str, float], flags: tuple[str, ...]) -> None:  # fmt: skip
        """Note an update: what `Optimizer._run` does at once."""
        arrays = [parameter._array, gradient._array]
        arrays += [tensor._array for tensor in state]
        kind = arrays[0].dtype
        if self.runs:
            of, numbers, with_flags, dtype, members = self.runs[-1]
            if (
                of is formula
                and (numbers is scalars or numbers == scalars)
                and with_flags == flags
                and dtype == kind
                and len(members[0]) == len(arrays)
            ):
                members.append(arrays)
                return
        self.runs.append((formula, scalars, flags, kind, [arrays]))

    def run(self) -> None:
        """Update the arrays in place."""
        for formula, scalars, flags, kind, members in self.runs:
            program = program_of(formula, len(members[0]), tuple(scalars), flags)
            native = native_update(program, kind, members, self.fused)
            rest = members
            if native is not None:
                ready, rest = _parted(members, _made_ready)
                native(ready, scalars.values())
                if len(self.runs) == 1 and not rest:
                    self.native = native
            elif len(members) > 2 and kind.kind == "f":
                small, rest = _parted(members, _is_small)
                if len({id(arrays[0]) for arrays in small}) == len(small) > 0:
                    _run_joined(program, small, scalars.values(), kind)
                else:  # one of them comes twice
                    rest = members
            for arrays in rest:
                update(formula, arrays, scalars, flags)
            for arrays in members:
                # A recorded graph that kept the old values is to notice.
                storage = KNOWN.get(id(arrays[0])) if arrays[0].base is None else None
                (storage or storage_of(arrays[0])).touch()


def _parted(members: list[list[Any]], test: Callable[[list[Any]], bool]) -> tuple[Any, Any]:
    """Return those that pass a test, and the others."""
    passed: list[list[Any]] = []
    rest: list[list[Any]] = []
    for arrays in members:
        (passed if test(arrays) else rest).append(arrays)
    return passed, rest


def _is_small(arrays: list[Any]) -> bool:
    """Whether a parameter is so small that it is quicker to copy it than to call NumPy for it."""
    w, shape = arrays[0], arrays[0].shape
    # Memory of its own: of two views of the same, the second has to see what the first did.
    return w.size <= _SMALL and w.base is None and all(a.shape == shape for a in arrays)


def _run_joined(program: Program, members: list[list[Any]], scalars: Any, kind: Any) -> None:
    """Update small parameters by NumPy's calls in one: joined to rows, and parted again."""
    sizes = [arrays[0].size for arrays in members]
    rows = [np.empty(sum(sizes), kind) for _ in members[0]]
    columns = list(zip(*members, strict=True))
    for row, column in zip(rows, columns, strict=True):
        np.concatenate(column, axis=None, out=row)
    program.run(rows, scalars, scratch_for(program, kind))
    for i, (row, column) in enumerate(zip(rows, columns, strict=True)):
        if i != 1:  # the gradient
            start = 0
            for array, size in zip(column, sizes, strict=True):
                array[...] = row[start : start + size].reshape(array.shape)
                start += size


def _made_ready(arrays: list[Any]) -> bool:
    """Whether machine code can take these arrays; the gradient is copied if it can't as it is."""
    shape, kind = arrays[0].shape, arrays[0].dtype
    for i, a in enumerate(arrays):
        if a.dtype is kind and a.flags.carray and a.shape == shape:
            continue
        if i != 1 or a.shape != shape:
            return False
        arrays[1] = np.require(a, kind, ["C", "A"])
    return True
