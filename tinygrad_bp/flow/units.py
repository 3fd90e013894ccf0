"""Which units of a layer let no gradient through: dead rectifiers, saturated sigmoids and tanhs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graph import Node
from ..recorded.network import Recorded
from .layers import PRODUCTS, Part
from .slopes import slope_of

__all__ = ["Units", "units_of"]

Array = np.ndarray[Any, np.dtype[Any]]
Call = tuple[Node, str, Array]  # of an activation: which one, and its slopes (samples, units)

#: The losses that undo the slope of a sigmoid: log A has the slope 1 / A.
_UNDOING = frozenset({"log", "bce"})
_PASSING = frozenset({"subtract", "negative", "clip", "clip_constant"})


@dataclass(frozen=True)
class Units:
    """How the units after a layer answer a batch.

    Attributes
    ----------
    activation : str
        The operation: ``relu``, ``sigmoid``, …
    number, samples : int
        How many units, and how many values each of them has in this batch.
    dead : int or None
        For rectifiers: how many units are 0 for every sample.
    saturated : int or None
        For bounded activations: how many units are flat for nearly every sample.
    flat : float or None
        For bounded activations: the share of all slopes, of units and samples, that are flat.
    harmless : bool
        Whether the loss is the logarithm of this activation, which undoes its slope.
    """

    activation: str
    number: int
    samples: int
    dead: int | None = None
    saturated: int | None = None
    flat: float | None = None
    harmless: bool = False


def units_of(
    parts: list[Part], graph: Recorded, flat_slope: float, flat_share: float
) -> dict[str, Units]:
    """Count the units that are dead or saturated after each layer, by the name of the layer.

    An activation belongs to the nearest layer before it, through operations that keep the shape (a
    normalization, a sum, dropout). Where there are several, as in the steps of a recurrent
    network, a unit counts if it is dead or saturated in all of them.

    Parameters
    ----------
    flat_slope, flat_share : float
        A unit is saturated if its slope is below `flat_slope` of its maximum for more than
        `flat_share` of the samples.
    """
    owner = {node: part.name for part in parts for node in part.outputs}
    factors = {node: at for part in parts for place in part.places for node, at in place.uses}
    found: dict[str, list[Call]] = {}
    for node in reversed(graph.order):
        activation = slope_of(node, graph) if node.shape else None
        if activation is None:
            continue
        kind, slope = activation
        name, axis = _behind(node, owner, factors)
        if name is not None and slope.size:
            units = slope.reshape(-1, 1) if axis is None else np.moveaxis(slope, axis, -1)
            found.setdefault(name, []).append((node, kind, units.reshape(-1, units.shape[-1])))
    return {name: _count(calls, graph, flat_slope, flat_share) for name, calls in found.items()}


def _count(calls: list[Call], graph: Recorded, flat_slope: float, flat_share: float) -> Units:
    _, name, first = calls[0]
    # Other activations of the layer, of another kind or width, are left out.
    alike = [s for _, kind, s in calls if kind == name and s.shape[-1] == first.shape[-1]]
    slope = np.concatenate(alike)
    samples, number = slope.shape
    harmless = all(
        user.op is not None and user.op.name in _UNDOING
        for node, _, _ in calls
        for user in _readers(node, graph)
    )
    if name == "relu":
        dead = int(np.sum(~np.any(slope > 0, axis=0)))
        return Units(name, number, samples, dead=dead, harmless=harmless)
    with np.errstate(invalid="ignore"):
        flat = np.mean(slope < flat_slope, axis=0)
    saturated = int(np.sum(flat > flat_share))
    return Units(
        name, number, samples, saturated=saturated, flat=float(flat.mean()), harmless=harmless
    )


def _readers(node: Node, graph: Recorded) -> list[Node]:
    """Return who reads an activation, in 1 − A too: half of a binary cross-entropy by hand."""
    readers: list[Node] = []
    stack = [node]
    for at in stack:
        for user, _ in graph.consumers.get(at, ()):
            passing = user.op is not None and user.op.name in _PASSING
            (stack if passing else readers).append(user)
    return readers


# --------------------------------------------------------------------------------- the layer before


def _behind(
    node: Node, owner: Mapping[Node, str], factors: Mapping[Node, int]
) -> tuple[str | None, int | None]:
    """Walk back to the layer before a node, and to the product that tells the axis of its units."""
    name: str | None = None
    shape = tuple(node.shape)
    queue, seen = [node], {node}
    for at in queue:
        name = owner.get(at) if name is None else name
        if at.op is not None and at in factors:
            if at.op.name in PRODUCTS:
                return name, PRODUCTS[at.op.name] % len(shape)
            if at.op.name == "matmul":
                return name, _axis_of_product(at, factors[at])
        for source in at.inputs:
            if source is not None and source not in seen and tuple(source.shape) == shape:
                seen.add(source)
                queue.append(source)
    return name, 1 if len(shape) >= 4 else len(shape) - 1


def _axis_of_product(node: Node, position: int) -> int | None:
    """Return the axis along which the units lie in W X (the rows) or in X W (the columns)."""
    weight = node.inputs[position]
    assert weight is not None
    if len(weight.shape) == 1:
        return None  # a single unit: X w
    n = len(node.shape)
    return n - 1 if position == 1 or n == 1 else n - 2
