"""Recurrent layers as the native code runs them: forward and backward, an operation each.

They say what the operations of `rules.recurrent` and `rules.recurrent_pulls` say, with other
operands: weights in the order that the kernels read (`tiles`), the input's product inside where the
gates come of a linear layer, and the gradient of a flat output taken apart, so that nothing
is added to a part that has none. The kernels are in `recurrent_kernels`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...op import Op
from ...rules import elementwise as ew
from ...rules import recurrent as rules
from ...rules import recurrent_pulls as pulls
from ..kernels.cells import CELLS
from ..kernels.tiles import fits, panel, panels, restored, width_of
from ..program import Call, Value
from .writer import Writer

__all__ = ["PULLS", "RUNS", "lower_pull", "lower_run", "parts_added", "run", "run_back"]

#: Gives the gradients of parts, which begin at a place and have a width, of a flat output's.
Parts = Callable[[Writer, Value, list[tuple[int, int]], int], "list[Any] | None"]

#: The operations of the table that are rewritten.
RUNS = frozenset((rules.lstm, rules.gru, rules.rnn))
PULLS = frozenset((pulls.lstm_pull, pulls.gru_pull, pulls.rnn_pull))


def _layer(kind: str) -> tuple[Any, Any, dict[str, Any]]:
    """Return the operations of a kind of layer, and the attributes that tell it from others."""
    if kind in ("rnn", "relu"):
        return rules.rnn, pulls.rnn_pull, {"relu": kind == "relu"}
    return (rules.gru, pulls.gru_pull, {}) if kind == "gru" else (rules.lstm, pulls.lstm_pull, {})


def _run(x: Any, *rest: Any, kind: str, steps: int, reverse: bool, fused: bool) -> Any:
    start, bias = rest[0], rest[-1]
    states, packed = rest[: CELLS[kind].states], rest[CELLS[kind].states]
    hidden, sizes = start.shape[1], (len(start),) * steps
    columns = CELLS[kind].gates * hidden
    weight = restored(packed, columns).T
    gates = x
    if fused:
        gates = x @ restored(rest[CELLS[kind].states + 1], columns) + rest[CELLS[kind].states + 2]
    op, _, more = _layer(kind)
    own = (bias,) if kind == "gru" else ()
    return op.forward(gates, *states, weight, *own, sizes=sizes, reverse=reverse, **more)


#: x or gates, first states, panels of W_hh, then if fused those of W_ih and the bias; for a GRU the
#: other bias.
run = Op(_run, {}, name="recurrence")


def _run_back(out: Any, packed: Any, *rest: Any, kind: str, steps: int, reverse: bool) -> Any:
    cell = CELLS[kind]
    states, given = rest[: cell.states], rest[cell.states :]
    n, hidden = states[0].shape
    rows = n * steps
    g = np.zeros(out.shape, out.dtype)
    for gradient, (start, width) in zip(given, cell.outputs(hidden, rows), strict=True):
        g[start : start + rows * width] += np.reshape(
            np.broadcast_to(gradient, (rows, width)), rows * width
        )
    _, op, more = _layer(kind)
    weight = restored(packed, hidden)
    return op.forward(g, out, weight, *states, sizes=(n,) * steps, reverse=reverse, **more)


#: The forward's output, panels of W_hh as it is, first states, gradients of h and of what else is
#: read; 0 where there is none.
run_back = Op(_run_back, {}, name="recurrence_pull")


# ------------------------------------------------------------------------------- when, and of what


def _known(start: Any, weight: Any, sizes: tuple[int, ...]) -> bool:
    """Whether the kernels do it: sequences of one length, a weight that stays in the cache."""
    return (
        isinstance(start, Value) and isinstance(weight, Value) and len(set(sizes)) == 1
        and sizes[0] > 0 and start.dtype.char in "fd" and start.dtype == weight.dtype
        and fits(weight.shape, dtype=weight.dtype)
    )  # fmt: skip


def _in_panels(w: Writer, weight: Value, turned: bool) -> Value:
    depth, columns = weight.shape[::-1] if turned else weight.shape
    wide = panel(weight.dtype)
    shape = (width_of(columns, weight.dtype) // wide, depth, wide)
    return w.call(panels, (weight,), {"turned": turned}, Value("computed", shape, weight.dtype))


def lower_run(w: Writer, call: Call, args: tuple[Any, ...]) -> Value | None:
    """Write a layer's forward; None if it stays as it is."""
    kind = kind_of(call)
    cell = CELLS[kind]
    gates, *rest = args
    states, weight, own = rest[: cell.states], rest[cell.states], rest[cell.states + 1 :]
    sizes, reverse = call.attrs["sizes"], bool(call.attrs.get("reverse", False))
    if not _known(states[0], weight, sizes) or not isinstance(gates, Value):
        return None
    given: list[Any] = [gates, *states, _in_panels(w, weight, True)]
    linear = _linear(w, gates, weight)
    if linear is not None:
        given[0], turned, bias = linear
        given += [_in_panels(w, turned, False), bias]
    attrs = {"kind": kind, "steps": len(sizes), "reverse": reverse, "fused": linear is not None}
    return w.call(run, (*given, *own), attrs, Value("computed", call.out.shape, call.out.dtype))


