"""A program as text: the first part of what `step.explain()` prints.

One line for each operation, grouped into the steps that run as one loop, with the memory that each
result takes. Views take none; what stays inside of a loop takes none either.
"""

from __future__ import annotations

import math
import os
import textwrap
from collections import Counter
from typing import Any

import numpy as np

from ...source import location
from ..kernels.emit import Lowered
from ..kernels.ways import way
from ..passes.fuse import Loop, Step
from ..program import Call, Program, Value

__all__ = ["Names", "line_of", "plain_text", "program_text", "way_of"]

_PREFIX = {
    "input": "x", "state": "w", "constant": "c", "scalar": "s", "drawn": "r", "computed": "",
}  # fmt: skip

#: Columns of a page.
WIDTH = 80


class Names:
    """Short names of values: their own, else a letter and a number."""

    def __init__(self) -> None:
        self.names: dict[Value, str] = {}
        self.taken: Counter[str] = Counter()

    def __call__(self, x: Any) -> str:
        """Name a value; write a number down."""
        if not isinstance(x, Value):
            return f"{x:.6g}" if isinstance(x, float) else repr(x)
        if x.kind == "constant" and x.array is not None and x.array.size == 1:
            return f"{x.array.item():.6g}"
        if x not in self.names:
            stem = x.name or _PREFIX.get(x.kind, "") or "t"
            self.taken[stem] += 1
            plain = x.name and self.taken[stem] == 1
            self.names[x] = stem if plain else f"{stem}{self.taken[stem]}"
        return self.names[x]


def _shape(value: Value) -> str:
    kind = "" if value.dtype == "float32" else value.dtype
    return f"{kind}[{', '.join(map(str, value.shape))}]"


def size_text(n: int) -> str:
    """Write a number of bytes."""
    for unit in ("bytes", "KB", "MB"):
        if n < 10_000 or unit == "MB":
            return f"{n:,} {unit}"
        n //= 1024
    return f"{n:,} GB"


def _call(call: Call, name: Names) -> str:
    args = [name(a) for a in call.args]
    args += [f"{k}={_attribute(v)}" for k, v in call.attrs.items() if v is not False]
    return f"{name(call.out)} = {call.op.name}({', '.join(args)})"


def _attribute(value: Any) -> str:
    if isinstance(value, type | np.dtype):
        return np.dtype(value).name
    text = repr(value)
    return text if len(text) <= 24 else f"{text[:20]}…"


def _line(text: str, memory: str) -> list[str]:
    """Write an operation, with its memory to the right of it, or below where it is long."""
    lines = _wrapped(" " * 6 + text)
    if memory and len(lines[-1]) + len(memory) + 2 > WIDTH:
        lines.append("")
    lines[-1] += f"{memory:>{WIDTH - len(lines[-1])}}" if memory else ""
    return lines


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=" " * 12, break_long_words=False,
                         break_on_hyphens=False)  # fmt: skip


def _where(low: Lowered, step: Step, call: Call, name: Names) -> str:
    """Say what memory a result takes."""
    value = call.out
    base = low.places[value].base
    if base is not value:
        return f"view of {name(base)}"
    if (state := low.memory.homes.get(value)) is not None:
        return f"in {name(state)}"
    if value in low.memory.returned:
        return "returned"
    if isinstance(step, Loop) and value not in low.memory.stored:
        return ""
    return f"at {low.memory.offsets[value]:,}"


def way_of(low: Lowered, step: Step) -> str:
    """Say how a step is done."""
    if isinstance(step, Loop):
        return "loop"
    if step in low.products:
        return "BLAS" if way(low.products[step]) == "BLAS" else "kernel"
    return "kernel" if step in low.written else "NumPy"


def line_of(calls: list[Call]) -> str:
    """Return the user's line that operations come from, if it is one."""
    lines: set[Any] = {call.line for call in calls if call.line is not None}
    places = {location(line) for line in lines}
    file, number = places.pop() if len(places) == 1 else ("<several>", 0)
    # What has no file is code that was written on the way.
    return "" if file.startswith("<") else f"{os.path.basename(file)}:{number}"


def _given(program: Program, name: Names) -> list[str]:
    lines = []
    for title, values in (
        ("inputs", program.inputs),
        ("asked for in each step", program.scalars),
        ("drawn", program.draws),
    ):
        if values:
            text = f"{title}: " + ", ".join(f"{name(v)} {_shape(v)}" for v in values)
            lines += textwrap.wrap(text, WIDTH, subsequent_indent="    ")
    return lines


def program_text(program: Program, low: Lowered, name: Names) -> str:
    """Write a program down, with its fusions and its plan of memory.

    Parameters
    ----------
    program : Program
        As it was traced.
    low : Lowered
        The same after all passes.
    name : Names

    Returns
    -------
    str
    """
    lines = _given(low.program, name)
    views: dict[Value, list[Call]] = {}
    made = {c.out for step in low.steps for c in step.calls}
    for call in low.program.calls:
        if call.out not in made:
            views.setdefault(low.places[call.out].base, []).append(call)
    shown: set[Value] = set()

    def view_lines(base: Value) -> None:
        for call in views.get(base, []):
            if call.out not in shown:
                shown.add(call.out)
                lines.extend(_line(_call(call, name), f"view of {name(base)}"))

    for number, step in enumerate(low.steps):
        for call in step.calls:
            for v in call.operands:
                if low.places[v].base.kind != "computed":
                    view_lines(low.places[v].base)
        over = f" over {step.space or '()'}" if isinstance(step, Loop) else ""
        lines.append(f"{number:4}  {way_of(low, step)}{over}")
        for call in step.calls:
            text = f"{_call(call, name)} {_shape(call.out)}"
            lines += _line(text, _where(low, step, call, name))
            view_lines(call.out)
    for state, new in low.program.stores:
        if low.memory.homes.get(new) is not state and state is not new:
            lines += _line(f"at the end: {name(state)} takes {name(new)}", "")
    if low.program.outputs:
        lines.append("returns " + ", ".join(name(v) for v in low.program.outputs))
    before, after = len(program.calls), sum(len(s.calls) for s in low.steps)
    loops = [s for s in low.steps if isinstance(s, Loop)]
    fused = sum(len(s.calls) for s in loops)
    returned = sum(math.prod(v.shape) * v.dtype.itemsize for v in low.memory.returned)
    saved = low.memory.unshared - low.memory.size
    lines += [
        "",
        f"{before} operations as traced, {after} once taken apart; {fused} of them in "
        f"{len(loops)} loops,",
        f"{len(low.steps)} steps in all",
        f"memory: {size_text(low.memory.size)} in one block ({size_text(saved)} less than side by "
        "side),",
        f"{size_text(returned)} returned",
    ]
    return "\n".join(lines)


def plain_text(program: Program, name: Names, memory: int | None = None) -> str:
    """Write a program down that runs call by call; `memory` are the bytes that it keeps."""
    lines = _given(program, name)
    for number, call in enumerate(program.calls):
        lines += _wrapped(f"{number:4}  {_call(call, name)} {_shape(call.out)}")
    for state, new in program.stores:
        if state is not new:
            lines += _line(f"{name(state)} takes {name(new)}", "")
    if program.outputs:
        lines.append("returns " + ", ".join(name(v) for v in program.outputs))
    lines += ["", f"{len(program.calls)} operations, one after the other"]
    if memory is not None:
        lines.append(f"memory: {size_text(memory)} that are kept from step to step")
    return "\n".join(lines)
