"""Numbers that mean something: 1/64 is 1/m where the batch has 64 samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from ...expr import symbol
from .expansion import Algebra
from .forms import Form, Leaf, Shape

__all__ = ["Sizes", "number_of", "numeral"]

#: Fractions that people write for their own sake, whatever the size of the batch.
_PLAIN = frozenset(Fraction(1, n) for n in (2, 4, 5, 10, 20, 50, 100, 1000, 10_000))


class Sizes:
    """Reads the names of sizes into numbers.

    Parameters
    ----------
    names : mapping of int to str
    dtype : dtype
        Of the formulas in which the names will stand.
    lengths : tuple of int
        Of the axes of such a formula: 2/192 is 2/(3 m) if one of them is 3.
    """

    def __init__(self, names: Mapping[int, str], dtype: Any, lengths: Shape = ()) -> None:
        self.names = {n: name for n, name in names.items() if n > 1}
        self.dtype = dtype
        self.lengths = frozenset(lengths) - {1}
        self.values = {name: n for n, name in self.names.items()}

    def symbol(self, algebra: Algebra, n: int) -> Form:
        """Make the symbol of a size."""
        named = symbol(self.names[n], np.asarray(n, self.dtype))
        return algebra.whole(algebra.once(("symbol", named.name, ()), Leaf(named, ())))

    def _products(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield the sizes, then the products of two: m n."""
        for n in self.names:
            yield n, (n,)
        for a, b in combinations(self.names, 2):
            yield a * b, (a, b)

    def _named(self, algebra: Algebra, sizes: tuple[int, ...]) -> Form:
        return algebra.multiply(*(self.symbol(algebra, n) for n in sizes))

    def whole(self, algebra: Algebra, n: int) -> Form:
        """Make the form of a number of elements."""
        return self.symbol(algebra, n) if n in self.names else algebra.constant(n)

    def divisor(self, algebra: Algebra, c: Fraction, shape: Shape) -> Form:
        """Make the form of a number that something is divided by."""
        if c.denominator == 1:
            for n, sizes in self._products():
                # 2 m, of ½ Σ (A − Y)² / m.
                if abs(c) in (n, 2 * n) and abs(c) not in self.names.keys() - {n}:
                    form = algebra.scale(self._named(algebra, sizes), c / n)
                    return algebra.broadcast(form, shape)
        return algebra.constant(c, shape)

    def fraction(self, algebra: Algebra, c: Fraction, shape: Shape) -> Form:
        """Make the form of a number: 1/64 and 2/64 are 1/m and 2/m."""
        size = abs(c)
        if self.names and 0 < size < 1 and size not in _PLAIN:
            for n, sizes in self._products():
                for times in (1, 2):
                    if times == size * n:
                        below = algebra.power(self._named(algebra, sizes), -1)
                        sign = 1 if c > 0 else -1
                        return algebra.broadcast(algebra.scale(below, sign * times), shape)
            for n in self.names:
                rest = [times / (size * n) for times in (1, 2)]
                if n > 2 and any(q in self.lengths for q in rest):
                    below = algebra.power(self.symbol(algebra, n), -1)
                    return algebra.broadcast(algebra.scale(below, c * n), shape)
        return algebra.constant(c, shape)

    def settled(self, algebra: Algebra, form: Form) -> Form:
        """Let numbers and sizes cancel: 64/m is 1, and 2/m is 1 where m is 2.

        A size that is left above the line becomes a number again.
        """
        if not self.names:
            return form
        found: dict[Any, Fraction] = {}
        for product, c in form.terms.items():
            kept = list(product)
            for pair in product:
                factor, e = pair
                leaf = factor.atom
                if not isinstance(leaf, Leaf) or leaf.expr.__class__.__name__ != "Expr":
                    continue
                n = self.values.get(leaf.expr.name) if leaf.shape == () else None
                if n is None or leaf.expr.value != n:
                    continue
                if e > 0 or c.numerator % n**-e == 0:
                    c *= Fraction(n) ** e
                    kept.remove(pair)
            key = tuple(kept)
            found[key] = found.get(key, Fraction(0)) + c
        return Form(form.shape, found)


def number_of(value: Any) -> Fraction | None:
    """Return the number that an operand is, or that fills an array; else None."""
    if isinstance(value, (bool, np.bool_)):
        return None
    array = np.asarray(value)
    if array.dtype.kind not in "iuf" or not array.size:
        return None
    first = array.flat[0]
    if array.ndim and not (array == first).all():
        return None
    if not np.isfinite(first):
        return None
    exact = Fraction(float(first)) if array.dtype.kind == "f" else Fraction(int(first))
    near = exact.limit_denominator(100_000)
    if near == exact or (near and array.dtype.type(float(near)) == first):
        return near
    return Fraction(repr(float(first)))


def numeral(c: Fraction) -> str:
    """Write a number as the name of a symbol."""
    return str(int(c)) if c.denominator == 1 else repr(float(c))
