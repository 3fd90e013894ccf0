"""The right lines as ``tgb.explain`` writes them, for the messages."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ..derivation import explain
from ..recorded.network import Recorded

__all__ = ["Lines"]

_MOST_NODES = 400
_LONGEST = 120


class Lines:
    """The lines of the derivation of a graph, written when the first is asked for.

    Parameters
    ----------
    graph : Recorded
    names, model
        With which the graph was read.
    known : dict of str to str
        Formulas for the lines that the derivation does not have.
    """

    def __init__(self, graph: Recorded, names: Mapping[str, Any] | None, model: Any,
                 known: dict[str, str]) -> None:  # fmt: skip
        self.graph, self.names, self.model, self.known = graph, names, model, known

    @cached_property
    def _formulas(self) -> dict[str, str]:
        if len(self.graph.order) > _MOST_NODES:
            return {}
        try:
            derivation = explain(self.graph.tensor, names=self.names, model=self.model)
            return {line.name: line.formula for line in derivation.backward}
        except Exception:  # a formula for a message is no reason to fail without one
            return {}

    def right(self, name: str) -> str:
        """Return the right formula of a line such as ``dW2``; "" if it is not known."""
        formula = self._formulas.get(name, "")
        if formula and len(formula) <= _LONGEST:
            return f"{name} = {formula}"
        return self.known.get(name, "")
