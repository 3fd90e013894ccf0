"""Where a graph was cut off: what `why_no_grad` reads.

A tensor that stands outside the graph although it was computed from tensors inside it carries, for
each cut, the kind, the line, and weak references to the leaves that lay behind. Weak, and at most a
few: a detached loss must not keep its graph alive.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from .graph import Node, topological_order
from .source import Line, describe, user_line
from .storage import tick

__all__ = ["Origin", "cut_off", "exports", "leave", "leaves_behind", "merge", "spell", "why_root"]

_MOST_ORIGINS = 8
_MOST_NODES = 64  # how far any cut may look back for leaves
_MOST_EXPORTS = 64

#: The latest cuts at which values left for NumPy: what is computed there has no history.
exports: deque[Origin] = deque(maxlen=_MOST_EXPORTS)


class _Budget:
    """How far cuts may look back: as many nodes as were recorded, so that the cost stays linear."""

    saved = 0
    at = 0

    def draw(self) -> int:
        now = tick()
        self.saved += now - self.at
        self.at = now
        return _MOST_NODES + self.saved

    def pay(self, looked: int) -> None:
        self.saved = max(self.saved - max(looked - _MOST_NODES, 0), 0)


_budget = _Budget()


class Origin(NamedTuple):
    """One cut: of which kind, by what, where."""

    kind: str  # one of _KINDS
    what: str
    line: Line | None
    leaves: tuple[weakref.ref[Node], ...]
    unseen: tuple[weakref.ref[Node], ...]  # nodes behind which there may be more leaves


def cut_off(kind: str, what: str, nodes: Sequence[Node | None]) -> tuple[Origin, ...]:
    """Describe a cut in front of these nodes; nothing if none of them is in a graph."""
    stack = [node for node in nodes if node is not None]
    if not stack:
        return ()
    if all(node.op is None for node in stack):  # weights, nearly always: nothing lies behind
        return (Origin(kind, what, user_line(), tuple(map(weakref.ref, stack)), ()),)
    seen = set(stack)
    leaves = []
    looked, most = 0, _budget.draw()
    while stack and looked < most:
        node = stack.pop()
        looked += 1
        if node.op is None:
            leaves.append(weakref.ref(node))
        for parent in node.inputs:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    _budget.pay(looked)
    return (Origin(kind, what, user_line(), tuple(leaves), tuple(map(weakref.ref, stack))),)


def leaves_behind(origin: Origin) -> tuple[set[Node | None], bool]:
    """Return the leaves behind a cut that are still there, and whether these are all."""
    found = {leaf() for leaf in origin.leaves}
    unseen = [node() for node in origin.unseen]
    found.update(n for n in topological_order([n for n in unseen if n]) if n.op is None)
    return found, None not in unseen


def leave(origins: tuple[Origin, ...], what: str, node: Node | None) -> tuple[Origin, ...]:
    """Note that values are handed to NumPy; return where they came from."""
    cut = merge(origins, cut_off("numpy", what, [node]))
    if cut and (not exports or exports[-1] is not cut[-1]):
        exports.append(cut[-1])
    return cut


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
    "numpy": "taken through NumPy",
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
