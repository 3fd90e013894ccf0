"""What a step updates, gathered: parameters with the same formula and numbers are run together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..storage import KNOWN, storage_of
from .blocks import program_of, update
from .calls import Calls
from .fused import native_update

__all__ = ["Batch"]


class Batch:
    """The updates of a group's step, in their order.

    Parameters
    ----------
    fused : bool or None
        Whether they are to be run as machine code; None: where that pays.
    """

    __slots__ = ("fused", "repeated", "runs")

    def __init__(self, fused: bool | None) -> None:
        self.fused = fused
        #: Once it was run: what does the same for other gradients, if there is such a thing.
        self.repeated: Any = None
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
            native: Any = native_update(program, kind, members, self.fused)
            rest = members
            if native is not None or kind.kind == "f":
                ready, rest = _parted(members, _made_ready)
                again = native.repeated if native is not None else partial(
                    Calls, program, kind, waits=self.fused is None
                )  # fmt: skip
                known = again(ready)
                known([arrays[1] for arrays in ready], scalars.values())
                if len(self.runs) == 1 and not rest:
                    self.repeated = known
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


def _made_ready(arrays: list[Any]) -> bool:
    """Whether arrays can be updated as they are; the gradient is copied if it can't be."""
    shape, kind = arrays[0].shape, arrays[0].dtype
    for i, a in enumerate(arrays):
        if a.dtype is kind and a.flags.carray and a.shape == shape:
            continue
        if i != 1 or a.shape != shape:
            return False
        arrays[1] = np.require(a, kind, ["C", "A"])
    return True
