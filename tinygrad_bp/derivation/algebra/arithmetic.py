"""Calculating with forms: axes, sums, products, powers, and what a sum has in common."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np

from .forms import (
    Atom,
    Axes,
    Bracket,
    Factor,
    Form,
    Mask,
    Product,
    Shape,
    Total,
    is_bracket,
    is_turned,
    product_of,
)

__all__ = ["Arithmetic"]


class Arithmetic:
    """Makes forms, every atom and factor once, and calculates with them."""

    def __init__(self) -> None:
        self._atoms: dict[Hashable, Atom] = {}
        self._factors: dict[tuple[Atom, Axes], Factor] = {}

    # -------------------------------------------------------------------------------------- making

    def once(self, key: Hashable, atom: Atom) -> Any:
        """Return the atom that was made first under this key."""
        found = self._atoms.setdefault(key, atom)
        if found is atom:
            atom.number = len(self._atoms)
        return found

    def constant(self, c: Fraction | int, shape: Shape = ()) -> Form:
        """Make the form of a number."""
        return Form(shape, {(): Fraction(c)})

    def whole(self, atom: Atom) -> Form:
        """Make the form that is an atom alone."""
        return self.placed(atom, tuple(range(len(atom.shape))), atom.shape)

    def placed(self, atom: Atom, axes: Axes, shape: Shape) -> Form:
        """Make the form that is an atom alone, laid along these axes of a shape."""
        return Form(shape, {((self.factor(atom, axes), 1),): Fraction(1)})

    def factor(self, atom: Atom, axes: Axes) -> Factor:
        """Make a factor; what can be turned by turning what is inside is turned."""
        axes = tuple(-1 if n == 1 else a for a, n in zip(axes, atom.shape, strict=True))
        if is_turned(axes):
            order = (1, 0) if len(axes) == 2 else tuple(
                sorted(range(len(axes)), key=lambda i: axes[i])
            )  # fmt: skip
            inner = self.turn(atom, order)
            if inner is not None:
                return self.factor(inner, tuple(axes[i] for i in order))
        key = (atom, axes)
        if key not in self._factors:
            self._factors[key] = Factor(atom, axes, len(self._factors))
        return self._factors[key]

    def turn(self, atom: Atom, order: Axes) -> Atom | None:
        """Return the atom whose axes are these of the given one, if it is no mere transpose."""
        if isinstance(atom, Bracket):
            return self._bracket(self.permute(atom.form, order))
        if isinstance(atom, Mask):
            return self.mask(self.permute(atom.condition, order))
        if isinstance(atom, Total):
            kept = [i for i in range(len(atom.form.shape)) if i not in atom.axes]
            full = tuple(kept[i] for i in order)
            ranks = iter(full)
            whole = tuple(i if i in atom.axes else next(ranks) for i in range(len(atom.form.shape)))
            return self.total_atom(self.permute(atom.form, whole), atom.axes)
        return None

    def total_atom(self, form: Form, axes: Axes) -> Total:
        """Make the sum over axes of a form as an atom."""
        atom: Total = self.once(("total", form.key, axes), Total(form, axes))
        return atom

    def mask(self, condition: Form) -> Mask:
        """Make the factor that is 1 where a condition holds."""
        atom: Mask = self.once(("mask", condition.key), Mask(condition))
        return atom

    def _bracket(self, form: Form) -> Bracket:
        atom: Bracket = self.once(("bracket", form.key), Bracket(form))
        return atom

    # ---------------------------------------------------------------------------------------- axes

    def remap(self, form: Form, shape: Shape, where: Mapping[int, int]) -> Form:
        """Number the axes anew: what ran along axis `a` runs along ``where[a]`` of `shape`."""
        found: dict[Product, Fraction] = {}
        for product, c in form.terms.items():
            moved = [
                (self.factor(f.atom, tuple(a if a < 0 else where[a] for a in f.axes)), e)
                for f, e in product
            ]
            moved.sort(key=lambda pair: pair[0].number)
            found[tuple(moved)] = c
        return Form(shape, found)

    def permute(self, form: Form, order: Axes) -> Form:
        """Transpose: axis i of the result is axis ``order[i]``."""
        if order == tuple(range(len(order))):
            return form
        where = {old: new for new, old in enumerate(order)}
        return self.remap(form, tuple(form.shape[i] for i in order), where)

    def broadcast(self, form: Form, shape: Shape) -> Form:
        """Repeat along new axes and along those of length 1."""
        lead = len(shape) - len(form.shape)
        if lead:
            return self.remap(form, shape, {i: i + lead for i in range(len(form.shape))})
        return form if form.shape == shape else Form(shape, form.terms)

    # ---------------------------------------------------------------------------------- arithmetic

    def add(self, *forms: Form) -> Form:
        """Add up; a bracket that only a number stands before is opened."""
        shape = _common_shape(*(form.shape for form in forms))
        found: dict[Product, Fraction] = {}
        for form in forms:
            for product, c in self.opened(self.broadcast(form, shape)).terms.items():
                found[product] = found.get(product, Fraction(0)) + c
        return Form(shape, found)

    def opened(self, form: Form) -> Form:
        """Open the brackets that only a number stands before."""
        if not any(is_bracket(product) for product in form.terms):
            return form
        found: dict[Product, Fraction] = {}
        for product, c in form.terms.items():
            inside = self.unpacked(product[0][0], form.shape).terms if is_bracket(product) else {
                product: Fraction(1)
            }  # fmt: skip
            for inner, d in inside.items():
                found[inner] = found.get(inner, Fraction(0)) + c * d
        return Form(form.shape, found)

    def unpacked(self, factor: Factor, shape: Shape) -> Form:
        """Return what is in a bracket, over the axes around it."""
        assert isinstance(factor.atom, Bracket)
        where = dict(enumerate(factor.axes))
        return self.remap(factor.atom.form, shape, where)

    def scale(self, form: Form, c: Fraction | int) -> Form:
        """Multiply by a number."""
        return Form(form.shape, {product: c * d for product, d in form.terms.items()})

    def multiply(self, *forms: Form) -> Form:
        """Multiply; sums become brackets."""
        shape = _common_shape(*(form.shape for form in forms))
        factors: list[Iterable[tuple[Factor, int]]] = []
        number = Fraction(1)
        sums = []
        for form in forms:
            if (c := form.number) is not None:
                number *= c
            elif len(form.terms) == 1:
                ((product, c),) = self.broadcast(form, shape).terms.items()
                number *= c
                factors.append(product)
            else:
                sums.append(form)
        if not number:
            return Form(shape, {})
        if len(sums) == 1 and not factors:
            return self.scale(self.broadcast(sums[0], shape), number)
        for form in sums:
            c, product = self.single(self.broadcast(form, shape))
            number *= c
            factors.append(product)
        return Form(shape, {product_of(*factors): number})

    def power(self, form: Form, exponent: int) -> Form:
        """Raise to a whole power."""
        if exponent == 1:
            return form
        c, product = self.single(form)
        if not c:
            raise ZeroDivisionError
        return Form(
            form.shape, {product_of(*[[(f, e * exponent) for f, e in product]]): c**exponent}
        )

    def single(self, form: Form) -> tuple[Fraction, Product]:
        """Write a form as one product: what its terms have in common, times a bracket."""
        if not form.terms:
            return Fraction(0), ()
        if len(form.terms) == 1:
            ((product, c),) = form.terms.items()
            return c, product
        c, shared, rest = self.content(form)
        sign, bracket = self.bracket(rest)
        return c * sign, product_of(shared, ((bracket, 1),))

    def content(self, form: Form) -> tuple[Fraction, Product, Form]:
        """Split into what all terms have in common, number and product, and the rest."""
        products = list(form.terms)
        shared = dict(products[0])
        for product in products[1:]:
            here = dict(product)
            for factor in list(shared):
                mine, other = shared[factor], here.get(factor, 0)
                if mine * other <= 0:
                    del shared[factor]
                else:
                    shared[factor] = min(mine, other) if mine > 0 else max(mine, other)
        c = _shared_number(list(form.terms.values()))
        away = [(factor, -e) for factor, e in shared.items()]
        rest = {product_of(product, away): d / c for product, d in form.terms.items()}
        return c, product_of(shared.items()), Form(form.shape, rest)

    def bracket(self, form: Form) -> tuple[int, Factor]:
        """Put a sum in brackets: its sign (1 − A and A − 1 are one bracket), and the factor."""
        sign = 1 if form.terms[min(form.terms, key=_order)] > 0 else -1
        along = form.along
        need = 0
        for factor in form.factors():
            need = max([need, len(factor.atom.shape), *(len(form.shape) - a for a in along)])
        lead = max(len(form.shape) - need, 0)
        shape = tuple(n if i in along else 1 for i, n in enumerate(form.shape))[lead:]
        where = {i: i - lead for i in range(lead, len(form.shape))}
        inner = self.remap(self.scale(form, sign), shape, where)
        return sign, self.factor(self._bracket(inner), tuple(range(lead, len(form.shape))))


def _common_shape(*shapes: Shape) -> Shape:
    """Return the shape to which broadcasting brings them."""
    return np.broadcast_shapes(*shapes) if shapes else ()


def _order(product: Product) -> tuple[tuple[int, int], ...]:
    return tuple((factor.number, e) for factor, e in product)


def _shared_number(numbers: list[Fraction]) -> Fraction:
    """Return the number to take out of a sum: never one that leaves fractions behind."""
    sizes = {abs(c) for c in numbers}
    sign = -1 if all(c < 0 for c in numbers) else 1
    if len(sizes) == 1:
        return sign * sizes.pop()
    if all(c.denominator == 1 for c in numbers):
        return Fraction(sign * gcd(*(c.numerator for c in numbers)))
    return Fraction(sign)
