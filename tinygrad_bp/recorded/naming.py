"""What the values of a network are called where the user gave them no name: X, W1, b1, Z1, A1, L.

The names of the notes: `Z` is what an affine map gives, `A` what an activation makes of it; they
are numbered in the order of the forward pass.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..graph import Node
from ..tensor import Tensor

if TYPE_CHECKING:
    from .network import Recorded

__all__ = ["ACTIVATIONS", "AFFINE", "LAYOUT", "LOSSES", "Namer", "Roles"]

#: Operations that are an affine map of their first operand, with a weight and a bias.
AFFINE = frozenset({"linear", "conv", "conv_bias", "conv_transpose", "bilinear"})

#: Operations on single elements that stand between two layers, and those on rows.
ACTIVATIONS = frozenset({
    "relu", "leaky_relu", "sigmoid", "tanh", "softmax", "elu", "gelu", "gelu_tanh",
    "silu", "softplus", "log_sigmoid", "hardtanh", "selu", "celu", "mish", "softsign", "prelu",
})  # fmt: skip

#: Operations from predictions (first operand) and targets (second) to a loss.
LOSSES = frozenset({
    "cross_entropy", "nll_loss", "mean_squared_error", "bce", "bce_with_logits", "softmax_error",
})  # fmt: skip

#: Operations that only lay the elements out anew.
LAYOUT = frozenset({
    "transpose", "reshape", "squeeze", "expand", "spread", "cast", "copy", "slice_", "repeated",
    "broadcast_to",
})  # fmt: skip

#: Operations that are a stage of a network by themselves.
_STAGES = frozenset({
    "max_pool", "avg_pool", "lp_pool", "lstm", "gru", "rnn", "attention", "attention_weights",
    "embedding", "layer_norm", "standardize", "rms_norm",
})  # fmt: skip

_NORMS = frozenset({"standardize", "layer_norm", "rms_norm", "batch_norm", "normalize"})


class Roles:
    """What part the values of a graph play in a network, told from the operations alone.

    Attributes
    ----------
    affine : dict
        Node of an affine map's result -> (number of the layer, node of the product inside).
    activation : dict
        Node of an activation's result -> number of the layer.
    made_of_parameters : set
        Nodes computed from leaves alone by operations of layout, such as ``W.T``.
    """

    def __init__(self, graph: Recorded) -> None:
        self.graph = graph
        self.affine: dict[Node, tuple[int, Node]] = {}
        self.activation: dict[Node, int] = {}
        self.made_of_parameters: set[Node] = set()
        self.products: set[Node] = set()  # inside an affine map whose bias is added by another node
        for node in reversed(graph.order):
            self._place(node)
        done = set(self.activation.values())
        for node, (number, _) in self.affine.items():
            if number not in done:
                self._by_hand(node, number)

    def _by_hand(self, affine: Node, number: int) -> None:
        """Find an activation that was written out, such as exp(Z) / Σ exp(Z).

        It is what leaves the part of the graph that depends on Z and on numbers alone, with the
        shape of Z; before the logarithm, if a cross-entropy takes one.
        """
        consumers = self.graph.consumers
        region = {affine}
        for node in sorted(self._after(affine), key=lambda n: n.number):
            if all(s in region for s in node.inputs if s is not None) and self._numbers_only(node):
                region.add(node)
        region.discard(affine)
        logs = [n.inputs[0] for n in region if n.op is not None and n.op.name == "log"]
        exits = [n for n in region if any(c not in region for c, _ in consumers.get(n, ()))]
        found = [
            n for n in (logs or exits)
            if n is not None and n in region and tuple(n.shape) == tuple(affine.shape)
            and n.op is not None and n.op.name != "log_softmax"
        ]  # fmt: skip
        if logs or len(found) == 1:
            first = min(found, key=lambda n: n.number, default=None)
            if first is not None:
                self.activation[first] = number

    def _after(self, node: Node) -> set[Node]:
        """Return what is computed from a value, up to the next affine map."""
        seen: set[Node] = set()
        stack = [node]
        while stack:
            for consumer, _ in self.graph.consumers.get(stack.pop(), ()):
                if consumer not in seen and consumer not in self.affine:
                    seen.add(consumer)
                    stack.append(consumer)
        return seen

    def _numbers_only(self, node: Node) -> bool:
        """Whether the constant operands of a node are single numbers."""
        for position, source in enumerate(node.inputs):
            if source is None:
                operand = self.graph.constant(node, position)
                if operand is None or getattr(operand, "ndim", 0) > 0:
                    return False
        return True

    def _place(self, node: Node) -> None:
        if node.op is None:
            self.made_of_parameters.add(node)
            return
        sources = [s for s in node.inputs if s is not None]
        if node.op.name in LAYOUT and all(s in self.made_of_parameters for s in sources):
            self.made_of_parameters.add(node)
            return
        product = self._product(node)
        if product is not None:
            self.affine.pop(product, None)
            if product is not node:
                self.products.add(product)
            number = len(self.affine) + 1
            self.affine[node] = (number, product)
        elif node.op.name in ACTIVATIONS | _NORMS and node.inputs and node.inputs[0] is not None:
            number = self.layer_of(node.inputs[0])
            if number:
                self.activation[node] = number

    def layer_of(self, node: Node) -> int:
        """Return the number of the layer that a value comes from, element by element; 0 if none."""
        if node in self.affine:
            return self.affine[node][0]
        return self.activation.get(node, 0)

    def is_activated(self, node: Node) -> bool:
        """Whether an activation reads a value."""
        readers = [c.op for c, _ in self.graph.consumers.get(node, ()) if c.op is not None]
        return any(op.name in ACTIVATIONS for op in readers)

    def reads_a_weight(self, node: Node) -> bool:
        """Whether an operation reads a weight: a norm, an embedding; not `b_ih + b_hh`."""
        if node in self.made_of_parameters or node in self.products:
            return False
        own = [s in self.made_of_parameters for s in node.inputs if s is not None]
        return any(own) and (not all(own) or None in node.inputs)

    def _product(self, node: Node) -> Node | None:
        """Return the product inside an affine map that ends at a node; None if none does."""
        name = node.op.name if node.op is not None else ""
        if name in AFFINE:
            return node
        # A neuron by itself, of single numbers, has w x in place of a product of matrices.
        if name == "matmul" or (name == "multiply" and node.shape == ()):
            weights = [s is not None and s in self.made_of_parameters for s in node.inputs]
            return node if any(weights) else None
        if name == "add":
            for product, bias in (node.inputs, node.inputs[::-1]):
                if product in self.affine and self.affine[product][1] is product:
                    alone = len(self.graph.consumers.get(product, ())) == 1
                    if alone and (bias is None or bias in self.made_of_parameters):
                        return product
        return None

    def weight(self, product: Node) -> int | None:
        """Return the position of the weight among the operands of a product."""
        if product.op is not None and product.op.name in AFFINE:
            return 1
        own = [s is not None and s in self.made_of_parameters for s in product.inputs]
        if all(
            own
        ):  # X wants a gradient too: the weight is what has a bias' length, or comes first
            return 0
        return own.index(True) if True in own else None


class Namer:
    """Gives every value of a graph a name of its own."""

    def __init__(self, graph: Recorded) -> None:
        self.graph = graph
        self.roles = Roles(graph)
        self.names: dict[Node, str] = {}
        self.constants: dict[Hashable, str] = {}
        self.taken: set[str] = set()
        for node in graph.order:
            if name := graph.own_name(node):
                self.names[node] = self._free(name)
        self._own_constants()
        self._parameters()
        self._landmarks()
        self._inputs()
        self._steps_between()
        for node in reversed(graph.order):  # the others, in the forward order too
            self.name(node)

    # ------------------------------------------------------------------------------------ answers

    def name(self, node: Node) -> str:
        """Return the name of a value; one in between gets it when it is first asked for."""
        if node not in self.names:
            self.names[node] = self._numbered(_LETTERS.get(node.op.name if node.op else "", "U"))
        return self.names[node]

    def constant(self, node: Node, position: int) -> str:
        """Return the name of a constant operand; "" for a number."""
        key = self._key(node, position)
        if key is None:
            return ""
        if key not in self.constants:
            inputs = node.op.inputs if node.op is not None else ()
            called = inputs[position] if position < len(inputs) else ""
            self.constants[key] = self._numbered(_CONSTANTS.get(called, "C"))
        return self.constants[key]

    def is_named(self, operand: Any) -> bool:
        """Whether the user named a constant operand."""
        return operand is not None and bool(self._given(operand))

    def is_landmark(self, node: Node) -> bool:
        """Whether a value is the result of a layer, an activation, a pooling, or the loss."""
        roles = self.roles
        if node in roles.affine or node in roles.activation or node is self.graph.root:
            return True
        return node.op is not None and node.op.name in _STAGES

    # -------------------------------------------------------------------------------------- steps

    def _free(self, name: str) -> str:
        """Return a name that nothing else has."""
        if name in self.taken:
            n = 2
            while f"{name}_{n}" in self.taken:
                n += 1
            name = f"{name}_{n}"
        self.taken.add(name)
        return name

    def _numbered(self, letter: str) -> str:
        n = 1
        while f"{letter}{n}" in self.taken:
            n += 1
        return self._free(f"{letter}{n}")

    def _key(self, node: Node, position: int) -> Hashable:
        operand = self.graph.constant(node, position)
        if isinstance(operand, (Tensor, np.ndarray)):
            bare = operand.ndim == 0 and not self._given(operand)
            return None if bare else id(operand)
        if operand is None and position < len(node.constants):
            kept = self.graph.values.constant(node, position)
            return None if getattr(kept, "ndim", 1) == 0 else ("gone", id(node.constants[position]))
        return None

    def _given(self, operand: Any) -> str:
        if id(operand) in self.graph.given:
            return self.graph.given[id(operand)]
        own = operand.name if isinstance(operand, Tensor) else None
        return str(own) if own else ""

    def _own_constants(self) -> None:
        for node, position in self.graph.constants():
            key = self._key(node, position)
            if key is not None and key not in self.constants:
                name = self._given(self.graph.constant(node, position))
                if name:
                    self.constants[key] = self._free(name)

    def _parameters(self) -> None:
        """Name the leaves by the layer that reads them, and by what they are to it."""
        layer = {product: number for number, product in self.roles.affine.values()}
        for result, (number, product) in self.roles.affine.items():
            place = self.roles.weight(product)
            for node in {product, result}:
                for position, source in enumerate(node.inputs):
                    leaf = self.leaf_behind(source)
                    if leaf is None or leaf in self.names:
                        continue
                    if node is product and position not in (place, 2):
                        continue
                    letter = "W" if node is product and position == place else "b"
                    self.names[leaf] = self._free(f"{letter}{number}")
        number = 0
        for node in reversed(self.graph.order):
            number = layer.get(node, number)
            for position, source in enumerate(node.inputs):
                leaf = self.leaf_behind(source)
                if leaf is not None and leaf not in self.names:
                    self.names[leaf] = self._parameter(node, position, leaf, number)

    def _parameter(self, node: Node, position: int, leaf: Node, number: int) -> str:
        path = self.graph.path(leaf).split(" = ")[0].rpartition(".")[2]
        inputs = node.op.inputs if node.op is not None else ()
        called = inputs[position] if position < len(inputs) else ""
        if node.op is not None and node.op.name in _NORMS | {"add", "multiply"}:
            letter = {"weight": "γ", "bias": "β"}.get(path or called)
            if letter:
                return self._numbered(letter)
        if path:
            short = re.sub(r"weight", "W", re.sub(r"bias", "b", path)).removesuffix("_l0")
            return self._free(short) if short not in ("W", "b") else self._numbered(short)
        letter = {"weight": "W", "bias": "b"}.get(called, "x" if len(leaf.shape) < 2 else "X")
        return self._free(letter) if letter not in self.taken else self._numbered(letter)

    def leaf_behind(self, node: Node | None) -> Node | None:
        """Return the leaf that a value shows in another layout."""
        while node is not None and node.op is not None and node in self.roles.made_of_parameters:
            node = next((s for s in node.inputs if s is not None), None)
        return node if node is not None and node.op is None else None

    def _landmarks(self) -> None:
        # A single layer needs no number, but the notes number it all the same.
        for node, (number, _) in self.roles.affine.items():
            if node not in self.names:
                self.names[node] = self._free(f"Z{number}")
        for node, number in self.roles.activation.items():
            if node not in self.names:
                normed = node.op is not None and node.op.name in _NORMS
                self.names[node] = self._free(f"{'N' if normed else 'A'}{number}")
        if self.graph.root not in self.names:
            self.names[self.graph.root] = self._free("L")

    def _inputs(self) -> None:
        """Name the data: X is what the first layer reads, Y what the loss compares with."""
        weights = {p: self.roles.weight(p) for _, p in self.roles.affine.values()}
        for node, position in self.graph.constants():
            key = self._key(node, position)
            if key is None or key in self.constants:
                continue
            value = self.graph.values.constant(node, position)
            kind = getattr(value, "dtype", np.dtype(float)).kind
            name = node.op.name if node.op is not None else ""
            if node in weights and position != weights[node]:
                self.constants[key] = self._first_or_numbered("X")
            elif name == "multiply" and self._is_mask(value):
                self.constants[key] = self._numbered("M")
            elif name in LOSSES or self._is_target(node):
                # As the notes have it: Y has a column for each sample, y its label.
                self.constants[key] = self._first_or_numbered("y" if kind in "iu" else "Y")
            elif name == "embedding" and kind in "iu":
                self.constants[key] = self._first_or_numbered("X")

    def _is_target(self, node: Node) -> bool:
        """Whether an operation after the last layer compares with a constant, as losses do."""
        elementwise = node.op is not None and node.op.broadcasts
        return elementwise and bool(self.roles.affine) and self.near_the_loss(node)

    @staticmethod
    def _is_mask(value: Any) -> bool:
        """Whether a factor is a mask of dropout: 0, or what makes up for the zeros."""
        if value is None or value.ndim == 0 or value.dtype.kind != "f" or value.max(initial=0) <= 1:
            return False
        return set(np.unique(value)) <= {0, value.max()}

    def _first_or_numbered(self, letter: str) -> str:
        return self._free(letter) if letter not in self.taken else self._numbered(letter)

    def _steps_between(self) -> None:
        """Name what several operations read, and what reads a weight, in the forward order."""
        roles, graph = self.roles, self.graph
        for node in reversed(graph.order):
            between = node.op is not None and node.op.name not in LAYOUT
            own = node in self.names or node in roles.made_of_parameters or node in roles.products
            if not between or own or node.op is None:
                continue
            several = len(graph.consumers.get(node, ())) > 1
            reads = any(s in roles.made_of_parameters for s in node.inputs if s is not None)
            stage = node.op.name in _STAGES
            if (
                (several or reads or stage)
                and node not in roles.products
                and node.op.name not in LAYOUT
            ):
                self.name(node)

    def near_the_loss(self, node: Node) -> bool:
        """Whether no layer comes after a value."""
        stack, seen = [node], {node}
        while stack:
            for consumer, _ in self.graph.consumers.get(stack.pop(), ()):
                stage = consumer.op is not None and consumer.op.name in _STAGES
                if stage or consumer in self.roles.affine:
                    return False
                if consumer not in seen:
                    seen.add(consumer)
                    stack.append(consumer)
        return True


#: The first letter of a value in between that gets a name only because it is read twice.
_LETTERS = {
    "layer_norm": "N", "standardize": "N", "rms_norm": "N", "embedding": "E", "max_pool": "P",
    "avg_pool": "P", "lstm": "H", "gru": "H", "rnn": "H", "cut": "H", "exp": "E", "sum": "S",
    "mean": "M", "add": "H", "subtract": "D", "multiply": "P", "divide": "Q", "log": "G",
    "concatenate": "C", "transpose": "T", "square": "Q", "attention_weights": "P",
}  # fmt: skip

#: The first letters of a constant without a name, by what the operation calls it.
_CONSTANTS = {"statistics": "stats", "start": "h", "cell": "c", "mask": "M", "condition": "M"}
