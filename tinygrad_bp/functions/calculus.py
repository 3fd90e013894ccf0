"""Differences and sums of sampled functions: diff, gradient, the trapezoidal rule."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..rules import elementwise as ew
from ..rules import reduce as ops
from ..rules.index import slice_
from ._axes import axis_of, numpy_names
from .joining import cat


def _cut(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return slice_(x, key=(slice(None),) * axis + (slice(start, stop),))


@numpy_names
def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """Take differences of neighbours along an axis, `n` times; truth values: do they differ.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.diff(tgb.tensor([1, 4, 9]))
    tensor([3, 5])
    """
    if not input.ndim:
        raise RuntimeError("diff: the tensor has to have at least one dimension")
    if n < 0:
        raise RuntimeError(f"diff: the order can't be negative, as {n} is")
    axis = axis_of(dim, input.ndim)
    if not n:  # PyTorch leaves out what was to be joined on, too
        return input.clone()
    parts = [part for part in (prepend, input, append) if part is not None]
    out = cat(parts, axis) if len(parts) > 1 else input
    apart = ew.logical_xor if str(out.dtype).endswith("bool") else ew.subtract
    for _ in range(min(n, out.shape[axis])):
        out = apart(_cut(out, axis, 1, None), _cut(out, axis, None, -1))
    return out


# ------------------------------------------------------------------------------------- derivatives


@numpy_names
def gradient(input: Any, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1) -> list[Any]:
    """Estimate the derivative along each axis from samples, by central differences.

    Parameters
    ----------
    input : Tensor
    spacing : number, or a sequence of numbers or of Tensors
        The distance of the samples, for all axes or for each; or their coordinates, vectors.
    dim : int or sequence of int, optional
        All axes if left out.
    edge_order : {1, 2}
        Whether the estimates at the ends are one-sided differences of two or of three samples.

    Returns
    -------
    list of Tensor
        One for each axis.

    Raises
    ------
    RuntimeError
        For spacings that don't fit the axes, too few samples, another `edge_order`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.gradient(tgb.tensor([1.0, 4.0, 9.0]))
    [tensor([3., 4., 5.])]
    """
    axes = (
        tuple(range(input.ndim))
        if dim is None
        else tuple(
            axis_of(d, input.ndim) for d in (dim if isinstance(dim, (tuple, list)) else (dim,))
        )
    )
    if len(set(axes)) < len(axes):
        raise RuntimeError(f"gradient: an axis appears twice in dim={dim}")
    if edge_order not in (1, 2):
        raise RuntimeError(f"gradient: edge_order has to be 1 or 2, not {edge_order}")
    spacing = 1 if spacing is None else spacing
    many = isinstance(spacing, (tuple, list))
    spacings = list(spacing) if many else [spacing] * len(axes)
    if len(spacings) != len(axes):
        raise RuntimeError(f"gradient: {len(spacings)} spacings for {len(axes)} axes")
    if not (input.is_floating_point() or input.is_complex()):
        input = input.to(float)
    return [_slope(input, axis, h, edge_order) for axis, h in zip(axes, spacings, strict=True)]


def _slope(x: Any, axis: int, spacing: Any, edge_order: int) -> Any:
    n = x.shape[axis]
    if n <= edge_order:
        raise RuntimeError(
            f"gradient: edge_order={edge_order} takes {edge_order + 1} samples along an axis, "
            f"and axis {axis} has {n}"
        )
    if getattr(spacing, "ndim", 0):
        if tuple(spacing.shape) != (n,):
            raise RuntimeError(
                f"gradient: axis {axis} of length {n} takes {n} coordinates, not "
                f"{tuple(spacing.shape)}"
            )
        steps = diff(spacing)
    else:
        steps = x.new_tensor(np.ones(n - 1), dtype=x.dtype) * spacing
    steps = steps.reshape((-1,) + (1,) * (x.ndim - 1 - axis))
    rise = _cut(x, axis, 1, None) - _cut(x, axis, None, -1)
    secant = rise / steps
    before, after = _cut(steps, 0, None, -1), _cut(steps, 0, 1, None)
    # The parabola through three samples: secants weighted by the other side's step.
    inside = (after * _cut(secant, axis, None, -1) + before * _cut(secant, axis, 1, None)) / (
        before + after
    )
    first, last = _cut(secant, axis, 0, 1), _cut(secant, axis, n - 2, None)
    if edge_order == 2:
        first = _extrapolated(
            first, _cut(secant, axis, 1, 2), *(_cut(steps, 0, i, i + 1) for i in (0, 1))
        )
        last = _extrapolated(
            last, _cut(secant, axis, n - 3, n - 2),
            _cut(steps, 0, n - 2, None), _cut(steps, 0, n - 3, n - 2),
        )  # fmt: skip
    return cat([first, inside, last], axis)


def _extrapolated(near: Any, far: Any, step: Any, beyond: Any) -> Any:
    """Give the slope at the end of the parabola whose two secants these are."""
    return near + (near - far) * step / (step + beyond)


# --------------------------------------------------------------------------------------- integrals


def _panels(y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, int]:
    """Give the area between each two neighbouring samples, and the axis."""
    axis = axis_of(dim, y.ndim)
    middle = (_cut(y, axis, 1, None) + _cut(y, axis, None, -1)) * 0.5
    if x is None:
        return middle * dx, axis
    if x.ndim == 1:
        if x.shape[0] != y.shape[axis]:
            raise RuntimeError(f"trapezoid: {x.shape[0]} coordinates for {y.shape[axis]} samples")
        steps = diff(x).reshape((-1,) + (1,) * (y.ndim - 1 - axis))
    else:
        place = axis - y.ndim + x.ndim
        steps = diff(x, 1, place)
    return middle * steps, axis - y.ndim


@numpy_names
def trapezoid(y: Any, x: Any = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """Integrate samples along an axis by the trapezoidal rule.

    Parameters
    ----------
    y : Tensor
    x : Tensor, optional
        The coordinates of the samples.
    dx : number
        Their distance, where there is no `x`.
    dim : int

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.trapezoid(tgb.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    panels, axis = _panels(y, x, dx, dim)
    return ops.sum(panels, axis=(axis,))


@numpy_names
def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """Integrate samples by the trapezoidal rule, keeping the integral up to each sample.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.cumulative_trapezoid(tgb.tensor([1.0, 2.0, 3.0]))
    tensor([1.5000, 4.0000])
    """
    panels, axis = _panels(y, x, dx, dim)
    return ops.cumsum(panels, axis=axis % panels.ndim)


trapz = trapezoid
