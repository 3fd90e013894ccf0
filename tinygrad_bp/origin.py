"""Where a graph was cut off: what `why_no_grad` reads.

A tensor that stands outside the graph although it was computed from tensors inside it carries, for
each cut, the kind, the line, and weak references to the leaves that lay behind. Weak, and at most a
few: a detached loss must not keep its graph alive.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

from .graph import Node
from .source import Line, describe, user_line

__all__ = ["Origin", "cut_off", "merge", "spell", "why_root"]

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


_KINDS = {
    "detach": "detached from the graph",
    "data": "rebuilt from its values",
    "no_grad": "computed under no_grad",
    "cast": "converted to a type without gradients",
    "constant": "passed through an operation without a gradient",
}


def spell(origin: Origin) -> str:
    """Say what a cut was, and where."""
    return f"{_KINDS[origin.kind]} by {origin.what!r}, at {describe(origin.line)}"


def why_root(root: Any) -> str:
    """Explain why backward can't start from a tensor."""
    head = f"backward from a tensor of shape {tuple(root.shape)} that does not require a gradient: "
    if root._array.dtype.kind not in "fc":
        return head + f"it is of {root.dtype.name}, and only floating-point tensors have gradients"
    if root._origin:
        return head + "what it was computed from was " + spell(root._origin[-1])
    return head + "no tensor that it was computed from has requires_grad=True"
