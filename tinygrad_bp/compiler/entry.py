"""The way into a program, and out of it: one Python function, written for each.

A small network's program takes a few microseconds, and so would a loop over its parameters. So what
is to be checked before a program is run, and put in place after it, is written out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..storage import latest, tick
from ..tensor import Tensor
from .guards import Conditions

__all__ = ["MISS", "Entry", "write_entry"]

#: What an entry returns if the program does not go for the arguments.
MISS: Any = object()

Entry = Callable[[Any, Any], Any]


def write_entry(
    conditions: Conditions,
    arguments: list[str],
    ask: Any,
    draws: list[Any],
    execute: Any,
    gradients: list[tuple[Any, Any]],
    storages: list[Any],
    rebuild: Any,
    operands: str = "",
) -> Entry:
    """Make ``entry(args, kwargs)``.

    Parameters
    ----------
    conditions : Conditions
    arguments : list of str
        Expressions for the tensors among `args` and `kwargs`, in the program's order.
    ask : callable or None
        Gives the scalars, or None.
    draws : list of callable
    execute : callable
        ``execute(inputs, scalars, draws) -> outputs``.
    gradients : list of (Tensor, Tensor or None)
        What the gradient of each tensor is afterwards.
    storages : list of Storage
        Memory that the program writes to, which recorded graphs may have kept.
    rebuild : callable or None
        Makes of the outputs what the step returns; None for a single tensor.
    operands : str
        Expressions for what it takes besides.
    """
    names, bind = conditions.names, conditions.name
    names.update(MISS=MISS, latest=latest, tick=tick, Tensor=Tensor, new=object.__new__,
                 ask=ask, draws=draws, execute=execute, rebuild=rebuild)  # fmt: skip
    lines = [f"if not ({conditions.text()}): return MISS"]
    if ask is not None:
        lines += ["scalars = ask()", "if scalars is None: return MISS"]
    inputs = "".join(f"{text}._array, " for text in arguments)
    scalars = "scalars" if ask is not None else "()"
    drawn = "[draw() for draw in draws]" if draws else "()"
    lines.append(f"outputs = execute(({inputs}), {scalars}, {drawn})")
    for tensor, gradient in gradients:
        leaf = tensor._node
        t, g = bind(tensor), bind(gradient)
        if leaf is not None and leaf.extra is not None and tensor._view is None:
            where = f"{bind(leaf.extra)}.grad"
        else:
            where = f"{t}.grad"
        lines.append(f"if {where} is not {g}: {t}.grad = {g}")
    if storages:
        lines.append("latest.at = now = tick()")
        for storage in storages:
            s = bind(storage)
            lines.append(f"{s}.version += 1; {s}.changed_at = now; {s}.exposed = None")
    if rebuild is None:
        lines += ["out = new(Tensor)", "out._array = outputs[0]", "out._node = None", "return out"]
    else:
        lines.append(f"return rebuild(outputs, ({operands}))")
    # Built from this package's own words and the reprs of strings.
    exec("def entry(args, kwargs):\n    " + "\n    ".join(lines), names)
    return names["entry"]  # type: ignore[no-any-return]
