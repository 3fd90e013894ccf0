"""Expr: an array that remembers the formula it was computed by.

The third reader of the rule table. A rule that is run on formulas gives the formula of a gradient,
with its value: every operation of the table that meets an `Expr` is computed at once, and noted.

>>> import numpy as np
>>> from tinygrad_bp.rules.elementwise import exp
>>> x = symbol("x", np.array([0.0, 1.0]))
>>> y = exp(x) * 2
>>> y
Expr(multiply(exp(x), 2))
>>> y.value
array([2.        , 5.43656366])
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import numpy as np

from .arrays import Size
from .dispatch import ArrayMethods
from .dtype import dtype, of_numpy
from .op import SPEAKERS, Op

__all__ = ["Expr", "apply", "evaluate", "parts", "replace", "same", "symbol", "value_of"]

_DEEPEST = 12  # levels of a formula that its repr shows
_NO_ATTRS: dict[str, Any] = {}


class Expr(ArrayMethods):
    """A formula that knows its shape and its value: a symbol, or an operation on formulas.

    Attributes
    ----------
    op : Op or None
        The operation; None for a symbol.
    args : tuple
        Its operands: formulas, numbers, or arrays without a name.
    attrs : dict
        Its static arguments.
    value : ndarray
        What it amounts to, for the values that the symbols have.
    name : str
        Of a symbol; "" for an operation.
    """

    __slots__ = ("__weakref__", "args", "attrs", "name", "op", "value")

    op: Op | None
    args: tuple[Any, ...]
    attrs: dict[str, Any]
    value: np.ndarray[Any, Any]
    name: str

    def __init__(self, *_: Any, **__: Any) -> None:
        raise TypeError("a formula is made by symbol(name, value), or by an operation on formulas")

    @property
    def shape(self) -> Size:
        """The lengths of the axes."""
        return Size(self.value.shape)

    @property
    def dtype(self) -> dtype:
        """The type of the elements."""
        return of_numpy(self.value.dtype)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.value.ndim

    @property
    def _array(self) -> np.ndarray[Any, Any]:
        # What the functions of the table read where a tensor's elements decide, such as an index.
        return self.value

    def __repr__(self) -> str:
        return f"Expr({_spelled(self)})"

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a rule may not branch on a value: it is read as a formula too. Write np.where(…), or "
            "branch on shapes"
        )

    def __float__(self) -> NoReturn:
        raise TypeError(
            "a rule may not turn an operand into a number: it is read as a formula too. Use "
            "operations of the table"
        )

    __int__ = __index__ = __float__


def _make(op: Op | None, args: Any, attrs: dict[str, Any], value: Any, name: str) -> Expr:
    made = object.__new__(Expr)
    made.op, made.args, made.attrs, made.name = op, args, attrs, name
    made.value = np.asarray(value)
    return made


def symbol(name: str, value: Any) -> Expr:
    """Make a formula that is a name alone, and stands for this value."""
    return _make(None, (), _NO_ATTRS, value, name)


def apply(op: Op, args: tuple[Any, ...], attrs: dict[str, Any] = _NO_ATTRS) -> Expr:
    """Run an operation of the table on operands of which at least one is a formula; note it."""
    values = [value_of(a) for a in args]
    with np.errstate(all="ignore"):
        value = op.forward(*values, **attrs)
    return _make(op, tuple(args), dict(attrs), value, "")


SPEAKERS[Expr] = apply


def value_of(operand: Any) -> Any:
    """Return what an operand amounts to: of a formula its value, of a number itself."""
    return operand.value if isinstance(operand, Expr) else operand


def parts(formula: Expr) -> Iterator[Expr]:
    """Yield a formula and all formulas inside, each once, operands before what is made of them."""
    seen: set[int] = set()
    stack = [(formula, False)]
    while stack:
        part, done = stack.pop()
        if done:
            yield part
        elif id(part) not in seen:
            seen.add(id(part))
            stack.append((part, True))
            stack.extend((a, False) for a in reversed(part.args) if isinstance(a, Expr))


def evaluate(formula: Expr, values: Mapping[str, Any] | None = None) -> np.ndarray[Any, Any]:
    """Compute a formula again, operation by operation, from what its symbols stand for.

    Parameters
    ----------
    formula : Expr
    values : mapping of str to array, optional
        Other values for some symbols, by their names.

    Examples
    --------
    >>> x = symbol("x", 3.0)
    >>> float(evaluate(x * x)), float(evaluate(x * x, {"x": 5.0}))
    (9.0, 25.0)
    """
    found: dict[int, Any] = {}
    given = values or {}
    with np.errstate(all="ignore"):
        for part in parts(formula):
            if part.op is None:
                found[id(part)] = np.asarray(given.get(part.name, part.value))
            else:
                operands = [found[id(a)] if isinstance(a, Expr) else a for a in part.args]
                found[id(part)] = np.asarray(part.op.forward(*operands, **part.attrs))
    result: np.ndarray[Any, Any] = found[id(formula)]
    return result


def replace(formula: Expr, which: Mapping[int, Any]) -> Any:
    """Put other formulas in place of some parts, by the ``id`` of the part; shared parts once."""
    found: dict[int, Any] = dict(which)
    for part in parts(formula):
        if id(part) in found:
            continue
        args = tuple([found[id(a)] if isinstance(a, Expr) else a for a in part.args])
        same = all(new is old for new, old in zip(args, part.args, strict=True))
        if same or part.op is None:
            found[id(part)] = part
        elif any(isinstance(a, Expr) for a in args):
            found[id(part)] = apply(part.op, args, part.attrs)
        else:
            found[id(part)] = part.op(*args, **part.attrs)
    return found[id(formula)]


def _spelled(operand: Any, depth: int = 0) -> str:
    if depth > _DEEPEST:
        return "…"
    if not isinstance(operand, Expr):
        return f"array{operand.shape}" if getattr(operand, "ndim", 0) else str(operand)
    if operand.op is None:
        return operand.name
    words = [_spelled(a, depth + 1) for a in operand.args]
    words += [f"{name}={value}" for name, value in operand.attrs.items() if value is not None]
    return f"{operand.op.name}({', '.join(words)})"


def same(a: Any, b: Any) -> bool:
    """Whether two arrays are equal up to the rounding of their type."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    tight = 1e-12 if b.dtype.itemsize >= 8 else 1e-4
    scale = float(np.max(np.abs(b), initial=0, where=np.isfinite(b))) if b.size else 0.0
    with np.errstate(all="ignore"):  # infinities are equal to themselves
        return bool(np.allclose(a, b, rtol=tight, atol=tight * scale, equal_nan=True))