def kind_of(call: Call) -> str:
    """Name the kind of a layer's forward or backward."""
    name = call.op.name.removesuffix("_pull")
    return "relu" if name == "rnn" and call.attrs.get("relu") else name


def _linear(w: Writer, gates: Value, weight: Value) -> tuple[Value, Value, Value] | None:
    """Find what the gates are x W + b of; None if they are something else, or W is too large."""
    made = {c.out: c for c in w.calls}
    total = made.get(gates)
    if total is None or total.op.name != "add":
        return None
    product, bias = total.args
    source = made.get(product)
    if source is None or source.op.name != "matmul" or not isinstance(bias, Value):
        return None
    if bias.shape != gates.shape[1:] or not source.out.dtype == bias.dtype == weight.dtype:
        return None
    if len(source.args[1].shape) != 2 or not fits(weight.shape, source.args[1].shape,
                                                  dtype=weight.dtype):  # fmt: skip
        return None
    return source.args[0], source.args[1], bias


def lower_pull(w: Writer, call: Call, args: tuple[Any, ...], parts: Parts) -> Value | None:
    """Write a layer's backward; None if it stays as it is. `parts` takes its gradient apart."""
    kind = kind_of(call)
    cell = CELLS[kind]
    g, out, weight, *states = args
    sizes, reverse = call.attrs["sizes"], bool(call.attrs["reverse"])
    if not _known(states[0], weight, sizes) or not isinstance(g, Value):
        return None
    rows, hidden = sum(sizes), weight.shape[1]
    given = parts(w, g, cell.outputs(hidden, rows), rows)
    if given is None:
        return None
    attrs = {"kind": kind, "steps": len(sizes), "reverse": reverse}
    operands = (out, _in_panels(w, weight, False), *states, *given)
    return w.call(run_back, operands, attrs, Value("computed", call.out.shape, call.out.dtype))


def parts_added(w: Writer, g: Value, places: list[tuple[int, int]], rows: int) -> list[Any] | None:
    """Find what was added up to the gradient of a flat output: a matrix for each part, or 0."""
    made = {c.out: c for c in w.calls}
    found: list[Any] = [0] * len(places)
    stack = [g]
    while stack:
        value = stack.pop()
        if any(value.shape == (rows * width,) == g.shape for _, width in places):
            key, x = slice(0, g.shape[0]), value  # the output has no other part
        else:
            call = made.get(value)
            if call is None or call.op.name not in ("add", "embed"):
                return None
            if call.op.name == "add":
                stack += call.operands
                continue
            key, x = call.attrs["key"], call.args[0]
        known = [
            i for i, (start, width) in enumerate(places)
            if key in (slice(start, start + rows * width), (slice(start, start + rows * width),))
        ]  # fmt: skip
        if not known or x.shape != (rows * places[known[0]][1],):
            return None
        matrix = w.reshape(x, (rows, places[known[0]][1]))
        old = found[known[0]]
        found[known[0]] = matrix if not isinstance(old, Value) else w.map(ew.add, old, matrix)
    return found
