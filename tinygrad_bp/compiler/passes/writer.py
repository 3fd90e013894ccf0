"""Writing a program call by call: what was computed before is found again, not written twice.

Every call goes through :meth:`Writer.call`, which folds constants, drops what changes nothing, and
looks the call up among those it has seen (common subexpressions). So `simplify` only has to say
what an operation is made of.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...op import Op
from ...rules import elementwise as ew
from ...rules import linalg, reduce, shape
from ..kernels.elements import ELEMENTS
from ..program import Call, Value

__all__ = ["Writer"]

_SMALL = 4096  # elements up to which a constant is worth computing beforehand

#: Operations that two operands may change places in.
_SYMMETRIC = frozenset((ew.add, ew.multiply, ew.maximum, ew.minimum))


def _frozen(thing: Any) -> Any:
    """Give something hashable that is equal for equal attributes only."""
    if isinstance(thing, dict):
        return tuple((k, _frozen(v)) for k, v in sorted(thing.items()))
    if isinstance(thing, tuple | list):
        return (type(thing).__name__, *map(_frozen, thing))
    if isinstance(thing, slice):
        return ("slice", thing.start, thing.stop, thing.step)
    # 0.0 and -0.0, 1 and 1.0 and True are equal to Python, and are not the same here.
    return (type(thing).__name__, repr(thing)) if isinstance(thing, int | float) else thing


def number(x: Any) -> Any:
    """Return the Python number that an operand is, if it is a constant one; else None."""
    if isinstance(x, Value):
        if x.kind == "constant" and x.array is not None and not x.shape:
            return x.array.item()
        return None
    return x


class Writer:
    """The calls of a new program.

    Parameters
    ----------
    by_rows : bool
        Whether what is done element by element to reshaped rows of a matrix is done to the matrix.
        A layer on (batch, time, features) multiplies a matrix; so what follows can be one loop with
        what the matrix comes from and goes to.
    """

    def __init__(self, by_rows: bool = False) -> None:
        self.calls: list[Call] = []
        self._by_rows = by_rows
        self._shaped: dict[Value, Value] = {}  # -> what it is another shape of
        self._views: set[Value] = set()
        self._known: dict[Any, Value] = {}
        self._constants: dict[Any, Value] = {}

    def constant(self, array: Any) -> Value:
        """Give the value that always is this array; equal small ones are one value."""
        array = np.asarray(array)
        key = (array.dtype, array.shape, array.tobytes()) if array.size <= 64 else id(array)
        if key not in self._constants:
            self._constants[key] = Value("constant", array.shape, array.dtype, array)
        return self._constants[key]

    def call(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any], out: Value,
             line: Any = None) -> Value:  # fmt: skip
        """Write ``out = op(*args, **attrs)``; return the value that holds the result.

        That is `out`, or another one that is equal to it.
        """
        if op is shape.reshape and args[0] in self._shaped:
            args = (self._shaped[args[0]],)
        same: Value | None = _unchanged(op, args, attrs, out)
        if same is not None:
            return same
        if self._by_rows and op in ELEMENTS and len(out.shape) > 2:
            rows = self._in_rows(op, args, attrs, out, line)
            if rows is not None:
                return rows
        values = [a for a in args if isinstance(a, Value)]
        if all(v.kind == "constant" for v in values) and math.prod(out.shape) <= _SMALL:
            arrays = [a.array if isinstance(a, Value) else a for a in args]
            with np.errstate(all="ignore"):
                return self.constant(np.asarray(op.forward(*arrays, **attrs)))
        ids = [id(a) if isinstance(a, Value) else _frozen(a) for a in args]
        if op in _SYMMETRIC:
            ids.sort(key=str)
        try:
            key = (op, tuple(ids), _frozen(attrs), out.dtype)
            known = self._known.setdefault(key, out)
        except TypeError:  # an attribute that can't be a key, a function say
            known = out
        if known is out:
            self.calls.append(Call(op, args, attrs, out, line))
            if op is shape.reshape:
                self._shaped[out] = args[0]
            elif op.view:
                self._views.add(out)
        return known

    def made(self, value: Any) -> Call | None:
        """Return the call that a value comes from; None if it was given."""
        return next((c for c in reversed(self.calls) if c.out is value), None)

    def _in_rows(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any], out: Value,
                 line: Any) -> Value | None:  # fmt: skip
        """Write an operation on each element as one on a matrix, if an operand comes from one."""
        matrix = (math.prod(out.shape[:-1]), out.shape[-1])
        values = [a for a in args if isinstance(a, Value)]
        if not any(v in self._shaped and self._shaped[v].shape == matrix for v in values):
            return None
        if any(v in self._views or v.shape not in (out.shape, out.shape[-1:], ()) for v in values):
            return None
        # A state is written over by what has its own shape only.
        if any(v.shape == out.shape and v.kind in ("state", "constant") for v in values):
            return None
        args = tuple(
            self.reshape(a, matrix) if isinstance(a, Value) and a.shape == out.shape else a
            for a in args
        )
        found = self.call(op, args, attrs, Value("computed", matrix, out.dtype), line)
        return self.reshape(found, out.shape)

    # ------------------------------------------------- the operations that others are made of

    def map(self, op: Op, *args: Any, dtype: Any = None, **attrs: Any) -> Value:
        """Write an operation on each element; its shape and dtype follow from the operands."""
        values = [a for a in args if isinstance(a, Value)]
        whole = np.broadcast_shapes(*[v.shape for v in values])
        kind = np.result_type(*[v.dtype for v in values]) if dtype is None else np.dtype(dtype)
        return self.call(op, args, attrs, Value("computed", whole, kind))

    def reduce(self, op: Op, x: Value, axis: int | tuple[int, ...] | None,
               keepdims: bool = False) -> Value:  # fmt: skip
        """Write a sum, or an extreme."""
        whole = range(len(x.shape)) if axis is None else (axis,) if isinstance(axis, int) else axis
        axes = {a % len(x.shape) for a in whole}
        kept = tuple(
            1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes
        )
        if all(x.shape[i] == 1 for i in axes):
            return self.reshape(x, kept)
        attrs = {"axis": tuple(sorted(axes)), "keepdims": keepdims}
        return self.call(op, (x,), attrs, Value("computed", kept, x.dtype))

    def sum(self, x: Value, axis: Any = None, keepdims: bool = False) -> Value:
        """Write a sum."""
        return self.reduce(reduce.sum, x, axis, keepdims)

    def reshape(self, x: Value, to: tuple[int, ...]) -> Value:
        """Write a change of shape."""
        out = Value("computed", to, x.dtype)
        return self.call(shape.reshape, (x,), {"shape": to}, out)

    def turned(self, x: Value) -> Value:
        """Write the transpose of a matrix."""
        out = Value("computed", x.shape[::-1], x.dtype)
        return self.call(shape.transpose, (x,), {"axes": (1, 0)}, out)

    def product(self, x: Value, y: Value) -> Value:
        """Write a product of matrices."""
        out = Value("computed", (x.shape[0], y.shape[1]), np.result_type(x.dtype, y.dtype))
        return self.call(linalg.matmul, (x, y), {}, out)


def _unchanged(op: Op, args: tuple[Any, ...], attrs: dict[str, Any], out: Value) -> Any:
    """Return the operand that the result is equal to, number by number, if there is one."""
    first = args[0] if args else None

    def fits(x: Any) -> bool:
        return isinstance(x, Value) and x.shape == out.shape and x.dtype == out.dtype

    if op in (ew.multiply, ew.divide) and fits(first) and number(args[1]) == 1:
        return first
    if op is ew.multiply and fits(args[1]) and number(first) == 1:
        return args[1]
    # x + 0 is not x where x is −0; but no number that is compared or used differs.
    if op in (ew.subtract, ew.add) and fits(first) and number(args[1]) == 0:
        return first
    if op in (shape.copy, ew.positive, shape.cast, shape.reshape, shape.broadcast_to) and fits(
        first
    ):
        return first
    if op is shape.transpose and fits(first) and attrs["axes"] == tuple(range(len(out.shape))):
        return first
    if op in (reduce.sum, shape.sum_to) and fits(first):
        return first if op is shape.sum_to or not attrs.get("axis", (0,)) else None
    return None
