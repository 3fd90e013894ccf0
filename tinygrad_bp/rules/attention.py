"""Attention: what is between the two matrix products, as one operation."""

from __future__ import annotations

from typing import Any

from ..op import primitive
from .native import native
from .rows import softmax_pull, softmax_rows
from .shape import sum_to


# A rule of its own for speed and memory: of scaling, mask and softmax only the result is kept.
@primitive(
    promotion="same",
    quiet=True,
    x=lambda g, out, *, scale: softmax_pull(g, out, scale=scale),
    bias=lambda g, bias_shape, out: sum_to(softmax_pull(g, out), shape=bias_shape),
)
def attention_weights(x: Any, bias: Any, *, scale: float) -> Any:
    """Give softmax(scale · x + bias) over the last axis; a bias of −∞ forbids a place.

    Where a whole row is forbidden the weights are 0, as in PyTorch's attention, and not NaN.
    """
    out = native(attention_weights, (x, bias), {"scale": scale}, 20 * x.size)
    if out is not None:
        return out
    return softmax_rows(x, 0.0, scale, bias if bias.ndim or bias != 0 else None)
