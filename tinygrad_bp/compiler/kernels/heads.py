"""Operations of attention, and their kernels: what happens to one head after the other.

The weights of a head are kept turned, a row for each key and a column for each query. The softmax
over the keys then goes down columns, whole vectors of queries at a time, without a sum across a
vector. Where a query sees no later keys, only the rows up to its own are computed.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ...op import Op
from ...rules import rows
from ..passes.places import Place, contiguous
from ..program import Call, Value
from .moves import MOVES, Written
from .products import CALLS, Matrix, leading, matrix_of
from .shares import parts_for

__all__ = ["attend", "attend_pull", "lanes", "part", "strides_in"]

#: Numbers of float32 in the widest vector.
LANES = 16


def lanes(n: int) -> int:
    """Return how long a row of weights is in memory: whole vectors."""
    return -(-n // LANES) * LANES


def _part(x: Any, *, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    wide = x.dtype.itemsize
    return np.ndarray(shape, x.dtype, x, offset * wide, [s * wide for s in strides])


def _attend(a: Any, b: Any, *rest: Any, scale: float, causal: bool, order: tuple[int, ...],
            kept: bool) -> Any:  # fmt: skip
    """Give softmax(scale · a b + bias) v, its axes in memory in this order.

    Before it come the weights, if they are kept: turned, in rows of whole vectors.
    """
    bias, v = rest if len(rest) == 2 else (None, *rest)
    weights = rows.softmax_rows(a @ b, 0.0, scale, bias)
    out = (weights @ v).transpose(order).reshape(-1)
    if not kept:
        return out
    *stack, n, m = weights.shape
    turned = np.zeros((*stack, m, lanes(n)), weights.dtype)
    turned[..., :n] = weights.swapaxes(-1, -2)
    return np.concatenate([turned.reshape(-1), out])


def _attend_pull(x: Any, y: Any, packed: Any, *others: Any, scale: float, causal: bool,
                 products: tuple[tuple[bool, bool, bool], ...],
                 layout: tuple[tuple[int, tuple[int, ...], tuple[int, ...]], ...],
                 size: int) -> Any:  # fmt: skip
    """Give products with the weights that `attend` kept, or with the gradient of its scores.

    The gradient of the weights is x y. Of each product it is said whether it is with the weights
    themselves, whether these are on the left, and whether they are turned.
    """
    slope = x @ y
    *stack, n, m = slope.shape
    kept = packed[: math.prod(stack) * m * lanes(n)].reshape(*stack, m, lanes(n))
    weights = kept[..., :n].swapaxes(-1, -2)
    pulled = rows.softmax_pull(slope, weights, scale=scale)
    out = np.zeros(size, slope.dtype)
    for (with_weights, left, turned), where, other in zip(products, layout, others, strict=True):
        chosen = weights if with_weights else pulled
        chosen = chosen.swapaxes(-1, -2) if turned else chosen
        offset, extents, strides = where
        target = _part(out, offset=offset, shape=extents, strides=strides)
        target[...] = chosen @ other if left else other @ chosen
    return out


attend = Op(_attend, {}, name="attend")
attend_pull = Op(_attend_pull, {}, name="attend_pull")
part = Op(_part, {}, name="part", view=True)


def strides_in(extents: tuple[int, ...], order: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of an array whose axes lie in memory in this order, without gaps."""
    steps = contiguous(tuple(extents[i] for i in order))
    return tuple(steps[order.index(i)] for i in range(len(order)))


#: Nanoseconds for each pair of a query and a key, about: products and an exponential.
_COST = {"float32": 2.0, "float64": 6.0}


def _turned(x: Matrix) -> Matrix:
    return replace(x, shape=x.shape[::-1], steps=x.steps[::-1])


