"""From what the caller hands in to a report: keys, arrays, and the steps of a diagnosis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..graph import Node
from ..recorded.network import Recorded
from ..tensor import Tensor
from .engine import Engine
from .hypotheses.change import Array
from .messages import advice, finding
from .report import Finding, Report
from .written import Lines

__all__ = ["opened"]


def opened(loss: Any, gradients: Mapping[Any, Any], names: Mapping[str, Any] | None, model: Any
           ) -> Report:  # fmt: skip
    """Diagnose gradients; see :func:`tinygrad_bp.diagnose`."""
    graph = Recorded(loss, names, model)
    if math.prod(graph.root.shape) != 1:
        raise ValueError(
            f"diagnose needs the gradient of a single number, but the loss has the shape "
            f"{tuple(graph.root.shape)}: add it up, or average it"
        )

    def find(key: Any) -> Node:
        return found(graph, key, names or {})

    keys: dict[Any, Node] = {}
    given: dict[Node, Array] = {}
    for key, value in gradients.items():
        node = find(key)
        if node in given:
            raise ValueError(f"two gradients were handed in for {graph.name(node)}")
        keys[id(key) if isinstance(key, Tensor) else key] = node
        given[node] = as_array(value, key)
    with np.errstate(all="ignore"):  # a hypothesis may divide by 0: then it doesn't fit
        engine = Engine(graph, given)
        results = engine.run()
        known = {f"d{graph.name(node)}": line for node, line in engine.lines.items()}
        lines = Lines(graph, names, model, known)
        findings: dict[Node, Finding] = {
            node: finding(engine, lines, result, f"d{graph.name(node)}")
            for node, result in results.items()
        }
    order = sorted(findings, key=engine.depth)
    return Report(findings, keys, order, find, advice(engine, [findings[n] for n in order]))


def found(graph: Recorded, key: Any, names: Mapping[str, Any]) -> Node:
    """Return the value that a key means: a tensor, its name, or the name of its gradient.

    Raises
    ------
    KeyError
        There is no such value in the graph.
    """
    if isinstance(key, Tensor):
        return graph.find(key)
    if not isinstance(key, str):
        raise TypeError(f"a key is a tensor or a name, not a {type(key).__name__}")
    for name in (key, key[1:] if key.startswith("d") else key):
        tensor = names.get(name)
        if isinstance(tensor, Tensor):
            return graph.find(tensor)
        try:
            return graph.find(name)
        except KeyError:
            continue
    return graph.find(key)


def as_array(value: Any, key: Any) -> Array:
    """Return what was handed in as an array of floating numbers, in its own type.

    Raises
    ------
    TypeError
        It is no array of real numbers.
    """
    if isinstance(value, Tensor):
        value = value.detach().numpy()
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise TypeError(f"the gradient for {key!r} is no array of numbers: {error}") from None
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    if array.dtype.kind != "f":
        raise TypeError(f"the gradient for {key!r} has to be of real numbers, not {array.dtype}")
    return array
