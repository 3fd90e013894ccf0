"""A recurrent layer alone, forward or backward, as machine code for steps that are not compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..op import Op
from ..rules.recurrent_steps import cut
from .native import NativeStep, NotHereError
from .program import Call, Program, Value
from .recurrences import PULLS, lower_pull, lower_run
from .writer import Writer

__all__ = ["layer"]


def layer(op: Op, operands: tuple[Any, ...], attrs: dict[str, Any]) -> Callable[..., Any] | None:
    """Compile one call of the table's; None if there are no kernels for it here.

    Parameters
    ----------
    op : Op
        A recurrence, or the gradient of one.
    operands : tuple of ndarray
        Of the shapes and dtypes that it is compiled for.
    attrs : dict

    Returns
    -------
    callable
        ``run(operands) -> ndarray``. Its memory is used again once nobody holds it.
    """
    values = [Value("input", x.shape, x.dtype) for x in operands]
    out = Value("computed", op.forward(*operands, **attrs).shape, operands[0].dtype)
    call, w = Call(op, tuple(values), attrs, out), Writer()
    if op in PULLS:
        made = lower_pull(w, call, call.args, _of_states)
    else:
        made = lower_run(w, call, call.args)
    if made is None:
        return None
    try:
        step = NativeStep(Program(inputs=values, calls=w.calls, outputs=[made]))
    except NotHereError:
        return None
    return lambda arrays: step(arrays)[0]


def _of_states(w: Writer, g: Value, places: list[tuple[int, int]], rows: int) -> list[Value]:
    """Cut the gradients of the states out of a flat one; that of what lies before them is 0."""
    found = []
    for start, width in places:
        out = Value("computed", (rows, width), g.dtype)
        found.append(w.call(cut, (g,), {"start": start, "shape": (rows, width)}, out))
    return found
