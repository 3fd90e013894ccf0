"""One operation alone as machine code, for steps that are not compiled (see `rules.native`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...expr import Expr, parts, symbol
from ...op import Op
from ...rules.recurrent_steps import cut
from ..passes.recurrences import PULLS, RUNS, lower_pull, lower_run
from ..passes.writer import Writer
from ..program import Call, Program, Value
from .native import NativeStep, NotHereError

__all__ = ["kernel", "pull_kernel"]

#: The memory in which all of these kernels work: one runs at a time.
_room: list[Any] = [np.empty(0, np.uint8)]


def kernel(op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Callable[..., Any] | None:
    """Compile one call of the table's; None if there is no kernel for it here.

    Parameters
    ----------
    op : Op
    operands : tuple of ndarray
        Of the shapes and dtypes that it is compiled for.
    attrs : dict

    Returns
    -------
    callable
        ``run(operands) -> [ndarray]``.

    Raises
    ------
    NotHereError
        Where native code can't be run.
    """
    values = [_given(x) for x in operands]
    result = op.forward(*operands, **attrs)
    out = Value("computed", result.shape, result.dtype)
    call, w = Call(op, tuple(values), attrs, out), Writer()
    made: Value | None = out
    if op in PULLS:
        made = lower_pull(w, call, call.args, _of_states)
    elif op in RUNS:
        made = lower_run(w, call, call.args)
    else:
        w.calls.append(call)
    if made is None:
        return None
    step = NativeStep(Program(inputs=values, calls=w.calls, outputs=[made]))
    (returned,) = step.lowered.program.outputs
    if (returned.shape, returned.dtype) != (out.shape, out.dtype):
        return None

    return _runner(step)


def pull_kernel(rules: Callable[..., Any], g: Any, kept: tuple[Any, ...],
                attrs: dict[str, Any]) -> Callable[..., Any] | None:  # fmt: skip
    """Compile the rules of an operation's inputs; None if some of it is left to NumPy.

    Parameters
    ----------
    rules : callable
        ``rules(g, kept, attrs) -> gradients``.
    g, kept, attrs
        As in a call: of the shapes and dtypes that it is compiled for.

    Returns
    -------
    callable
        ``run([g, *arrays that are kept]) -> list of ndarray``.
    """
    symbols = [symbol("g", g)]
    for x in kept:
        if type(x) is np.ndarray:
            symbols.append(symbol(f"x{len(symbols)}", x))
    arrays = iter(symbols[1:])
    pulled = rules(symbols[0], tuple(next(arrays) if type(x) is np.ndarray else x for x in kept),
                   attrs)  # fmt: skip
    return _runner(NativeStep(_program(symbols, pulled)))


def _program(symbols: list[Expr], formulas: Sequence[Expr]) -> Program:
    """Write formulas as a program of what they are made of."""
    values = {s: _given(s.value) for s in symbols}
    program = Program(inputs=list(values.values()))

    def operand(x: Any) -> Any:
        if isinstance(x, Expr):
            return values[x]
        if isinstance(x, np.ndarray | np.generic):
            array = np.asarray(x)
            return Value("constant", array.shape, array.dtype, array)
        return x

    for formula in formulas:
        for part in parts(formula):
            if part.op is not None and part not in values:
                out = Value("computed", part.value.shape, part.value.dtype)
                args = tuple(operand(x) for x in part.args)
                program.calls.append(Call(part.op, args, part.attrs, out))
                values[part] = out
        program.outputs.append(values[formula])
    return program


def _given(x: Any) -> Value:
    """Write an operand down as it lies in memory."""
    if not x.dtype.isnative:
        raise NotHereError("numbers of another processor's byte order")
    steps = None if x.flags.c_contiguous else tuple(s // x.itemsize for s in x.strides)
    return Value("input", x.shape, x.dtype, strides=steps)


def _runner(step: NativeStep) -> Callable[..., Any] | None:
    if not all(isinstance(entry, str) for entry in step.entries):  # some of it is NumPy's
        return None
    places = step.lowered.places
    if any(places[v].base.kind != "computed" for v in step.lowered.program.outputs):
        return None

    return step.alone(_room)


def _of_states(w: Writer, g: Value, places: list[tuple[int, int]], rows: int) -> list[Value]:
    """Cut the gradients of the states out of a flat one; that of what lies before them is 0."""
    found = []
    for start, width in places:
        out = Value("computed", (rows, width), g.dtype)
        found.append(w.call(cut, (g,), {"start": start, "shape": (rows, width)}, out))
    return found
