"""Products that begin with a bias: x y + b, where the kernel adds to something anyway.

Its sums begin with the bias in place of zero, and a pass over all of the result is saved.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...op import Op
from ...rules import elementwise as ew
from ...rules import linalg
from ..kernels.products import product_of
from ..kernels.ways import way
from ..program import Call, Program, Value
from .places import Place

__all__ = ["affine", "begin_with_bias"]


def _affine(x: Any, y: Any, bias: Any) -> Any:
    return x @ y + bias


#: A product of matrices, and a number for each of its columns.
affine = Op(_affine, {}, name="affine")

#: What is there before a step: it can be read at any time in it.
_GIVEN = ("input", "state", "constant")


def begin_with_bias(program: Program, places: dict[Value, Place]) -> None:
    """Bring products together with the biases that are added to them."""
    readers: dict[Value, list[Call]] = {}
    for call in program.calls:
        for v in call.operands:
            readers.setdefault(v, []).append(call)
    kept = {*program.outputs, *(new for _, new in program.stores)}
    instead: dict[Value, Value] = {}
    calls: list[Call] = []
    for call in program.calls:
        if call.out in instead:
            continue
        args = tuple(instead.get(a, a) if isinstance(a, Value) else a for a in call.args)
        found = Call(call.op, args, call.attrs, call.out, call.line)
        added = readers.get(call.out, [])
        if call.op is linalg.matmul and call.out not in kept:
            product = product_of(call, places)
            biases = {_bias(call.out, reader, places) for reader in added}
            bias = biases.pop() if len(biases) == 1 else None
            if bias is not None and product is not None and way(product) == "panels":
                # The sum may be there twice: for the backward pass it was to be computed again.
                outs = [reader.out for reader in added]
                instead.update((out, outs[0]) for out in outs)
                found = Call(affine, (*args, bias), {}, outs[0], added[0].line or call.line)
        calls.append(found)
    for v, place in places.items():
        if place.base in instead:
            places[v] = replace(place, base=instead[place.base])
    program.calls = calls
    program.outputs = [instead.get(v, v) for v in program.outputs]
    program.stores = [(state, instead.get(new, new)) for state, new in program.stores]


def _bias(product: Value, call: Call, places: dict[Value, Place]) -> Value | None:
    """Return what a call adds to each row of a product, if that is all it does."""
    if call.op is not ew.add or call.out.shape != product.shape or call.out.dtype != product.dtype:
        return None
    others = [a for a in call.args if a is not product]
    if len(others) != 1 or not isinstance(others[0], Value):
        return None
    bias = others[0]
    row = bias.shape == product.shape[1:] and bias.dtype == product.dtype
    place = places[bias]
    return bias if row and place.base.kind in _GIVEN and place.strides == (1,) else None
