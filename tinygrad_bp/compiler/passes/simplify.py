"""From the table's operations to a few: composites are taken apart, what nobody reads is dropped.

`linear` becomes a product and a sum with the bias, a loss the calls that its forward makes. What
forward and backward have in common (softmax, differences) is then written once, and the rest fuses
with its neighbours. Each line here repeats in calls what the operation's forward says in NumPy;
`tests/compiler` holds one to the other. The numbers stay those of eager, to rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ...op import Op
from ...rules import attention, gelu, index, layer_norm, linalg, loss, reduce, rows, shape
from ...rules import elementwise as ew
from ...rules.index import slice_
from ..kernels.recurrent_kernels import PULLS, RUNS, lower_pull, lower_run, parts_added
from ..program import Call, Program, Value
from .writer import Writer, number

__all__ = ["WHOLE", "simplify"]

Lowering = Callable[..., Value]
LOWERINGS: dict[Op, Lowering] = {}


def _lowers(*ops: Op) -> Callable[[Lowering], Lowering]:
    def note(lowering: Lowering) -> Lowering:
        LOWERINGS.update(dict.fromkeys(ops, lowering))
        return lowering

    return note


@_lowers(linalg.linear)
def _linear(w: Writer, x: Value, weight: Value, bias: Value) -> Value:
    flat = x if len(x.shape) == 2 else w.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))
    product = w.map(ew.add, w.product(flat, w.turned(weight)), bias)
    return w.reshape(product, (*x.shape[:-1], weight.shape[0]))


@_lowers(reduce.mean)
def _mean(w: Writer, x: Value, axis: Any = None, keepdims: Any = False) -> Value:
    total = w.sum(x, axis, bool(keepdims))
    n = math.prod(x.shape) // max(math.prod(total.shape), 1)
    return w.map(ew.divide, total, n)


@_lowers(reduce.sum)
def _sum(w: Writer, x: Value, axis: Any = None, keepdims: Any = False) -> Value:
    return w.sum(x, axis, bool(keepdims))


@_lowers(reduce.amax)
def _amax(w: Writer, x: Value, axis: Any = None, keepdims: Any = False) -> Value:
    return w.reduce(reduce.amax, x, axis, bool(keepdims))


@_lowers(reduce.amin)
def _amin(w: Writer, x: Value, axis: Any = None, keepdims: Any = False) -> Value:
    return w.reduce(reduce.amin, x, axis, bool(keepdims))


@_lowers(shape.sum_to)
def _sum_to(w: Writer, x: Value, shape: tuple[int, ...]) -> Value:
    lead = len(x.shape) - len(shape)
    repeated = [i + lead for i, n in enumerate(shape) if n == 1 and x.shape[i + lead] != 1]
    axes = (*range(lead), *repeated)
    return w.reshape(w.sum(x, axes), shape) if axes else w.reshape(x, shape)


@_lowers(reduce.full_like)
def _full_like(w: Writer, x: Value, value: float) -> Value:
    filled = w.constant(np.full((), value, x.dtype))
    out = Value("computed", x.shape, x.dtype)
    return w.call(shape.broadcast_to, (filled,), {"shape": x.shape}, out)


@_lowers(ew.square)
def _square(w: Writer, x: Value) -> Value:
    return w.map(ew.multiply, x, x)


@_lowers(ew.leaky_relu)
def _leaky_relu(w: Writer, x: Value, slope: float) -> Value:
    return w.map(ew.where, w.map(ew.greater, x, 0, dtype=bool), x, w.map(ew.multiply, x, slope),
                 dtype=x.dtype)  # fmt: skip


@_lowers(ew.clip)
def _clip(w: Writer, x: Value, lower: Any, upper: Any) -> Value:
    return w.map(ew.minimum, w.map(ew.maximum, x, lower), upper)


@_lowers(ew.clip_constant)
def _clip_constant(w: Writer, x: Value, lower: Any, upper: Any) -> Value:
    if lower is not None:
        x = w.map(ew.maximum, x, lower)
    return x if upper is None else w.map(ew.minimum, x, upper)


@_lowers(ew.silu)
def _silu(w: Writer, x: Value) -> Value:
    return w.map(ew.divide, x, w.map(ew.add, w.map(ew.exp, w.map(ew.negative, x)), 1))


@_lowers(ew.invert)
def _invert(w: Writer, x: Value) -> Value:
    return w.map(ew.logical_not, x)


@_lowers(loss.mean_squared_error)
def _mean_squared_error(w: Writer, x: Value, y: Value) -> Value:
    difference = w.map(ew.subtract, x, y)
    return w.map(ew.divide, w.sum(w.map(ew.multiply, difference, difference)), math.prod(x.shape))


# --------------------------------------------------------------------------- rows and softmax


def _softened(w: Writer, x: Value, axis: int) -> tuple[Value, Value, Value]:
    """Write z = x − max x, e^z and Σ e^z."""
    z = w.map(ew.subtract, x, w.reduce(reduce.amax, x, axis, True))
    e = w.map(ew.exp, z)
    return z, e, w.sum(e, axis, True)


@_lowers(loss.softmax)
def _softmax(w: Writer, x: Value, axis: int) -> Value:
    _, e, total = _softened(w, x, axis)
    return w.map(ew.divide, e, total)


@_lowers(loss.log_softmax)
def _log_softmax(w: Writer, x: Value, axis: int) -> Value:
    z, _, total = _softened(w, x, axis)
    return w.map(ew.subtract, z, w.map(ew.log, total))


def _hot(w: Writer, x: Value, y: Value, dtype: Any) -> Value:
    out = Value("computed", x.shape, np.dtype(dtype))
    return w.call(loss.one_hot, (y,), {"classes": x.shape[1], "dtype": np.dtype(dtype)}, out)


@_lowers(loss.softmax_cross_entropy)
def _cross_entropy(w: Writer, x: Value, y: Value) -> Value:
    z, _, total = _softened(w, x, 1)
    # Chosen, not multiplied: −∞ · 0 would be NaN.
    chosen = w.sum(w.map(ew.gate, _hot(w, x, y, bool), z, dtype=x.dtype), 1)
    losses = w.map(ew.subtract, w.map(ew.log, w.reshape(total, chosen.shape)), chosen)
    return w.map(ew.divide, w.sum(losses), y.shape[0])


@_lowers(loss.softmax_error)
def _softmax_error(w: Writer, x: Value, y: Value) -> Value:
    _, e, total = _softened(w, x, 1)
    return w.map(ew.subtract, w.map(ew.divide, e, total), _hot(w, x, y, x.dtype))


@_lowers(loss.negative_log_likelihood)
def _nll(w: Writer, x: Value, y: Value) -> Value:
    chosen = w.map(ew.gate, _hot(w, x, y, bool), x, dtype=x.dtype)
    return w.map(ew.divide, w.sum(chosen), -y.shape[0])


@_lowers(rows.row_dot)
def _row_dot(w: Writer, x: Value, y: Value) -> Value:
    return w.sum(w.map(ew.multiply, x, y), -1, True)


@_lowers(rows.softmax_pull)
def _softmax_pull(w: Writer, gradient: Value, y: Value, scale: float = 1.0) -> Value:
    along = w.sum(w.map(ew.multiply, gradient, y), -1, True)
    pulled = w.map(ew.multiply, w.map(ew.subtract, gradient, along), y)
    return w.map(ew.multiply, pulled, scale)


@_lowers(attention.attention_weights)
def _attention_weights(w: Writer, x: Value, bias: Any, scale: float) -> Value:
    scores = w.map(ew.multiply, x, scale)
    if number(bias) != 0:
        scores = w.map(ew.add, scores, bias, dtype=x.dtype)
    top = w.reduce(reduce.amax, scores, -1, True)
    if number(bias) != 0:
        # A row that is forbidden altogether has weights of 0: −∞ − 0 is −∞, and 0 / 1 is 0.
        forbidden = w.map(ew.equal, top, -math.inf, dtype=bool)
        top = w.map(ew.where, forbidden, 0, top, dtype=x.dtype)
    e = w.map(ew.exp, w.map(ew.subtract, scores, top))
    total = w.sum(e, -1, True)
    if number(bias) != 0:
        total = w.map(ew.where, forbidden, 1, total, dtype=x.dtype)
    return w.map(ew.divide, e, total)


def _centred(w: Writer, x: Value, eps: float) -> tuple[Value, Value]:
    """Write x − mean x, and 1 / √(variance + ε), for each row."""
    n = x.shape[-1]
    centred = w.map(ew.subtract, x, w.map(ew.divide, w.sum(x, -1, True), n))
    variance = w.map(ew.divide, w.sum(w.map(ew.multiply, centred, centred), -1, True), n)
    return centred, w.map(ew.reciprocal, w.map(ew.sqrt, w.map(ew.add, variance, eps)))


def _matrix(w: Writer, x: Value) -> Value:
    return w.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


@_lowers(layer_norm.layer_norm)
def _layer_norm(w: Writer, x: Value, weight: Any, bias: Any, eps: float) -> Value:
    centred, s = _centred(w, _matrix(w, x), eps)
    out = w.map(ew.add, w.map(ew.multiply, w.map(ew.multiply, centred, s), weight), bias)
    return w.reshape(out, x.shape)


def _layer_norm_pull(w: Writer, gradient: Value, x: Value, weight: Any,
                     eps: float) -> tuple[Value, Value, Value]:  # fmt: skip
    """Write dx (a matrix of rows), dw and db."""
    g, x = _matrix(w, gradient), _matrix(w, x)
    centred, s = _centred(w, x, eps)
    n = x.shape[1]
    z = w.map(ew.multiply, centred, s)
    gz, h = w.map(ew.multiply, g, z), w.map(ew.multiply, g, weight)
    average = w.map(ew.divide, w.sum(h, -1, True), n)
    along = w.map(ew.divide, w.sum(w.map(ew.multiply, h, z), -1, True), n)
    rest = w.map(ew.subtract, w.map(ew.subtract, h, average), w.map(ew.multiply, z, along))
    return w.map(ew.multiply, rest, s), w.sum(gz, 0), w.sum(g, 0)


@_lowers(layer_norm.layer_norm_pull)
def _layer_norm_pulled(w: Writer, gradient: Value, x: Value, weight: Any, eps: float) -> Value:
    dx, dw, db = _layer_norm_pull(w, gradient, x, weight, eps)
    rows, n = dx.shape
    parts = (dx, w.reshape(dw, (1, n)), w.reshape(db, (1, n)))
    out = Value("computed", (rows + 2, n), dx.dtype)
    return w.call(index.concatenate, parts, {"axis": 0}, out)


@_lowers(gelu.gelu_slope)
def _gelu_slope(w: Writer, x: Value, y: Value) -> Value:
    density = w.map(ew.exp, w.map(ew.multiply, w.map(ew.multiply, x, x), -0.5))
    density = w.map(ew.multiply, w.map(ew.multiply, density, 1 / math.sqrt(2 * math.pi)), x)
    flat = w.map(ew.equal, x, 0, dtype=bool)
    share = w.map(ew.where, flat, 0.5, w.map(ew.divide, y, x), dtype=x.dtype)
    return w.map(ew.add, share, density)


# ------------------------------------------------------------------------------- the pass itself


#: Operations that `attention` looks for, before they are taken apart.
WHOLE = frozenset((attention.attention_weights, rows.softmax_pull))


def simplify(program: Program, whole: frozenset[Op] = frozenset()) -> Program:
    """Take composites apart, compute constants, write what is alike once, drop what is not read.

    Operations of `whole` stay as they are.
    """
    w = Writer(by_rows=True)
    now: dict[Value, Value] = {}  # of the given program -> of the new one
    pulled: dict[Value, tuple[Value, Value, Value]] = {}
    parted = _only_parts_read(program)
    for call in program.calls:
        args = tuple(now.get(a, a) if isinstance(a, Value) else a for a in call.args)
        args = tuple(
            w.constant(a.array) if isinstance(a, Value) and a.kind == "constant" else a
            for a in args
        )
        # Of fewer arrays the others are numbers, which that function holds.
        chosen = call.op.name == "numpy_where" and len(args) == 3
        op = ew.where if chosen else call.op
        first = len(w.calls)
        if call.out in parted:
            gradient, x, weight = args
            pulled[call.out] = _layer_norm_pull(w, gradient, x, weight, call.attrs["eps"])
        elif call.args and call.args[0] in pulled:
            now[call.out] = pulled[call.args[0]][_PARTS.index(_key(call))]
        elif op not in whole and (run := _recurrence(w, call, args)) is not None:
            now[call.out] = run
        elif (lowering := LOWERINGS.get(call.op)) is not None and op not in whole and _plain(call):
            now[call.out] = lowering(w, *args, **call.attrs)
        else:
            now[call.out] = w.call(op, args, call.attrs, call.out, call.line)
        for made in w.calls[first:]:
            made.line = call.line
    new = Program(list(program.inputs), list(program.scalars), list(program.draws), w.calls)
    new.stores = [(state, now.get(v, v)) for state, v in program.stores]
    new.outputs = [now.get(v, v) for v in program.outputs]
    new.drop_unread()
    return new


def _recurrence(w: Writer, call: Call, args: tuple[Any, ...]) -> Value | None:
    """Write a recurrent layer for the kernels that there are; None for what is none."""
    if call.op in RUNS:
        return lower_run(w, call, args)
    return lower_pull(w, call, args, parts_added) if call.op in PULLS else None


#: Where `layer_norm_pull` lays dx, dw and db.
_PARTS = (slice(None, -2), -2, -1)


def _key(call: Call) -> Any:
    key = call.attrs["key"]
    return key[0] if isinstance(key, tuple) and len(key) == 1 else key


def _only_parts_read(program: Program) -> set[Value]:
    """Find the results of `layer_norm_pull` of which nothing but those parts is read."""
    found = {c.out for c in program.calls if c.op is layer_norm.layer_norm_pull}
    found -= {v for _, v in program.stores} | set(program.outputs)
    for call in program.calls:
        if call.op is not slice_ or _key(call) not in _PARTS:
            found.difference_update(call.operands)
    return found


def _plain(call: Call) -> bool:
    """Whether the loops know these dtypes, and there is something to loop over."""
    values = [*call.operands, call.out]
    if call.op is ew.invert:
        return call.out.dtype.kind == "b"
    return all(v.dtype.char in "fd?lqib" and math.prod(v.shape) for v in values) and (
        call.out.dtype.kind == "f" or call.op in (reduce.amax, reduce.amin, shape.sum_to)
    )
