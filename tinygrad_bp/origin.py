"""Where a graph was cut off: what `why_no_grad` reads.

A tensor that stands outside the graph although it was computed from tensors inside it carries, for
each cut, the kind, the line, and weak references to the leaves that lay behind. Weak, and at most a
few: a detached loss must not keep its graph alive.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import NamedTuple

from .graph import Node
from .source import Line, user_line

__all__ = ["Origin", "cut_off", "merge"]

_MOST_ORIGINS = 8
_MOST_NODES = 64  # how far a cut looks back for leaves: a bounded cost, whatever lies behind


class Origin(NamedTuple):
    """One cut: `kind` is detach, data, no_grad, cast or constant (an operation without gradient)."""

    kind: str
    what: str
    line: Line | None
    leaves: tuple[weakref.ref[Node], ...]
    complete: bool  # whether all leaves behind were found


def cut_off(kind: str, what: str, nodes: Sequence[Node | None]) -> tuple[Origin, ...]:
    """Describe a cut in front of these nodes; nothing if none of them is in a graph."""
    stack = [node for node in nodes if node is not None]
    if not stack:
        return ()
    seen = set(stack)
    leaves = []
    looked = 0
    while stack and looked < _MOST_NODES:
        node = stack.pop()
        looked += 1
        if node.op is None:
            leaves.append(weakref.ref(node))
        for parent in node.inputs:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return (Origin(kind, what, user_line(), tuple(leaves), not stack),)


def merge(a: tuple[Origin, ...], b: tuple[Origin, ...]) -> tuple[Origin, ...]:
    """Join two lists of cuts; the oldest go when there are too many."""
    if not a or a is b:
        return b
    if not b:
        return a
    known = [(o.kind, o.line) for o in b]
    return (*(o for o in a if (o.kind, o.line) not in known), *b)[-_MOST_ORIGINS:]
