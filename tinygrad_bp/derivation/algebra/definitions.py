"""Reading with what symbols stand for: A is E / S, and S is Σ E."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

import numpy as np

from ...expr import Expr, symbol
from .facts import Facts
from .forms import Atom, Axes, Bracket, Factor, Form, Leaf
from .patterns import PatternReader
from .sizes import Sizes

__all__ = ["Defined", "Depth"]


class Depth(IntEnum):
    """How much is used of what is known: a step of a simplification each."""

    ALGEBRA = 0
    DEFINITIONS = 1
    PROPERTIES = 2
    WRITTEN_OUT = 3


class Defined(PatternReader):
    """Reads formulas with the definitions of their symbols.

    Attributes
    ----------
    reasons : dict
        What was used, in words, in the order in which it was.
    looked_up : dict
        The symbols whose definitions were used.
    made : dict
        Name of class indices, y -> symbol that was made of them: the same one-hot, Y.
    labels_turned : bool
        Y has a column, not a row, for each sample.
    opening : bool
        Read an element that is chosen by its class as a sum, Σ A ⊙ Y.
    learning : bool
        Definitions are being read, not yet a formula.
    """

    def __init__(
        self, sizes: Sizes, facts: Facts, depth: Depth, used: Mapping[str, Expr],
        made: dict[str, Expr], labels_turned: bool = False, opening: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(sizes)
        self.facts, self.depth = facts, depth
        self.used = dict(used)
        self.reasons: dict[str, None] = {}
        self.looked_up: dict[str, None] = {}
        self.made, self.labels_turned = made, labels_turned
        self.opening = opening
        self._known: dict[Atom, tuple[Atom, Axes]] = {}
        self._complements = self._find_complements() if depth >= Depth.DEFINITIONS else {}
        self.learning = True
        self._defined: dict[str, Form | None] = {}
        if depth >= Depth.DEFINITIONS:
            for name, formula in facts.about(used).items():
                if not (depth is Depth.WRITTEN_OUT and name in facts.hidden):
                    self._learn(name, formula)
        self.learning = False

    def named(self, part: Expr) -> Form:
        """Read a symbol: it may stand for 1, or be written out."""
        if part.name in self.facts.ones and (part.value == 1).all():
            return self.constant(1, tuple(part.shape))
        base = self._complements.get(part.name)
        if base is not None and base.shape == part.shape:
            self.because(f"{part.name} = 1 − {base.name}")
            return self.add(
                self.constant(1, tuple(part.shape)), self.scale(super().named(base), -1)
            )
        if self.depth is Depth.WRITTEN_OUT and part.name in self.facts.hidden:
            definition = self.facts.definitions.get(part.name)
            if definition is not None:
                return self.read(definition)
        return super().named(part)

    def _find_complements(self) -> dict[str, Expr]:
        """Find data that are 1 minus other data, such as 1 − Y in a binary cross-entropy."""
        data = [s for name, s in self.used.items() if self.facts.is_data(name) and s.ndim]
        data.sort(key=lambda s: (len(s.name), s.name))
        found: dict[str, Expr] = {}
        for place, part in enumerate(data):
            for base in data[:place]:
                if base.name in found or base.shape != part.shape or base.dtype != part.dtype:
                    continue
                if part.value.dtype.kind == "f" and np.array_equal(part.value, 1 - base.value):
                    found[part.name] = base
                    break
        return found

    def definition(self, atom: Atom) -> Form | None:
        """Return what a symbol stands for, if it is known."""
        if not isinstance(atom, Leaf) or not isinstance(atom.expr, Expr):
            return None
        name = atom.expr.name
        if self.depth < Depth.DEFINITIONS or name not in self.facts.definitions:
            return None
        if name not in self._defined:
            self._defined[name] = None  # until it is known: a definition does not lean on itself
            formula = self.facts.definitions[name]
            self._defined[name] = self.read(formula) if formula.shape == atom.shape else None
        return self._defined[name]

    def consulted(self, atom: Atom) -> None:
        """Take note that the definition of a symbol was used."""
        if isinstance(atom, Leaf):
            self.looked_up[atom.expr.name] = None

    def _learn(self, name: str, formula: Expr) -> None:
        """Note what a symbol stands for: from now on it is put in place of that."""
        form = self.improve(self.read(formula))
        own = self.used.get(name)
        if own is None or own.shape != formula.shape:
            own = symbol(name, formula.value)
        extents = tuple(formula.shape)
        leaf = self.once(("symbol", name, extents), Leaf(own, extents))
        self._defined[name] = form
        if form.along != {i for i, n in enumerate(leaf.shape) if n != 1}:
            return  # the same all along an axis: a product with it would lose that axis
        whole = super().factor(leaf, tuple(range(formula.ndim)))
        if len(form.terms) > 1:
            self._sums.append((form, whole))
            return
        for product, c in form.terms.items():
            if len(product) == 1 and c == 1 and product[0][1] == 1:
                self._alias(product[0][0], leaf)
            elif any(f.axes for f, _ in product):
                self._relate(product, c, whole)

    def _alias(self, factor: Factor, leaf: Leaf) -> None:
        """Put a symbol in place of one atom, wherever that stands."""
        if factor.atom is leaf or factor.atom in self._known or isinstance(factor.atom, Leaf):
            return
        if isinstance(factor.atom, Bracket):
            return
        self._known[factor.atom] = (leaf, factor.axes)

    def factor(self, atom: Atom, axes: Axes) -> Factor:
        """Make a factor; a symbol stands for what it is known to be."""
        if atom in self._known:
            leaf, inside = self._known[atom]
            place = [-1] * len(leaf.shape)
            for own, outer in zip(inside, axes, strict=True):
                if own >= 0:
                    place[own] = outer
            return super().factor(leaf, tuple(place))
        return super().factor(atom, axes)

    def fold(self, form: Form) -> Form:
        """Put symbols in place of products and sums that they stand for."""
        form = self.sizes.settled(self, form)
        return form if self.depth < Depth.DEFINITIONS else self.put_symbols(form)

    def because(self, reason: str) -> bool:
        """Note a reason; always true, so that it can stand at the end of a condition."""
        self.reasons[reason] = None
        return True
