"""Formula -> normal form, part by part."""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction
from typing import Any

import numpy as np

from ...expr import Expr, parts, symbol
from ...op import Op
from ...rules import index as ix
from ...rules import linalg, loss, reduce, shape
from . import classes, elementwise, sums
from .expansion import Algebra
from .forms import Atom, Axes, Call, Form, Leaf, Product, Shape
from .sizes import Sizes, number_of, numeral
from .sums import axes_of

__all__ = ["Reader"]

_READINGS = {**elementwise.READINGS, **sums.READINGS, **classes.READINGS}

#: Operations that are linear in their first operand: a number comes out of it, and 0 gives 0.
_LINEAR = frozenset({
    shape.reshape, shape.flip, shape.roll, shape.diagonal, shape.embed_diagonal, shape.tril,
    shape.triu, shape.crop, shape.cast, ix.slice_, ix.embed, ix.index, ix.scatter_add,
    ix.take_along_axis, ix.add_along_axis, reduce.cumsum, linalg.matmul,
})  # fmt: skip

#: Operations that reduce a matrix along an axis, other than sums.
_REDUCTIONS = frozenset({
    reduce.amax, reduce.amin, reduce.prod, reduce.pnorm, loss.logsumexp,
})  # fmt: skip

#: Operations to which it does not matter if all their operands are turned.
_EVEN_HANDED = frozenset({loss.mean_squared_error})


