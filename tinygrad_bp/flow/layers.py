"""The layers of a recorded network: their parameters, where they are used, what follows them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..graph import Node
from ..recorded.network import Recorded
from ..tensor import Tensor

__all__ = ["PRODUCTS", "Part", "Place", "layers_of"]

#: Operations that multiply by a weight -> the axis of their result that counts the units; for
#: `matmul` that depends on the side at which the weight stands.
PRODUCTS = {"linear": -1, "conv": 1, "conv_bias": 1, "conv_transpose": 1}


@dataclass(frozen=True)
class Place:
    """A parameter of a layer: its name, and the operations that read it, oldest first."""

    name: str
    tensor: Tensor
    uses: tuple[tuple[Node, int], ...]

    @property
    def additive(self) -> bool:
        """Whether it is added to something: a bias."""
        if not self.uses:
            return self.name.rpartition(".")[2].startswith("b") or self._one_axis
        node, position = self.uses[0]
        assert node.op is not None
        names = node.op.inputs
        named = names[position] if position < len(names) else ""
        return named == "bias" or node.op.name in ("add", "subtract")

    @property
    def _one_axis(self) -> bool:
        return sum(n > 1 for n in self.tensor.shape) <= 1

    @property
    def factor(self) -> bool:
        """Whether it is a factor of a product of matrices, a convolution or the like."""
        if not self.uses or self.additive:
            return False
        op = self.uses[0][0].op
        if op is None or op.broadcasts:
            return False
        return op.name in ("matmul", "einsum", *PRODUCTS) or self.tensor.ndim > 1

    @property
    def fan_in(self) -> int | None:
        """How many inputs a unit has, for the weight of a product; else None."""
        if not self.uses:
            return None
        shape = tuple(self.tensor.shape)
        node, position = self.uses[0]
        name = node.op.name if node.op is not None else ""
        if name == "matmul" and len(shape) > 1:
            # The tensor itself may be read through a transpose: what counts is the summed axis.
            read = node.inputs[position]
            assert read is not None
            return int(read.shape[-1] if position == 0 else read.shape[-2])
        if name in PRODUCTS and position == 1:
            return math.prod(shape[1:])
        return None


@dataclass(frozen=True)
class Part:
    """A layer before it is judged.

    Attributes
    ----------
    name, kind : str
        Such as ``fc1`` and ``Linear``.
    places : tuple of Place
        Its parameters.
    outputs : tuple of Node
        What it gives before an activation, one for each call.
    """

    name: str
    kind: str
    places: tuple[Place, ...]
    outputs: tuple[Node, ...] = field(default=())

    @property
    def weighted(self) -> bool:
        """Whether it multiplies by a matrix: what counts as a layer for the depth."""
        return any(place.factor for place in self.places)


def layers_of(model: Any, graph: Recorded) -> list[Part]:
    """Return the layers of a model, the one nearest to the input first.

    Parameters
    ----------
    model : nn.Module, mapping of str to Tensor, or iterable of Tensor or (str, Tensor)
    graph : Recorded
    """
    from ..nn import Module

    if isinstance(model, Module):
        parts = _of_module(model, graph)
    else:
        parts = _of_tensors(_named(model), graph)
    if not parts:
        raise ValueError("gradient_flow: the model has no parameters")
    first = -math.inf
    keys = []
    for part in parts:
        numbers = [place.uses[0][0].number for place in part.places if place.uses]
        first = min(numbers) if numbers else first  # one that was not used stays where it is listed
        keys.append(first)
    return [part for _, part in sorted(zip(keys, parts, strict=True), key=lambda pair: pair[0])]


def _named(model: Any) -> list[tuple[str, Tensor]]:
    if isinstance(model, Mapping):
        pairs: list[Any] = list(model.items())
    elif isinstance(model, Iterable) and not isinstance(model, Tensor):
        pairs = [
            item if isinstance(item, tuple) else (getattr(item, "name", None) or f"[{i}]", item)
            for i, item in enumerate(model)
        ]
    else:
        pairs = [("", model)] if isinstance(model, Tensor) else []
        if not pairs:
            raise TypeError(
                "gradient_flow takes an nn.Module, a dict of tensors by name, or a list of "
                f"tensors, not {type(model).__name__}"
            )
        pairs = [(model.name or "[0]", model)]
    for name, tensor in pairs:
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"gradient_flow: {name!r} is a {type(tensor).__name__}; give the parameters, as "
                "an nn.Module, a dict of tensors by name, or a list of tensors"
            )
    return [(str(name), tensor) for name, tensor in pairs]


def _of_module(model: Any, graph: Recorded) -> list[Part]:
    parts = []
    for name, module in model.named_modules():
        own = {key: p for key, p in module._parameters.items() if p is not None}
        if own:
            places = tuple(_place(f"{name}.{key}".lstrip("."), p, graph) for key, p in own.items())
            title = name or type(module).__name__
            parts.append(Part(title, type(module).__name__, places, _outputs(places)))
    return parts


def _of_tensors(named: list[tuple[str, Tensor]], graph: Recorded) -> list[Part]:
    """Let each factor of a product begin a layer, to which the biases after it belong."""
    places = [_place(name, tensor, graph) for name, tensor in named]
    order = sorted(
        range(len(places)),
        key=lambda i: places[i].uses[0][0].number if places[i].uses else math.inf,
    )
    groups: list[list[Place]] = []
    for i in order:
        starts = places[i].factor or not places[i].uses
        if not groups or starts:
            groups.append([places[i]])
        else:
            groups[-1].append(places[i])
    return [
        Part(", ".join(p.name for p in group), _operation(group), tuple(group), _outputs(group))
        for group in groups
    ]


def _operation(group: Iterable[Place]) -> str:
    for place in group:
        for node, _ in place.uses:
            if node.op is not None:
                return node.op.name
    return "unused"


def _place(name: str, tensor: Tensor, graph: Recorded) -> Place:
    """Find the operations that read a parameter, past those that only lay it out anew."""
    uses = []
    if tensor.node is not None:
        stack = list(graph.consumers.get(tensor.node, ()))
    else:  # frozen, and yet part of the network
        stack = [use for use in graph.constants() if graph.constant(*use) is tensor]
    seen = set()
    while stack:
        node, position = stack.pop()
        if (node, position) in seen:
            continue
        seen.add((node, position))
        alone = node.op is not None and node.op.view and len(node.inputs) == 1
        further = graph.consumers.get(node, ()) if alone else ()
        if further:
            stack.extend(further)
        else:
            uses.append((node, position))
    uses.sort(key=lambda use: use[0].number)
    return Place(name, tensor, tuple(uses))


def _outputs(places: Iterable[Place]) -> tuple[Node, ...]:
    """Return the results of a layer: of the operations that read its last parameter."""
    read = [place.uses for place in places if place.uses]
    if not read:
        return ()
    last = max(read, key=lambda uses: uses[-1][0].number)
    # A node of a kind of its own (a custom Function) may have several outputs in one.
    return tuple(dict.fromkeys(node for node, _ in last if type(node) is Node))
