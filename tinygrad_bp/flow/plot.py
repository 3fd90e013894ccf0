"""A gradient flow as a picture, and as a table for notebooks."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any

from .sentences import number_text
from .verdicts import VERDICTS, Layer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from .flow import Flow

__all__ = ["html", "plot"]

#: A colour for each verdict, told apart by colour-blind eyes (after Okabe and Ito, 2008).
COLORS = {
    "healthy": "#0072b2",
    "vanishing": "#56b4e9",
    "exploding": "#d55e00",
    "dead": "#4d4d4d",
    "saturated": "#cc79a7",
    "zero": "#999999",
    "no gradient": "#999999",
    "not finite": "#b00020",
    "frozen": "#bbbbbb",
}

_MOST_TICKS = 40


def plot(flow: Flow, ax: Axes | None = None) -> Axes:
    """Draw it; see :meth:`Flow.plot`."""
    try:
        from matplotlib.figure import Figure
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch
    except ImportError as error:
        if (error.name or "").split(".")[0] != "matplotlib":
            raise
        raise ImportError(
            'flow.plot() needs matplotlib: pip install "tinygrad_bp[viz]"', name="matplotlib"
        ) from None
    layers = flow.layers
    if ax is None:
        width = min(max(5.0, 0.42 * len(layers) + 2.0), 24.0)
        ax = Figure(figsize=(width, 4.2), layout="constrained").subplots()
    bars = [_drawable(layer.norm) for layer in layers]
    outputs = [_drawable(layer.output) for layer in layers]
    known = [x for x in (*bars, *outputs) if x is not None] or [1.0]
    floor, top = 10 ** (math.floor(math.log10(min(known))) - 1), max(known)
    for i, (layer, length) in enumerate(zip(layers, bars, strict=True)):
        color = COLORS[layer.verdict]
        if length is not None:
            ax.bar(i, length - floor, bottom=floor, color=color, width=0.7)
        else:  # nothing to draw a bar of: 0, none or NaN
            what = "0" if layer.norm == 0 else layer.verdict
            ax.text(
                i, floor * 1.3, what, rotation=90, ha="center", va="bottom", color=color, fontsize=8
            )
    line = [(i, x) for i, x in enumerate(outputs) if x is not None]
    ax.plot(
        [i for i, _ in line], [x for _, x in line], "o-", color="black", ms=3.5, lw=1,
        markerfacecolor="white",
    )  # fmt: skip
    ax.set_yscale("log")
    ax.set_ylim(floor, top * 30)
    ax.set_xlim(-0.6, len(layers) - 0.4)
    step = math.ceil(len(layers) / _MOST_TICKS)
    ticks = range(0, len(layers), step)
    ax.set_xticks(list(ticks), [_short(layers[i].label) for i in ticks], fontsize=8)
    if len(layers) > 6 or any(len(layer.label) > 8 for layer in layers):
        for label in ax.get_xticklabels():
            label.set(rotation=60, ha="right", rotation_mode="anchor")
    ax.set_xlabel("layer, from the input to the loss")
    ax.set_ylabel("length of the gradient")
    ax.set_title(flow.heading.replace(": ", "\n", 1), fontsize=10, loc="left")
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)
    ax.grid(axis="y", color="0.9")
    present = {layer.verdict for layer in layers}
    handles: list[Any] = [Patch(color=COLORS[v], label=v) for v in VERDICTS[::-1] if v in present]
    handles.append(
        Line2D([], [], color="black", marker="o", ms=3.5, lw=1, markerfacecolor="white",
               label="gradient of the output")
    )  # fmt: skip
    ax.legend(handles=handles, loc="upper center", ncols=4, fontsize=8, frameon=False)
    return ax


def _drawable(length: float | None) -> float | None:
    """Return a length that a logarithmic axis can show."""
    return length if length is not None and math.isfinite(length) and length > 0 else None


def _short(label: str) -> str:
    return label if len(label) <= 18 else f"{label[:6]}…{label[-11:]}"


def html(flow: Flow) -> str:
    """Write the table and the sentences, in colours that fit a light and a dark page."""
    heads = ("layer", "‖dW‖", "‖db‖", "‖dZ‖", "‖dW‖/‖W‖", "units", "verdict")
    head = "".join(f'<th style="text-align:{_side(h)}">{h}</th>' for h in heads)
    rows = "".join(f"<tr>{''.join(_cells(layer))}</tr>" for layer in flow.layers)
    sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in flow.sentences)
    return (
        f"<div><p><strong>{escape(flow.heading)}</strong></p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{sentences}</div>"
    )


def _side(head: str) -> str:
    return "right" if head.startswith("‖") else "left"


def _cells(layer: Layer) -> list[str]:
    from .flow import units_text

    lengths = (layer.weights, layer.biases, layer.output, layer.ratio)
    numbers = ["–" if x is None else number_text(x) for x in lengths]
    color = COLORS[layer.verdict]
    mark = f'<span style="border-left:.6em solid {color};padding-left:.4em">{layer.verdict}</span>'
    return [
        f'<td style="text-align:left">{escape(layer.label)}</td>',
        *(f'<td style="text-align:right">{number}</td>' for number in numbers),
        f'<td style="text-align:left">{units_text(layer)}</td>',
        f'<td style="text-align:left">{mark}</td>',
    ]
