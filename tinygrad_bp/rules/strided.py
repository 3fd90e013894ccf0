"""Windows and strided views of memory, and the adjoint: adding up what overlaps.

======================  ======================
windows                 add_windows
strided                 add_strided
======================  ======================
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..op import primitive

Shape = tuple[int, ...]


def _shown(x: Any, shape: Shape, strides: Shape, start: int = 0) -> Any:
    """Show the memory of `x`, from `start` bytes behind its first element, with other strides.

    NumPy's as_strided would hide from `storage` whose memory it is.
    """
    owner = x
    while not owner.flags.c_contiguous and isinstance(owner.base, np.ndarray):
        owner = owner.base
    if not owner.flags.c_contiguous or 0 in shape:
        return as_strided(x, shape, strides, writeable=x.flags.writeable)
    start += x.ctypes.data - owner.ctypes.data
    shown: Any = np.ndarray(shape, x.dtype, owner, start, strides)
    shown.flags.writeable = x.flags.writeable
    return shown


@primitive(
    x=lambda g, x_shape, *, axis, step: add_windows(g, shape=x_shape, axis=axis, step=step),
    view=True,
)
def windows(x: Any, *, axis: int, length: int, step: int) -> Any:
    """Show every `step`-th window along an axis; what is in the window becomes the last axis."""
    count = (x.shape[axis] - length) // step + 1
    gap = x.strides[axis]
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :], length)
    return _shown(x, shape, (*x.strides[:axis], gap * step, *x.strides[axis + 1 :], gap))


@primitive(x=lambda g, x_shape, *, axis, step: windows(g, axis=axis, length=x_shape[-1], step=step))
def add_windows(x: Any, *, shape: Shape, axis: int, step: int) -> Any:
    """Add windows up where they overlap."""
    out = np.zeros(shape, x.dtype)
    lead, count = (slice(None),) * axis, x.shape[axis]
    for k in range(x.shape[-1]):  # a pass for each place in the window, over all windows at once
        out[(*lead, slice(k, k + step * count, step))] += x[..., k]
    return out


@primitive(
    x=lambda g, x_shape, *, size, stride, offset: add_strided(
        g, length=x_shape[0], size=size, stride=stride, offset=offset
    ),
    view=True,
)
def strided(x: Any, *, size: Shape, stride: Shape, offset: int) -> Any:
    """Show the vector's element ``offset + Σ iₖ strideₖ`` at each place i of a shape."""
    reach = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) + 1
    if 0 not in size and not 0 <= reach <= len(x):
        raise ValueError(
            f"size {size}, stride {stride} and offset {offset} reach element {reach - 1} "
            f"of {len(x)}"
        )
    gap = x.strides[0]
    return _shown(x, size, tuple(s * gap for s in stride), offset * gap)


@primitive(x=lambda g, *, size, stride, offset: strided(g, size=size, stride=stride, offset=offset))
def add_strided(x: Any, *, length: int, size: Shape, stride: Shape, offset: int) -> Any:
    """Add `x` up at the places that a strided view of a vector shows."""
    out = np.zeros(length, x.dtype)
    places = np.full(size, offset, np.intp)
    for axis, (n, s) in enumerate(zip(size, stride, strict=True)):
        places += (np.arange(n) * s).reshape(-1, *(1,) * (len(size) - 1 - axis))
    np.add.at(out, places.reshape(-1), x.reshape(-1))
    return out
