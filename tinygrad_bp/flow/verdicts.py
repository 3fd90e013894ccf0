"""What the numbers of a gradient flow mean: a verdict for each layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "VERDICTS", "Layer", "Thresholds", "factor_of", "is_dead", "is_saturated", "mean_factor",
    "signals", "verdict_of",
]  # fmt: skip

#: From the worst to none.
VERDICTS = (
    "not finite", "no gradient", "exploding", "vanishing", "zero", "dead", "saturated", "frozen",
    "healthy",
)  # fmt: skip


@dataclass(frozen=True)
class Thresholds:
    """Where a verdict begins; see :func:`~tinygrad_bp.flow.flow.gradient_flow`."""

    vanishing: float = 1e-3
    exploding: float = 1e3
    large_ratio: float = 1e2
    dead: float = 0.7
    flat_slope: float = 1e-2
    flat_share: float = 0.95
    saturated: float = 0.5
    flat: float = 0.8


@dataclass(frozen=True)
class Layer:
    """What a layer gets of the gradient.

    Attributes
    ----------
    name, kind : str
        Such as ``fc1`` and ``Linear``.
    norm : float or None
        The length of the gradient of all its parameters; None if none of them has one.
    weights, biases : float or None
        The same for its weights alone, for its biases alone.
    output : float or None
        The length of the gradient of what it gives before an activation; None where the graph
        doesn't know that.
    ratio : float or None
        Gradient to weights: ‖dW‖ / ‖W‖.
    activation : str
        What follows it: ``relu``, ``sigmoid``, …; "" if nothing that can shut.
    units, samples : int
        How many units the activation has, and how many values each of them has in this batch.
    dead, saturated : int or None
        How many units are 0 for every sample; how many are flat for nearly every one.
    flat : float or None
        The share of all slopes, of units and samples, that are flat.
    std, he : float or None
        The standard deviation of the weights, and He's √(2 / n_in) for them.
    through_time : float or None
        For a layer that is called several times: the factor by which the gradient of its output
        changes with each step back.
    calls : int
        How many times it is called.
    frozen : bool
        None of its parameters has requires_grad=True.
    harmless : bool
        The loss is the logarithm of its activation, and so undoes a slope near 0.
    weighted : bool
        It multiplies by a matrix, and so counts for the factor per layer.
    verdict : str
        One of `VERDICTS`.
    reason : str
        Why there is no gradient.
    """

    name: str
    kind: str
    norm: float | None = None
    weights: float | None = None
    biases: float | None = None
    output: float | None = None
    ratio: float | None = None
    activation: str = ""
    units: int = 0
    samples: int = 0
    dead: int | None = None
    saturated: int | None = None
    flat: float | None = None
    std: float | None = None
    he: float | None = None
    through_time: float | None = None
    calls: int = 0
    frozen: bool = False
    harmless: bool = False
    weighted: bool = True
    verdict: str = "healthy"
    reason: str = ""

    @property
    def label(self) -> str:
        """The name in a text, where a number alone would say little: ``Linear 0``."""
        return self.name if any(c.isalpha() for c in self.name) else f"{self.kind} {self.name}"

    @property
    def shut(self) -> bool:
        """Whether all its units are dead."""
        return self.units > 0 and self.dead == self.units


def signals(layers: Sequence[Layer]) -> list[tuple[int, float]]:
    """Return (place, length) of what flows backward, for the layers that multiply by a matrix.

    The gradients of the outputs, whose fall or growth is that of the chain rule's products; those
    of the parameters where outputs are unknown.
    """
    every = list(enumerate(layers))
    chain = [(i, layer) for i, layer in every if layer.weighted] or every
    known = [(i, layer.output) for i, layer in chain if layer.output is not None]
    if len(known) < 2:
        known = [(i, layer.norm) for i, layer in chain if layer.norm is not None]
    return [(i, length) for i, length in known if length is not None and math.isfinite(length)]


def factor_of(layers: Sequence[Layer]) -> float | None:
    """Return by how much the gradient changes from a layer to the one before it, as a mean.

    The geometric mean: ``factor ** steps`` is what is left of the last layer's gradient.
    """
    found = [(i, length) for i, length in signals(layers) if length > 0]
    if len(found) < 2:
        return None
    return mean_factor(found[0][1], found[-1][1], len(found) - 1)


def mean_factor(first: float, last: float, steps: int) -> float:
    """Return the geometric mean of the factors that lead from `last` to `first`.

    >>> mean_factor(4.0, 1.0, 2)
    2.0
    """
    return math.exp((math.log(first) - math.log(last)) / steps)


def verdict_of(layers: Sequence[Layer], at: int, limits: Thresholds) -> str:
    """Return the verdict on one layer among the others."""
    layer = layers[at]
    lengths = (layer.norm, layer.weights, layer.biases, layer.output)
    if any(length is not None and not math.isfinite(length) for length in lengths):
        return "not finite"
    if layer.norm is None:
        return "frozen" if layer.frozen else "no gradient"
    if layer.shut:
        return "dead"
    flow = dict(signals(layers))
    last = next((length for length in reversed(flow.values()) if length > 0), 0.0)
    own = flow.get(at, layer.norm if not layer.weighted else 0.0)
    behind = [length for i, length in flow.items() if i > at and length > 0]
    if layer.norm == 0 or (layer.weighted and own == 0):
        # What underflows has vanished on the way: the next layer that gets something tells.
        fading = behind and (behind[0] < limits.vanishing * last or _underflows(behind[0]))
        return "vanishing" if fading else "zero"
    if layer.weighted and last:
        if own > limits.exploding * last or (layer.ratio or 0.0) > limits.large_ratio:
            return "exploding"
        if own < limits.vanishing * last:
            return "vanishing"
    if layer.through_time is not None and layer.calls > 1:
        whole = layer.through_time ** (layer.calls - 1)
        if whole > limits.exploding:
            return "exploding"
        if whole < limits.vanishing:
            return "vanishing"
    if is_dead(layer, limits):
        return "dead"
    return "saturated" if is_saturated(layer, limits) else "healthy"


def is_dead(layer: Layer, limits: Thresholds) -> bool:
    """Whether most of a layer's units are 0 for the whole batch."""
    return layer.dead is not None and layer.dead > limits.dead * layer.units


def is_saturated(layer: Layer, limits: Thresholds) -> bool:
    """Whether most of a layer's units are flat, and the loss does not undo that."""
    if layer.harmless or layer.saturated is None or layer.flat is None:
        return False
    return layer.saturated > limits.saturated * layer.units or layer.flat > limits.flat


def _underflows(length: float) -> bool:
    return length < 1e-30  # near the smallest numbers of float32
