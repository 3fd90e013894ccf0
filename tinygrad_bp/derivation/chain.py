"""The chain rule on formulas: the gradient of every value of a graph, from those of its consumers.

The rules of the table are run on symbols. What comes out is the formula of each contribution, with
its value, so that an explanation can't say anything that backward does not do.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ..expr import Expr, parts, same, symbol
from ..graph import Node, Parts
from ..op import Op
from ..recorded.naming import ACTIVATIONS
from ..recorded.network import Recorded
from ..rules import elementwise as ew
from ..rules.shape import cast, sum_to

__all__ = ["Chain", "size", "slope_op"]

#: The name of an array of ones.
ONE = "1"
#: Parts of a rule's formula beyond which it is called by name: what an LSTM unrolls, say.
_LONGEST_RULE = 24


class Chain:
    """The gradients of a recorded graph as formulas over the values and one another.

    Parameters
    ----------
    graph : Recorded
        What ends in the value to differentiate, usually a loss.
    seed : array, optional
        The gradient that arrives at the root: 1 by default, for a root of one element.

    Attributes
    ----------
    arrivals : dict
        Node -> list of (consumer, position among its operands, formula of what arrives over it).
    totals : dict
        Node -> formula of its gradient, the sum of the arrivals.
    """

    def __init__(self, graph: Recorded, seed: Any = None) -> None:
        self.graph = graph
        self.arrivals: dict[Node, list[tuple[Node, int, Any]]] = {}
        self.totals: dict[Node, Expr] = {}
        self._gradients: dict[Node, Expr] = {}
        self._outputs: dict[Node, Parts] = {}  # of a Function with several: what arrives at each
        root = graph.root
        if seed is None and int(np.prod(root.shape)) != 1:
            raise RuntimeError(
                f"explain starts from a single number, such as a loss; {root.describe()}. Reduce "
                "it (.sum(), .mean()), or give its gradient: explain(…, gradient=…)"
            )
        start = np.ones(root.shape, root.dtype) if seed is None else np.asarray(seed, root.dtype)
        begins = ONE if start.shape == () and start == 1 else f"d{graph.name(root)}"
        self._gradients[root] = symbol(begins, start)
        self.totals[root] = self._gradients[root]
        for node in graph.order:
            if node is not root:
                self._add_up(node)
            if node.op is not None and node in self.totals:
                self._pull(node)

    def gradient(self, node: Node) -> Expr:
        """Return the symbol of the gradient of a value, such as ``dZ1``."""
        if node not in self._gradients:
            name = f"d{self.graph.name(node)}"
            self._gradients[node] = symbol(name, self.totals[node].value)
        return self._gradients[node]

    def slope(self, source: Node, named: Expr) -> Expr | None:
        """Spell out the derivative of an activation of `source` that a formula calls by name."""
        for node, _ in self.graph.consumers.get(source, ()):
            if node.op is not None and slope_op(node.op) is named.op and node.plan is not None:
                one = symbol(ONE, np.ones(node.shape, node.dtype))
                spelled: Expr = node.plan.pulls[0](one, self._symbols(node), node.attrs)
                # ReLU's rule reads its output: that it is not 0 says that Z is positive.
                positive = cast(ew.greater(self.graph.symbol(source), 0), dtype=node.dtype)
                return positive if node.op.name == "relu" else spelled
        return None

    def _add_up(self, node: Node) -> None:
        arrived = self.arrivals.get(node)
        if not arrived:
            return
        if isinstance(arrived[0][2], Parts):
            self._gather(node, [parts for _, _, parts in arrived])
            return
        total = arrived[0][2]
        for _, _, formula in arrived[1:]:
            total = ew.add(total, formula)
        self.totals[node] = total

    def _gather(self, node: Node, arrived: list[Any]) -> None:
        """Keep what arrives at each output of a custom Function, under a symbol for all of them."""
        total = arrived[0]
        for more in arrived[1:]:
            total = total + more
        self._outputs[node] = total
        name = f"d{self.graph.name(node)}"
        self.totals[node] = symbol(name, next(iter(total.values())).value)
        self.arrivals[node] = []

    def _pull(self, node: Node) -> None:
        """Run the rules of a node on the symbol of its gradient."""
        if type(node) is not Node or node.plan is None:
            self._pull_foreign(node)
            return
        plan, g = node.plan, self.gradient(node)
        saved = self._symbols(node)
        for position, rule in zip(plan.positions, plan.pulls, strict=True):
            source = node.inputs[position]
            if source is None:
                continue
            with np.errstate(all="ignore"):
                formula = rule(g, saved, node.attrs)
            if not isinstance(formula, Parts):
                formula = self._by_name(node, g, formula)
            if isinstance(formula, Parts):  # one of the outputs of a custom Function
                self.arrivals.setdefault(source, []).append((node, position, formula))
                continue
            if size(formula) > _LONGEST_RULE:
                formula = _by_its_name(node, position, g, saved)
            if node.shapes is not None and formula.shape != tuple(node.shapes[position]):
                formula = sum_to(formula, shape=tuple(node.shapes[position]))
            self.arrivals.setdefault(source, []).append((node, position, formula))

    def _symbols(self, node: Node) -> tuple[Any, ...]:
        """Return what the rules read, with symbols in place of arrays."""
        assert node.plan is not None
        saved = self.graph.values.saved(node)
        if saved is None:
            raise RuntimeError(
                f"what the rules of {node.describe()} read is not known any more: backward has "
                "freed it, and what it was computed from was changed since, or nobody holds it. "
                "Run the forward pass again, and explain it before backward, or call "
                "backward(retain_graph=True)"
            )
        lifted = list(saved)
        for slot, source in node.plan.kept:
            lifted[slot] = (
                self.graph.symbol(node) if source < 0 else self.graph.operand(node, source)
            )
        return tuple(lifted)

    def _by_name(self, node: Node, g: Expr, formula: Expr) -> Expr:
        """Write g ⊙ f′(z) for an activation: its derivative by name."""
        op = node.op
        source = node.inputs[0] if node.inputs else None
        if op is None or source is None or len(node.inputs) != 1 or not op.broadcasts:
            return formula
        if op.name not in ACTIVATIONS or not self.graph.knows(source):
            return formula
        slope = slope_op(op)(self.graph.symbol(source), **node.attrs)
        named = ew.multiply(g, slope)
        return named if same(named.value, formula.value) else formula

    def _pull_foreign(self, node: Node) -> None:
        """Run the backward of a custom Function, whose formula nobody knows."""
        if getattr(node, "function", self).__module__.endswith("utils.checkpoint"):
            raise RuntimeError(
                f"{node.describe()} runs its operations only when backward comes to it: there is "
                "nothing to explain yet. Explain the model without utils.checkpoint"
            )
        outputs = self._outputs.get(node)
        gradients = [self.gradient(node)] if outputs is None else list(outputs.values())
        if node.saved is None:
            raise RuntimeError(
                f"backward through {node.describe()} has freed what it kept: run the forward pass "
                "again, and explain it before backward"
            )
        arrived: Any = (
            gradients[0].value
            if outputs is None
            else Parts({number: g.value for number, g in outputs.items()})
        )
        positions, pulled = node.pull(arrived, None, None)
        name = f"{node.op.name if node.op is not None else 'Function'}.backward"
        for position, gradient in zip(positions, pulled, strict=True):
            source = node.inputs[position]
            value = np.asarray(getattr(gradient, "_array", gradient))
            if source is not None:
                formula = _opaque(name, value)(*gradients)
                self.arrivals.setdefault(source, []).append((node, position, formula))


def _opaque(name: str, value: Any) -> Op:
    """Make an operation that is known by one value alone."""
    return Op(lambda *_: value, {}, name=name)


@functools.cache
def slope_op(op: Op) -> Op:
    """Return the derivative of an elementwise operation as an operation, named ``relu′``.

    Examples
    --------
    >>> from tinygrad_bp.rules.elementwise import sigmoid
    >>> slope_op(sigmoid).name, float(slope_op(sigmoid)(np.zeros(())))
    ('sigmoid′', 0.25)
    """

    def slope(x: Any, **attrs: Any) -> Any:
        plan = op.plans.get(0b11) or op.plan(0b11)
        assert plan is not None
        out = np.asarray(op.forward(x, **attrs))
        saved = () if plan.keep is None else plan.keep((x,), out)
        return plan.pull_all(np.ones(out.shape, out.dtype), saved, attrs)[0]

    return Op(slope, {}, name=f"{op.name}′")


def size(formula: Expr) -> int:
    """Count the parts of a formula as it is written: shared parts as often as they appear."""
    sizes: dict[int, int] = {}
    for part in parts(formula):
        sizes[id(part)] = 1 + sum(sizes[id(a)] for a in part.args if isinstance(a, Expr))
    return sizes[id(formula)]


def _by_its_name(node: Node, position: int, g: Expr, saved: tuple[Any, ...]) -> Expr:
    """Call the chain rule of an operation by name, ``∂lstm/∂gates(dH, H, W)``.

    Its operands are the gradient that arrives, and the arrays that the rule reads.
    """
    op, plan = node.op, node.plan
    assert op is not None
    assert plan is not None
    rule = plan.pulls[plan.positions.index(position)]
    places = [i for i, value in enumerate(saved) if isinstance(value, Expr)]

    def pull(arrived: Any, *arrays: Any, **attrs: Any) -> Any:
        kept = list(saved)  # shapes and the like
        for place, array in zip(places, arrays, strict=True):
            kept[place] = array
        return rule(arrived, tuple(kept), attrs)

    inputs = op.inputs
    name = inputs[position] if position < len(inputs) else f"{op.variadic}{position - len(inputs)}"
    named = Op(pull, {}, name=f"∂{op.name}/∂{name}")
    return named(g, *[saved[i] for i in places], **node.attrs)  # type: ignore[no-any-return]
