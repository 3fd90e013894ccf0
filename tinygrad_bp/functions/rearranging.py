"""Elements repeated, turned round, shifted, or surrounded by others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..messages import ShapeError
from ..rules import shape as ops
from ..rules.index import ARRAY, index
from ._axes import axis_of, numpy_names, several, sizes_of
from .views import flatten, transpose


@several
def repeat(input: Any, repeats: Sequence[int]) -> Any:
    """Lay copies side by side, this often along each axis (new ones in front)."""
    lead = len(repeats) - input.ndim
    if lead < 0:
        raise RuntimeError(
            f"repeat: {len(repeats)} numbers for a tensor of {input.ndim} dimensions"
        )
    if any(k < 0 for k in repeats):
        raise RuntimeError(f"repeat: a tensor can't be repeated {tuple(repeats)} times")
    shape = (1,) * lead + tuple(input.shape)
    apart = tuple(m for n in shape for m in (1, n))
    wide = tuple(m for k, n in zip(repeats, shape, strict=True) for m in (k, n))
    spread = ops.broadcast_to(ops.reshape(input, shape=apart), shape=wide)
    whole = ops.reshape(spread, shape=tuple(k * n for k, n in zip(repeats, shape, strict=True)))
    # Where nothing was repeated the reshapes are views; the result is a copy always.
    return ops.copy(whole) if all(k == 1 for k in repeats) else whole


@several
def tile(input: Any, dims: Sequence[int]) -> Any:
    """As :func:`repeat`, with missing numbers in front taken as 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.tile(tgb.tensor([1, 2]), (2,))
    tensor([1, 2, 1, 2])
    """
    return repeat(input, (1,) * (input.ndim - len(dims)) + tuple(dims))


@numpy_names
def repeat_interleave(input: Any, repeats: Any = None, dim: int | None = None, *,
                      output_size: int | None = None) -> Any:  # fmt: skip
    """Repeat each element in place, along an axis or of the flattened tensor.

    Parameters
    ----------
    input : Tensor
    repeats : int or Tensor
        How often, for all elements or for each along the axis. Left out: the input says how often
        its own places are repeated.
    dim : int, optional
        Without it the input is flattened.
    output_size : int, optional
        The length that comes out; checked.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.repeat_interleave(tgb.tensor([4, 5]), tgb.tensor([1, 2]))
    tensor([4, 5, 5])
    >>> tgb.repeat_interleave(tgb.tensor([1, 2]))
    tensor([0, 1, 1])
    """
    if repeats is None:
        times = input._array
        if times.dtype.kind not in "iu" or times.ndim != 1:
            raise RuntimeError("repeat_interleave: repeats has to be a vector of integers")
        return input.new_tensor(np.repeat(np.arange(len(times)), times), dtype=times.dtype)
    if dim is None:
        input, dim = flatten(input), 0
    elif not input.ndim:
        input = flatten(input)
    axis = axis_of(dim, input.ndim)
    n = input.shape[axis]
    times = np.asarray(getattr(repeats, "_array", repeats))
    if times.dtype.kind not in "iu" or times.ndim > 1 or (times.size and times.min() < 0):
        raise RuntimeError("repeat_interleave: repeats has to be a vector of integers from 0 on")
    if times.ndim and times.size not in (1, n):
        raise RuntimeError(
            f"repeat_interleave: {times.size} repeats for the axis {axis} of length {n}"
        )
    places = np.repeat(np.arange(n), times)
    if output_size is not None and len(places) != output_size:
        raise RuntimeError(
            f"repeat_interleave: the repeats give the length {len(places)}, output_size says "
            f"{output_size}"
        )
    return index(input, places, template=(slice(None),) * axis + (ARRAY,))


@several
def flip(input: Any, dims: Sequence[int]) -> Any:
    """Reverse the order along the axes.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.tensor([1, 2, 3]).flip(0)
    tensor([3, 2, 1])
    """
    axes = tuple(axis_of(d, input.ndim) for d in dims)
    if len(set(axes)) < len(axes):
        raise RuntimeError(f"flip: dims={tuple(dims)} names an axis twice")
    return ops.flip(input, axis=axes) if axes and input.ndim else input.clone()


def fliplr(input: Any) -> Any:
    """Reverse the order of the columns.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tgb.fliplr(x)
    tensor([[2., 1.],
            [4., 3.]])
    """
    if input.ndim < 2:
        raise RuntimeError(f"fliplr: at least 2 dimensions are expected, not {input.ndim}")
    return flip(input, 1)


def flipud(input: Any) -> Any:
    """Reverse the order of the rows."""
    if input.ndim < 1:
        raise RuntimeError("flipud: at least 1 dimension is expected")
    return flip(input, 0)


def rot90(input: Any, k: int = 1, dims: Sequence[int] = (0, 1)) -> Any:
    """Turn by k quarters, from the first axis of `dims` towards the second.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> tgb.rot90(x)
    tensor([[2., 4.],
            [1., 3.]])
    """
    if len(dims) != 2:
        raise RuntimeError(f"rot90: two axes are expected, not {tuple(dims)}")
    if input.ndim < 2:
        raise RuntimeError(f"rot90: at least 2 dimensions are expected, not {input.ndim}")
    a, b = (axis_of(d, input.ndim) for d in dims)
    if a == b:
        raise RuntimeError(f"rot90: dims={tuple(dims)} names an axis twice")
    quarter = k % 4
    if quarter == 2:
        return flip(input, a, b)
    if quarter == 0:
        return input.clone()
    return ops.copy(transpose(flip(input, b) if quarter == 1 else flip(input, a), a, b))


def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """Shift along axes; what leaves at one end enters at the other.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.roll(tgb.arange(4), 1)
    tensor([3, 0, 1, 2])
    """
    shift = sizes_of(shifts)
    if dims is None or not sizes_of(dims):
        if len(shift) != 1:
            raise RuntimeError(f"roll: {len(shift)} shifts, and no dims that say along which axes")
        flat = ops.reshape(input, shape=(-1,)) if input.numel() else flatten(input)
        return ops.reshape(ops.roll(flat, shift=shift, axis=(0,)), shape=tuple(input.shape))
    axes = tuple(axis_of(d, input.ndim) for d in sizes_of(dims))
    if len(shift) != len(axes):
        raise RuntimeError(f"roll: {len(shift)} shifts for {len(axes)} axes")
    if not input.ndim:
        raise IndexError("roll: a tensor without dimensions has none to roll along: leave `dims`")
    return ops.roll(input, shift=shift, axis=axes)


def constant_pad_nd(input: Any, pad: Sequence[int], value: float = 0) -> Any:
    """Put elements of one value around the last axes; a negative number takes elements away.

    Parameters
    ----------
    input : Tensor
    pad : sequence of int
        Before and after the last axis, then before and after the last but one, …
    value : float

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.constant_pad_nd(tgb.tensor([1, 2]), (1, -1), 7)
    tensor([7, 1])
    """
    sides = sizes_of(pad)
    if len(sides) % 2 or len(sides) > 2 * input.ndim:
        raise RuntimeError(
            f"constant_pad_nd: pad {sides} has to name two numbers for each of at most "
            f"{input.ndim} axes"
        )
    pairs = list(zip(sides[::2], sides[1::2], strict=True))
    widths = [(0, 0)] * (input.ndim - len(pairs)) + pairs[::-1]
    if any(n + a + b < 0 for n, (a, b) in zip(input.shape, widths, strict=True)):
        raise ShapeError(
            f"constant_pad_nd: pad {sides} takes more away than the shape {tuple(input.shape)} has"
        )
    # Outside in: an axis may lose more on one side than it has, and gain on the other.
    grown = tuple((max(a, 0), max(b, 0)) for a, b in widths)
    lost = tuple((max(-a, 0), max(-b, 0)) for a, b in widths)
    padded = ops.pad(input, widths=grown, value=value)
    return ops.copy(ops.crop(padded, widths=lost)) if any(map(any, lost)) else padded
