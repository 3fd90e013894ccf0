"""The slopes of the activations that can shut, also of those that are written out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..graph import Node
from ..recorded.modules import constant_of
from ..recorded.network import Recorded

__all__ = ["slope_of"]

Array = np.ndarray[Any, np.dtype[Any]]


def slope_of(node: Node, graph: Recorded) -> tuple[str, Array] | None:
    """Return the name of an activation, and its slopes as shares of their maximum.

    None for an operation that is no activation, or one that can't shut (leaky ReLU, softplus), or
    whose value is not known.
    """
    name = node.op.name if node.op is not None else ""
    if name not in _READERS:
        return None
    out = graph.values.value(node)
    if out is None or out.dtype.kind != "f":
        return None
    with np.errstate(all="ignore"):
        return _READERS[name](node, out, graph)


def _sigmoid(node: Node, out: Array, graph: Recorded) -> tuple[str, Array]:
    return "sigmoid", np.asarray(4 * out * (1 - out))


def _tanh(node: Node, out: Array, graph: Recorded) -> tuple[str, Array]:
    return "tanh", np.asarray(1 - out * out)


def _hardsigmoid(node: Node, out: Array, graph: Recorded) -> tuple[str, Array]:
    return "hardsigmoid", np.asarray((out > 0) & (out < 1))


def _relu(node: Node, out: Array, graph: Recorded) -> tuple[str, Array]:
    return "relu", np.asarray(out > 0)


def _limited(node: Node, out: Array, graph: Recorded) -> tuple[str, Array] | None:
    """Read ``clip(z, 0, 6)`` as a rectifier, ``hardtanh(z)`` as one that is flat on both sides."""
    lower, upper = node.attrs.get("lower"), node.attrs.get("upper")
    below = math.inf if upper is None else upper
    if lower == 0:
        return "relu", np.asarray((out > 0) & (out < below))
    if node.op is not None and node.op.name == "hardtanh":
        return "hardtanh", np.asarray((out > lower) & (out < below))
    return None


def _maximum(node: Node, out: Array, graph: Recorded) -> tuple[str, Array] | None:
    zero = any(source is None and _number(node, i) == 0 for i, source in enumerate(node.inputs))
    return _relu(node, out, graph) if zero else None


def _gated(node: Node, out: Array, graph: Recorded) -> tuple[str, Array] | None:
    """Read ``where(z > 0, z, 0)`` and ``z * (z > 0)``: a choice that comes out as max(0, z)."""
    sources = [source for source in node.inputs if source is not None]
    z = graph.values.value(sources[0]) if len(sources) == 1 else None
    if z is None or z.shape != out.shape or not np.any(z < 0):
        return None
    return _relu(node, out, graph) if np.array_equal(out, np.maximum(z, 0)) else None


def _quotient(node: Node, out: Array, graph: Recorded) -> tuple[str, Array] | None:
    """Read ``1 / (1 + exp(-z))``: what makes it a sigmoid is the 1 + exp(…) below."""
    below = node.inputs[-1]
    if len(node.inputs) == 2 and _number(node, 0) != 1:
        return None
    if below is None or below.op is None or below.op.name != "add":
        return None
    added = [source for source in below.inputs if source is not None and source.op is not None]
    one = any(source is None and _number(below, i) == 1 for i, source in enumerate(below.inputs))
    exp = len(added) == 1 and added[0].op is not None and added[0].op.name == "exp"
    return _sigmoid(node, out, graph) if one and exp else None


def _number(node: Node, position: int) -> float | None:
    """Return a constant operand that is a number."""
    if node.inputs[position] is not None:
        return None
    constant = constant_of(node, position)
    value = getattr(constant, "_array", constant)
    return float(value) if value is not None and np.ndim(value) == 0 else None


_READERS = {
    "relu": _relu,
    "maximum": _maximum,
    "clip_constant": _limited,
    "hardtanh": _limited,
    "where": _gated,
    "multiply": _gated,
    "sigmoid": _sigmoid,
    "hardsigmoid": _hardsigmoid,
    "tanh": _tanh,
    "divide": _quotient,
    "reciprocal": _quotient,
}
