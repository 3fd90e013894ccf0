"""The plain back end: each operation of a program by its forward function, one after the other.

It decides what is right: every other back end is compared with it, and with eager.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .program import Program, Value

__all__ = ["Build", "Execute", "reference"]

Array = np.ndarray[Any, Any]

#: ``execute(inputs, scalars, draws) -> outputs``; the states' memory is updated on the way.
Execute = Callable[[Sequence[Array], Sequence[float], Sequence[Array]], "list[Array]"]
Build = Callable[[Program], Execute]


def reference(program: Program) -> Execute:
    """Make a function that runs a program."""
    numbers: dict[Value, int] = {}
    fixed: list[tuple[int, Array]] = []

    def number(value: Value) -> int:
        if value not in numbers:
            numbers[value] = len(numbers)
            if value.array is not None:
                fixed.append((numbers[value], value.array))
        return numbers[value]

    given = [number(v) for v in (*program.inputs, *program.scalars, *program.draws)]
    kinds = [v.dtype for v in program.scalars]
    calls = [
        (
            call.op.run,
            [(True, number(a)) if isinstance(a, Value) else (False, a) for a in call.args],
            call.attrs,
            number(call.out),
            call.out.dtype,
            call.out.shape,
        )
        for call in program.calls
    ]
    stores = [(number(state), number(new)) for state, new in program.stores]
    outputs = [number(v) for v in program.outputs]

    def execute(inputs: Any, scalars: Any, draws: Any) -> list[Array]:
        values: list[Any] = [None] * len(numbers)
        for place, array in fixed:
            values[place] = array
        scalars = [np.asarray(x, kind) for x, kind in zip(scalars, kinds, strict=True)]
        for place, array in zip(given, (*inputs, *scalars, *draws), strict=True):
            values[place] = array
        with np.errstate(all="ignore"):
            for run, operands, attrs, out, dtype, shape in calls:
                result = run(*[values[a] if known else a for known, a in operands], **attrs)
                values[out] = np.asarray(result, dtype)
                if values[out].shape != shape:
                    raise RuntimeError(
                        f"compiled step: the result has the shape {values[out].shape}, and had "
                        f"{shape} when the step was traced"
                    )
            # What is stored may be the old memory of another state: all are read before.
            new = [values[b].copy() for _, b in stores]
            results = [values[o].copy() for o in outputs]
        for (a, _), array in zip(stores, new, strict=True):
            values[a][...] = array
        return results

    return execute
