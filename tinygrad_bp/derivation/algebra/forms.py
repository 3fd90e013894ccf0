"""Sums of products: the normal form of a formula, in which equal things look equal.

A :class:`Form` is a sum of terms, a term a number times a product of factors with whole exponents:
``(A2 − Y) / m`` is ``m⁻¹ A2 − m⁻¹ Y``. A factor is an atom (a symbol, a call of an operation, a sum
over axes, a bracket) and says which axis of the whole each of its own axes runs along. So that
transposes, axes of length 1 and broadcasting are a matter of numbering, and vanish by themselves.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from ...expr import Expr
from ...op import Op

__all__ = [
    "Atom", "Axes", "Bracket", "Call", "Factor", "Form", "Leaf", "Mask", "Product", "Shape",
    "Total", "brackets", "is_bracket", "is_turned", "product_of",
]  # fmt: skip

Axes = tuple[int, ...]
Shape = tuple[int, ...]


class Atom:
    """What a product is made of. ``cost`` counts its parts as a reader would."""

    __slots__ = ("cost", "number", "shape")

    def __init__(self, shape: Shape, cost: int) -> None:
        self.shape, self.cost = shape, cost
        self.number = 0


class Leaf(Atom):
    """A symbol, or an array without a name."""

    __slots__ = ("expr",)

    def __init__(self, expr: Any, shape: Shape) -> None:
        super().__init__(shape, 2)
        self.expr = expr


class Call(Atom):
    """An operation on formulas (or on what is none: a number, an array); ``like`` is as it was."""

    __slots__ = ("args", "attrs", "like", "op")

    def __init__(self, op: Op, args: tuple[Any, ...], attrs: dict[str, Any], like: Expr | None,
                 shape: Shape) -> None:  # fmt: skip
        super().__init__(shape, 1 + sum(a.cost if isinstance(a, Form) else 1 for a in args))
        self.op, self.args, self.attrs, self.like = op, args, attrs, like


class Total(Atom):
    """The sum of a form over some of its axes; the others are the atom's."""

    __slots__ = ("axes", "form")

    def __init__(self, form: Form, axes: Axes) -> None:
        super().__init__(tuple(n for i, n in enumerate(form.shape) if i not in axes), 1 + form.cost)
        self.form, self.axes = form, axes


class Bracket(Atom):
    """A sum in brackets, as a factor."""

    __slots__ = ("form",)

    def __init__(self, form: Form) -> None:
        super().__init__(form.shape, form.cost)
        self.form = form


class Mask(Atom):
    """1 where a condition holds, else 0."""

    __slots__ = ("condition",)

    def __init__(self, condition: Form) -> None:
        super().__init__(condition.shape, 1 + condition.cost)
        self.condition = condition


class Factor:
    """An atom, with the axis of the whole along which each of its axes runs (-1: of length 1)."""

    __slots__ = ("atom", "axes", "number")

    def __init__(self, atom: Atom, axes: Axes, number: int) -> None:
        self.atom, self.axes, self.number = atom, axes, number

    @property
    def turned(self) -> bool:
        """Whether its axes run in another order than those of the whole, or what is inside does."""
        if isinstance(self.atom, Bracket) and not is_turned(self.axes):
            return self.atom.form.turned
        return is_turned(self.axes)


#: A product: factors, the first met first, with their exponents.
Product = tuple[tuple[Factor, int], ...]


class Form:
    """A sum of products; ``terms`` maps each product to the number before it."""

    __slots__ = ("_cost", "_key", "shape", "terms")

    def __init__(self, shape: Shape, terms: Mapping[Product, Fraction]) -> None:
        self.shape = shape
        self.terms = {product: c for product, c in terms.items() if c}
        self._cost = -1
        self._key: Hashable = None

    @property
    def key(self) -> Hashable:
        """Equal for equal forms."""
        if self._key is None:
            self._key = (self.shape, frozenset(self.terms.items()))
        return self._key

    @property
    def cost(self) -> int:
        """How much there is to read."""
        if self._cost < 0:
            self._cost = max(len(self.terms) - 1, 0) + sum(
                _cost_of(product, c) for product, c in self.terms.items()
            )
        return self._cost

    @property
    def number(self) -> Fraction | None:
        """The number that it is everywhere; None if it is more than that."""
        if not self.terms:
            return Fraction(0)
        return self.terms.get(()) if len(self.terms) == 1 else None

    @property
    def alone(self) -> Factor | None:
        """The factor that it consists of, without a number or an exponent; else None."""
        if len(self.terms) == 1:
            ((product, c),) = self.terms.items()
            if c == 1 and len(product) == 1 and product[0][1] == 1:
                return product[0][0]
        return None

    def factors(self) -> Iterator[Factor]:
        """Yield the factors of all terms."""
        for product in self.terms:
            for factor, _ in product:
                yield factor

    @property
    def along(self) -> set[int]:
        """The axes along which it is not constant."""
        return {axis for factor in self.factors() for axis in factor.axes if axis >= 0}

    @property
    def turned(self) -> bool:
        """Whether it is the transpose of something simpler."""
        across = [f for f in self.factors() if len(f.axes) > 1 and any(a >= 0 for a in f.axes)]
        return bool(across) and all(f.turned for f in across)


def is_turned(axes: Axes) -> bool:
    """Whether axes run in another order than those of what they are laid along."""
    used = [a for a in axes if a >= 0]
    if len(axes) == 2 and len(used) == 1:  # a row in place of a column, or the reverse
        return axes in ((-1, 0), (1, -1))
    return used != sorted(used)


def _cost_of(product: Product, c: Fraction) -> int:
    cost = max(len(product) - 1, 0) if product else 1
    if abs(c) != 1:
        cost += 2
    cost += c < 0
    for factor, exponent in product:
        cost += factor.atom.cost + 2 * (abs(exponent) > 1) + factor.turned
    return cost


def product_of(*products: Iterable[tuple[Factor, int]]) -> Product:
    """Multiply: exponents of a factor add up; 1 or 0 times itself is the same."""
    found: dict[Factor, int] = {}
    for product in products:
        for factor, e in product:
            found[factor] = found.get(factor, 0) + e
    pairs = [(f, min(e, 1) if isinstance(f.atom, Mask) else e) for f, e in found.items() if e]
    pairs.sort(key=lambda pair: pair[0].number)
    return tuple(pairs)


def brackets(form: Form) -> set[Factor]:
    """Return the brackets that can be multiplied out."""
    return {
        f for product in form.terms for f, e in product if e > 0 and isinstance(f.atom, Bracket)
    }


def is_bracket(product: Product) -> bool:
    """Whether a product is a bracket alone."""
    return len(product) == 1 and product[0][1] == 1 and isinstance(product[0][0].atom, Bracket)
