"""Rules for planes: what is done before a pool is done after it, where there is less of it.

With top = max_pool(x): relu and the largest element may change places, for both go up with x; and
a gradient may be gated by `top` before it is laid down in the planes, for it is laid where x is
`top`. So a ReLU between a convolution and a pool never touches a plane. Where all of a window is
negative the winner may be another one, but nothing comes to it.
"""

from __future__ import annotations

from typing import Any

from ...rules import conv, pool
from ...rules import elementwise as ew
from ..program import Call, Value
from .simplify import LOWERINGS
from .writer import Writer

__all__: list[str] = []


def _made_by(op: Any, w: Writer, value: Any) -> Call | None:
    """Return the call that made a value, if it is one of this operation."""
    call = w.made(value)
    return call if call is not None and call.op is op else None


def _max_pool(w: Writer, x: Value, **how: Any) -> Value:
    size, rank = tuple(how["size"]), len(how["size"])
    relu = _made_by(ew.relu, w, x)
    source = x if relu is None else relu.args[0]
    out = Value("computed", (*x.shape[:-rank], *size), x.dtype)
    top = w.call(pool.max_pool, (source,), how, out)
    return top if relu is None else w.map(ew.relu, top)


def _gate(w: Writer, condition: Value, x: Value) -> Value:
    laid = _made_by(pool.place_largest, w, x)
    if laid is None or laid.args[1] is not condition:
        return w.map(ew.gate, condition, x, dtype=x.dtype)
    y, plane, top = laid.args
    y = w.map(ew.gate, top, y, dtype=y.dtype)
    relu, relu_top = _made_by(ew.relu, w, plane), _made_by(ew.relu, w, top)
    pooled = relu_top and _made_by(pool.max_pool, w, relu_top.args[0])
    if relu and relu_top and pooled and pooled.args[0] is relu.args[0]:
        plane, top = relu.args[0], relu_top.args[0]
    out = Value("computed", x.shape, x.dtype)
    return w.call(pool.place_largest, (y, plane, top), laid.attrs, out)


def _channel_sums(w: Writer, x: Value) -> Value:
    laid = _made_by(pool.place_largest, w, x)
    if laid is not None and len(laid.args[0].shape) == len(x.shape):
        x = laid.args[0]  # each element of it is laid down once
    return w.sum(x, (0, *range(2, len(x.shape))))


LOWERINGS.update({pool.max_pool: _max_pool, ew.gate: _gate, conv.channel_sums: _channel_sums})
