"""Attention as one operation: products, softmax and products, head by head.

What autograd records are a product of queries and keys, a softmax, and a product with the values;
and as many again for the gradients. Done one after the other each walks through memory that a head
does not need: here the matrices of one head stay in the cache. `gather` finds these calls by what
they read of one another and puts `attend` and `attend_pull` of `heads` in their place. Each of them
lays all its results side by side in one array, of which `part` shows one.

The gradients of query, key and value are often put together again at once, in the array that all
three were cut out of. Then that is what `attend_pull` writes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...rules import attention, index, linalg, rows, shape
from ...rules import elementwise as ew
from ..kernels.heads import attend, attend_pull, lanes, part, strides_in
from ..program import Call, Program, Value
from .places import contiguous
from .writer import number

__all__ = ["gather"]


class _Graph:
    """Who makes and who reads what."""

    def __init__(self, program: Program) -> None:
        self.made = {c.out: c for c in program.calls}
        self.number = {c.out: i for i, c in enumerate(program.calls)}
        self.readers: dict[Value, list[Call]] = {}
        for call in program.calls:
            for v in call.operands:
                self.readers.setdefault(v, []).append(call)
        self.pinned = {v for pair in program.stores for v in pair} | set(program.outputs)

    def only(self, value: Value) -> Call | None:
        """Return the one call that reads a value, if there is one, and nobody else does."""
        found = self.readers.get(value, [])
        return found[0] if len(found) == 1 and value not in self.pinned else None

    def uses(self, value: Value, turned: bool = False) -> Iterator[tuple[Call, Value, bool]]:
        """List who reads a matrix: also its transpose, and whether it is that."""
        for call in self.readers.get(value, []):
            rank = len(value.shape)
            last = (*range(rank - 2), rank - 1, rank - 2)
            if call.op is shape.transpose and tuple(call.attrs["axes"]) == last:
                yield from self.uses(call.out, not turned)
            else:
                yield call, value, turned

    def order(self, value: Value) -> tuple[int, ...]:
        """Return in which order its axes had best lie in memory: as its reader turns them."""
        found = tuple(range(len(value.shape)))
        order, reader = found, self.only(value)
        while reader is not None and reader.op is shape.transpose:
            order = tuple(order[i] for i in reader.attrs["axes"])
            reader = self.only(reader.out)
        # The rows of a matrix, or its columns, have to stay in one piece.
        return order if order[-1] in found[-2:] else found


@dataclass
class _Product:
    """A product with the weights, or with the gradient of the scores."""

    call: Call
    with_weights: bool
    left: bool
    turned: bool

    @property
    def other(self) -> Value:
        """The other operand."""
        value: Value = self.call.args[self.left]
        return value


@dataclass
class _Found:
    """The calls of one attention."""

    scores: Call
    weights: Call
    forward: Call
    slope: Call | None
    pull: Call | None
    products: list[_Product]


def _products(graph: _Graph, value: Value, with_weights: bool) -> list[_Product] | None:
    found = []
    for call, name, turned in graph.uses(value):
        if call.op is not linalg.matmul or call.args[0] is call.args[1]:
            return None
        left = call.args[0] is name
        if call.out.shape[:-2] != value.shape[:-2] or len(call.args[left].shape) < 2:
            return None
        found.append(_Product(call, with_weights, left, turned))
    return found


def _find(graph: _Graph, weights: Call) -> _Found | None:
    """Find the other calls of an attention; None if somebody else reads what is between them."""
    scores, out = graph.made.get(weights.args[0]), weights.out
    if scores is None or scores.op is not linalg.matmul or graph.only(scores.out) is not weights:
        return None
    values = [*scores.operands, *weights.operands]
    if (
        out in graph.pinned
        or out.dtype.char not in "fd"
        or {v.dtype for v in values} != {out.dtype}
    ):
        return None
    if number(weights.args[1]) != 0 and not getattr(weights.args[1], "shape", ()):
        return None
    if len(out.shape) < 3 or min(len(v.shape) for v in scores.operands) < 2:
        return None
    pulls = [c for c, v, _ in graph.uses(out) if c.op is rows.softmax_pull and v is c.args[1]]
    others = [c for c in graph.readers[out] if c not in pulls]
    slope = None
    if pulls:
        slope = graph.made.get(pulls[0].args[0])
        if slope is None or slope.op is not linalg.matmul or len(pulls) > 1:
            return None
        if graph.only(slope.out) is not pulls[0] or pulls[0].out in graph.pinned:
            return None
        if number(pulls[0].attrs["scale"]) != weights.attrs["scale"]:
            return None
    graph.readers[out] = others
    products = _products(graph, out, True)
    if not products:
        return None
    forward = min(products, key=lambda p: graph.number[p.call.out])
    if not forward.left or forward.turned:
        return None
    products.remove(forward)
    pulled = _products(graph, pulls[0].out, False) if pulls else []
    if pulled is None or (products and not pulls):
        return None
    return _Found(scores, weights, forward.call, slope, pulls[0] if pulls else None,
                  products + pulled)  # fmt: skip


def _is_causal(bias: Any, n: int, m: int) -> bool:
    if not isinstance(bias, Value) or bias.kind != "constant" or bias.shape != (n, m):
        return False
    return np.array_equal(bias.array, np.triu(np.full((n, m), -np.inf), 1))  # type: ignore[arg-type]


def _view(packed: Value, out: Value, offset: int, strides: tuple[int, ...]) -> Call:
    return Call(part, (packed,), {"offset": offset, "shape": out.shape, "strides": strides}, out)


def _forward(graph: _Graph, found: _Found) -> list[Call]:
    (a, b), (_, bias) = found.scores.args, found.weights.args
    out = found.forward.out
    *stack, n, m = found.weights.out.shape
    kept = math.prod(stack) * m * lanes(n) if found.pull else 0
    packed = Value("computed", (kept + math.prod(out.shape),), out.dtype)
    attrs = {"scale": found.weights.attrs["scale"], "causal": _is_causal(bias, n, m),
             "order": graph.order(out), "kept": bool(kept)}  # fmt: skip
    masked = () if number(bias) == 0 else (bias,)
    call = Call(attend, (a, b, *masked, found.forward.args[1]), attrs, packed, found.forward.line)
    return [call, _view(packed, out, kept, strides_in(out.shape, attrs["order"]))]


Layout = list[tuple[int, tuple[int, ...], tuple[int, ...]]]


def _side_by_side(graph: _Graph, outs: list[Value]) -> tuple[Layout, int]:
    layout: Layout = []
    size = 0
    for v in outs:
        layout.append((size, v.shape, strides_in(v.shape, graph.order(v))))
        size += lanes(math.prod(v.shape))
    return layout, size


def _joined(graph: _Graph, outs: list[Value]) -> tuple[Layout, Value] | None:
    """Find the sum in which results are laid into one array, and where each of them lies there."""
    chains: list[list[Call]] = []
    for v in outs:
        chain, reader = [], graph.only(v)
        while reader is not None and reader.op in (shape.transpose, shape.reshape):
            chain.append(reader)
            reader = graph.only(reader.out)
        if reader is None or reader.op is not index.embed:
            return None
        chains.append([*chain, reader])
    laid = {chain[-1].out for chain in chains}
    root, top = chains[0][-1].out, graph.only(chains[0][-1].out)
    covered = {root}
    while top is not None and top.op is ew.add and covered != laid:
        root = top.out
        covered = set(_summands(graph, root))
        top = graph.only(root)
    if covered != laid or len(laid) != len(outs):
        return None
    count = np.zeros(root.shape, np.int8)
    for chain in chains:
        count[chain[-1].attrs["key"]] += 1
    if root.shape != chains[0][-1].out.shape or not (count == 1).all():
        return None
    memory = np.empty(root.shape, root.dtype)  # untouched: only asked for addresses
    layout: Layout = []
    for v, chain in zip(outs, chains, strict=True):
        shown = memory[chain[-1].attrs["key"]]
        for call in reversed(chain[:-1]):
            if call.op is shape.transpose:
                shown = shown.transpose(np.argsort(call.attrs["axes"]))
                continue
            try:
                shown = np.reshape(shown, call.args[0].shape, copy=False)
            except ValueError:
                return None
        wide = memory.itemsize
        if wide not in shown.strides[-2:]:
            return None
        begin = shown.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
        layout.append((begin // wide, v.shape, tuple(s // wide for s in shown.strides)))
    return layout, root


def _summands(graph: _Graph, value: Value) -> Iterator[Value]:
    call = graph.made.get(value)
    if call is not None and call.op is ew.add and all(isinstance(a, Value) for a in call.args):
        for v in call.operands:
            yield from _summands(graph, v)
    else:
        yield value


def _backward(
    graph: _Graph, found: _Found, packed: Value, causal: bool
) -> tuple[list[Call], int] | None:
    """Write the gradients, and say before which call."""
    assert found.slope is not None
    outs = [p.call.out for p in found.products]
    joined = _joined(graph, outs)
    if joined is not None:
        layout, root = joined
        size, results = math.prod(root.shape), [root]
    else:
        (layout, size), results = _side_by_side(graph, outs), outs
    x, y = found.slope.args
    attrs = {
        "scale": found.weights.attrs["scale"], "causal": causal, "layout": tuple(layout),
        "size": size,
        "products": tuple((p.with_weights, p.left, p.turned) for p in found.products),
    }  # fmt: skip
    pulled = Value("computed", (size,), x.dtype)
    others = [p.other for p in found.products]
    call = Call(attend_pull, (x, y, packed, *others), attrs, pulled, found.slope.line)
    ready = max(graph.number.get(v, -1) for v in (x, y, found.forward.out, *others))
    mine = {p.call for p in found.products}
    first = min(
        (graph.number[c.out] for v in results for c in graph.readers.get(v, []) if c not in mine),
        default=len(graph.number),
    )
    if first <= ready:
        return None
    if joined is not None:
        return [call, _view(pulled, root, 0, contiguous(root.shape))], first
    views = [
        _view(pulled, v, offset, strides)
        for v, (offset, _, strides) in zip(outs, layout, strict=True)
    ]
    return [call, *views], first


def gather(program: Program) -> None:
    """Put `attend` and `attend_pull` in the place of the calls that they consist of."""
    for weights in [c for c in program.calls if c.op is attention.attention_weights]:
        graph = _Graph(program)
        found = _find(graph, weights)
        if found is None:
            continue
        before: dict[int, list[Call]] = {}
        forward = _forward(graph, found)
        if found.pull is not None:
            backward = _backward(graph, found, forward[0].out, forward[0].attrs["causal"])
            if backward is None:
                continue
            before[backward[1]] = backward[0]
        before.setdefault(graph.number[found.forward.out], []).extend(forward)
        new = {c.out for added in before.values() for c in added}
        calls: list[Call] = []
        for i, call in enumerate([*program.calls, None]):
            calls += before.get(i, [])
            if call is not None and call.out not in new:
                calls.append(call)
        program.calls = calls
        program.drop_unread()
