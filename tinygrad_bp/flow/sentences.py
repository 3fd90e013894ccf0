"""What is wrong with a gradient flow, in a sentence each, with the remedy of the notes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .verdicts import (
    VERDICTS,
    Layer,
    Thresholds,
    is_dead,
    is_saturated,
    mean_factor,
    signals,
)

__all__ = ["Finding", "findings_of", "notes_of", "number_text"]


@dataclass(frozen=True)
class Finding:
    """Something that keeps layers from learning.

    Attributes
    ----------
    verdict : str
        One of `VERDICTS`.
    layers : tuple of str
        The layers it concerns.
    message, remedy : str
        A sentence each.
    """

    verdict: str
    layers: tuple[str, ...]
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"


def findings_of(layers: Sequence[Layer], loss: float, limits: Thresholds) -> tuple[Finding, ...]:
    """Return what is wrong, in a sentence each with its remedy."""
    found = []
    for verdict in VERDICTS:
        # Units that are shut are told of also where they are the cause of something worse.
        shut = {"dead": is_dead, "saturated": is_saturated}.get(verdict)
        places = [
            i
            for i, layer in enumerate(layers)
            if (layer.verdict == verdict if shut is None else shut(layer, limits))
        ]
        if places and verdict in _SENTENCES:
            message, remedy = _SENTENCES[verdict](layers, places, loss, limits)
            found.append(Finding(verdict, tuple(layers[i].name for i in places), message, remedy))
    found += [_partly(layer) for layer in layers if layer.norm is not None and layer.reason]
    return tuple(found)


def notes_of(layers: Sequence[Layer], limits: Thresholds) -> tuple[str, ...]:
    """Return what is worth knowing, and no fault: a few units that are shut in this batch."""
    dead = [x for x in layers if x.dead and not is_dead(x, limits)]
    flat = [x for x in layers if x.saturated and not is_saturated(x, limits)]
    notes = []
    if dead:
        counts = ", ".join(f"{x.dead} of {x.units} in {x.label}" for x in dead)
        notes.append(
            f"ReLU units that are 0 for the whole batch: {counts}. A random start leaves some so."
        )
    if flat:
        counts = ", ".join(f"{x.saturated} of {x.units} in {x.label}" for x in flat)
        harmless = any(x.harmless for x in flat)
        end = " (a cross-entropy undoes the slope of the output's)" if harmless else ""
        notes.append(f"Saturated units: {counts}{end}.")
    return tuple(notes)


def _partly(layer: Layer) -> Finding:
    return Finding(
        "no gradient",
        (layer.name,),
        f"A part of {layer.label} gets no gradient: {layer.reason}.",
        "Everything else of the layer does.",
    )


def _listed(layers: Sequence[Layer], places: Sequence[int]) -> str:
    """Name layers: neighbours as `first to last`.

    >>> a, b, c, d = (Layer(name, "Linear") for name in "abcd")
    >>> _listed([a, b, c, d], [0, 1, 2]), _listed([a, b, c, d], [0, 3])
    ('a to c', 'a and d')
    """
    names = [layers[i].label for i in places]
    if len(places) > 2 and places[-1] - places[0] == len(places) - 1:
        return f"{names[0]} to {names[-1]}"
    if len(names) > 6:
        return f"{', '.join(names[:5])} and {len(names) - 5} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def number_text(x: float) -> str:
    """Write a number in at most 7 characters.

    >>> number_text(0.25), number_text(1.234e-9), number_text(31.4159)
    ('0.25', '1.2e-09', '31.4')
    """
    return f"{x:.1e}" if x and not 1e-3 <= abs(x) < 1e4 else f"{x:.3g}"


def _along(layers: Sequence[Layer]) -> str:
    """Say from where to where the gradient changes, and by which factor a layer."""
    found = [(i, length) for i, length in signals(layers) if length > 0]
    if len(found) < 2:
        return ""
    (i, first), (k, last) = found[0], found[-1]
    steps = len(found) - 1
    factor = mean_factor(first, last, steps)
    each = f", a factor of {number_text(factor)} per layer" if steps > 1 else ""
    return (
        f"from {layers[k].label} back to {layers[i].label} it is multiplied by "
        f"{number_text(first / last)}{each}"
    )


def _weights(layers: Sequence[Layer], larger: bool) -> str:
    """Compare the standard deviation of the weights with He's, where that tells something."""
    known = [x for x in layers if x.std and x.he]
    if not known:
        return ""
    typical = sorted(known, key=lambda x: x.std / x.he)[len(known) // 2]  # type: ignore[operator]
    assert typical.std is not None
    assert typical.he is not None
    share = typical.std / typical.he
    if (share > 1.5) if larger else (share < 0.67):
        return (
            f" The weights of {typical.label} have the standard deviation "
            f"{number_text(typical.std)}; He's √(2 / n) would be {number_text(typical.he)}."
        )
    return ""


def _through_time(layers: Sequence[Layer], places: Sequence[int]) -> str:
    steps = [layers[i] for i in places if layers[i].through_time is not None]
    return "".join(
        f" Through the {x.calls} steps of {x.label} it is multiplied by "
        f"{number_text(x.through_time)} with each step back."  # type: ignore[arg-type]
        for x in steps
    )


def _vanishing(
    layers: Sequence[Layer], places: Sequence[int], loss: float, limits: Thresholds
) -> tuple[str, str]:
    behind = [x.activation for x in layers[places[0] :]]
    slopes = {
        "sigmoid": " A sigmoid's slope is ¼ at most, so each layer shrinks it.",
        "tanh": " A tanh's slope is below 1 but at 0.",
    }
    why = next((text for name, text in slopes.items() if name in behind), "")
    along = _along(layers)
    message = (
        f"The gradient vanishes: {along or 'little of it is left'}, and "
        f"{_listed(layers, places)} hardly learn{'s' if len(places) == 1 else ''}."
        f"{why}{_weights(layers, larger=False)}{_through_time(layers, places)}"
    )
    remedy = (
        "Use ReLU with He's initialization (for tanh, Xavier's), batch normalization or residual "
        "connections. Clipping does not help: it only makes gradients shorter."
    )
    return message, remedy


def _exploding(
    layers: Sequence[Layer], places: Sequence[int], loss: float, limits: Thresholds
) -> tuple[str, str]:
    along = _along(layers)
    worst = max((layers[i] for i in places), key=lambda x: x.ratio or 0.0)
    size = (
        f" The gradient of {worst.label} is {number_text(worst.ratio)} times as long as its "
        "weights."
        if worst.ratio and worst.ratio > limits.large_ratio
        else ""
    )
    message = (
        f"The gradient explodes in {_listed(layers, places)}{': ' if along else ''}{along}."
        f"{size}{_weights(layers, larger=True)}{_through_time(layers, places)}"
    )
    remedy = (
        "Clip it (tgb.nn.utils.clip_grad_norm_), and begin with He's or Xavier's initialization, "
        "with inputs and targets of the size of 1, or with batch normalization."
    )
    return message, remedy


def _dead(
    layers: Sequence[Layer], places: Sequence[int], loss: float, limits: Thresholds
) -> tuple[str, str]:
    parts = [
        f"{layers[i].label}: {layers[i].dead} of {layers[i].units} ReLU units are 0 for all "
        f"{layers[i].samples} samples"
        for i in places
    ]
    message = f"{'; '.join(parts)}. They learn nothing from this batch."
    if any(layers[i].samples < 16 for i in places):
        message += " (With so few samples, some are 0 by chance: look at a larger batch.)"
    remedy = (
        "If they stay so in other batches: a smaller learning rate, He's initialization, biases "
        "that are not far below 0, or leaky ReLU."
    )
    return message, remedy


def _saturated(
    layers: Sequence[Layer], places: Sequence[int], loss: float, limits: Thresholds
) -> tuple[str, str]:
    found = [layers[i] for i in places]
    slopes = f"their slope is below {limits.flat_slope:.0%} of its maximum"
    units = [
        f"{x.label}: {x.saturated} of {x.units} {x.activation} units"
        if x.saturated
        else f"{x.label}: {x.flat:.0%} of the answers of its {x.units} {x.activation} units"
        for x in found
    ]
    often = f" for more than {limits.flat_share:.0%} of the {found[0].samples} samples"
    message = (
        f"{'; '.join(units)} are saturated: {slopes}{often if found[0].saturated else ''}."
        f"{_weights(found, larger=True)}"
    )
    remedy = (
        "Use Xavier's initialization, inputs of mean 0 and variance 1, batch normalization, or "
        "ReLU. At the output, take a loss that undoes the slope: cross-entropy."
    )
    return message, remedy


def _zero(
    layers: Sequence[Layer], places: Sequence[int], loss: float, limits: Thresholds
) -> tuple[str, str]:
    beyond = layers[places[-1] :]
    shut = [x for x in beyond if x.shut]
    flat = [x for x in beyond[1:] if x.std == 0.0 and x.ratio is None]
    message = f"The gradient of {_listed(layers, places)} is exactly 0"
    if shut:
        return (
            f"{message}: all {shut[0].units} ReLU units of {shut[0].label} are 0 for all "
            f"{shut[0].samples} samples, and let nothing through.",
            "Begin with He's initialization and biases of 0, scale the inputs, and lower the "
            "learning rate if it became so in training; or use leaky ReLU.",
        )
    if flat:
        return (
            f"{message}: the weights of {flat[0].label} are all 0, and nothing gets through them.",
            "Begin with random weights (He's or Xavier's initialization).",
        )
    return (
        f"{message}.",
        "Is the loss at its minimum, or a step function on the way (round, sign, a comparison)?",
    )


def _not_finite(
    layers: Sequence[Layer], places: Sequence[int], loss: float, limits: Thresholds
) -> tuple[str, str]:
    which = f"The gradient of {_listed(layers, places)} holds NaN or infinity"
    if not math.isfinite(loss):
        which += f", and the loss itself is {loss}"
    elif len(places) < len(layers):
        which += f"; going backward, it begins at {layers[places[-1]].label}"
    return (
        f"{which}.",
        "Run the step inside tgb.autograd.detect_anomaly(), which names the operation: often a "
        "log or a division at 0. Where it overflowed: smaller weights, a smaller learning rate.",
    )


def _no_gradient(
    layers: Sequence[Layer], places: Sequence[int], loss: float, limits: Thresholds
) -> tuple[str, str]:
    reasons = "; ".join(dict.fromkeys(layers[i].reason for i in places if layers[i].reason))
    return (
        f"{_listed(layers, places)} get{'s' if len(places) == 1 else ''} no gradient: {reasons}.",
        "Mend the path from there to the loss, or the layer never learns.",
    )


_SENTENCES = {
    "vanishing": _vanishing,
    "exploding": _exploding,
    "dead": _dead,
    "saturated": _saturated,
    "zero": _zero,
    "not finite": _not_finite,
    "no gradient": _no_gradient,
}
