"""Putting a symbol in place of a product or a sum that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

from .forms import Bracket, Factor, Form, Leaf, Product, Shape, product_of
from .reader import Reader
from .sizes import Sizes

__all__ = ["PatternReader"]


class PatternReader(Reader):
    """Knows what symbols stand for, as forms.

    Attributes
    ----------
    folded : dict
        The symbols that were put in place of a product.
    """

    def __init__(self, sizes: Sizes) -> None:
        super().__init__(sizes)
        self.folded: dict[str, None] = {}
        self._products: list[tuple[Product, Fraction, Factor]] = []
        self._names: dict[Factor, str] = {}  # of the definition behind a product
        self._sums: list[tuple[Form, Factor]] = []
        self._quotients: list[_Quotient] = []

    def _relate(self, product: Product, c: Fraction, whole: Factor) -> None:
        """Note that A is E / S; and so, that E / A is S, and A S is E."""
        self._products.append((product, c, whole))
        assert isinstance(whole.atom, Leaf)
        self._names[whole] = whole.atom.expr.name
        self._note_quotient(product, c, whole)
        if len(product) != 2 or c != 1 or any(abs(e) != 1 for _, e in product):
            return
        for (one, e), (other, k) in (product, product[::-1]):
            if len(other.atom.shape) == len(other.axes):
                rest = product_of([(one, -e * k), (whole, k)])
                self._products.append((rest, Fraction(1), other))
                self._names[other] = self._names[whole]

    def put_symbols(self, form: Form) -> Form:
        """Put symbols in place of what they stand for, until nothing changes."""
        for _ in range(8):
            before = form.key
            for pattern in self._products:
                form = self._fold_product(form, *pattern)
            for quotient in self._quotients:
                form = self._fold_quotient(form, quotient)
            for definition, whole in self._sums:
                form = self._fold_sum(form, definition, whole)
            if form.key == before:
                break
        return form

    def _fold_product(self, form: Form, pattern: Product, c: Fraction, whole: Factor) -> Form:
        found: dict[Product, Fraction] = {}
        for product, d in form.terms.items():
            for sign in (1, -1) if len(pattern) > 1 else (1,):
                place = self._match(pattern, product, sign)
                while place is not None:
                    put = [(self.moved(f, place), -sign * e) for f, e in pattern]
                    product = product_of(product, put, [(self.moved(whole, place), sign)])
                    d /= c**sign
                    self.folded[self._names[whole]] = None
                    place = self._match(pattern, product, sign)
            found[product] = found.get(product, Fraction(0)) + d
        return Form(form.shape, found)

    def moved(self, factor: Factor, place: Mapping[int, int]) -> Factor:
        """Lay a factor along other axes."""
        return self.factor(factor.atom, tuple(place.get(a, -1) for a in factor.axes))

    def _match(self, pattern: Product, product: Product, sign: int) -> dict[int, int] | None:
        """Find along which axes a pattern lies in a product; None if it is not in it."""
        widest, e = max(pattern, key=lambda pair: sum(a >= 0 for a in pair[0].axes))
        here = dict(product)
        for factor, have in product:
            if factor.atom is not widest.atom or not _covers(have, sign * e):
                continue
            place = {a: b for a, b in zip(widest.axes, factor.axes, strict=True) if a >= 0}
            if all(_covers(here.get(self.moved(f, place), 0), sign * k) for f, k in pattern):
                return place
        return None

    def _fold_sum(self, form: Form, definition: Form, whole: Factor) -> Form:
        """Put D in place of P + Q."""
        terms = list(definition.terms.items())
        lead = len(form.shape) - len(definition.shape)
        if lead < 0 or len(terms) > 4 or len(form.terms) > 40:
            return form
        for turned in (False, True) if len(definition.shape) == 2 else (False,):
            last = len(definition.shape) - 1
            place = {i: (last - i if turned else i) + lead for i in range(last + 1)}
            moved = [
                (product_of([(self.moved(f, place), e) for f, e in product]), c)
                for product, c in terms
            ]
            moved.sort(key=lambda pair: not pair[0])
            form = self._fold_sum_at(form, moved, self.moved(whole, place))
        return form

    @staticmethod
    def _fold_sum_at(form: Form, terms: list[tuple[Product, Fraction]], whole: Factor) -> Form:
        (first, c), *others = terms
        found = dict(form.terms)
        for product in form.terms:
            here = dict(product)
            if product not in found or not first:
                continue
            if not all(_covers(here.get(f, 0), e) for f, e in first):
                continue
            rest = product_of(product, [(f, -e) for f, e in first])
            ratio = found[product] / c
            wanted = {product_of(rest, inner): ratio * d for inner, d in others}
            if all(found.get(p) == d for p, d in wanted.items()):
                for gone in (product, *wanted):
                    del found[gone]
                put = product_of(rest, [(whole, 1)])
                found[put] = found.get(put, Fraction(0)) + ratio
        return Form(form.shape, found)

    # ------------------------------------------------------------------------------------ quotients

    def _note_quotient(self, product: Product, number: Fraction, whole: Factor) -> None:
        """Note A = (a p + b q) / (c p + d q), such as 1 / (1 + e^−z), or tanh in terms of e^z."""
        below = [factor for factor, e in product if e < 0]
        if len(below) != 1 or (below[0], -1) not in product:
            return
        bottom = self._terms(below[0], whole.atom.shape)
        above = tuple(pair for pair in product if pair[0] is not below[0])
        top: Mapping[Product, Fraction] | None = {above: Fraction(1)}
        if len(above) == 1 and above[0][1] == 1:
            top = self._terms(above[0][0], whole.atom.shape) or top
        if bottom is None or len(bottom) != 2 or top is None or not top.keys() <= bottom.keys():
            return
        p, q = sorted(bottom, key=bool)
        a, b = (number * top.get(part, Fraction(0)) for part in (p, q))
        c, d = bottom[p], bottom[q]
        if c * b != d * a:
            self._quotients.append(_Quotient(p, q, a, b, c, d, below[0], whole))

    def _terms(self, factor: Factor, shape: Shape) -> Mapping[Product, Fraction] | None:
        """Return the terms of a sum that is in brackets, or has a name."""
        if isinstance(factor.atom, Bracket):
            return self.unpacked(factor, shape).terms
        for definition, whole in self._sums:
            if whole is factor:
                return definition.terms
        return None

    def _fold_quotient(self, form: Form, known: _Quotient) -> Form:
        """Put in A for p / (c p + d q) and q / (c p + d q), which are linear in it."""
        lead = len(form.shape) - len(known.whole.atom.shape)
        if lead < 0:
            return form
        axes = len(known.whole.atom.shape)
        for turned in (False, True) if axes == 2 else (False,):
            place = {i: (axes - 1 - i if turned else i) + lead for i in range(axes)}
            here = known.laid(partial(self.moved, place=place))
            found: dict[Product, Fraction] = {}
            for product, k in form.terms.items():
                becomes = here.applied(product)
                if becomes is not None:
                    self.folded[self._names[known.whole]] = None
                for put, factor in becomes or [(product, Fraction(1))]:
                    found[put] = found.get(put, Fraction(0)) + k * factor
            form = Form(form.shape, found)
        return form


@dataclass(frozen=True)
class _Quotient:
    """A = (a p + b q) / (c p + d q); ``below`` is the denominator, ``whole`` is A."""

    p: Product
    q: Product
    a: Fraction
    b: Fraction
    c: Fraction
    d: Fraction
    below: Factor
    whole: Factor

    def laid(self, moved: Callable[[Factor], Factor]) -> _Quotient:
        """Lay all factors along other axes."""
        p, q = (product_of([(moved(f), e) for f, e in part]) for part in (self.p, self.q))
        return replace(self, p=p, q=q, below=moved(self.below), whole=moved(self.whole))

    def applied(self, product: Product) -> list[tuple[Product, Fraction]] | None:
        """Return what a product becomes; None if the quotient is not in it."""
        exponents = dict(product)
        a, b, c, d = self.a, self.b, self.c, self.d
        has_q = _holds(exponents, self.q)
        A = (self.whole, 1)
        if exponents.get(self.below, 0) < 0 and (has_q or _holds(exponents, self.p)):
            part = self.q if has_q else self.p
            rest = product_of(product, _inverse(part), [(self.below, 1)])
            constant, slope = (-a, c) if has_q else (b, -d)
            det = c * b - d * a
            return [(rest, constant / det), (product_of(rest, [A]), slope / det)]
        if not self.p and not b and has_q and exponents.get(self.whole, 0) > 0:
            rest = product_of(product, _inverse(self.q), [(self.whole, -1)])
            return [(rest, a / d), (product_of(rest, [A]), -c / d)]
        if not self.p and not a and _holds(exponents, _inverse(self.q)):
            rest = product_of(product, self.q)
            return [(product_of(rest, [(self.whole, -1)]), b / c), (rest, -d / c)]
        return None


def _inverse(product: Product) -> Product:
    return tuple((factor, -e) for factor, e in product)


def _holds(exponents: Mapping[Factor, int], part: Product) -> bool:
    return all(_covers(exponents.get(factor, 0), e) for factor, e in part)


def _covers(have: int, need: int) -> bool:
    """Whether a power holds another one: x³ holds x², and x⁻² holds x⁻¹."""
    return have >= need > 0 or have <= need < 0