class _Heads:
    """The kernel for a stack of heads, with n queries and m keys each."""

    def __init__(self, call: Call, places: dict[Value, Place], stack: tuple[int, ...], n: int,
                 m: int) -> None:  # fmt: skip
        self.w = Written(blas=True, stem="attend")
        self.out, self.places, self.stack, self.n, self.m = call.out, places, stack, n, m
        self.row = lanes(n)
        self.kind = "float32" if call.out.dtype.char == "f" else "float64"
        # The longest axis is the outermost loop, which threads share.
        self.axes = sorted(range(len(stack)), key=lambda i: -stack[i])
        self.w.extent = stack[self.axes[0]] if stack else 0
        cost = math.prod(stack) * n * m * _COST[self.kind]
        self.w.parts = parts_for(cost, self.w.extent) if stack else 1
        self.lines: list[str] = []

    def operand(self, v: Value, turned: bool = False) -> Matrix:
        """Show an operand where it lies."""
        x = matrix_of(v, self.places[v], self.stack, column=False)
        return _turned(x) if turned else x

    def laid(self, base: Value, offset: int, extents: tuple[int, ...],
             strides: tuple[int, ...]) -> Matrix:  # fmt: skip
        """Show a result where it is to lie."""
        *stack, rows, columns = strides
        return Matrix(base, base, offset, (extents[-2], extents[-1]), (rows, columns), tuple(stack))

    def weights(self, base: Value) -> Matrix:
        """Show the turned weights at the beginning of what `attend` wrote."""
        whole = self.m * self.row
        steps = [whole * math.prod(self.stack[i + 1 :]) for i in range(len(self.stack))]
        return Matrix(base, base, 0, (self.m, self.n), (self.row, 1), tuple(steps))

    def scratch(self) -> Matrix:
        """Ask for memory for turned weights of one head."""
        base = Value("scratch", (self.w.parts, self.m, self.row), self.out.dtype)
        self.w.scratch.append(base)
        return Matrix(base, base, 0, (self.m, self.n), (self.row, 1), (0,) * len(self.stack))

    def start(self, x: Matrix) -> str:
        """Write where a head's matrix begins."""
        terms = [f"s{i} * {step}" for i, step in enumerate(x.stack) if step]
        if x.base in self.w.scratch and self.w.parts > 1:
            terms.append(f"part * {self.m * self.row}")
        return " + ".join([*([str(x.offset)] if x.offset or not terms else []), *terms])

    def product(self, a: Matrix, b: Matrix, c: Matrix) -> bool:
        """Write a product; say if BLAS can do it."""
        if c.steps[1] != 1:
            a, b, c = _turned(b), _turned(a), _turned(c)
        kinds = leading(a), leading(b), leading(c)
        if kinds[0] is None or kinds[1] is None or kinds[2] is None or kinds[2][0]:
            return False
        (turn_a, lda), (turn_b, ldb), (_, ldc) = kinds[0], kinds[1], kinds[2]
        _, name, slot = CALLS["f" if self.kind == "float32" else "d"]
        at = [f"at({self.w.pointer(x.base)}, {self.start(x)})" for x in (a, b, c)]
        self.lines.append(
            f"{name}(table[{slot}], {int(turn_a)}, {int(turn_b)}, {c.shape[0]}, {c.shape[1]}, "
            f"{a.shape[1]}, {at[0]}, {lda}, {at[1]}, {ldb}, {self.kind}(0), {at[2]}, {ldc})"
        )
        return True

    def begin(self) -> None:
        """Begin a loop over all columns, a vector of them at a time."""
        self.lines.append(f"for first in range(0, {self.row}, {LANES}):")

    def each(self, *lines: str) -> None:
        """Do something for each of these columns."""
        self.lines += [f"    for i in range({LANES}):", *(f"        {line}" for line in lines)]

    def down(self, bounds: str, *lines: str) -> None:
        """Do something for each of these columns and for rows, one after the other."""
        self.lines += [f"    for j in range({bounds}):", f"        for i in range({LANES}):"]
        self.lines += [f"            {line}" for line in lines]

    def element(self, x: Matrix) -> str:
        """Write an element of turned weights."""
        return f"{self.w.pointer(x.base)}[{self.start(x)} + j * {self.row} + first + i]"

    def vector(self) -> str:
        """Ask for a number for each of these columns; write one of them."""
        mine = f"part * {LANES} + " if self.w.parts > 1 else ""
        return f"{self.w.table((self.w.parts, LANES), self.out)}[{mine}i]"

    def written(self) -> Written:
        """Close the loops around the heads."""
        pad = ""
        lines: list[str] = []
        for i in self.axes:
            shared = self.w.parts > 1 and not lines
            lines.append(f"{pad}for s{i} in range({'lo, hi' if shared else self.stack[i]}):")
            pad += "    "
        self.w.lines = lines + [pad + line for line in self.lines]
        return self.w


