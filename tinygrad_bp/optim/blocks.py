"""Runs an update formula in place, block by block.

A formula such as ``w − lr · m / (√v + ε)`` over whole parameters would make a temporary as large as
the parameter for each operation, and every one of them would travel through main memory. So a
formula is run once on symbols, which writes down its NumPy calls; the list is then run on blocks
that fit into the cache, with results going into a few scratch arrays or straight into what they
replace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

__all__ = ["BLOCK", "Program", "update"]

#: Elements of a block. Adam's six arrays of 32k float32 are 768 KB: they fit a second-level cache.
BLOCK = 32768


class _Symbol(NDArrayOperatorsMixin):
    """An array or a scalar in a formula that is being written down."""

    __slots__ = ("calls", "number")

    def __init__(self, calls: list[Any], number: int) -> None:
        self.calls, self.number = calls, number

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs or not all(isinstance(x, _Symbol) for x in inputs):
            return NotImplemented  # numbers reach a formula as scalars, by name
        result = _Symbol(self.calls, -1 - len(self.calls))  # negative: the result of that call
        self.calls.append((ufunc, inputs))
        return result


class Program:
    """The NumPy calls of a formula.

    Registers hold, in this order, the arrays, the scalars, the scratch arrays.

    Parameters
    ----------
    formula : callable
        ``formula(w, g, *state, **scalars, **flags) -> (w, *state)``.
    n_arrays : int
        How many arrays: w, g and the state.
    scalars : tuple of str
        Names of the scalars.
    flags : tuple of str
        Names of the arguments that are True.
    """

    __slots__ = ("calls", "n_scratch")

    def __init__(self, formula: Callable[..., Any], n_arrays: int, scalars: tuple[str, ...],
                 flags: tuple[str, ...]) -> None:  # fmt: skip
        written: list[tuple[np.ufunc, tuple[Any, ...]]] = []
        arrays = [_Symbol(written, i) for i in range(n_arrays)]
        numbers = {name: _Symbol(written, n_arrays + i) for i, name in enumerate(scalars)}
        results = formula(*arrays, **numbers, **dict.fromkeys(flags, True))
        targets = [0, *range(2, n_arrays)]  # the gradient, array 1, has no new value
        first = n_arrays + len(scalars)
        calls, free, used = [], [], 0

        last: dict[int, int] = {}  # symbol -> the last call that reads it
        for i, (_, inputs) in enumerate(written):
            for x in inputs:
                last[x.number] = i
        home = {}  # symbol -> the array it is the new value of
        for target, result in zip(targets, results, strict=True):
            home[result.number] = target
            last.setdefault(result.number, len(written))
        register = {i: i for i in range(first)}
        for i, (ufunc, inputs) in enumerate(written):
            places = [register[x.number] for x in inputs]
            mine = -1 - i
            # A scratch array that is read here for the last time may take the result.
            free += [
                register[x]
                for x in {x.number for x in inputs}
                if register[x] >= first and last[x] == i and x not in home
            ]
            target = home.get(mine, -1)
            if target >= 0 and last.get(target, -1) <= i:
                out = target  # nobody reads the old value any more
            elif free:
                out = free.pop()
            else:
                out, used = first + used, used + 1
            register[mine] = out
            a, b = places if len(places) == 2 else (*places, -1)  # -1: there is only one operand
            calls.append((ufunc, a, b, out))
        for number, target in home.items():
            if register[number] != target:
                calls.append((np.positive, register[number], -1, target))
        self.calls, self.n_scratch = calls, used

    def run(self, arrays: list[Any], scalars: Any, scratch: list[Any]) -> None:
        """Update flat arrays of one length and dtype, in place."""
        n = arrays[0].size
        if n <= BLOCK:
            self._run_block([*arrays, *scalars, *[s[:n] for s in scratch]])
            return
        for start in range(0, n, BLOCK):
            end = start + BLOCK
            if end > n:
                scratch = [s[: n - start] for s in scratch]
            self._run_block([*[a[start:end] for a in arrays], *scalars, *scratch])

    def _run_block(self, registers: list[Any]) -> None:
        for ufunc, a, b, out in self.calls:
            if b < 0:
                ufunc(registers[a], out=registers[out])
            else:
                ufunc(registers[a], registers[b], out=registers[out])


_programs: dict[Any, Program] = {}
_scratch: dict[np.dtype[Any], list[Any]] = {}


def update(
    formula: Callable[..., Any],
    arrays: list[Any],
    scalars: dict[str, float],
    flags: tuple[str, ...] = (),
) -> None:
    """Run a formula on arrays of one shape, in place.

    Parameters
    ----------
    formula : callable
        One of `formulas`.
    arrays : list of array
        w, g and the state: all but g are changed.
    scalars : dict of str to float
        Arguments that may change from step to step.
    flags : tuple of str
        Arguments that are True; those left out keep their default.
    """
    key = (formula, len(arrays), tuple(scalars), flags)
    program = _programs.get(key)
    if program is None:
        program = _programs[key] = Program(*key)
    kind = arrays[0].dtype
    scratch = _scratch.get(kind)
    if scratch is None or len(scratch) < program.n_scratch:
        scratch = _scratch[kind] = [np.empty(BLOCK, kind) for _ in range(program.n_scratch)]
    lines, copies = [], []
    for i, array in enumerate(arrays):
        line = array if array.ndim == 1 else array.reshape(-1)
        own = array.ndim > 1 and not array.flags.c_contiguous  # then reshape had to copy
        if array.dtype != kind:
            line, own = line.astype(kind), True
        if own and i != 1:
            copies.append((array, line))
        lines.append(line)
    program.run(lines, scalars.values(), scratch[: program.n_scratch])
    for array, line in copies:
        array[...] = line.reshape(array.shape)
