"""The way into a program, and out of it: one Python function, written for each.

A small network's program takes a few microseconds, and so would a loop over its parameters. So what
is to be checked before a program is run, and put in place after it, is written out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from ..storage import latest, tick
from ..tensor import Tensor, wrap
from .tracing.guards import Conditions

__all__ = ["MISS", "Entry", "write_entry"]

#: What an entry returns if the program does not go for the arguments.
MISS: Any = object()

Entry = Callable[[Any, Any], Any]


def _alone() -> int:
    held = [object()]
    return sys.getrefcount(held[0])


#: What is counted of an object that only a list holds.
_ALONE = _alone()


def _letting_go(gradients: list[Any], ours: list[bool]) -> Callable[[], None]:
    """Make a function that leaves gradients to whoever has kept them, with the numbers they have.

    The program writes the next ones into the same memory, which gets tensors of its own.
    """

    def let_go() -> None:
        for i, gradient in enumerate(gradients):
            if ours[i]:
                memory = gradient._array
                gradient._array = memory.copy()
                gradients[i] = wrap(memory)

    return let_go


def write_entry(
    conditions: Conditions,
    arguments: list[str],
    ask: Any,
    draws: list[Any],
    execute: Any,
    gradients: list[tuple[Any, Any, bool]],
    storages: list[Any],
    effects: Sequence[Callable[[], Any]],
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
    gradients : list of (Tensor, Tensor or None, bool)
        What the gradient of each tensor is afterwards, and whether the program writes it anew in
        each step.
    storages : list of Storage
        Memory that the program writes to, which recorded graphs may have kept.
    effects : list of callable
        What is called after each run.
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
    names["G"] = held = [gradient for _, gradient, _ in gradients]
    after, kept = [], []
    for i, (tensor, _, ours) in enumerate(gradients):
        leaf = tensor._node
        holder = tensor
        if leaf is not None and leaf.extra is not None and tensor._view is None:
            holder = leaf.extra
        where = f"{bind(holder)}.grad"
        after.append(f"if {where} is not G[{i}]: {bind(tensor)}.grad = G[{i}]")
        if ours:
            kept.append(f"refs(G[{i}]) > {_ALONE} + ({where} is G[{i}])")
    if kept:
        names["refs"] = sys.getrefcount
        names["let_go"] = _letting_go(held, [ours for _, _, ours in gradients])
        lines.append(f"if {' or '.join(kept)}: let_go()")
    lines.append(f"outputs = execute(({inputs}), {scalars}, {drawn})")
    lines += after
    if storages:
        lines.append("latest.at = now = tick()")
        for storage in storages:
            s = bind(storage)
            lines.append(f"{s}.version += 1; {s}.changed_at = now; {s}.exposed = None")
    lines += [f"{bind(effect)}()" for effect in effects]
    if rebuild is None:
        lines += ["out = new(Tensor)", "out._array = outputs[0]", "out._node = None", "return out"]
    else:
        lines.append(f"return rebuild(outputs, ({operands}))")
    # Built from this package's own words and the reprs of strings.
    exec("def entry(args, kwargs):\n    " + "\n    ".join(lines), names)
    # Taken out, so that the function is not among its own globals: it goes when the step does.
    entry: Entry = names.pop("entry")
    return entry