def _bias(heads: _Heads, v: Value) -> str:
    """Write the bias of a score."""
    x = heads.operand(v)
    down, right = (
        0 if extent == 1 else step for extent, step in zip(x.shape, x.steps, strict=True)
    )
    # What lies beyond the last query is of no use, and must not be read.
    query = "(first + i)" if heads.row == heads.n else f"smaller(first + i, {heads.n - 1})"
    return f"{heads.w.pointer(x.base)}[{heads.start(x)} + {query} * {down} + j * {right}]"


def _attention(call: Call, places: dict[Value, Place]) -> Written | None:
    a, b, *bias, v = call.args
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    heads = _Heads(call, places, stack, a.shape[-2], b.shape[-1])
    kind, causal, kept = heads.kind, call.attrs["causal"], call.attrs["kept"]
    weights = heads.weights(call.out) if kept else heads.scratch()
    if not heads.product(heads.operand(b, True), heads.operand(a, True), weights):
        return None
    w, top, total = heads.element(weights), heads.vector(), heads.vector()
    lowest = f"{kind}(-inf)"
    score = f"{w} * {kind}({call.attrs['scale']!r})"
    if bias and not causal:
        score += f" + {_bias(heads, bias[0])}"
    seen = f"smaller(first + {LANES}, {heads.m})" if causal else str(heads.m)
    hidden = [f"x = x if first + i >= j else {lowest}"] * causal
    heads.begin()
    heads.each(f"{top} = {lowest}", f"{total} = {kind}(0)")
    # NaN is not found here, but makes all of its column NaN by its exponential.
    heads.down(seen, f"x = {score}", *hidden, f"{w} = x", f"y = {top}",
               f"{top} = x if x > y else y")  # fmt: skip
    # A query that sees no key at all has weights of 0: e^(-inf - 0) / 1.
    heads.each(f"y = {top}", f"{top} = {kind}(0) if y == {lowest} else y")
    heads.down(seen, f"x = exp{kind[-2:]}({w} - {top})", f"{w} = x", f"{total} = {total} + x")
    heads.each(f"y = {total}", f"{total} = {kind}(1) / ({kind}(1) if y == 0 else y)")
    heads.down(seen, f"{w} = {w} * {total}")
    if causal:
        heads.down(f"{seen}, {heads.m}", f"{w} = {kind}(0)")
    extents = (*stack, heads.n, v.shape[-1])
    begin = math.prod(stack) * heads.m * heads.row if kept else 0
    out = heads.laid(call.out, begin, extents, strides_in(extents, call.attrs["order"]))
    return heads.written() if heads.product(_turned(weights), heads.operand(v), out) else None


def _pull(call: Call, places: dict[Value, Place]) -> Written | None:
    x, y, packed, *others = call.args
    stack = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    heads = _Heads(call, places, stack, x.shape[-2], y.shape[-1])
    weights, slope, kind = heads.weights(packed), heads.scratch(), heads.kind
    if not heads.product(heads.operand(y, True), heads.operand(x, True), slope):
        return None
    w, g, along = heads.element(weights), heads.element(slope), heads.vector()
    causal = call.attrs["causal"]
    seen = f"smaller(first + {LANES}, {heads.m})" if causal else str(heads.m)
    heads.begin()
    heads.each(f"{along} = {kind}(0)")
    heads.down(seen, f"{along} = {along} + {g} * {w}")
    heads.down(seen, f"{g} = ({g} - {along}) * {w} * {kind}({call.attrs['scale']!r})")
    if causal:
        heads.down(f"{seen}, {heads.m}", f"{g} = {kind}(0)")
    for (with_weights, left, turned), where, other in zip(
        call.attrs["products"], call.attrs["layout"], others, strict=True
    ):
        chosen = weights if with_weights else slope
        pair = (chosen if turned else _turned(chosen), heads.operand(other))
        if not heads.product(*(pair if left else pair[::-1]), heads.laid(call.out, *where)):
            return None
    return heads.written()


MOVES[attend] = _attention
MOVES[attend_pull] = _pull
