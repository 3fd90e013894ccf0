"""The gradients that reach the layers of a recorded network, and their lengths."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .. import engine
from ..autograd.why import why_no_grad
from ..graph import Node
from ..recorded.network import Recorded
from ..tensor import Tensor, lift, wrap
from .layers import Part, Place
from .units import Units
from .verdicts import Layer

__all__ = ["gradients_of", "measured"]

Array = np.ndarray[Any, np.dtype[Any]]
Gradients = dict[Node, Array]


def gradients_of(
    parts: Sequence[Part], graph: Recorded, loss: Tensor
) -> tuple[Gradients, tuple[str, ...]]:
    """Return the gradients of parameters and outputs, and a note on where they are from."""
    inside = set(graph.order)
    leaves = [place.tensor.node for part in parts for place in part.places]
    nodes = [n for n in dict.fromkeys([*leaves, *(o for p in parts for o in p.outputs)]) if n]
    nodes = [node for node in nodes if node in inside]
    if all(node.saved is not None for node in graph.order):
        with np.errstate(all="ignore"):
            pulled = engine.gradients([loss], [None], nodes, True, False, wrap, lift)
        return {n: g._array for n, g in zip(nodes, pulled, strict=True) if g is not None}, ()
    # Backward has freed the graph: what it kept is computed again from the leaves.
    graph.values.differentiate()
    found: Gradients = graph.values.totals
    if all(node in found for node in nodes):
        return found, ()
    tensors = [place.tensor for part in parts for place in part.places]
    collected = {t.node: t.grad._array for t in tensors if t.node and t.grad is not None}
    if not collected:
        raise RuntimeError(
            "gradient_flow: backward has freed this graph, and there is nothing in .grad. Run the "
            "forward pass again, and call gradient_flow before loss.backward(), or "
            "loss.backward(retain_graph=True)"
        )
    return collected, (_FROM_GRAD,)


_FROM_GRAD = (
    "Read from .grad, the sum of all backward calls since it was cleared: backward has freed the "
    "graph, and it can't be computed again (data or weights are gone or changed, or it is very "
    "large). Call gradient_flow before loss.backward() to see outputs and units, too."
)


def _length(arrays: Sequence[Array]) -> float | None:
    """Return the length of several arrays as of one vector; in float64, where squares don't end."""
    if not arrays:
        return None
    wide = [np.asarray(a, complex if a.dtype.kind == "c" else np.float64) for a in arrays]
    largest = max((float(np.max(np.abs(a), initial=0.0)) for a in wide), default=0.0)
    if largest == 0.0 or not math.isfinite(largest):
        return largest
    return largest * math.sqrt(sum(float(np.sum(np.abs(a / largest) ** 2)) for a in wide))


def measured(part: Part, gradients: Gradients, units: Units | None, loss: Tensor) -> Layer:
    """Put the numbers of a layer together; its verdict is given among all of them."""

    def of(places: Sequence[Place]) -> float | None:
        known = [
            gradients[n] for p in places if (n := p.tensor.node) is not None and n in gradients
        ]
        return _length(known)

    factors = [place for place in part.places if not place.additive]
    weights, size = of(factors), _length([place.tensor._array for place in factors])
    frozen = all(place.tensor.node is None for place in part.places)
    missing = [p for p in part.places if p.tensor.node is None or p.tensor.node not in gradients]
    steps = [_length([gradients[node]]) for node in part.outputs if node in gradients]
    matrix = next((place for place in factors if place.fan_in), None)
    layer = Layer(
        part.name,
        part.kind,
        norm=of(part.places),
        weights=weights,
        biases=of([place for place in part.places if place.additive]),
        output=_length([gradients[node] for node in part.outputs if node in gradients]),
        ratio=weights / size if weights is not None and size else None,
        std=None if matrix is None else float(np.std(np.asarray(matrix.tensor._array))),
        he=None if matrix is None else math.sqrt(2 / (matrix.fan_in or 1)),
        through_time=_each_step(steps),
        calls=len(steps),
        frozen=frozen,
        weighted=part.weighted,
        reason="" if frozen else "; ".join(_why(place, loss) for place in missing),
    )
    if units is None:
        return layer
    return replace(
        layer,
        activation=units.activation,
        units=units.number,
        samples=units.samples,
        dead=units.dead,
        saturated=units.saturated,
        flat=units.flat,
        harmless=units.harmless,
    )


def _each_step(lengths: Sequence[float | None]) -> float | None:
    """Return the factor for each step back through the calls of one layer."""
    known = [x for x in lengths if x is not None and math.isfinite(x) and x > 0]
    if len(known) < 2:
        return None
    return math.exp(math.log(known[0] / known[-1]) / (len(known) - 1))


def _why(place: Place, loss: Tensor) -> str:
    text = why_no_grad(place.tensor, loss)
    known = place.tensor.name or "x"  # what the message calls it
    return place.name + text.removeprefix(known) if text.startswith(known + " ") else text
