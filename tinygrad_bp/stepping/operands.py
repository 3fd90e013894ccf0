"""The operands of an operation that no gradient goes to: data and numbers."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from ..graph import Node
from ..recorded.network import Recorded

__all__ = ["constant_key", "operand"]


def constant_key(graph: Recorded, node: Node, position: int) -> Hashable:
    """Return what the drawing room knows a constant operand by."""
    operand = graph.constant(node, position)
    return ("constant", id(node.constants[position] if operand is None else operand))


def operand(graph: Recorded, node: Node, position: int) -> Any:
    """Return an operand as a symbol or a number; None for one that nobody knows any more."""
    try:
        return graph.operand(node, position)
    except RuntimeError:
        return None
