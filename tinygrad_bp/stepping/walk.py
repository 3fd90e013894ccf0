"""What the page tells of every value: its formula, its numbers, the ledger of its gradient."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from ..derivation import Derivation
from ..derivation.chain import Chain
from ..derivation.documents.mathml import mathml
from ..derivation.notation.formulas import latex, name_latex
from ..expr import Expr, parts
from ..graph import Node
from ..recorded.network import Recorded
from .numbers import cells_for, norm, summary
from .operands import constant_key, operand

__all__ = ["Walk"]


class Walk:
    """The backward pass as a list of items, the operations first, in the order of their steps.

    Parameters
    ----------
    graph : Recorded
    chain : Chain or None
        The gradients; None where there are none to show.
    derivation : Derivation or None
        The lines of a textbook, for the values that have one.
    """

    def __init__(
        self, graph: Recorded, chain: Chain | None, derivation: Derivation | None = None
    ) -> None:
        self.graph, self.chain = graph, chain
        for node in reversed(graph.order):
            graph.name(node)  # what has no name yet is numbered in the order of the forward pass
        self.steps = [node for node in graph.order if node.op is not None and self._reached(node)]
        unreached = [n for n in graph.order if n.op is not None and not self._reached(n)]
        self.nodes = [*self.steps, *unreached, *graph.leaves]
        self.place: dict[Any, int] = {node: i for i, node in enumerate(self.nodes)}
        self.constants: dict[Hashable, Expr] = {}
        self._find_constants()
        self.legend = derivation.legend if derivation else ()
        self.lines = {line.node: line for line in derivation.backward} if derivation else {}
        #: Whether the lines have a sample in each column, and the graph one in each row.
        self.turned = any(node is not None and line.shape != tuple(node.shape)
                          for node, line in self.lines.items())  # fmt: skip
        self._formulas: dict[str, int] = {}
        self.cells = cells_for(self._sizes())
        self.items = [self._item(node) for node in self.nodes]
        self.items += [self._constant(known) for known in self.constants.values()]

    @property
    def formulas(self) -> list[str]:
        """The formulas that items refer to by number, as MathML."""
        return list(self._formulas)

    def _reached(self, node: Node) -> bool:
        return self.chain is None or node in self.chain.totals

    def _arrivals(self, node: Node) -> list[tuple[Node, int, Expr]]:
        if self.chain is None or node not in self.chain.totals:
            return []
        if self._apart(node):
            return [
                (consumer, position, self.chain.gradient(consumer))
                for consumer, position in reversed(self.graph.consumers[node])
                if consumer in self.chain.totals
            ]
        return self.chain.arrivals.get(node, [])

    def _apart(self, node: Node) -> bool:
        """Whether this is a function of several outputs, each with a gradient of its own."""
        arrived = self.chain.arrivals.get(node) if self.chain is not None else None
        return not arrived and node is not self.graph.root

    def _find_constants(self) -> None:
        for node, position in self.graph.constants():
            key = constant_key(self.graph, node, position)
            known = operand(self.graph, node, position)
            if isinstance(known, Expr) and key not in self.constants:
                self.place[key] = len(self.nodes) + len(self.constants)
                self.constants[key] = known

    def _sizes(self) -> list[int]:
        sizes = [known.value.size for known in self.constants.values()]
        for node in self.nodes:
            several = len(self._arrivals(node))
            sizes += [int(np.prod(node.shape))] * (2 + several * (several > 1))
        return sizes

    # -------------------------------------------------------------------------------------- items

    def _item(self, node: Node) -> dict[str, Any]:
        graph = self.graph
        item: dict[str, Any] = {
            "name": graph.name(node),
            "symbol": self._called(graph.name(node)),
            "kind": "leaf" if node.op is None else "op",
            "op": node.op.name.strip("_").replace("_", " ") if node.op is not None else "",
            "shape": list(node.shape),
            "dtype": str(np.dtype(node.dtype)),
        }
        if path := graph.path(node):
            item["path"] = path
        elif line := graph.source(node):
            item["line"] = line
        group = graph.modules.groups.get(node)
        if group is not None and (module := graph.modules.title(group)) != ("", ""):
            item["module"] = " ".join(part for part in module if part)
        if graph.knows(node):
            item["value"] = summary(graph.value(node), self.cells)
        item |= self._equation(node)
        if self.chain is not None and node in self.chain.totals:
            item |= self._gradient(node)
        return item

    def _equation(self, node: Node) -> dict[str, Any]:
        try:
            formula = self.graph.equation(node)
        except RuntimeError:  # an operand is gone: the operation is still known by its name
            formula = None
        return {} if formula is None else {"equation": self._formula(formula)}

    def _gradient(self, node: Node) -> dict[str, Any]:
        """Return the gradient of a value, and the ledger of what was added up to it."""
        assert self.chain is not None
        found: dict[str, Any] = {
            "gradient": summary(self.chain.totals[node].value, self.cells),
            "dsymbol": self._called(f"d{self.graph.name(node)}"),
            "ledger": self._ledger(node),
        }
        if self._apart(node):
            found["apart"] = True
        if line := self.lines.get(node):
            found["derived"] = [[self._formula(s.formula), s.reason] for s in line.steps]
            found["where"] = [[name, self._formula(formula)] for name, formula in line.where]
            used = {part.name for part in parts(line.expr) if part.op is None}
            found["here"] = [
                [self._called(name), meaning] for name, meaning in self.legend if name in used
            ]
        return found

    def _ledger(self, node: Node) -> list[dict[str, Any]]:
        arrived = self._arrivals(node)
        added_up = not self._apart(node)
        ledger = []
        running: Any = 0
        for consumer, position, formula in arrived:
            entry = {
                "from": self.place[consumer],
                "formula": self._formula(formula),
                "norm": norm(formula.value),
            }
            if added_up:
                running = running + formula.value
                entry["total"] = norm(running)
                if len(arrived) > 1:
                    entry["numbers"] = summary(formula.value, self.cells)
            if sum(c is consumer for c, _, _ in arrived) > 1:
                entry["operand"] = position + 1
            ledger.append(entry)
        return ledger

    def _constant(self, known: Expr) -> dict[str, Any]:
        return {
            "name": known.name,
            "symbol": self._called(known.name),
            "kind": "data",
            "op": "",
            "shape": list(known.shape),
            "dtype": str(known.value.dtype),
            "value": summary(known.value, self.cells),
        }

    # ----------------------------------------------------------------------------------- formulas

    def _called(self, name: str) -> int:
        return self._put(name_latex(name))

    def _formula(self, formula: Expr) -> int:
        """Return the number of a formula; one that appears again is kept once."""
        return self._put(latex(formula))

    def _put(self, tex: str) -> int:
        return self._formulas.setdefault(mathml(tex), len(self._formulas))
