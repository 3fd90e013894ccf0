"""A program as text: what `step.explain()` prints.

One line for each operation, grouped into the steps that run as one loop, with the memory that each
result takes. Views take none; what stays inside of a loop takes none either.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from .emit import Lowered, lower
from .fuse import Loop, Step
from .program import Call, Program, Value

__all__ = ["program_text"]

_PREFIX = {
    "input": "x", "state": "w", "constant": "c", "scalar": "s", "drawn": "r", "computed": "",
}  # fmt: skip


class _Names:
    """Short names of values: their own, else a letter and a number."""

    def __init__(self) -> None:
        self.names: dict[Value, str] = {}
        self.taken: Counter[str] = Counter()

    def __call__(self, x: Any) -> str:
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
    return f"{value.dtype}[{', '.join(map(str, value.shape))}]"


def _size(n: int) -> str:
    for unit in ("bytes", "KB", "MB"):
        if n < 10_000 or unit == "MB":
            return f"{n:,} {unit}"
        n //= 1024
    return f"{n:,} GB"


def _call(call: Call, name: _Names) -> str:
    args = [name(a) for a in call.args]
    args += [f"{k}={v}" for k, v in call.attrs.items() if v is not False]
    return f"{name(call.out)} = {call.op.name}({', '.join(args)})"


def _where(low: Lowered, step: Step, call: Call, name: _Names) -> str:
    """Say what memory a result takes."""
    value = call.out
    base = low.places[value].base
    if base is not value:
        return f"view of {name(base)}"
    if (state := low.memory.homes.get(value)) is not None:
        return f"in place of {name(state)}"
    if value in low.memory.returned:
        return "returned"
    if isinstance(step, Loop) and value not in low.memory.stored:
        return ""
    return f"at {low.memory.offsets[value]:,}"


def program_text(program: Program, lowered: Lowered | None = None) -> str:
    """Write a program down, with its fusions and its plan of memory.

    Parameters
    ----------
    program : Program
        As it was traced.
    lowered : Lowered, optional
        The same after all passes, if that is at hand.

    Returns
    -------
    str
    """
    low = lowered or lower(program)
    name, lines = _Names(), []
    for title, values in (
        ("inputs", low.program.inputs),
        ("asked for in each step", low.program.scalars),
        ("drawn", low.program.draws),
    ):
        if values:
            lines.append(f"{title}: " + ", ".join(f"{name(v)} {_shape(v)}" for v in values))
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
                lines.append(f"         {_call(call, name):<64} view of {name(base)}")

    for number, step in enumerate(low.steps):
        for call in step.calls:
            for v in call.operands:
                if low.places[v].base.kind != "computed":
                    view_lines(low.places[v].base)
        if isinstance(step, Loop):
            lines.append(f"{number:4}  loop over {step.space or '()'}")
        else:
            way = "BLAS" if step in low.products and not low.products[step].small else "kernel"
            native = step in low.products or step in low.written
            lines.append(f"{number:4}  {way if native else 'NumPy'}")
        for call in step.calls:
            text = f"         {_call(call, name)} {_shape(call.out)}"
            lines.append(f"{text:<78} {_where(low, step, call, name)}".rstrip())
            view_lines(call.out)
    for state, new in low.program.stores:
        if low.memory.homes.get(new) is not state and state is not new:
            lines.append(f"      at the end: {name(state)} takes {name(new)}")
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
        f"{len(loops)} loops, {len(low.steps)} steps in all",
        f"memory: {_size(low.memory.size)} in one block ({_size(saved)} less than side by side), "
        f"{_size(returned)} returned",
    ]
    return "\n".join(lines)
