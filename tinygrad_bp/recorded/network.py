"""A recorded graph as its reader sees it: every value with its name, its value and its symbol."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..expr import Expr, symbol
from ..graph import Node, topological_order
from ..origin import why_root
from ..source import location
from ..tensor import Tensor
from .modules import Modules, constant_of
from .naming import LAYOUT, Namer, Roles
from .values import Values

__all__ = ["ForgottenError", "Recorded"]


#: Of what is larger, no value is computed again that nobody has kept.
_MOST_NODES, _MOST_ELEMENTS = 200_000, 100_000_000


class ForgottenError(RuntimeError):
    """A value of the forward pass that is not known any more."""


class Recorded:
    """The graph behind a tensor: values, names, symbols.

    Parameters
    ----------
    root : Tensor
        The loss, usually.
    names : mapping of str to Tensor, optional
        Names of tensors; ``locals()`` will do. Modules in it give the names of their parameters.
    model : nn.Module, optional
        Names parameters, and groups operations by module.

    Attributes
    ----------
    order : list of Node
        Each node after all its consumers.
    values : Values
        The values of the nodes, as far as they are still known.

    Raises
    ------
    RuntimeError
        If nothing was recorded for `root`.
    """

    def __init__(self, root: Any, names: Mapping[str, Any] | None = None, model: Any = None):
        if not isinstance(root, Tensor):
            raise TypeError(f"a recorded graph ends in a Tensor, not in a {type(root).__name__}")
        if root.node is None:
            raise RuntimeError(f"nothing was recorded: {why_root(root)}")
        self.root: Node = root.node
        self.tensor = root  # alive, so that the nodes behind it are
        self.order = topological_order([self.root])
        self.given, found = _names(names or {})
        self.model = model if model is not None else found
        self.modules = Modules(self.model, self.order)
        self.values = Values(self.order, [self.root], _MOST_NODES, _MOST_ELEMENTS)
        self.consumers: dict[Node, list[tuple[Node, int]]] = {}
        for node in reversed(self.order):
            for position, source in enumerate(node.inputs):
                if source is not None:
                    self.consumers.setdefault(source, []).append((node, position))
        self._symbols: dict[Any, Expr] = {}
        self._nodes: dict[int, Node] = {}  # by the symbols, which live as long as this does
        self._namer = Namer(self)

    # ------------------------------------------------------------------------------------- leaves

    @property
    def leaves(self) -> list[Node]:
        """The leaves that collect a gradient, in the order of the forward pass."""
        return [node for node in reversed(self.order) if node.op is None]

    def find(self, key: Any) -> Node:
        """Return the node of a tensor, or of a name.

        Raises
        ------
        KeyError
            If there is no such value in the graph: the message lists the names.
        """
        if isinstance(key, Tensor):
            if key.node in self.consumers or key.node is self.root:
                return key.node
            raise KeyError(
                f"the tensor of shape {tuple(key.shape)} is not in the graph of the loss: it was "
                "not used for it, or not recorded (tgb.autograd.why_no_grad tells why)"
            )
        for node in self.order:
            if key in (self.name(node), self.path(node)):
                return node
        known = ", ".join(self.name(node) for node in reversed(self.order) if self.shown(node))
        raise KeyError(f"no value of the graph is named {key!r}; there are {known}")

    # -------------------------------------------------------------------------------------- names

    def name(self, node: Node) -> str:
        """Return what a value is called: by the user, or by its place in the network."""
        return self._namer.name(node)

    def own_name(self, node: Node) -> str:
        """Return the name that the user gave to a value; "" if none."""
        tensor = self.alive(node)
        if tensor is not None and id(tensor) in self.given:
            return self.given[id(tensor)]
        if node.extra is not None and node.extra.name is not None:
            return node.extra.name
        return str(tensor.name) if tensor is not None and tensor.name else ""

    def path(self, node: Node) -> str:
        """Return the name that the model has for a parameter, ``0.weight``; "" if none."""
        return " = ".join(self.modules.names_of(self.alive(node)))

    def shown(self, node: Node) -> bool:
        """Whether a value has a name worth listing: not an unnamed step in between."""
        return node.op is None or bool(self.own_name(node)) or self._namer.is_landmark(node)

    @property
    def roles(self) -> Roles:
        """What part the values play in a network: affine maps, activations."""
        return self._namer.roles

    @property
    def batch(self) -> tuple[int, int] | None:
        """The number of samples, and the axis they lie along (0: rows), by the first layer."""
        for node in reversed(self.order):
            if node in self.roles.affine:
                product = self.roles.affine[node][1]
                place = self.roles.weight(product)
                spatial = product.op is not None and product.op.name.startswith("conv")
                if place is None or (len(product.shape) != 2 and not spatial):
                    return None
                axis = 0 if place == 1 else 1
                return int(product.shape[axis]), axis
        return None

    def leaf_behind(self, node: Node | None) -> Node | None:
        """Return the leaf that a value is, or shows in another layout; else None."""
        return self._namer.leaf_behind(node)

    def near_the_loss(self, node: Node) -> bool:
        """Whether no layer comes after a value."""
        return self._namer.near_the_loss(node)

    def source(self, node: Node) -> str:
        """Return the line of code that recorded a node, ``file.py:12``."""
        if node.line is None:
            return ""
        file, number = location(node.line)
        return f"{os.path.basename(file)}:{number}"

    def alive(self, node: Node) -> Any:
        """Return the tensor that a node made, while somebody has it; else None."""
        tensor = node.made() if node.made is not None else None
        return tensor if tensor is not None and tensor.node is node else None

    # ------------------------------------------------------------------------------------ symbols

    def value(self, node: Node) -> np.ndarray[Any, Any]:
        """Return the value of a node.

        Raises
        ------
        RuntimeError
            If it is not known any more: backward has freed it, and the leaves were changed since.
        """
        value = self.values.value(node)
        if value is None:
            raise ForgottenError(
                f"the value of {self.name(node)} is not known any more: {node.describe()}. Run the "
                "forward pass again, and read the graph before backward frees it and before the "
                "optimizer changes the parameters (or call backward(retain_graph=True))"
            )
        return value

    def knows(self, node: Node) -> bool:
        """Whether the value of a node is still known."""
        return self.values.value(node) is not None

    def symbol(self, node: Node) -> Expr:
        """Return the symbol that stands for the value of a node."""
        if node not in self._symbols:
            laid_out = self._laid_out(node)
            self._symbols[node] = (
                symbol(self.name(node), self.value(node)) if laid_out is None else laid_out
            )
            self._nodes[id(self._symbols[node])] = node
        return self._symbols[node]

    def _laid_out(self, node: Node) -> Expr | None:
        """Write a value that has no name, and only shows another one in a new layout, as such."""
        sources = [source for source in node.inputs if source is not None]
        if node.op is None or node.op.name not in LAYOUT or len(sources) != 1 or self.named(node):
            return None
        with_source = self.equation(node)
        return with_source if with_source is not None and self.knows(node) else None

    def is_laid_out(self, node: Node) -> bool:
        """Whether the symbol of a value is another one in a new layout."""
        return self.knows(node) and self.symbol(node).op is not None

    def names(self) -> set[str]:
        """Return all names that mean something in this graph."""
        return set(self._namer.taken)

    def constant_names(self) -> set[str]:
        """Return the names of what is given: neither computed nor trained."""
        return set(self._namer.constants.values())

    def named(self, node: Node) -> bool:
        """Whether the user gave a value a name."""
        return bool(self.own_name(node))

    def node_of(self, formula: Expr) -> Node | None:
        """Return the node whose value a symbol stands for; None for a constant."""
        return self._nodes.get(id(formula))

    def operand(self, node: Node, position: int) -> Any:
        """Return an operand of a node: a symbol, or the number that it is."""
        source = node.inputs[position]
        if source is not None:
            return self.symbol(source)
        value = self._constant_value(node, position)
        if value is None:
            raise ForgottenError(
                f"operand {position + 1} of {node.describe()} is not known any more: it was a "
                "constant that nobody holds. Keep it in a variable"
            )
        name = self._namer.constant(node, position)
        if not name:
            plain = node.op is not None and node.op.broadcasts and getattr(value, "ndim", 1) == 0
            return value.item() if plain else value
        if name not in self._symbols:
            complement = self._complement(node, position, value)
            self._symbols[name] = symbol(name, value) if complement is None else complement
        return self._symbols[name]

    def _complement(self, node: Node, position: int, value: Any) -> Expr | None:
        """Write 1 − Y for a constant without a name that is just that, as in a cross-entropy."""
        if value.dtype.kind != "f" or self._namer.is_named(self.constant(node, position)):
            return None
        for other, place in self.constants():
            given = self.constant(other, place)
            if self._namer.is_named(given) and tuple(given.shape) == value.shape:
                rest: Expr = 1 - self.operand(other, place)
                if np.array_equal(rest.value, value):
                    return rest
        return None

    def _constant_value(self, node: Node, position: int) -> Any:
        """Return the value of a constant operand; of one that is gone, from the other summand."""
        value = self.values.constant(node, position)
        if value is None and node.op is not None and node.op.name == "add" and self.knows(node):
            other = node.inputs[1 - position]
            if other is not None and self.knows(other) and tuple(other.shape) == tuple(node.shape):
                value = self.value(node) - self.value(other)
        return value

    def constants(self) -> Iterator[tuple[Node, int]]:
        """Yield the places (node, position) of the constant operands, in forward order."""
        for node in reversed(self.order):
            for position, source in enumerate(node.inputs):
                if source is None and node.op is not None:
                    yield node, position

    def constant(self, node: Node, position: int) -> Any:
        """Return a constant operand itself: a Tensor, an array, a number, or None."""
        return constant_of(node, position)

    def equation(self, node: Node) -> Expr | None:
        """Return the operation of a node on the symbols of its operands; None for a leaf."""
        if node.op is None or type(node) is not Node:
            return None
        from ..expr import apply

        operands = tuple(self.operand(node, i) for i in range(len(node.inputs)))
        if not any(isinstance(operand, Expr) for operand in operands):
            return None
        return apply(node.op, operands, node.attrs)


def _names(names: Mapping[str, Any]) -> tuple[dict[int, str], Any]:
    """Return the names of tensors by identity, and the model among the values, if there is one."""
    from ..nn import Module

    given: dict[int, str] = {}
    models = []
    for name, value in names.items():
        if isinstance(value, Tensor):
            given.setdefault(id(value), name)
        elif isinstance(value, Module):
            models.append(value)
        elif isinstance(value, dict):
            for key, inner in value.items():
                if isinstance(inner, Tensor) and isinstance(key, str):
                    given.setdefault(id(inner), key)
    # The one around the others: a script has its layers in variables, too.
    models.sort(key=lambda m: -sum(1 for _ in m.modules()))
    return given, models[0] if models else None
