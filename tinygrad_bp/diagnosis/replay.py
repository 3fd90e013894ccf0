"""The backward pass of a recorded graph once more, in float64, so that it can be bent on purpose.

A student's mistake is one rule done differently. Since every rule is linear in the gradient that
arrives, a change δ at one place changes the gradient of a parameter by what the *right* rules carry
from there: dW = dW_right + J(δ). :meth:`Replay.carry` is that J.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..graph import Node
from ..recorded.network import Recorded
from ..rules.shape import sum_to
from ..storage import changed

__all__ = ["Replay", "add_to"]

Array = np.ndarray[Any, np.dtype[Any]]
Step = tuple[Node, int, Node]

#: How far the loss, computed again in double precision, may lie from the recorded one.
_SAME_LOSS = 1e-3


class Replay:
    """Values and gradients of a graph in float64, and how a change travels through it.

    Parameters
    ----------
    graph : Recorded

    Attributes
    ----------
    values : dict of Node to ndarray
        The forward pass, computed again in float64 from the leaves.
    totals : dict of Node to ndarray
        The right gradient of every value.
    eps : float
        The rounding unit of the coarsest floating type in the graph.

    Raises
    ------
    RuntimeError
        If a value is not known any more, or was changed since the loss was computed.
    """

    def __init__(self, graph: Recorded) -> None:
        self.graph, self.order, self.root = graph, graph.order, graph.root
        self.constants: dict[tuple[Node, int], Any] = {}
        self.values: dict[Node, Array] = {}
        self.saved: dict[Node, tuple[Any, ...]] = {}
        self.attrs: dict[Node, dict[str, Any]] = {}
        self._steps: dict[tuple[Node, Node | None], list[Step]] = {}
        self._leading: dict[Node, set[Node]] = {}
        self.eps = max(
            (float(np.finfo(np.dtype(str(n.dtype).rpartition(".")[2])).eps) for n in self.order
             if str(n.dtype).rpartition(".")[2].startswith("float")),
            default=2.0**-52,
        )  # fmt: skip
        self._refuse_changed()
        for node in reversed(self.order):
            self._compute(node)
        self._check()
        self.totals = self.run()

    # ------------------------------------------------------------------------------- forward pass

    def _compute(self, node: Node) -> None:
        self.attrs[node] = {k: _wide_dtype(v) for k, v in node.attrs.items()} if node.attrs else {}
        operands = self._operands(node)
        if node.op is None or operands is None or type(node) is not Node:
            recorded = self.graph.values.value(node)
            # What nobody holds may still be what no rule reads, such as Z − max(Z) of a softmax.
            if recorded is not None:
                self.values[node] = _wide(recorded)
            elif node.op is None:
                self.values[node] = _wide(self.graph.value(node))
        else:
            self.values[node] = np.asarray(node.op.forward(*operands, **self.attrs[node]))
        self._keep(node, operands)

    def _operands(self, node: Node) -> list[Any] | None:
        operands = []
        for position, source in enumerate(node.inputs):
            if source is None:
                constant = self.graph.values.constant(node, position)
                if constant is None:
                    constant = self._found_again(node, position)
                if constant is None:
                    return None
                self.constants[node, position] = _wide(constant)
                operands.append(self.constants[node, position])
            elif source in self.values:
                operands.append(self.values[source])
            else:
                return None
        return operands

    def _found_again(self, node: Node, position: int) -> Array | None:
        """Return a constant that is gone from what it was added to, or subtracted from.

        The targets of A − Y, often: nobody holds them, and no rule reads them.
        """
        sign = {"add": -1, "subtract": 1}.get(node.op.name if node.op is not None else "")
        out = self.graph.values.value(node)
        other = node.inputs[1 - position] if sign is not None else None
        if sign is None or out is None or other not in self.values:
            return None
        known = self.values[other]
        if known.shape != out.shape:
            return None
        if position == 1 and sign == 1:
            return np.asarray(known - _wide(out))
        return np.asarray(_wide(out) + sign * known)

    def forward_from(self, start: Node, value: Array) -> dict[Node, Array]:
        """Run the forward pass again from another value; return what changes, where it is known."""
        changed: dict[Node, Array] = {start: value}
        lost: set[Node] = set()
        for node in reversed(self.order):
            if node is start or node.op is None:
                continue
            if any(source in lost for source in node.inputs):
                lost.add(node)
            elif any(source in changed for source in node.inputs):
                operands = [
                    self.constants.get((node, p))
                    if s is None
                    else changed.get(s, self.values.get(s))
                    for p, s in enumerate(node.inputs)
                ]
                if type(node) is not Node or any(x is None for x in operands):
                    lost.add(node)
                else:
                    changed[node] = np.asarray(node.op.forward(*operands, **self.attrs[node]))
        return changed

    def _keep(self, node: Node, operands: list[Any] | None) -> None:
        """Note what the rules of a node read."""
        if node.plan is None or node.plan.keep is None:
            self.saved[node] = ()
        elif operands is not None and node in self.values:
            arrays = [np.asarray(x) for x in operands]
            self.saved[node] = node.plan.keep(arrays, self.values[node])
        elif node.saved is not None:
            self.saved[node] = tuple(_wide(x) if isinstance(x, np.ndarray) else x
                                     for x in node.saved)  # fmt: skip
        else:
            raise RuntimeError(
                f"a constant that {node.describe()} depends on is gone: keep it in a variable, or "
                "call diagnose before backward frees the graph"
            )

    def _refuse_changed(self) -> None:
        for node in self.graph.leaves:
            readers = [c.number for c, _ in self.graph.consumers.get(node, ())]
            how = changed(self.graph.values.value(node), min(readers, default=node.number))
            if how is not None:
                name = self.graph.name(node)
                raise RuntimeError(
                    f"{name} is not what the loss was computed from: {how}. Call diagnose before "
                    "the optimizer's step, or run the forward pass again"
                )

    def _check(self) -> None:
        recorded = np.asarray(self.graph.tensor._array, np.float64)
        again = self.values.get(self.root, recorded)
        # In the graph's own precision a loss may overflow that is finite in float64: then the
        # values are held against the recorded ones as they are.
        same = np.allclose(recorded, again, rtol=_SAME_LOSS, atol=1e-6, equal_nan=True)
        if not same and not self.graph.values.again:
            raise RuntimeError(
                f"the loss is {_number(recorded)}, but computed again from the values that the "
                f"tensors have now it is {_number(again)}: a parameter or the data was changed "
                "since. Call diagnose before the optimizer's step, or run the forward pass again"
            )

    # ------------------------------------------------------------------------------ backward pass

    def pull(self, node: Node, i: int, g: Any) -> Any:
        """Run the rule number `i` of a node: the gradient that it sends to that operand."""
        return self.pulled(node, i, g, self.saved[node])

    def pulled(self, node: Node, i: int, g: Any, saved: tuple[Any, ...]) -> Any:
        """Run a rule on other kept values than those of the forward pass."""
        plan = node.plan
        if plan is None:
            return self._foreign(node, i, g)
        gradient = plan.pulls[i](g, saved, self.attrs[node])
        if node.shapes is not None:
            shape = node.shapes[plan.positions[i]]
            if gradient.shape != shape:
                gradient = sum_to(gradient, shape=shape)
        return gradient

    def _foreign(self, node: Node, i: int, g: Any) -> Any:
        """Run the backward of a custom function, on the graph's own type."""
        positions, pulled = node.pull(np.asarray(g, node.dtype), None, None)
        for position, gradient in zip(positions, pulled, strict=True):
            if position == i:
                return _wide(gradient)
        return np.zeros(tuple(node.inputs[i].shape))  # type: ignore[union-attr]

    def edges(self, node: Node) -> list[tuple[int, Node]]:
        """Return (number of the rule, source) for the operands that a node sends gradients to."""
        if node.plan is None:
            return [(i, source) for i, source in enumerate(node.inputs) if source is not None]
        found = []
        for i, position in enumerate(node.plan.positions):
            source = node.inputs[position]
            if source is not None:
                found.append((i, source))
        return found

    def run(self) -> dict[Node, Any]:
        """Run the whole backward pass."""
        return self.run_with({})

    def run_with(self, instead: Mapping[Node, Array]) -> dict[Node, Any]:
        """Run it with other gradients for some values."""
        totals: dict[Node, Any] = {self.root: np.ones(tuple(self.root.shape))}
        for node in self.order:
            if node in instead:
                totals[node] = instead[node]
            if node not in totals:
                continue
            for i, source in self.edges(node):
                add_to(totals, source, self.pull(node, i, totals[node]))
        return totals

    def leading_to(self, target: Node) -> set[Node]:
        """Return the values that a gradient passes on its way to `target`, itself among them."""
        if target not in self._leading:
            found = {target}
            for node in reversed(self.order):
                if any(source in found for _, source in self.edges(node)):
                    found.add(node)
            self._leading[target] = found
        return self._leading[target]

    def steps(self, start: Node, target: Node | None) -> list[Step]:
        """Return the rules that carry a gradient from one value to another (None: to all)."""
        key = (start, target)
        if key not in self._steps:
            useful = None if target is None else self.leading_to(target)
            reached, found = {start}, []
            for node in self.order:
                if node in reached and node is not target:
                    for i, source in self.edges(node):
                        if useful is None or source in useful:
                            reached.add(source)
                            found.append((node, i, source))
            self._steps[key] = found
        return self._steps[key]

    def carry(self, start: Node, change: Any, target: Node) -> Any:
        """Return by how much the gradient of `target` changes if that of `start` changes."""
        if start is target:
            return change
        return self._carried(start, change, target).get(target, 0.0)

    def spread(self, start: Node, change: Any) -> dict[Node, Any]:
        """Return by how much every gradient changes if that of `start` changes."""
        return self._carried(start, change, None)

    def _carried(self, start: Node, change: Any, target: Node | None) -> dict[Node, Any]:
        changes: dict[Node, Any] = {start: change}
        for node, i, source in self.steps(start, target):
            g = changes.get(node)
            if g is not None:
                add_to(changes, source, self.pull(node, i, g))
        return changes


def add_to(totals: dict[Node, Any], node: Node, gradient: Any) -> None:
    """Add what arrives at a value to what has arrived there already."""
    totals[node] = totals[node] + gradient if node in totals else gradient


def _wide(x: Any) -> Any:
    array = np.asarray(x)
    return array.astype(np.float64) if array.dtype.kind == "f" else array


def _wide_dtype(value: Any) -> Any:
    """Turn a floating type among the attributes of an operation into float64."""
    kind = getattr(value, "dtype", value)
    if isinstance(kind, (np.dtype, type)) and not isinstance(value, np.ndarray):
        try:
            if np.dtype(kind).kind == "f":
                return np.dtype(np.float64)
        except TypeError:
            pass
    return value


def _number(x: Any) -> str:
    return f"{float(x):.6g}" if np.size(x) == 1 else f"an array of shape {np.shape(x)}"
