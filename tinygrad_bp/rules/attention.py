"""Attention: what is between the two matrix products, as one operation."""

from __future__ import annotations

from typing import Any

from ..op import primitive
from .rows import exponentials, row_dot
from .shape import sum_to


# A rule of its own for speed and memory: of scaling, mask and softmax only the result is kept.
@primitive(
    promotion="same",
    quiet=True,
    shared=lambda g, out: out * (g - row_dot(g, out)),
    x=lambda g, shared, *, scale: shared * scale,
    bias=lambda g, bias_shape, shared: sum_to(shared, shape=bias_shape),
)
def attention_weights(x: Any, bias: Any, *, scale: float) -> Any:
    """Give softmax(scale · x + bias) over the last axis; a bias of −∞ forbids a place.

    Where a whole row is forbidden the weights are 0, as in PyTorch's attention, and not NaN.
    """
    z = x * x.dtype.type(scale)
    if bias.ndim or bias != 0:
        z += bias
    return exponentials(z, forbidden=0.0)
