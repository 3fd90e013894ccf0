"""The numbers of a picture: values and gradients, where they can be known truthfully."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..graph import Node
from ..rules.shape import sum_to
from ..tensor import Tensor
from .modules import constant_of

__all__ = ["Values"]

Array = np.ndarray[Any, np.dtype[Any]]

_MOST_NODES = 2000  # beyond, nothing is computed again for a picture
_MOST_ELEMENTS = 5_000_000


class Values:
    """Values and gradients of the nodes of a graph; nothing of it outlives the picture.

    A value is taken from the tensor while somebody holds it, else from what the operations kept
    for backward, else computed again from the leaves. The last is checked: were a leaf changed
    since (by an optimizer's step), the root would come out differently, and no such value is shown.

    Parameters
    ----------
    order : sequence of Node
        The graph, each node after its consumers.
    roots : sequence of Node
        Where it was entered.
    most_nodes, most_elements : int
        Of a larger graph nothing is computed again.
    """

    def __init__(
        self,
        order: Sequence[Node],
        roots: Sequence[Node],
        most_nodes: int = _MOST_NODES,
        most_elements: int = _MOST_ELEMENTS,
    ) -> None:
        self.order, self.roots = order, roots
        self.recorded: dict[Node, Array] = {}
        self.kept: dict[tuple[Node, int], Array] = {}  # constants, by the place they were used at
        self.stale: set[Node] = set()  # nodes that kept a value which was changed in place
        self.again: dict[Node, Array] = {}
        self.pulled: dict[tuple[Node, int], Array] = {}
        self.totals: dict[Node, Array] = {}
        self.small = (
            len(order) <= most_nodes
            and sum(math.prod(node.shape) for node in order) <= most_elements
        )
        for node in order:
            made = node.made() if node.made is not None else None
            if made is not None and made.node is node:
                self.recorded[node] = made._array
            self._take_kept(node)
        if self.small:
            self._compute_again()

    def value(self, node: Node) -> Array | None:
        """Return the value of a node, or None if it can't be known any more."""
        found = self.recorded.get(node)
        return self.again.get(node) if found is None else found

    def constant(self, node: Node, position: int) -> Any:
        """Return a constant operand: an array, a number, or None if it is gone."""
        operand = constant_of(node, position)
        if operand is None:
            return self.kept.get((node, position))
        return operand._array if isinstance(operand, Tensor) else operand

    def gradient(self, node: Node) -> Array | None:
        """Return the collected gradient of a node, else the computed one, else None."""
        if node.extra is not None and node.extra.grad is not None:
            return node.extra.grad._array  # type: ignore[no-any-return]
        return self.totals.get(node)

    def collected(self) -> bool:
        """Whether backward has left a gradient anywhere in the graph."""
        return any(node.extra is not None and node.extra.grad is not None for node in self.order)

    # ------------------------------------------------------------------------------------- values

    def _take_kept(self, node: Node) -> None:
        if node.plan is None or node.saved is None:
            return
        try:
            saved = node.unpack(None)
        except RuntimeError:  # a kept value was changed in place
            self.stale.add(node)
            return
        for slot, source in node.plan.kept:
            target = node if source < 0 else node.inputs[source]
            if target is None:
                self.kept[node, source] = saved[slot]
            else:
                self.recorded.setdefault(target, saved[slot])

    def _operands(self, node: Node, values: dict[Node, Array]) -> list[Any] | None:
        operands = []
        for position, source in enumerate(node.inputs):
            operand = self.constant(node, position) if source is None else values.get(source)
            if operand is None:
                return None
            operands.append(operand)
        return operands

    def _compute_again(self) -> None:
        values: dict[Node, Array] = {}
        for node in reversed(self.order):
            # A node of a kind of its own may run a user's function, which may have side effects.
            again = node.op is not None and type(node) is Node
            operands = self._operands(node, values) if again else None
            if node.op is None or operands is None:
                if node in self.recorded:
                    values[node] = self.recorded[node]
                continue
            try:
                with np.errstate(all="ignore"):
                    value = np.asarray(node.op.forward(*operands, **node.attrs))
            except Exception:  # an operand changed its shape since: it can't be known any more
                return
            if value.shape != tuple(node.shape):
                return
            values[node] = value
            before = self.recorded.get(node)
            if before is not None and not _same(value, before):
                return
        if all(root in values and root in self.recorded for root in self.roots):
            self.again = values

    # ---------------------------------------------------------------------------------- gradients

    def differentiate(self) -> None:
        """Compute the gradient of the roots with respect to every node, without any side effect.

        For roots of one element; not through hooks: what they answer isn't known without a call.
        """
        hooked = any(node.extra is not None and node.extra.hooks for node in self.order)
        if not self.small or hooked or any(math.prod(root.shape) != 1 for root in self.roots):
            return
        unknown: set[Node] = set()
        totals: dict[Node, Array] = {root: np.ones(root.shape, root.dtype) for root in self.roots}
        for node in self.order:
            g = totals.get(node)
            if node.op is None or (g is None and node not in unknown):
                continue
            if g is None or node in unknown or node.plan is None or type(node) is not Node:
                # A node of a kind of its own (a custom Function) is not run for a picture.
                unknown.update(source for source in node.inputs if source is not None)
                continue
            saved = self.saved(node)
            for position, rule in zip(node.plan.positions, node.plan.pulls, strict=True):
                source = node.inputs[position]
                if source is None:
                    continue
                if saved is None:
                    unknown.add(source)
                    continue
                try:
                    with np.errstate(all="ignore"):
                        gradient = rule(g, saved, node.attrs)
                        if node.shapes is not None:
                            gradient = sum_to(gradient, shape=node.shapes[position])
                except Exception:  # a rule of the user's that can't run twice
                    unknown.add(source)
                    continue
                self.pulled[node, position] = gradient
                totals[source] = totals[source] + gradient if source in totals else gradient
        self.totals = {node: g for node, g in totals.items() if node not in unknown}

    def saved(self, node: Node) -> tuple[Any, ...] | None:
        """Return what the rules of a node read: what it kept, or what it would keep now."""
        if node.saved is not None:
            return None if node in self.stale else node.saved
        if node.plan is None or node.plan.keep is None:
            return ()
        known = {source: self.value(source) for source in node.inputs if source is not None}
        out = self.value(node)
        operands = self._operands(node, {n: v for n, v in known.items() if v is not None})
        # After backward has freed a graph, only values that the check above has passed will do.
        if out is None or operands is None or not self.again:
            return None
        return node.plan.keep(operands, out)


def _same(a: Array, b: Array) -> bool:
    """Whether two arrays agree to the digits that a picture shows."""
    if a.shape != b.shape:
        return False
    scale = float(np.max(np.abs(b), initial=0, where=np.isfinite(b))) if b.size else 0.0
    return bool(np.allclose(a, b, rtol=1e-4, atol=1e-6 * scale, equal_nan=True))