class Reader(Algebra):
    """Reads formulas. Nothing is assumed of symbols here; see ``Knowing`` for what may be."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self._read: dict[int, Form] = {}
        self._kept: list[Expr] = []  # an id names a part as long as the part lives

    def read(self, formula: Expr) -> Form:
        """Return the normal form of a formula."""
        if id(formula) not in self._read:
            self._kept.append(formula)
            for part in parts(formula):
                if id(part) not in self._read:
                    self._read[id(part)] = self._part(part)
        return self._read[id(formula)]

    def form(self, operand: Any) -> Form:
        """Return the form of an operand: of a formula, a number or an array."""
        if isinstance(operand, Expr):
            return self.read(operand)
        number = number_of(operand)
        extents = tuple(np.shape(operand))
        if number is not None:
            return self.sizes.fraction(self, number, extents)
        return self.whole(self.once(("array", id(operand)), Leaf(operand, extents)))

    def _part(self, part: Expr) -> Form:
        if part.op is None:
            return self.named(part)
        reading = _READINGS.get(part.op)
        if reading is not None and part.value.dtype.kind in "fc":
            form = reading(self, part, *part.args, **part.attrs)
            if form is not None:
                return self.broadcast(form, tuple(part.shape))
        return self.call(part)

    def named(self, part: Expr) -> Form:
        """Read a symbol; one whose name is a number is that number."""
        if part.name[-1:].isdigit() and part.name[:1] in "-0123456789":
            number = number_of(part.value)
            if number is not None and part.name == numeral(number):
                return self.constant(number, tuple(part.shape))
        return self.whole(
            self.once(("symbol", part.name, part.shape), Leaf(part, tuple(part.shape)))
        )

    # --------------------------------------------------------------------- operations left alone

    def call(self, part: Expr) -> Form:
        """Read an operation of which nothing is known here: its operands are read."""
        assert part.op is not None
        args = [self.improve(self.read(a)) if isinstance(a, Expr) else a for a in part.args]
        outside = self.constant(1)
        if part.op in _LINEAR and args and isinstance(args[0], Form):
            if not args[0].terms:
                return Form(tuple(part.shape), {})
            outside, args[0] = self.numbers_out(args[0])
        attrs = dict(part.attrs)
        if part.op in _EVEN_HANDED and _all_turned(args):
            args = [self.permute(a, (1, 0)) if _flat(a) else a for a in args]
        pairs = part.op is ix.index and tuple(attrs["template"]) == (ix.ARRAY, ix.ARRAY)
        if pairs and _all_turned(args[:1]):
            args = [self.permute(args[0], (1, 0)), args[2], args[1]]
        if part.op in _REDUCTIONS and attrs.get("axis") is not None and _all_turned(args):
            # Turned before it is reduced: a result of one axis is the same.
            args = [self.permute(args[0], (1, 0))]
            attrs["axis"] = tuple(sorted(1 - a for a in axes_of(attrs["axis"], 2)))
            turned = part.ndim == 2
        else:
            turned = part.ndim == 2 and _commutes(part.op) and _all_turned(args)
            if turned:
                args = [self.permute(a, (1, 0)) if _flat(a) else a for a in args]
                if "axis" in attrs:
                    attrs["axis"] = 1 - attrs["axis"] % 2
        extents = tuple(part.shape[::-1] if turned else part.shape)
        atom = self.calling(part.op, tuple(args), attrs, part, extents)
        axes = (1, 0) if turned else tuple(range(part.ndim))
        return self.multiply(outside, self.placed(atom, axes, tuple(part.shape)))

    def calling(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any], like: Expr | None,
                extents: Shape) -> Call:  # fmt: skip
        """Make the atom of a call."""
        key = ("call", op, tuple(_key(a) for a in args), _key(attrs), extents)
        atom: Call = self.once(key, Call(op, args, attrs, like, extents))
        return atom

    def softmax(self, z: Form, axis: int) -> Form:
        """Make softmax(z), laid as z is."""
        if z.turned and len(z.shape) == 2:
            return self.permute(self.softmax(self.permute(z, (1, 0)), 1 - axis % 2), (1, 0))
        return self.whole(self.calling(loss.softmax, (z,), {"axis": axis}, None, z.shape))

    def numbers_out(self, form: Form) -> tuple[Form, Form]:
        """Split off what is a single number: 1/m of (A − Y)/m."""
        if not form.terms or form.number is not None:
            return self.constant(1), form
        if len(form.terms) == 1:
            ((product, c),) = form.terms.items()
            shared: Product = product
        else:
            c, shared, _ = self.content(form)
        scalar = tuple((f, e) for f, e in shared if not f.axes)
        c = abs(c)
        outside = Form((), {self._flat_product(scalar): c})
        inverse = self.power(outside, -1)
        inside = self.multiply(form, self.broadcast(inverse, form.shape))
        return outside, self.improve(inside)

    def _flat_product(self, product: Product) -> Product:
        ((bare, _),) = self.remap(Form((), {product: Fraction(1)}), (), {}).terms.items()
        return bare

    def turn(self, atom: Any, order: Axes) -> Any:
        """Turn a product of matrices too: (A B)ᵀ = Bᵀ Aᵀ."""
        if isinstance(atom, Call) and atom.op is linalg.matmul and len(atom.shape) == 2:
            a, b = (self.permute(x, (1, 0)) for x in atom.args)
            return self.calling(linalg.matmul, (b, a), {}, None, atom.shape[::-1])
        return super().turn(atom, order)

    # ------------------------------------------------------ what is for those who know the symbols

    def definition(self, atom: Atom) -> Form | None:
        """Return what a symbol stands for, if it is known."""
        return None

    def limit_passed(self, condition: Expr) -> bool:
        """Whether a condition says that a limit is kept, and it is known to be."""
        return False

    def called(self, form: Form, op: Op) -> Call | None:
        """Return the call that a form consists of, if it is of this operation."""
        factor = form.alone
        if factor is None or factor.turned or factor.atom.shape != form.shape:
            return None
        return self.call_behind(factor.atom, op)

    def call_behind(self, atom: Atom, op: Op) -> Call | None:
        """Return an atom, or what it stands for, if that is a call of this operation."""
        if not isinstance(atom, Call):
            definition = self.definition(atom)
            alone = None if definition is None else definition.alone
            if alone is None or alone.turned or alone.atom.shape != atom.shape:
                return None
            if isinstance(alone.atom, Call) and alone.atom.op is op:
                self.consulted(atom)
            atom = alone.atom
        return atom if isinstance(atom, Call) and atom.op is op else None

    def consulted(self, atom: Atom) -> None:
        """Take note that the definition of a symbol was used."""

    def one_hot_of(self, y: Any, part: Expr, axis: int) -> Form:
        """Make rows (axis 1) or columns (axis 0) with a single 1, of class indices."""
        formula = loss.one_hot(
            y if isinstance(y, Expr) else symbol("y", y),
            classes=part.shape[axis],
            dtype=part.value.dtype,
        )
        form = self.read(formula)
        return form if axis == 1 else self.permute(form, (1, 0))

    def count(self, n: int) -> Form:
        """Give the number of elements along an axis the name that it has."""
        return self.sizes.whole(self, n)


def _key(value: Any) -> Hashable:
    if isinstance(value, Form):
        return value.key
    if isinstance(value, np.ndarray) and value.ndim:
        return ("array", id(value))
    if isinstance(value, dict):
        return tuple((name, _key(v)) for name, v in sorted(value.items()))
    return (type(value).__name__, repr(value))


def _commutes(op: Op) -> bool:
    """Whether an operation on a transpose is the transpose of the operation."""
    return op.broadcasts or op.name.endswith("′") or op in (loss.softmax, loss.log_softmax)


def _flat(arg: Any) -> bool:
    return isinstance(arg, Form) and len(arg.shape) == 2


def _all_turned(args: list[Any]) -> bool:
    """Whether every matrix among the operands is a transpose (and the others are numbers)."""
    matrices = [a for a in args if isinstance(a, Form) and a.along]
    small = all(isinstance(a, Form) or np.ndim(a) == 0 for a in args)
    return small and bool(matrices) and all(_flat(a) and a.turned for a in matrices)
