"""Modules that a derivation does not open: each is one operation, known by its name."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..expr import Expr
from ..graph import Node
from ..op import Op
from ..recorded.modules import Group
from ..recorded.network import Recorded

__all__ = ["Folding"]


class Folding:
    """Which operations lie inside a closed module, at some depth.

    Parameters
    ----------
    graph : Recorded
    depth : int or None
        How many levels of modules are open; None: all.
    """

    def __init__(self, graph: Recorded, depth: int | None) -> None:
        self.graph = graph
        self.inside: dict[Node, Group] = {}
        for node in graph.order:
            if node.op is not None:
                folded = graph.modules.folded(graph.modules.groups.get(node), depth)
                # A module of one operation is open: its formula says more than its name.
                if folded is not None:
                    self.inside[node] = folded
        for folded in set(self.inside.values()):
            nodes = [n for n, group in self.inside.items() if group == folded]
            if len(nodes) <= 2:
                for node in nodes:
                    del self.inside[node]

    def closed(self, consumer: Node, source: Node) -> Group | None:
        """Return the closed module that a value goes into when it is read, if it does."""
        group = self.inside.get(consumer)
        return None if group == self.inside.get(source) and source.op is not None else group

    def is_hidden(self, node: Node) -> bool:
        """Whether a value, or a parameter, is inside of a closed module and seen nowhere else."""
        readers = [consumer for consumer, _ in self.graph.consumers.get(node, ())]
        if node.op is None:
            return bool(readers) and all(reader in self.inside for reader in readers)
        group = self.inside.get(node)
        return group is not None and bool(readers) and all(
            self.inside.get(reader) == group for reader in readers
        )  # fmt: skip

    def outputs(self, group: Group) -> list[Node]:
        """Return the values that leave a closed module."""
        return [n for n, of in self.inside.items() if of == group and not self.is_hidden(n)]

    def title(self, group: Group) -> str:
        """Return the name of a module as an operation: its path, or its class."""
        path, kind = self.graph.modules.title(group)
        return path or kind

    def call(self, node: Node) -> Expr:
        """Return a value that leaves a module as the module's function of what enters it."""
        group = self.inside[node]
        value = self.graph.value(node)
        entering: list[Any] = []
        for inner in reversed(self.graph.order):
            if self.inside.get(inner) != group:
                continue
            for position, source in enumerate(inner.inputs):
                if source is not None and self.inside.get(source) == group:
                    continue
                if source is not None and (source.op is None or self.is_parameter(source)):
                    continue
                operand = self.graph.operand(inner, position)
                if isinstance(operand, Expr) and operand not in entering:
                    entering.append(operand)
        op = Op(lambda *_: value, {}, name=self.title(group))
        return op(*entering) if entering else op(self.graph.symbol(node))  # type: ignore[no-any-return]

    def is_parameter(self, node: Node) -> bool:
        """Whether a value is a parameter in another layout."""
        return node in self.graph.roles.made_of_parameters

    def pull(self, group: Group, source: Node, arrived: Any, gradients: list[Expr]) -> Expr:
        """Return what a closed module passes back to a value that entered it."""
        value = np.asarray(arrived)
        name = f"∂{self.title(group)}/∂{self.graph.name(source)}"
        return Op(lambda *_: value, {}, name=name)(*gradients)  # type: ignore[no-any-return]
