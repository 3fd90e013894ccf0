"""The simplest form of a sum: multiplied out, or with what is common before a bracket."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from fractions import Fraction

from .arithmetic import Arithmetic
from .forms import (
    Axes,
    Bracket,
    Factor,
    Form,
    Product,
    Shape,
    Total,
    brackets,
    product_of,
)

__all__ = ["Algebra"]

_MOST_TERMS = 40  # beyond, a product is not multiplied out
_LONG = 200  # parts of a form, beyond which it is not tried
_ROUNDS = 8  # of multiplying out


class Algebra(Arithmetic):
    """Finds the form with the fewest parts."""

    def __init__(self) -> None:
        super().__init__()
        self._improved: dict[Hashable, Form] = {}

    def improve(self, form: Form) -> Form:
        """Return the form with the fewest parts that multiplying out and factoring out lead to."""
        if form.key in self._improved:
            return self._improved[form.key]
        self._improved[form.key] = form
        if len(form.terms) < 2 and not any(isinstance(f.atom, Bracket) for f in form.factors()):
            self._improved[form.key] = form = self.fold(form)
            return form
        best = form = self.fold(self.opened(self._inner(form)))
        candidates = [form, *self._multiplied_out(form)]
        for candidate in candidates:
            for way in (candidate, self._factored(candidate)):
                if way.cost < best.cost:
                    best = way
        self._improved[form.key] = best
        return best

    def fold(self, form: Form) -> Form:
        """Put symbols in place of what they stand for; here nothing is known of them."""
        return form

    def _inner(self, form: Form) -> Form:
        """Improve what is in brackets."""
        inner = {f.atom.form for f in form.factors() if isinstance(f.atom, Bracket)}
        if all(self.improve(inside).key == inside.key for inside in inner):
            return form
        terms = []
        for product, c in form.terms.items():
            parts = []
            for factor, e in product:
                part = Form(form.shape, {((factor, 1),): Fraction(1)})
                if isinstance(factor.atom, Bracket):
                    inside = self.improve(factor.atom.form)
                    if inside.key != factor.atom.form.key:
                        where = dict(enumerate(factor.axes))
                        part = self.remap(inside, form.shape, where)
                if not part.terms and e < 0:
                    return form
                parts.append(self.power(part, e) if part.terms else part)
            terms.append(self.scale(self.multiply(self.constant(1, form.shape), *parts), c))
        return self.add(*terms)

    def _factored(self, form: Form) -> Form:
        if len(form.terms) < 2:
            return form
        c, shared, rest = self.content(form)
        if not shared and c == 1:
            return form
        rest = self.improve(rest)
        if not rest.terms:
            return rest
        # Not by way of `multiply`, which puts a number into a sum.
        d, inside = self.single(rest)
        return Form(form.shape, {product_of(shared, inside): c * d})

    def _multiplied_out(self, form: Form) -> Iterator[Form]:
        """Yield what a form becomes while its brackets are multiplied out, one after the other.

        Once all of them, and once all but one: (A − Y) stays, while what it is multiplied with
        becomes simpler.
        """
        first = brackets(form)
        if form.cost > _LONG:
            return
        yield from self._without(form, None)
        if 1 < len(first) < 6 and form.cost < _LONG // 2:
            for held in sorted(first, key=lambda f: f.number):
                yield from self._without(form, held)

    def _without(self, form: Form, held: Factor | None) -> Iterator[Form]:
        for _ in range(_ROUNDS):
            open_to_it = brackets(form) - {held}
            if not open_to_it:
                return
            # First one with a quotient in it: what it is multiplied with may cancel.
            chosen = min(open_to_it, key=lambda f: (not _has_quotient(f), f.number))
            found: dict[Product, Fraction] = {}
            for product, c in form.terms.items():
                exponents = dict(product)
                if exponents.get(chosen, 0) <= 0:
                    found[product] = found.get(product, Fraction(0)) + c
                    continue
                exponents[chosen] -= 1
                for inner, d in self.unpacked(chosen, form.shape).terms.items():
                    whole = product_of(exponents.items(), inner)
                    found[whole] = found.get(whole, Fraction(0)) + c * d
            if len(found) > _MOST_TERMS:
                return
            form = self.fold(self.opened(Form(form.shape, found)))
            yield form

    # ---------------------------------------------------------------------------------------- sums

    def total(self, form: Form, axes: Iterable[int], keepdims: bool = False) -> Form:
        """Sum over axes; what is constant along them comes out of the sum."""
        over = tuple(sorted(set(axes)))
        form = self.improve(form)
        ways = [self._apart(way, over, keepdims) for way in (form, *self._multiplied_out(form))]
        if len(form.terms) > 1 or brackets(form):
            c, product = self.single(form)
            ways.insert(0, self._term_total(form.shape, product, c, over, keepdims))
        if len(ways) == 1:
            return ways[0]
        return min((self.improve(way) for way in ways), key=lambda way: way.cost)

    def _apart(self, form: Form, over: Axes, keepdims: bool) -> Form:
        """Sum every term for itself."""
        return self.add(
            Form(self._left(form.shape, over, keepdims), {}),
            *(
                self._term_total(form.shape, product, c, over, keepdims)
                for product, c in self.opened(form).terms.items()
            ),
        )

    def _left(self, shape: Shape, over: Axes, keepdims: bool) -> Shape:
        if keepdims:
            return tuple(1 if i in over else n for i, n in enumerate(shape))
        return tuple(n for i, n in enumerate(shape) if i not in over)

    def _term_total(
        self, shape: Shape, product: Product, c: Fraction, over: Axes, keepdims: bool
    ) -> Form:
        left = self._left(shape, over, keepdims)
        where = {i: i for i in range(len(shape))} if keepdims else {
            old: new for new, old in enumerate(i for i in range(len(shape)) if i not in over)
        }  # fmt: skip
        inside = [(f, e) for f, e in product if any(a in over for a in f.axes)]
        outside = [(f, e) for f, e in product if not any(a in over for a in f.axes)]
        along = {a for f, _ in inside for a in f.axes}
        result = self.remap(Form(shape, {tuple(outside): c}), left, where)
        for axis in over:
            if axis not in along and shape[axis] != 1:
                result = self.multiply(result, self.count(shape[axis]))
        if not inside:
            return self.broadcast(result, left)
        kept = tuple(n if i in along else 1 for i, n in enumerate(shape))
        inner = Form(kept, {tuple(inside): Fraction(1)})
        real = tuple(a for a in over if a in along)
        return self.multiply(result, self.reduced(inner, real, left, where))

    def count(self, n: int) -> Form:
        """Make the number of elements along an axis."""
        return self.constant(n)

    def reduced(self, form: Form, over: Axes, left: Shape, where: Mapping[int, int]) -> Form:
        """Make the sum of one product over axes along which it is not constant."""
        alone = form.alone
        if alone is not None and isinstance(alone.atom, Total) and not alone.turned:
            inner = alone.atom
            kept = [i for i in range(len(inner.form.shape)) if i not in inner.axes]
            more = tuple(kept[i] for i, a in enumerate(alone.axes) if a in over)
            place = {kept[i]: a for i, a in enumerate(alone.axes) if a not in over}
            axes = tuple(sorted((*inner.axes, *more)))
            atom = self.total_atom(inner.form, axes)
            left_over = [place[i] for i in kept if i not in more]
            return self.placed(atom, tuple(where.get(a, -1) for a in left_over), left)
        outer = tuple(i for i in range(len(form.shape)) if i not in over)
        if form.turned and len(form.shape) == 2:
            # Of two axes one is left, or none: its place is the same whichever way it is turned.
            form, over = self.permute(form, (1, 0)), tuple(sorted(1 - a for a in over))
        return self.placed(
            self.total_atom(form, over), tuple(where.get(a, -1) for a in outer), left
        )


def _has_quotient(factor: Factor) -> bool:
    assert isinstance(factor.atom, Bracket)
    return any(e < 0 for product in factor.atom.form.terms for _, e in product)
