"""Padding: more elements around a tensor, of one value or made from those at its edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..functions.shape import constant_pad_nd
from ..rules.index import concatenate, slice_
from ..rules.shape import broadcast_to

__all__ = ["pad"]


def _part(x: Any, axis: int, start: int, stop: int | None, step: int = 1) -> Any:
    return slice_(x, key=(slice(None),) * axis + (slice(start, stop, step),))


def _backward(x: Any, axis: int, last: int, count: int) -> Any:
    """Take `count` elements from `last` on downward."""
    stop = last - count
    return _part(x, axis, last, stop if stop >= 0 else None, -1)


def _edge(x: Any, axis: int, at: int, count: int) -> Any:
    shape = [*x.shape]
    shape[axis] = count
    return broadcast_to(_part(x, axis, at, at + 1), shape=tuple(shape))


def _extend(x: Any, axis: int, before: int, after: int, mode: str) -> Any:
    """Put elements in front of and behind one axis; negative numbers take away."""
    n = x.shape[axis]
    inside = _part(x, axis, max(-before, 0), n - max(-after, 0))
    if mode == "circular":  # what is left goes round
        x, n = inside, inside.shape[axis]
    parts = [inside]
    if before > 0:
        if mode == "reflect":
            parts.insert(0, _backward(x, axis, before, before))
        elif mode == "replicate":
            parts.insert(0, _edge(x, axis, 0, before))
        else:
            parts.insert(0, _part(x, axis, n - before, n))
    if after > 0:
        if mode == "reflect":
            parts.append(_backward(x, axis, n - 2, after))
        elif mode == "replicate":
            parts.append(_edge(x, axis, n - 1, after))
        else:
            parts.append(_part(x, axis, 0, after))
    return concatenate(*parts, axis=axis)


def _check(shape: Any, axis: int, before: int, after: int, mode: str) -> None:
    n = shape[axis]
    where = f"pad: mode={mode!r} with ({before}, {after}) on axis {axis} of the shape {shape}"
    most = {"reflect": n - 1, "circular": n, "replicate": max(before, after)}[mode]
    if max(before, after) > most:
        remedy = "one less than its length" if mode == "reflect" else "its length"
        raise RuntimeError(f"{where}: an axis can be padded by at most {remedy}")
    if n + before + after <= 0 or min(before, after) < -n:
        raise RuntimeError(f"{where}: nothing would be left")


def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Any:
    """Put elements around the last axes.

    Parameters
    ----------
    input : Tensor
    pad : sequence of int
        (before, after) for the last axis, then for the one before it, and so on. Negative numbers
        take elements away.
    mode : {"constant", "reflect", "replicate", "circular"}
        One value; the elements at the edge mirrored (without the edge itself); the edge repeated;
        the elements from the other end. All but "constant" are for inputs with at most two axes
        more than are padded.
    value : float, optional
        For "constant"; 0 if left out.

    Returns
    -------
    Tensor

    Raises
    ------
    RuntimeError
        If the numbers do not come in pairs, or an axis is too short for them.
    NotImplementedError
        For an unknown mode, or a mode and a rank that do not go together.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0, 2.0, 3.0]])
    >>> tgb.nn.functional.pad(x, (1, 0))
    tensor([[0., 1., 2., 3.]])
    >>> tgb.nn.functional.pad(x, (2, 1), mode="reflect")
    tensor([[3., 2., 1., 2., 3., 2.]])
    """
    sides = [int(n) for n in pad]
    if len(sides) % 2:
        raise RuntimeError(f"pad: the numbers {tuple(sides)} have to come in pairs, two an axis")
    if len(sides) > 2 * input.ndim:
        raise RuntimeError(
            f"pad: {len(sides) // 2} pairs for an input of {input.ndim} dimensions: at most one an "
            "axis"
        )
    if mode == "constant":
        return constant_pad_nd(input, sides, 0 if value is None else value)
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"pad: unrecognised padding mode {mode!r}")
    if value is not None and value != 0:
        raise ValueError(f"pad: mode={mode!r} takes no value")
    axes = len(sides) // 2
    if axes not in (1, 2, 3) or input.ndim - axes not in (1, 2):
        raise NotImplementedError(
            f"pad: mode={mode!r} pads the last 1, 2 or 3 axes of an input with one or two more; "
            f"not {axes} of the shape {tuple(input.shape)}"
        )
    shape = tuple(input.shape)
    for i in range(axes):
        _check(shape, len(shape) - 1 - i, sides[2 * i], sides[2 * i + 1], mode)
    for i in range(axes):
        before, after = sides[2 * i : 2 * i + 2]
        if before or after:
            input = _extend(input, input.ndim - 1 - i, before, after, mode)
    return input
