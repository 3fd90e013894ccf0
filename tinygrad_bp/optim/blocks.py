"""Runs an update formula in place, block by block.

A formula such as ``w − lr · m / (√v + ε)`` over whole parameters would make a temporary as large as
the parameter for each operation, and every one of them would travel through main memory. So a
formula is run once on symbols, which writes down its NumPy calls; these are then run on blocks that
fit into the cache, with results going into a few scratch arrays or straight into what they replace.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

__all__ = ["BLOCK", "Program", "fill", "program_of", "real_line", "update"]

#: Bytes that the arrays of a block have together: they are to fit a second-level cache.
BLOCK = 5 << 18


class _Symbol(NDArrayOperatorsMixin):
    """An array or a scalar in a formula that is being written down."""

    __slots__ = ("number", "trace")

    def __init__(self, trace: _Trace, number: int) -> None:
        self.trace, self.number = trace, number

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or kwargs:
            return NotImplemented
        trace = self.trace
        operands = [x if isinstance(x, _Symbol) else trace.constant(x) for x in inputs]
        result = _Symbol(trace, -1 - len(trace.calls))  # negative: the result of that call
        trace.calls.append((ufunc, operands))
        return result


class _Trace:
    """What is written down: the calls of a formula, and the numbers in its text."""

    def __init__(self, n_inputs: int) -> None:
        self.calls: list[tuple[np.ufunc, list[_Symbol]]] = []
        self.constants: list[float] = []
        self.n_inputs = n_inputs

    def constant(self, value: float) -> _Symbol:
        self.constants.append(value)
        return _Symbol(self, self.n_inputs + len(self.constants) - 1)


class Program:
    """The NumPy calls of a formula.

    Registers hold, in this order, the arrays, the scalars, the constants, the scratch arrays.

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

    Attributes
    ----------
    calls : list of (ufunc, int, int, int)
        A function, the registers of its operands (−1: there is no second one), and of the result.
    n_arrays, n_scalars, n_scratch : int
        How many registers there are of a kind.
    constants : list of float
        What the registers between the scalars and the scratch arrays hold.
    """

    __slots__ = ("calls", "constants", "n_arrays", "n_scalars", "n_scratch", "run_block")

    def __init__(self, formula: Callable[..., Any], n_arrays: int, scalars: tuple[str, ...],
                 flags: tuple[str, ...]) -> None:  # fmt: skip
        trace = _Trace(n_arrays + len(scalars))
        arrays = [_Symbol(trace, i) for i in range(n_arrays)]
        numbers = {name: _Symbol(trace, n_arrays + i) for i, name in enumerate(scalars)}
        results = formula(*arrays, **numbers, **dict.fromkeys(flags, True))
        targets = [0, *range(2, n_arrays)]  # the gradient, array 1, has no new value
        written = trace.calls
        first = trace.n_inputs + len(trace.constants)
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
        self.calls, self.constants = calls, trace.constants
        self.n_arrays, self.n_scalars, self.n_scratch = n_arrays, len(scalars), used
        self.run_block = _function(calls, trace, used)

    def run(self, arrays: list[Any], scalars: Any, scratch: list[Any]) -> None:
        """Update flat arrays of one length and dtype, in place."""
        n = arrays[0].size
        length = scratch[0].size if scratch else n
        if n <= length:
            self.run_block(n, *arrays, *scalars, *scratch)
            return
        for start in range(0, n, length):
            end = min(start + length, n)
            self.run_block(end - start, *[a[start:end] for a in arrays], *scalars, *scratch)

    def scratch(self, kind: np.dtype[Any]) -> list[Any]:
        """Make scratch arrays, of the length of a block."""
        length = max(BLOCK // ((self.n_arrays + self.n_scratch) * kind.itemsize), 1)
        return [np.empty(length, kind) for _ in range(self.n_scratch)]


def _function(calls: list[Any], trace: _Trace, n_scratch: int) -> Callable[..., None]:
    """Compile the calls: a parameter for each register, but for the constants, after the length."""
    first = trace.n_inputs + len(trace.constants)
    parameters = [*range(trace.n_inputs), *range(first, first + n_scratch)]
    names: dict[str, Any] = {f"r{trace.n_inputs + i}": c for i, c in enumerate(trace.constants)}
    lines = [f"r{i} = r{i}[:n]" for i in range(first, first + n_scratch)]
    for i, (ufunc, a, b, out) in enumerate(calls):
        names[f"f{i}"] = ufunc
        lines.append(f"f{i}(r{a}, {'' if b < 0 else f'r{b}, '}out=r{out})")
    # Built from numbers alone.
    source = f"def block(n, {', '.join(f'r{i}' for i in parameters)}):\n    "
    source += "\n    ".join(lines)
    exec(source, names)
    return names["block"]  # type: ignore[no-any-return]


def real_line(array: Any) -> Any:
    """Lay an array out in one line; a complex number becomes its two real ones, as in PyTorch."""
    line = array.reshape(-1)
    if array.dtype.kind != "c":
        return line
    return np.ascontiguousarray(line).view(line.real.dtype)


def fill(array: Any, value: float) -> None:
    """Set all elements to a number; of complex ones both parts."""
    array.real[...] = value
    if array.dtype.kind == "c":
        array.imag[...] = value


_programs: dict[Any, Program] = {}
_scratch = threading.local()  # (program, dtype) -> its scratch arrays


def program_of(formula: Callable[..., Any], n_arrays: int, scalars: tuple[str, ...],
               flags: tuple[str, ...]) -> Program:  # fmt: skip
    """Return the program of a formula, written down once for its number of arrays and arguments."""
    key = (formula, n_arrays, scalars, flags)
    program = _programs.get(key)
    if program is None:
        program = _programs[key] = Program(*key)
    return program


def scratch_for(program: Program, kind: np.dtype[Any]) -> list[Any]:
    """Return this thread's scratch arrays for a program: NumPy lets other threads run in a call."""
    known: dict[Any, Any] = _scratch.__dict__
    scratch: list[Any] | None = known.get((program, kind))
    if scratch is None:
        scratch = known[program, kind] = program.scratch(kind)
    return scratch


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
    if arrays[0].dtype.kind == "c":
        lines = [real_line(array) for array in arrays]
        update(formula, lines, scalars, flags)
        for i, (array, line) in enumerate(zip(arrays, lines, strict=True)):
            if i != 1 and not np.may_share_memory(array, line):
                array[...] = line.view(array.dtype).reshape(array.shape)
        return
    program = program_of(formula, len(arrays), tuple(scalars), flags)
    kind = arrays[0].dtype
    scratch = scratch_for(program, kind)
    lines, copies = [], []
    for i, array in enumerate(arrays):
        line, own = array, False
        if array.ndim != 1:
            line = array.reshape(-1)
            own = not array.flags.c_contiguous  # then reshape had to copy
        if array.dtype != kind:
            line, own = line.astype(kind), True
        if own and i != 1:
            copies.append((array, line))
        lines.append(line)
    program.run(lines, scalars.values(), scratch)
    for array, line in copies:
        array[...] = line.reshape(array.shape)
