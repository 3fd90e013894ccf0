"""What our own code asks of the arguments in Python, asked again before every step.

The labels of a loss are looked at, whether all are classes: the program goes for the answer that
was given when it was traced. So few calls are not worth machine code, but are written out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..program import Program, Value

__all__ = ["question"]


def question(program: Program) -> Callable[[Sequence[np.ndarray[Any, Any]]], Any]:
    """Make a function of the inputs that computes the program's only output."""
    texts: dict[Value, str] = {v: f"inputs[{i}]" for i, v in enumerate(program.inputs)}
    names: dict[str, Any] = {"errstate": np.errstate}

    def written(operand: Any) -> str:
        known = isinstance(operand, Value)
        if not known or operand not in texts:
            name = f"x{len(names)}"
            names[name] = operand.array if known else operand
            if not known:
                return name
            texts[operand] = name
        return texts[operand]

    lines = []
    for i, call in enumerate(program.calls):
        given = [written(a) for a in call.args]
        names[f"f{i}"], names[f"k{i}"] = call.op.run, call.attrs
        lines.append(f"v{i} = f{i}({', '.join([*given, f'**k{i}'])})")
        texts[call.out] = f"v{i}"
    lines.append(f"return {written(program.outputs[0])}")
    if any(v.dtype.kind in "fc" for call in program.calls for v in call.operands):
        lines = ["with errstate(all='ignore'):", *("    " + line for line in lines)]
    # Built from numbers and this file's own words.
    exec("def asked(inputs):\n    " + "\n    ".join(lines), names)
    asked: Callable[[Sequence[np.ndarray[Any, Any]]], Any] = names.pop("asked")
    return asked
