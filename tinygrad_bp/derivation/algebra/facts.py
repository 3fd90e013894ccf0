"""What is known of the symbols of a formula, beside their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ...expr import Expr, parts

__all__ = ["Facts", "symbols"]

_MOST = 200  # definitions that one formula is compared with


def symbols(formula: Expr) -> dict[str, Expr]:
    """Return the symbols in a formula by their names, in the order in which they are met."""
    return {part.name: part for part in parts(formula) if part.op is None}


@dataclass(frozen=True)
class Facts:
    """What :func:`~tinygrad_bp.derivation.algebra.simplify.simplify` may use.

    Attributes
    ----------
    definitions : mapping of str to Expr
        Name of a symbol -> the formula that it stands for, in the order of the forward pass:
        ``A2`` is ``E / S``, ``S`` is ``Σ E``.
    sizes : mapping of int to str
        Number -> what it is called: ``{64: "m"}``.
    hidden : set of str
        Symbols that no reader has seen: they are written out if they are still there in the end.
    ones : set of str
        Symbols that stand for the number 1, such as ``dL``.
    data : set of str, optional
        Symbols that are given, not computed and not trained, such as X and Y: of these alone a
        property may be read off the values. By default all that have no definition.
    taken : set of str
        Further names that mean something, which no new symbol may have.
    """

    definitions: Mapping[str, Expr] = field(default_factory=dict)
    sizes: Mapping[int, str] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    ones: frozenset[str] = frozenset()
    data: frozenset[str] | None = None
    taken: frozenset[str] = frozenset()

    @cached_property
    def _operands(self) -> dict[str, frozenset[str]]:
        return {name: frozenset(symbols(f)) for name, f in self.definitions.items()}

    @cached_property
    def _readers(self) -> dict[str, list[str]]:
        """Symbol -> the names whose definition has it."""
        found: dict[str, list[str]] = {}
        for name, operands in self._operands.items():
            for operand in operands:
                found.setdefault(operand, []).append(name)
        return found

    def about(self, names: Iterable[str]) -> dict[str, Expr]:
        """Return the definitions that can be told from these symbols, the first made first."""
        known = set(names)
        found: set[str] = set()
        stack = list(known)
        while stack and len(found) < _MOST:
            for reader in self._readers.get(stack.pop(), ()):
                if reader not in found and self._operands[reader] <= known:
                    found.add(reader)
                    if reader not in known:
                        known.add(reader)
                        stack.append(reader)
        return {name: f for name, f in self.definitions.items() if name in found}

    def is_data(self, name: str) -> bool:
        """Whether a property of this symbol may be read off its values."""
        return name not in self.definitions and (self.data is None or name in self.data)
