"""What the values of a graph are to each other: layers, activations, the output, penalties.

A hypothesis is about a role: "the derivative of the activation", "the weight of the layer". The
roles are told from the operations and from the numbers, so that an activation or a softmax that was
written out by hand is found too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import Node
from .functions import ACTIVATIONS, FUNCTIONS, Activation, leaky_relu
from .replay import Replay
from .targets import output_of, output_told, same, target_of

__all__ = ["Activated", "Affine", "Head", "Roles"]

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Affine:
    """A layer's affine map: the product of a weight and of what the layer reads.

    Attributes
    ----------
    product, out : Node
        The matrix product, and the sum with the bias (the same node where there is none).
    weight, data : int
        The positions of the two factors among the operands of the product.
    bias : tuple of (Node, int) or None
        Where the bias is read.
    columns : bool
        Whether samples are columns (``W @ X + b``).
    transposed : bool
        Whether the product uses the weight's transpose (``X @ W.T``, as nn.Linear does).
    """

    product: Node
    out: Node
    weight: int
    data: int
    bias: tuple[Node, int] | None
    columns: bool
    transposed: bool

    @property
    def samples(self) -> int:
        """The axis along which samples lie, of a matrix."""
        return 1 if self.columns else 0

    @property
    def many(self) -> bool:
        """Whether there are samples, and not a single vector."""
        return len(self.out.shape) == 2


@dataclass(frozen=True)
class Activated:
    """An activation: a = f(z), elementwise, as one operation or several (`inside`)."""

    z: Node
    a: Node
    slope: Array
    apply: Callable[[Array], tuple[Array, Array]]
    known: Activation | None
    inside: frozenset[Node] = frozenset()


@dataclass(frozen=True)
class Head:
    """Where the network ends: the last affine map (or what stands there), and the targets."""

    z: Node
    prediction: Array
    output: str
    target: Array | None
    classes: int  # the axis of the classes
    samples: int  # that of the samples, which a single vector does not have
    names: tuple[str, str, str] = ("A", "Y", "Z")  # of prediction, target and z

    @property
    def sizes(self) -> tuple[int, int]:
        """How many samples there are, and how many outputs."""
        shape = self.prediction.shape
        return (shape[self.samples] if len(shape) == 2 else 1), shape[self.classes]


class Roles:
    """The roles in a graph.

    Attributes
    ----------
    affine : list of Affine
        In the order of the forward pass.
    activated : list of Activated
    heads : list of Head
    penalties : list of (Node, list of (Node, int))
        A parameter with the operations (node, number of the rule) through which it enters a term of
        the loss that no data enters.
    data : list of (str, ndarray)
        Inputs, targets and what layers compute: what a student may take for one another.
    """

    def __init__(self, replay: Replay) -> None:
        self.replay, self.graph = replay, replay.graph
        self.base: dict[Node, Node] = {}
        self.loose: dict[Node, Node] = {}  # the same, where an array such as Z > 0 has a part in it
        self.fed: set[Node] = set()  # what data enters
        for node in reversed(replay.order):
            self.base[node] = self._base(node, self.base, False)
            self.loose[node] = self._base(node, self.loose, True)
            if self._reads_data(node):
                self.fed.add(node)
        self._weights = self._behind_parameters()
        forward = list(reversed(replay.order))
        self.affine = [found for node in forward if (found := self._affine(node)) is not None]
        self.heads = self._heads()
        self.ends = {n for head in self.heads for n in self._after(head.z)}  # the loss's own steps
        self.outputs = {head.z for head in self.heads}
        for node in forward:  # Z in another layout is Z still
            layout = node.op is not None and node.op.name in {"reshape", "transpose", "slice"}
            if layout and node.inputs[0] in self.outputs:
                self.outputs.add(node)
        self.ends -= self.outputs
        self.activated = [act for node in forward if (act := self._activated(node)) is not None]
        self.penalties = self._penalties()
        self.data = self._data()

    # -------------------------------------------------------------------------------- elementwise

    def _base(self, node: Node, known: dict[Node, Node], arrays: bool) -> Node:
        """Return the value that a node is a function of, element by element; else itself."""
        if node.op is None or not node.op.broadcasts or type(node) is not Node:
            return node
        bases = set()
        for position, source in enumerate(node.inputs):
            if source is None:
                constant = self.replay.constants.get((node, position))
                if constant is None or (np.size(constant) != 1 and not arrays):
                    return node
            else:
                bases.add(known[source])
        if len(bases) != 1:
            return node
        base = bases.pop()
        return base if tuple(base.shape) == tuple(node.shape) else node

    def _reads_data(self, node: Node) -> bool:
        if any(source in self.fed for source in node.inputs):
            return True
        return any(
            np.size(self.replay.constants.get((node, p), 0)) > 1
            for p, source in enumerate(node.inputs) if source is None
        )  # fmt: skip

    def _function(self, z: Node, a: Node) -> Callable[[Array], tuple[Array, Array]]:
        """Return the function that takes z to a, with its slope."""
        between = [n for n in self.replay.leading_to(z) if self.base.get(n) is z and n is not z]
        inside = sorted((n for n in between if n.number <= a.number), key=lambda n: n.number)
        replay = self.replay

        def run(x: Array) -> tuple[Array, Array]:
            values: dict[Node, Array] = {z: x}
            slopes: dict[Node, Array] = {z: np.ones_like(x)}
            with np.errstate(all="ignore"):
                for node in inside:
                    operands = [
                        replay.constants.get((node, p)) if s is None else values[s]
                        for p, s in enumerate(node.inputs)
                    ]
                    attrs = replay.attrs[node]
                    values[node] = np.asarray(node.op.forward(*operands, **attrs))  # type: ignore[union-attr]
                    plan = node.plan
                    saved = plan.keep(operands, values[node]) if plan and plan.keep else ()
                    slope = np.zeros_like(x)
                    for i, source in replay.edges(node):
                        pulled = plan.pulls[i](np.ones_like(x), saved, attrs)  # type: ignore[union-attr]
                        slope = slope + pulled * slopes[source]
                    slopes[node] = slope
            return values[a], slopes[a]

        return run

    # ------------------------------------------------------------------------------------- layers

    def _behind_parameters(self) -> dict[Node, Node]:
        """Map a value that shows one leaf in another layout, such as W.T, to the leaf."""
        found: dict[Node, Node] = {}
        for node in reversed(self.replay.order):
            if node.op is None:
                found[node] = node
            elif node.op.name in {"transpose", "reshape", "cast", "copy", "broadcast_to"}:
                sources = [s for s in node.inputs if s is not None]
                if len(sources) == 1 and sources[0] in found:
                    found[node] = found[sources[0]]
        return found

    def leaf(self, node: Node | None) -> Node | None:
        """Return the leaf that a value is, or shows in another layout; else None."""
        return None if node is None else self._weights.get(node)

    def _affine(self, node: Node) -> Affine | None:
        name = node.op.name if node.op is not None else ""
        if name == "linear" and len(node.shape) == 2:
            bias = (node, 2) if node.inputs[2] is not None else None
            return Affine(node, node, 1, 0, bias, False, True)
        if name != "matmul" or len(node.shape) not in (1, 2):
            return None
        place = self._weight_place(node)
        if place is None or len(_shape_of(node, place, self.replay)) != 2:
            return None
        out, bias = node, None
        consumers = self.graph.consumers.get(node, [])
        if len(consumers) == 1 and consumers[0][0].op.name == "add":  # type: ignore[union-attr]
            total, mine = consumers[0]
            other = total.inputs[1 - mine]
            if self.leaf(other) is not None and tuple(total.shape) == tuple(node.shape):
                out, bias = total, (total, 1 - mine)
        weight = node.inputs[place]
        leaf = self.leaf(weight)
        turned = (
            leaf is not None and weight is not leaf and tuple(leaf.shape) != tuple(weight.shape)  # type: ignore[union-attr]
        ) or (weight is not None and weight.op is not None and weight.op.name == "transpose")
        return Affine(node, out, place, 1 - place, bias, place == 0, turned)

    def _weight_place(self, node: Node) -> int | None:
        """Tell the weight of a matrix product from what it multiplies."""
        weights = [self.leaf(s) is not None for s in node.inputs]
        if weights == [True, True]:  # the data want a gradient too
            names = [self.graph.name(self._weights[s]) for s in node.inputs if s is not None]
            return 1 if names[0][:1] in "xX" else 0
        if True not in weights:
            return None
        return weights.index(True)

    # -------------------------------------------------------------------------------- activations

    def _activated(self, node: Node) -> Activated | None:
        z = self.base[node] if self.base[node] is not node else self.loose[node]
        if z is node or z not in self.fed or z.op is None or len(node.shape) < 1 or z in self.ends:
            return None
        value, at = self.replay.values.get(node), self.replay.values.get(z)
        if value is None or at is None:
            return None
        elementary = node.op is not None and node.op.name in _ELEMENTARY
        # One number shows what is called an activation; it does not show what was written out.
        known = None if elementary and value.size < 2 else self._known(at, value)
        inside = all(self.base[c] is z for c, _ in self.graph.consumers.get(node, ()))
        if inside and (known is None or known in FUNCTIONS or z not in self.outputs):
            return None  # a step of something else; but log σ(Z) has an activation in it
        if self.base[node] is not node:
            apply = self._function(z, node)
        elif known is not None:
            apply = _applied(known)
        else:
            return None
        slope = apply(at)[1]
        flat = slope.size > 1 and bool(np.all(slope == slope.flat[0]))
        if known is None and (elementary or flat):
            return None
        steps = frozenset(
            n for n, base in self.loose.items() if base is z and n.number <= node.number
        )
        return Activated(z, node, slope, apply, known, steps - {z})

    def _known(self, at: Array, value: Array) -> Activation | None:
        """Return the function with these values, if it is one that people know."""
        with np.errstate(all="ignore"):
            for f in (*ACTIVATIONS, *FUNCTIONS):
                if same(self.replay, f.value(at), value):
                    return f
            below = at < 0
            if np.any(below) and np.any(at > 0):
                slope = float(np.median(value[below] / at[below]))
                leaky = leaky_relu(slope)
                if slope and same(self.replay, leaky.value(at), value):
                    return leaky
        return None

    # ----------------------------------------------------------------------------------- the loss

    def _heads(self) -> list[Head]:
        """Find the last affine maps, after which no other comes, and their targets."""
        outs = {a.out for a in self.affine if a.out in self.replay.values}
        last = []
        for affine in self.affine:
            behind = self._after(affine.out)
            if affine.out in outs and not behind & (outs - {affine.out}):
                last.append((affine, behind))
        heads = []
        for affine, behind in last:
            z, axis = affine.out, affine.samples if affine.many else 1
            classes = 1 - axis
            region = sorted(behind, key=lambda n: n.number)
            output, prediction, a = output_of(self.replay, region, z, classes)
            target, y = target_of(self.replay, region, z, classes, prediction)
            if not output and target is not None:
                output, prediction, a = output_told(self.replay, z, classes, target)
            names = (a, y, self.graph.name(z))
            heads.append(Head(z, prediction, output, target, classes, axis, names))
        return heads

    def _after(self, node: Node) -> set[Node]:
        seen: set[Node] = set()
        stack = [node]
        while stack:
            for consumer, _ in self.graph.consumers.get(stack.pop(), ()):
                if consumer not in seen:
                    seen.add(consumer)
                    stack.append(consumer)
        return seen

    def _penalties(self) -> list[tuple[Node, list[tuple[Node, int]]]]:
        found = []
        for leaf in self.graph.leaves:
            consumers = self.graph.consumers.get(leaf, ())
            free = [c for c, _ in consumers if not self._meets_data(c)]
            if free and len(set(free)) < len({c for c, _ in consumers}):
                edges = [(c, i) for c in dict.fromkeys(free)
                         for i, source in self.replay.edges(c) if source is leaf]  # fmt: skip
                found.append((leaf, edges))
        return found

    def _meets_data(self, node: Node) -> bool:
        """Whether a value of more than one element meets data, and not only the loss's sum."""
        stack, seen = [node], {node}
        while stack:
            at = stack.pop()
            if at in self.fed and (tuple(at.shape) or not _adds(at)):
                return True
            for consumer, _ in self.graph.consumers.get(at, ()):
                if consumer not in seen and not (_adds(at) and at in self.fed):
                    seen.add(consumer)
                    stack.append(consumer)
        return False

    # --------------------------------------------------------------------------------------- data

    def _data(self) -> list[tuple[str, Array]]:
        found: list[tuple[str, Array]] = []
        seen: set[bytes] = set()

        def note(name: str, array: Any) -> None:
            array = np.asarray(array)
            if array.ndim in (1, 2) and array.dtype.kind == "f":
                key = array.tobytes() + bytes(str(array.shape), "ascii")
                if key not in seen:
                    seen.add(key)
                    found.append((name, array))

        for affine in self.affine:
            source = affine.product.inputs[affine.data]
            if source is not None:
                note(self.graph.name(source), self.replay.values.get(source))
            else:
                name = getattr(self.graph.operand(affine.product, affine.data), "name", "") or "X"
                note(name, self.replay.constants[affine.product, affine.data])
            note(self.graph.name(affine.out), self.replay.values.get(affine.out))
        for act in self.activated:
            note(self.graph.name(act.a), self.replay.values[act.a])
        for head in self.heads:
            note(head.names[0], head.prediction)
            if head.target is not None:
                note(head.names[1], head.target)
        return found


#: Steps of a formula that are no activation of their own unless they are one by their values.
_ELEMENTARY = frozenset({
    "add", "subtract", "multiply", "divide", "negative", "exp", "log", "square", "reciprocal",
    "power_constant", "log1p", "absolute", "sqrt", "clip_constant", "power", "positive",
})  # fmt: skip


def _shape_of(node: Node, position: int, replay: Replay) -> tuple[int, ...]:
    source = node.inputs[position]
    return tuple(np.shape(replay.constants[node, position]) if source is None else source.shape)


def _applied(known: Activation) -> Callable[[Array], tuple[Array, Array]]:
    return lambda x: (np.asarray(known.value(x)), np.asarray(known.slope(x)))


def _adds(node: Node) -> bool:
    """Whether a node adds up terms of the loss."""
    return node.op is not None and node.op.name in {"add", "subtract"} and not tuple(node.shape)
