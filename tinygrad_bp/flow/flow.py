"""How much of the gradient reaches each layer: ``tgb.gradient_flow(model, loss)``."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..recorded.network import Recorded
from ..tensor import Tensor
from .layers import layers_of
from .measure import gradients_of, measured
from .sentences import Finding, findings_of, notes_of, number_text
from .units import units_of
from .verdicts import Layer, Thresholds, factor_of, verdict_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Flow", "gradient_flow"]


def gradient_flow(
    model: Any,
    loss: Tensor,
    *,
    vanishing: float = 1e-3,
    exploding: float = 1e3,
    large_ratio: float = 1e2,
    dead: float = 0.7,
    flat_slope: float = 1e-2,
    flat_share: float = 0.95,
    saturated: float = 0.5,
    flat: float = 0.8,
) -> Flow:
    """Measure the gradient that reaches each layer, and say what keeps layers from learning.

    The chain rule is a product over the layers, ``dZ₁ = W₂ᵀ (… W_nᵀ dZ_n …) ⊙ f′(Z₁)``.
    Where its factors are mostly below 1 it vanishes towards the input, where they are above 1 it
    explodes [1]_ [3]_; weights of the right size keep them near 1 [1]_ [2]_.

    Nothing is changed: gradients are computed anew (through hooks, if there are any), and ``.grad``
    stays as it is. Call it on the loss of a batch, best before ``loss.backward()``. After it the
    graph is computed again from parameters and data; where that is not possible any more, what
    ``.grad`` holds is read, and units and outputs are left out.

    Parameters
    ----------
    model : nn.Module, dict of str to Tensor, or list of Tensor
        What learns. Tensors are put together to layers by the operations that read them.
    loss : Tensor
        A single number.
    vanishing, exploding : float
        A layer's verdict if the gradient of its output is shorter than `vanishing` (longer than
        `exploding`) times that of the last layer. Three powers of ten: what a common learning rate
        can't make up for.
    large_ratio : float
        Also exploding: the gradient of the weights is this many times as long as the weights, so
        that a step with the learning rate 0.01 replaces them.
    dead, saturated : float
        A layer's verdict if more than this share of its units is dead (saturated). In deep ReLU
        networks the samples grow alike from layer to layer, so that a third of the units, or in
        narrow ones half, is 0 for all of them by chance; hence 0.7.
    flat_slope, flat_share : float
        A unit of a bounded activation is saturated if its slope is below `flat_slope` of its
        maximum for more than `flat_share` of the samples. A rectifier is dead if it is 0 for all.
    flat : float
        Also saturated: a layer with more than this share of all its slopes below `flat_slope`.

    Returns
    -------
    Flow
        Print it for a table and sentences; ``.layers`` has the numbers, ``.plot()`` draws them.

    Raises
    ------
    RuntimeError
        The loss is not a single number, was not recorded, or its graph is not known any more.

    References
    ----------
    .. [1] X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
       networks", AISTATS 2010: equations 5 and 6, the variance of back-propagated gradients.
    .. [2] K. He et al., "Delving deep into rectifiers", ICCV 2015: section 2.2, √(2 / n).
    .. [3] R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural
       networks", ICML 2013: section 2.2, and clipping in 3.2.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> W1 = tgb.tensor([[1.0, 2.0]], requires_grad=True)
    >>> W2 = tgb.tensor([[3.0]], requires_grad=True)
    >>> X = tgb.tensor([[1.0, 1.0], [1.0, -2.0]])
    >>> loss = (W2 @ tgb.relu(W1 @ X)).sum()
    >>> flow = tgb.gradient_flow({"W1": W1, "W2": W2}, loss)
    >>> [(layer.name, layer.norm, layer.dead) for layer in flow.layers]
    [('W1', 4.24264..., 0), ('W2', 3.0, None)]
    >>> flow.healthy
    True
    """
    if not isinstance(loss, Tensor):
        raise TypeError(
            "gradient_flow(model, loss) takes the model first, and then the loss, a Tensor: not a "
            f"{type(loss).__name__}"
        )
    if loss.numel() != 1:
        raise RuntimeError(
            f"gradient_flow starts from a single number, and the loss has the shape "
            f"{tuple(loss.shape)}: reduce it (.sum(), .mean())"
        )
    from ..nn import Module

    graph = Recorded(loss, model=model if isinstance(model, Module) else None)
    limits = Thresholds(
        vanishing, exploding, large_ratio, dead, flat_slope, flat_share, saturated, flat
    )
    parts = layers_of(model, graph)
    gradients, how = gradients_of(parts, graph, loss)
    units = units_of(parts, graph, flat_slope, flat_share)
    layers = [measured(part, gradients, units.get(part.name), loss) for part in parts]
    value = float(np.real(loss.item()))
    judged = tuple(
        replace(layer, verdict=verdict_of(layers, i, limits)) for i, layer in enumerate(layers)
    )
    return Flow(
        judged,
        findings_of(judged, value, limits),
        factor_of(judged),
        value,
        title=type(model).__name__ if isinstance(model, Module) else "parameters",
        notes=(*how, *notes_of(judged, limits)),
        thresholds=limits,
    )


# ------------------------------------------------------------------------------------- the result

_WIDTH = 80
_HEAD = f"{'layer':16} {'‖dW‖':>7} {'‖db‖':>8} {'‖dZ‖':>8} {'‖dW‖/‖W‖':>9}  {'units':14} verdict"


@dataclass(frozen=True)
class Flow:
    """What reaches each layer of the gradient, and what that means.

    Attributes
    ----------
    layers : tuple of Layer
        The layer nearest to the input first; ``flow["fc1"]`` finds one by its name.
    findings : tuple of Finding
        What keeps layers from learning: ``.verdict``, ``.layers``, ``.message``, ``.remedy``.
    factor : float or None
        By how much the gradient changes with each layer on its way back: near 1 is good.
    loss : float
    title : str
        The class of the model.
    notes : tuple of str
        What is worth knowing, and no fault.
    thresholds : Thresholds
    """

    layers: tuple[Layer, ...]
    findings: tuple[Finding, ...]
    factor: float | None
    loss: float
    title: str = ""
    notes: tuple[str, ...] = ()
    thresholds: Thresholds = field(default=Thresholds(), repr=False)

    @property
    def healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def __getitem__(self, name: str) -> Layer:
        for layer in self.layers:
            if name == layer.name or name in layer.name.split(", "):
                return layer
        known = ", ".join(layer.name for layer in self.layers)
        raise KeyError(f"no layer is named {name!r}; there are {known}")

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts, lists and numbers, for JSON."""
        return {
            "title": self.title,
            "loss": self.loss,
            "factor": self.factor,
            "healthy": self.healthy,
            "layers": [asdict(layer) for layer in self.layers],
            "findings": [asdict(f) | {"layers": list(f.layers)} for f in self.findings],
            "notes": list(self.notes),
            "thresholds": asdict(self.thresholds),
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw a bar for the gradient of each layer, on a logarithmic scale (extra ``viz``).

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a figure of its own, ``flow.plot().figure``.

        Returns
        -------
        matplotlib Axes
        """
        from .plot import plot

        return plot(self, ax)

    def _repr_html_(self) -> str:
        from .plot import html

        return html(self)

    def __str__(self) -> str:
        lines = [*textwrap.wrap(self.heading, _WIDTH), "", _HEAD, "─" * _WIDTH]
        for layer in self.layers:
            name = layer.label
            name = name if len(name) <= 16 else f"{name[:6]}…{name[-9:]}"
            numbers = [_cell(x) for x in (layer.weights, layer.biases, layer.output, layer.ratio)]
            lines.append(
                f"{name:16} {numbers[0]:>7} {numbers[1]:>8} {numbers[2]:>8} {numbers[3]:>9}  "
                f"{units_text(layer):14} {layer.verdict}"
            )
        lines.append("─" * _WIDTH)
        lines.append("‖dW‖, ‖db‖: weights and biases; ‖dZ‖: what the layer gives to its activation")
        for sentence in self.sentences:
            lines += ["", *textwrap.wrap(sentence, _WIDTH, break_long_words=False)]
        return "\n".join(line.rstrip() for line in lines)

    __repr__ = __str__

    @property
    def heading(self) -> str:
        """One line: the model, its layers, the loss, the factor per layer."""
        count = len(self.layers)
        each = f", × {number_text(self.factor)} per layer back" if self.factor is not None else ""
        return (
            f"gradient flow of {self.title}: {count} layer{'s' if count != 1 else ''}, "
            f"loss {number_text(self.loss)}{each}"
        )

    @property
    def sentences(self) -> list[str]:
        """What was found, a sentence or two each; or that nothing was."""
        found = [str(finding) for finding in self.findings]
        return [*(found or ["Every layer gets a gradient of a usable size."]), *self.notes]


def units_text(layer: Layer) -> str:
    """Write how many units are shut, ``12/64 dead``; nothing where none can be."""
    if layer.dead is not None:
        return f"{layer.dead}/{layer.units} dead"
    if layer.saturated is not None:
        return f"{layer.saturated}/{layer.units} flat"
    return ""


def _cell(x: float | None) -> str:
    return "–" if x is None else number_text(x)
