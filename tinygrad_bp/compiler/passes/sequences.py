"""Rules for stacks that are multiplied by one matrix: all their rows make one matrix, too.

A layer without a bias multiplies (batch, time, features) by its weight as a stack of products, and
the weight's gradient is a stack of products that is summed up. Of the rows of all the stack either
is a single product.
"""

from __future__ import annotations

import math

import numpy as np

from ...rules import linalg
from ...rules.shape import reshape, sum_to, transpose
from ..program import Value
from .simplify import LOWERINGS
from .writer import Writer

__all__: list[str] = []


def _in_one_piece(w: Writer, x: Value) -> bool:
    """Whether the rows of a stack lie one below the other."""
    call = w.made(x)
    return x.kind != "state" and (call is None or not call.op.view or call.op is reshape)


def _rows(w: Writer, x: Value) -> Value:
    return w.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


def _product(w: Writer, x: Value, y: Value) -> Value:
    if len(x.shape) > 2 and len(y.shape) == 2 and _in_one_piece(w, x):
        return w.reshape(w.product(_rows(w, x), y), (*x.shape[:-1], y.shape[1]))
    stack = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    down = x.shape[-2:-1] if len(x.shape) > 1 else ()
    across = y.shape[-1:] if len(y.shape) > 1 else ()
    out = Value("computed", (*stack, *down, *across), np.result_type(x.dtype, y.dtype))
    return w.call(linalg.matmul, (x, y), {}, out)


_summed = LOWERINGS[sum_to]


def _sum_to(w: Writer, x: Value, shape: tuple[int, ...]) -> Value:
    """Add the rows of a stack Σ Xᵀ G up in the product, of all its rows at once."""
    call = w.made(x)
    if call is not None and call.op is linalg.matmul and shape == x.shape[-2:] != x.shape:
        left, g = call.args
        turned = w.made(left)
        rank = len(x.shape)
        if turned is not None and turned.op is transpose and rank == len(left.shape):
            source = turned.args[0]
            swapped = tuple(turned.attrs["axes"]) == (*range(rank - 2), rank - 1, rank - 2)
            alike = source.shape[:-1] == g.shape[:-1]
            if swapped and alike and _in_one_piece(w, source) and _in_one_piece(w, g):
                return w.product(w.turned(_rows(w, source)), _rows(w, g))
    return _summed(w, x, shape)


LOWERINGS[linalg.matmul] = _product
LOWERINGS[sum_to] = _sum_to
