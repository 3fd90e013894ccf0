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
    def _derivation(self) -> Any:
        if len(self.graph.order) > _MOST_NODES:
            return None
        try:
            return explain(self.graph.tensor, names=self.names, model=self.model)
        except RuntimeError:  # a value that only the derivation reads is gone
            return None

    def right(self, name: str) -> str:
        """Return the right formula of a line such as ``dW2``; "" if it is not known."""
        derivation = self._derivation
        if derivation is not None:
            for line in derivation.backward:
                if line.name == name and len(line.formula) <= _LONGEST:
                    return f"{name} = {line.formula}"
        return self.known.get(name, "")
