"""Reading with properties: the columns of Y add up to 1, no element lies below 1e-12."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from ...expr import Expr, symbol
from ...rules import elementwise as ew
from ...rules import loss, shape
from .classes import CHOOSING, chosen
from .definitions import Defined, Depth
from .facts import Facts
from .forms import Atom, Axes, Bracket, Call, Factor, Form, Leaf, Product, Shape, Total, product_of
from .sizes import number_of

__all__ = ["Knowing", "may_add_up"]

_SMALL = Fraction(1, 1000)  # bounds that keep a probability off 0 are below it
#: Derivatives that are simple in terms of an activation.
_SLOPES = {"sigmoid′": ew.sigmoid, "softplus′": ew.sigmoid, "tanh′": ew.tanh}
_SPELLED = {
    "sigmoid′": "σ′ = σ ⊙ (1 − σ)",
    "softplus′": "the derivative of softplus is σ",
    "tanh′": "tanh′ = 1 − tanh²",
}
_LINES = {(2, 0): "columns", (2, 1): "rows"}


class Knowing(Defined):
    """Reads formulas, and uses all that is known of their symbols.

    Attributes
    ----------
    spelled_out : dict
        Derivatives that ``slopes_opened`` has spelled out, in words.
    """

    spelled_out: dict[str, None]

    def fold(self, form: Form) -> Form:
        """Put symbols in place of what they stand for, and softmax(z) in place of e^z / Σ e^z."""
        form = super().fold(form)
        if self.learning or self.depth < Depth.DEFINITIONS:
            return form
        return self._softmaxes(self._at_the_ones(form) if self.opening else form)

    def _at_the_ones(self, form: Form) -> Form:
        """Write Y / A for Y / (Σ A ⊙ Y): where the one-hot Y is not 0, the sum is that A."""
        found: dict[Product, Fraction] = {}
        for product, c in form.terms.items():
            for total, k in product:
                if isinstance(total.atom, Total) and len(total.atom.axes) == 1:
                    product = self._at_the_one(product, total, k)
            found[product] = found.get(product, Fraction(0)) + c
        return Form(form.shape, found)

    def _at_the_one(self, product: Product, total: Factor, k: int) -> Product:
        assert isinstance(total.atom, Total)
        inner = total.atom.form
        (inside, c), *more = inner.terms.items()
        if more or c != 1:
            return product
        kept = [i for i in range(len(inner.shape)) if i not in total.atom.axes]
        stays = {i: a for i, a in zip(kept, total.axes, strict=True) if a >= 0}
        for label, e in inside:
            if e != 1 or not self._is_one_hot(label.atom):
                continue
            for factor, _ in product:
                if factor.atom is not label.atom:
                    continue
                place = {i: a for i, a in zip(label.axes, factor.axes, strict=True) if i >= 0}
                if all(place.get(i, a) == a for i, a in stays.items()):
                    put = [
                        (self.moved(f, place | stays), d * k) for f, d in inside if f is not label
                    ]
                    self.because("Y has a single 1 for each sample, so that Σ A ⊙ Y is an A")
                    return product_of(product, [(total, -k)], put)
        return product

    def _is_given(self, name: str) -> bool:
        """Whether a symbol stands for data."""
        return self.facts.is_data(name) or any(made.name == name for made in self.made.values())

    def _is_one_hot(self, atom: Atom) -> bool:
        if isinstance(atom, Call):
            return atom.op is loss.one_hot
        if not isinstance(atom, Leaf) or not isinstance(atom.expr, Expr):
            return False
        name, value = atom.expr.name, atom.expr.value
        if not self._is_given(name):
            return False
        return value.ndim == 2 and any(
            _sums_to_one(value, axis) and bool(np.isin(value, (0, 1)).all()) for axis in (0, 1)
        )

    def _softmaxes(self, form: Form) -> Form:
        """Write softmax(z) for e^z / Σ e^z."""
        found: dict[Product, Fraction] = {}
        for product, c in form.terms.items():
            for factor, e in product:
                total = factor.atom
                if e > -1 or not isinstance(total, Total) or len(total.axes) != 1:
                    continue
                alone = total.form.alone
                if alone is None or not isinstance(alone.atom, Call) or alone.atom.op is not ew.exp:
                    continue
                power, (axis,) = alone.atom, total.axes
                own = alone.axes.index(axis)
                whole = self._softmax_of(power, own)
                if whole is None:
                    continue
                for other, k in product:
                    if other.atom is power and k > 0:
                        put = self.moved(whole, dict(enumerate(other.axes)))
                        product = product_of(product, [(factor, 1), (other, -1), (put, 1)])
                        break
            found[product] = found.get(product, Fraction(0)) + c
        return Form(form.shape, found)

    def _softmax_of(self, power: Call, axis: int) -> Factor | None:
        """Make the softmax for e^z; what is the same along the axis, such as max z, drops out."""
        z = power.args[0]
        varying = {
            product: c for product, c in z.terms.items() if any(axis in f.axes for f, _ in product)
        }
        return self.softmax(Form(z.shape, varying or z.terms), axis).alone

    # --------------------------------------------------------------------------------- properties

    def reduced(self, form: Form, over: Axes, left: Shape, where: Mapping[int, int]) -> Form:
        """Sum: what adds up to 1 does."""
        alone = form.alone
        if alone is not None and self.depth >= Depth.PROPERTIES:
            for axis in over:
                if axis in alone.axes and self.adds_up(alone.atom, alone.axes.index(axis)):
                    others = [form.shape[a] for a in over if a != axis]
                    return self.multiply(self.constant(1, left), *(self.count(n) for n in others))
        return super().reduced(form, over, left, where)

    def adds_up(self, atom: Atom, axis: int) -> bool:
        """Whether the elements along an axis of an atom add up to 1; the reason is noted."""
        if isinstance(atom, Call):
            if atom.op is loss.softmax and atom.attrs["axis"] % len(atom.shape) == axis:
                return self.because("a softmax adds up to 1")
            return atom.op is loss.one_hot and axis == len(atom.shape) - 1 and self.because(
                "there is a single 1 for each sample"
            )  # fmt: skip
        if not isinstance(atom, Leaf) or not isinstance(atom.expr, Expr):
            return False
        lines = f"{_LINES.get((len(atom.shape), axis), 'elements')} of {atom.expr.name}"
        if self._is_given(atom.expr.name):
            return _sums_to_one(atom.expr.value, axis) and self.because(f"the {lines} add up to 1")
        definition = self.definition(atom)
        if definition is None:
            return False
        alone = definition.alone
        if alone is not None and isinstance(alone.atom, Call):
            own = alone.axes.index(axis) if axis in alone.axes else -1
            if alone.atom.op is loss.softmax and own >= 0:
                return alone.atom.attrs["axis"] % len(alone.atom.shape) == own and self.because(
                    f"the {lines}, a softmax, add up to 1"
                )
        # E / S, where S is the sum of E.
        if len(definition.terms) == 1 and alone is None:
            total = self.fold(super().total(definition, (axis,)))
            return total.number == 1 and self.because(
                f"the {lines} add up to 1, divided by their sum"
            )
        return False

    # ------------------------------------------------------------------------------ single calls

    def call(self, part: Expr) -> Form:
        """Read an operation, if something is known of its operands in another way."""
        if self.depth >= Depth.DEFINITIONS and part.op is loss.one_hot:
            return self._one_hot(part)
        if self.opening and part.op in CHOOSING:
            opened = chosen(self, part)
            if opened is not None:
                return opened
        if self.depth >= Depth.PROPERTIES:
            passed = self._passed(part)
            if passed is not None:
                return passed
        return super().call(part)

    def slopes_opened(self, form: Form) -> Form:
        """Write σ′(z) as σ(z) (1 − σ(z)), and tanh′(z) as 1 − tanh²(z)."""
        self.spelled_out = {}
        return self._opened(form)

    def _opened(self, form: Form) -> Form:
        terms = []
        for product, c in form.terms.items():
            written: list[Form] = []
            for factor, e in product:
                spelled = self._slope(factor)
                if spelled is None:
                    spelled = Form(form.shape, {((factor, 1),): Fraction(1)})
                    if isinstance(factor.atom, Bracket):
                        inside = self._opened(factor.atom.form)
                        spelled = self.remap(inside, form.shape, dict(enumerate(factor.axes)))
                written.append(self.power(spelled, e))
            terms.append(self.scale(self.multiply(self.constant(1, form.shape), *written), c))
        return self.add(Form(form.shape, {}), *terms)

    def _slope(self, factor: Factor) -> Form | None:
        atom = factor.atom
        if not isinstance(atom, Call) or atom.op.name not in _SLOPES or len(atom.args) != 1:
            return None
        if any(a not in (-1, i) for i, a in enumerate(factor.axes)):
            return None
        if atom.attrs.get("beta", 1) != 1:
            return None
        self.spelled_out[_SPELLED[atom.op.name]] = None
        one, z = self.constant(1), atom.args[0]
        mirrored = atom.op.name == "softplus′" and all(c < 0 for c in z.terms.values())
        args = (self.scale(z, -1),) if mirrored else (z,)
        out = self.whole(self.calling(_SLOPES[atom.op.name], args, {}, None, atom.shape))
        if atom.op.name == "softplus′":  # σ(−z) is 1 − σ(z)
            return self.add(one, self.scale(out, -1)) if mirrored else out
        if atom.op.name == "sigmoid′":
            return self.multiply(out, self.add(one, self.scale(out, -1)))
        return self.add(one, self.scale(self.power(out, 2), -1))

    def _one_hot(self, part: Expr) -> Form:
        """Read class indices that are one-hot: as a symbol Y, if the name is free."""
        form = super().call(part)
        alone, y = form.alone, _label(part.args[0])
        if alone is None or not isinstance(alone.atom, Call) or y is None:
            return form
        if y.name not in self.made:
            name = y.name.upper() if y.name.islower() and y.name.isidentifier() else "Y"
            if name in self.facts.taken or name in self.facts.definitions or name in self.used:
                return form
            value = part.value.T if self.labels_turned else part.value
            self.made[y.name] = symbol(name, value)
        made = self.made[y.name]
        if made.shape not in (part.shape, part.shape[::-1]):
            return form
        turned = not np.array_equal(made.value, part.value)
        leaf = self.once(("symbol", made.name, made.shape), Leaf(made, tuple(made.shape)))
        self._known[alone.atom] = (leaf, (1, 0) if turned else (0, 1))
        if made.name not in self.used:
            self.because(f"{made.name} has a 1 where {y.name} says, and 0 elsewhere")
        return self.whole(alone.atom)

    def _passed(self, part: Expr) -> Form | None:
        """Leave a limit out that the recorded values do not touch."""
        op, args = part.op, part.args
        if op is ew.maximum and isinstance(args[0], Expr):
            bound = None if isinstance(args[1], Expr) else number_of(args[1])
            x = args[0]
            limit = bound is not None and (0 < bound <= _SMALL or bound == -100)
            if bound is not None and limit and x.shape == part.shape and (x.value >= args[1]).all():
                self.because(f"no element lies below {float(bound):g}")
                return self.read(x)
        if op is ew.clip_constant and isinstance(args[0], Expr):
            bounds = [b for b in (part.attrs["lower"], part.attrs["upper"]) if b is not None]
            if all(bounds) and np.array_equal(args[0].value, part.value):
                self.because(f"no element lies beyond {' or '.join(f'{b:g}' for b in bounds)}")
                return self.read(args[0])
        if op is ew.where and isinstance(args[0], Expr) and args[0].op is ew.equal:
            infinite = [a for a in args[0].args if not isinstance(a, Expr) and np.isinf(a).all()]
            if infinite and not args[0].value.any() and isinstance(args[2], Expr):
                self.because("no element is infinite")
                return self.broadcast(self.read(args[2]), tuple(part.shape))
        return None

    def limit_passed(self, condition: Expr) -> bool:
        """Whether a condition says that a limit, such as 1e-12, is kept, and it is everywhere."""
        if self.depth < Depth.PROPERTIES or not bool(condition.value.all()):
            return False
        bounds = list(_bounds(condition))
        return bool(bounds) and all(b is not None and b for b in bounds) and self.because(
            f"no element lies beyond {' or '.join(f'{float(b):g}' for b in bounds if b)}"
        )  # fmt: skip


def _bounds(condition: Expr) -> Iterator[Fraction | None]:
    if condition.op in (ew.bitwise_and, ew.logical_and):
        for inner in condition.args:
            yield from _bounds(inner) if isinstance(inner, Expr) else (None,)
    elif condition.op in (ew.greater_equal, ew.less_equal):
        yield None if isinstance(condition.args[1], Expr) else number_of(condition.args[1])
    else:
        yield None


def _label(y: Any) -> Expr | None:
    """Return the symbol of class indices, whether or not they were laid out anew."""
    if isinstance(y, Expr) and y.op is shape.reshape:
        y = y.args[0]
    return y if isinstance(y, Expr) and y.op is None else None


def may_add_up(facts: Facts, name: str, value: np.ndarray[Any, Any]) -> bool:
    """Whether a symbol is defined, or its elements add up to 1 along an axis."""
    if name in facts.definitions:
        return True
    # Y is made of class indices, and is neither.
    return any(_sums_to_one(value, axis) for axis in range(value.ndim))


def _sums_to_one(value: np.ndarray[Any, Any], axis: int) -> bool:
    if value.dtype.kind not in "fiub" or value.shape[axis] < 2 or not np.isfinite(value).all():
        return False
    tight = 1e-12 if value.dtype.itemsize >= 8 or value.dtype.kind != "f" else 1e-6
    return bool(np.allclose(value.sum(axis=axis), 1, rtol=0, atol=tight))
