"""Normal form -> formula: the products and sums as a textbook would order them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from ...expr import Expr, apply, symbol
from ...rules import elementwise as ew
from ...rules import linalg, reduce, shape
from .arithmetic import Arithmetic
from .forms import Atom, Bracket, Call, Factor, Form, Leaf, Mask, Product, Shape, Total
from .sizes import numeral

__all__ = ["Writer"]


class Writer:
    """Writes forms as formulas. A part that appears twice is one and the same formula."""

    def __init__(self, algebra: Arithmetic, dtype: Any) -> None:
        self.algebra, self.dtype = algebra, dtype
        self._written: dict[Any, Any] = {}

    def formula(self, form: Form) -> Expr:
        """Return the formula of a form, of exactly its shape."""
        return self._filled(self._form(form), form.shape)

    def _filled(self, written: Any, extents: Shape) -> Expr:
        if isinstance(written, np.ndarray):
            written = apply(shape.copy, (written,))
        if not isinstance(written, Expr):
            return symbol(numeral(written), np.full(extents, float(written), self.dtype))
        if written.shape == extents:
            return written
        if sorted(n for n in written.shape if n != 1) == sorted(n for n in extents if n != 1):
            return shape.reshape(written, shape=extents)  # type: ignore[no-any-return]
        return shape.broadcast_to(written, shape=extents)  # type: ignore[no-any-return]

    # -------------------------------------------------------------------------------------- forms

    def _form(self, form: Form) -> Any:
        """Return a formula (or a number) that broadcasts to the form's shape."""
        if form.key not in self._written:
            if form.turned and len(form.shape) == 2:
                upright = self.formula(self.algebra.permute(form, (1, 0)))
                self._written[form.key] = shape.transpose(upright, axes=(1, 0))
            else:
                self._written[form.key] = self._sum(form)
        return self._written[form.key]

    def _sum(self, form: Form) -> Any:
        if not form.terms:
            return Fraction(0)
        terms = list(form.terms.items())
        if len(terms) == 1:
            return self._term(*terms[0], form.shape)
        # What is added before what is subtracted; all the same, the order of the rules.
        terms.sort(key=lambda term: term[1] < 0)
        written: Any = None
        for product, c in terms:
            if written is None:
                written = self._term(product, c, form.shape)
                continue
            operand = _plain(self._term(product, abs(c), form.shape))
            written = (ew.subtract if c < 0 else ew.add)(_plain(written), operand)
        return written

    def _term(self, product: Product, c: Fraction, extents: Shape) -> Any:
        c, product = self._sign_inside(c, product)
        sign, c = (-1, -c) if c < 0 else (1, c)
        above: Any = None
        masks = []
        number, below_number = _split(c)
        # Single numbers come first: 2 λ W.
        for factor, e in _in_order(product):
            if isinstance(factor.atom, Mask):
                masks.append(factor)
            elif e > 0:
                above = self._times(above, self._power(factor, e, extents))
        if number != 1 or (above is None and (masks or not _has_below(product))):
            above = _plain(number) if above is None else ew.multiply(_plain(number), above)
        for factor in masks:
            held = self._factor(factor, extents)
            if not isinstance(above, (Expr, np.ndarray)):
                above = symbol(numeral(number), np.asarray(float(number), self.dtype))
            above = ew.gate(held, above)
        below: Any = None if below_number == 1 else _plain(below_number)
        for factor, e in _in_order(product):
            if e < 0:
                below = self._times(below, self._power(factor, -e, extents))
        if below is not None:
            if sign < 0 and isinstance(above, (Expr, np.ndarray)):
                above, sign = ew.negative(above), 1
            above = ew.divide(_plain(1 if above is None else above), below)
        if not isinstance(above, (Expr, np.ndarray)):
            return sign * c
        return ew.negative(above) if sign < 0 else above

    def _sign_inside(self, c: Fraction, product: Product) -> tuple[Fraction, Product]:
        """Write (A − Y) for −(Y − A)."""
        if c < 0:
            for place, (factor, e) in enumerate(product):
                if isinstance(factor.atom, Bracket) and e == 1:
                    turned = self._reversed(factor)
                    return -c, (*product[:place], (turned, 1), *product[place + 1 :])
        return c, product

    def _reversed(self, factor: Factor) -> Factor:
        assert isinstance(factor.atom, Bracket)
        # Outside of the algebra, in which a bracket has one sign only.
        atom = Bracket(self.algebra.scale(factor.atom.form, -1))
        atom.number = factor.atom.number
        return Factor(atom, factor.axes, factor.number)

    @staticmethod
    def _times(a: Any, b: Any) -> Any:
        return b if a is None else ew.multiply(a, b)

    # ------------------------------------------------------------------------------------ factors

    def _power(self, factor: Factor, exponent: int, extents: Shape) -> Any:
        base = self._factor(factor, extents)
        if exponent == 1:
            return base
        if exponent == 2:
            return ew.square(base)
        return ew.power_constant(base, exponent=exponent)

    def _factor(self, factor: Factor, extents: Shape) -> Any:
        """Return the formula of an atom, laid so that it broadcasts to the shape around it."""
        atom, axes, whole = factor.atom, factor.axes, len(extents)
        if isinstance(atom, Total) and not extents:
            return reduce.sum(self._held(atom.form), axis=None, keepdims=False)
        if isinstance(atom, Total):
            kept = [i for i in range(len(atom.form.shape)) if i not in atom.axes]
            stays = len(atom.form.shape) == whole and all(
                a in (-1, i) for a, i in zip(axes, kept, strict=True)
            )
            if stays and (not _natural(axes, whole) or all(extents[a] == 1 for a in atom.axes)):
                return self._atom(atom, keepdims=True)
        written = self._atom(atom)
        if _natural(axes, whole):
            return written
        used = [a for a in axes if a >= 0]
        if used != sorted(used) or (whole == len(axes) == 2 and _natural(axes[::-1], whole)):
            order = (1, 0) if len(axes) == 2 else tuple(
                sorted(range(len(axes)), key=lambda i: axes[i])
            )  # fmt: skip
            written = shape.transpose(written, axes=order)
            axes = tuple(axes[i] for i in order)
            if _natural(axes, whole):
                return written
        lengths = dict(zip(axes, written.shape, strict=True))
        first = min((a for a in axes if a >= 0), default=whole)
        laid = tuple(lengths[i] if i in axes else 1 for i in range(first, whole))
        return shape.reshape(written, shape=laid)

    def _atom(self, atom: Atom, keepdims: bool = False) -> Any:
        key = (atom.__class__, atom.number, keepdims) if not isinstance(atom, Bracket) else (
            "bracket", atom.form.key,
        )  # fmt: skip
        if key not in self._written:
            self._written[key] = self._new(atom, keepdims)
        return self._written[key]

    def _new(self, atom: Atom, keepdims: bool) -> Any:
        if isinstance(atom, Leaf):
            return atom.expr
        if isinstance(atom, Bracket):
            return self._held(atom.form)
        if isinstance(atom, Mask):
            return self._held(atom.condition)
        if isinstance(atom, Total):
            inner = self._held(atom.form)
            lead = len(atom.form.shape) - inner.ndim
            axis = None if inner.ndim == len(atom.axes) else tuple(a - lead for a in atom.axes)
            return reduce.sum(inner, axis=axis, keepdims=keepdims)
        assert isinstance(atom, Call)
        args = tuple(self.formula(a) if isinstance(a, Form) else a for a in atom.args)
        like = atom.like
        if like is not None and all(a is b for a, b in zip(args, like.args, strict=True)):
            return like
        return apply(atom.op, args, atom.attrs)

    def _held(self, form: Form) -> Expr:
        return self._filled(self._form(form), form.shape)


def _natural(axes: tuple[int, ...], whole: int) -> bool:
    """Whether broadcasting alone brings these axes where they belong."""
    lead = whole - len(axes)
    if lead < 0:
        return all(a == -1 for a in axes[:-lead]) and _natural(axes[-lead:], whole)
    return all(a in (-1, i + lead) for i, a in enumerate(axes))


def _in_order(product: Product) -> list[tuple[Factor, int]]:
    """Order factors as a textbook does: 2 λ, then dA, then A, (1 − A), and f(Z)."""
    return sorted(product, key=lambda pair: _rank(pair[0]))


def _rank(factor: Factor) -> int:
    if not factor.axes:
        return 0
    atom = factor.atom
    if isinstance(atom, Bracket):
        if any(isinstance(f.atom, Total) for f in atom.form.factors()):
            return 5
        return 3 if () in atom.form.terms else 1
    if isinstance(atom, Leaf):
        return 1 if getattr(atom.expr, "name", "").startswith("d") else 2
    if isinstance(atom, Call):
        return 1 if atom.op is linalg.matmul else 4
    return 2


def _has_below(product: Product) -> bool:
    return any(e < 0 for _, e in product)


def _split(c: Fraction) -> tuple[Fraction, Fraction]:
    """Split a number into what stands above the line and what below; ½ and 0.01 stay whole."""
    if c.denominator in (1, 2) or (10_000 % c.denominator == 0 and c.denominator % 10 == 0):
        return c, Fraction(1)
    if c.denominator > 100_000:
        return c, Fraction(1)
    return Fraction(c.numerator), Fraction(c.denominator)


def _plain(value: Any) -> Any:
    """Give a number as Python has it, which takes on the dtype of what it meets."""
    if isinstance(value, (Expr, np.ndarray)):
        return value
    number = Fraction(value)
    return int(number) if number.denominator == 1 else float(number)
