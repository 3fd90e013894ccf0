"""Reading an image at arbitrary places: grid_sample, and the grids of affine maps."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..functions.elementwise import clamp
from ..messages import ShapeError
from ..rules import elementwise as ew
from ..rules.index import slice_, take_along_axis
from ..rules.linalg import matmul
from ..rules.shape import cast, reshape, transpose
from ..tensor import wrap

__all__ = ["affine_grid", "grid_sample", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d"]

_MODES = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")


def _to_pixels(g: Any, n: int, align_corners: bool) -> Any:
    """Turn −1 … 1 into a place along an axis of n elements."""
    if align_corners:
        return (g + 1) * ((n - 1) / 2)
    return ((g + 1) * n - 1) / 2


def _clip(x: Any, n: int) -> Any:
    """Limit places to the axis; PyTorch's slope is 0 on its ends too."""
    return ew.where(x <= 0, 0.0, ew.where(x >= n - 1, float(n - 1), x))


def _reflect(x: Any, low: float, high: float) -> Any:
    """Mirror places into an interval, as often as it takes."""
    span = high - low
    if span == 0:
        return x * 0
    x = x - low
    x = ew.where(x < 0, -x, x)
    flips = ew.floor(x / span)
    rest = x - flips * span
    return ew.where(ew.remainder(flips, 2.0) == 0, rest, span - rest) + low


def _inside(x: Any, n: int, padding_mode: str, align_corners: bool) -> Any:
    """Bring places onto the axis in the way of the padding mode."""
    if padding_mode == "border":
        return _clip(x, n)
    if padding_mode == "reflection":
        low, high = (0.0, n - 1.0) if align_corners else (-0.5, n - 0.5)
        return _clip(_reflect(x, low, high), n)
    return x


def _read(flat: Any, places: Sequence[Any], size: tuple[int, ...]) -> Any:
    """Take, at whole-numbered places, what lies there, and 0 beyond the edges.

    `flat` is (batch, channels, elements), each of `places` (batch, points).
    """
    steps = [math.prod(size[i + 1 :]) for i in range(len(size))]
    at: Any = 0
    valid: Any = 1.0
    for x, n, step in zip(places, size, steps, strict=True):
        valid = valid * cast((x >= 0) & (x <= n - 1), dtype=flat.dtype.dtype)
        # Whole numbers before they are multiplied: a float loses the place in a large volume.
        at = at + cast(clamp(x, 0.0, float(n - 1)), dtype=np.dtype(np.int64)) * step
    shape = (at.shape[0], 1, at.shape[1])
    return take_along_axis(flat, reshape(at, shape=shape), axis=2) * reshape(valid, shape=shape)


def _spot(weight: Any) -> Any:
    return reshape(weight, shape=(weight.shape[0], 1, weight.shape[1]))


def _linear(flat: Any, places: Sequence[Any], size: tuple[int, ...]) -> Any:
    """Weigh the corners of the cell around each place."""
    below = [ew.floor(x) for x in places]
    above = [x - low for x, low in zip(places, below, strict=True)]
    total: Any = 0
    for corner in itertools.product((0, 1), repeat=len(size)):
        weight: Any = 1.0
        for part, side in zip(above, corner, strict=True):
            weight = weight * (part if side else 1 - part)
        at = [low + side for low, side in zip(below, corner, strict=True)]
        total = total + _read(flat, at, size) * _spot(weight)
    return total


def _cubic_weights(t: Any) -> list[Any]:
    """Weigh the elements at −1, 0, 1 and 2 for a place at 0 ≤ t < 1 (Keys' kernel, a = −0.75)."""
    a = -0.75

    def near(x: Any) -> Any:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Any) -> Any:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


def _cubic(flat: Any, places: Sequence[Any], size: tuple[int, ...], padding_mode: str,
           align_corners: bool) -> Any:  # fmt: skip
    """Weigh the 4 × 4 elements around each place; each is brought onto the image by itself."""
    below = [ew.floor(x) for x in places]
    weights = [_cubic_weights(x - low) for x, low in zip(places, below, strict=True)]
    total: Any = 0
    for i, j in itertools.product(range(4), repeat=2):
        at = [
            _inside(low + (k - 1), n, padding_mode, align_corners)
            for low, k, n in zip(below, (i, j), size, strict=True)
        ]
        total = total + _read(flat, at, size) * _spot(weights[0][i] * weights[1][j])
    return total


def grid_sample(input: Any, grid: Any, mode: str = "bilinear", padding_mode: str = "zeros",
                align_corners: bool | None = None) -> Any:  # fmt: skip
    """Read images (or volumes) at the places that a grid names.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, [depth,] height, width)
    grid : Tensor of shape (batch, [depth',] height', width', 2 or 3)
        Places as (x, y) or (x, y, z) from −1 (left, top, front) to 1.
    mode : {"bilinear", "nearest", "bicubic"}
        How to read between pixels; "bicubic" for images alone.
    padding_mode : {"zeros", "border", "reflection"}
        What lies outside.
    align_corners : bool, optional
        Whether −1 and 1 are the centres of the corner pixels, or the corners of the image.

    Returns
    -------
    Tensor of shape (batch, channels, [depth',] height', width')

    Raises
    ------
    ValueError
        For an unknown mode.
    RuntimeError
        If shapes or dtypes do not fit.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> image = tgb.arange(4.0).reshape(1, 1, 2, 2)
    >>> centre = tgb.zeros(1, 1, 1, 2)
    >>> tgb.nn.functional.grid_sample(image, centre, align_corners=False)
    tensor([[[[1.5000]]]])
    """
    if mode not in _MODES:
        raise ValueError(f"grid_sample: mode has to be one of {_MODES}, not {mode!r}")
    if padding_mode not in _PADDINGS:
        raise ValueError(
            f"grid_sample: padding_mode has to be one of {_PADDINGS}, not {padding_mode!r}"
        )
    if align_corners is None:
        _warn("grid_sample")
        align_corners = False
    _check(input, grid, mode)
    size = tuple(input.shape[2:])
    count, points = grid.shape[0], math.prod(grid.shape[1:-1])
    flat = reshape(input, shape=(*input.shape[:2], math.prod(size)))
    places = []
    for axis, n in enumerate(size):
        # The grid names the last axis first.
        column = slice_(grid, key=(..., len(size) - 1 - axis))
        places.append(_to_pixels(reshape(column, shape=(count, points)), n, align_corners))
    if mode == "bicubic":
        out = _cubic(flat, places, size, padding_mode, align_corners)
    else:
        places = [
            _inside(x, n, padding_mode, align_corners) for x, n in zip(places, size, strict=True)
        ]
        if mode == "nearest":
            out = _read(flat, [ew.round(x) for x in places], size)
        else:
            out = _linear(flat, places, size)
    return reshape(out, shape=(*input.shape[:2], *grid.shape[1:-1]))


def _warn(name: str) -> None:
    warnings.warn(
        f"{name}: align_corners was not given and is taken as False (it was True before PyTorch "
        "1.3)",
        stacklevel=3,
    )


def _check(input: Any, grid: Any, mode: str) -> None:
    rank = input.ndim - 2
    if rank not in (2, 3) or grid.ndim != input.ndim or grid.shape[-1] != rank:
        raise ShapeError(
            "grid_sample: the input has to be (batch, channels, height, width) and the grid "
            "(batch, height', width', 2), or both with a depth and the grid with 3 numbers; their "
            f"shapes are {tuple(input.shape)} and {tuple(grid.shape)}"
        )
    if grid.shape[0] != input.shape[0]:
        raise ShapeError(
            f"grid_sample: input and grid have to have one batch size, not {input.shape[0]} and "
            f"{grid.shape[0]}"
        )
    if 0 in input.shape[2:]:
        raise ShapeError(f"grid_sample: the input of shape {tuple(input.shape)} has no elements")
    if grid.dtype != input.dtype:
        raise RuntimeError(
            f"grid_sample: input and grid have to be of one dtype, not {input.dtype.name} and "
            f"{grid.dtype.name}"
        )
    if mode == "bicubic" and rank != 2:
        raise RuntimeError("grid_sample: bicubic is for images, (batch, channels, height, width)")


def grid_sampler(input: Any, grid: Any, interpolation_mode: int, padding_mode: int,
                 align_corners: bool) -> Any:  # fmt: skip
    """Do :func:`grid_sample`, with the modes as numbers: their places in its lists."""
    return grid_sample(
        input, grid, _MODES[interpolation_mode], _PADDINGS[padding_mode], align_corners
    )


grid_sampler_2d = grid_sampler_3d = grid_sampler


def _axis(n: int, align_corners: bool, dtype: Any) -> Any:
    """Spread n places from −1 to 1: over the corners, or each in the middle of its share."""
    if n <= 1:
        return np.zeros(n, dtype)
    places = np.linspace(-1, 1, n)
    return (places if align_corners else places * ((n - 1) / n)).astype(dtype)


def affine_grid(theta: Any, size: Sequence[int], align_corners: bool | None = None) -> Any:
    """Make the grid for :func:`grid_sample` of an affine map of the output's places.

    Parameters
    ----------
    theta : Tensor of shape (batch, 2, 3), or (batch, 3, 4) for volumes
        The maps: θ · (x, y, 1).
    size : sequence of int
        The shape (batch, channels, height, width) of the output, or with a depth.
    align_corners : bool, optional
        As in :func:`grid_sample`.

    Returns
    -------
    Tensor of shape (batch, height, width, 2), or (batch, depth, height, width, 3)

    Raises
    ------
    ValueError
        If `theta` is not of floating-point dtype, or its shape does not fit.
    NotImplementedError
        For a size of another length than 4 or 5.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> same = tgb.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> tgb.nn.functional.affine_grid(same, (1, 1, 1, 2), align_corners=True)
    tensor([[[[-1.,  0.],
              [ 1.,  0.]]]])
    """
    if not theta.dtype.is_floating_point:
        raise ValueError(
            f"affine_grid: theta has to be of floating-point dtype, not {theta.dtype.name}"
        )
    lengths = tuple(int(n) for n in size)
    if len(lengths) not in (4, 5):
        raise NotImplementedError(
            f"affine_grid: size has to name 4 lengths, or 5 for volumes, not {lengths}"
        )
    rank = len(lengths) - 2
    if tuple(theta.shape[1:]) != (rank, rank + 1) or theta.ndim != 3:
        raise ValueError(
            f"affine_grid: for the size {lengths} theta has to be of shape (batch, {rank}, "
            f"{rank + 1}), not {tuple(theta.shape)}"
        )
    if min(lengths) <= 0:
        raise ValueError(f"affine_grid: the lengths of size={lengths} have to be positive")
    if align_corners is None:
        _warn("affine_grid")
        align_corners = False
    kind = theta.dtype.dtype
    axes = [_axis(n, align_corners, kind) for n in lengths[2:]]
    places = np.meshgrid(*axes, indexing="ij")[::-1]  # x first
    base = np.stack([*places, np.ones_like(places[0])], axis=-1).reshape(-1, rank + 1)
    grid = matmul(wrap(base), transpose(theta, axes=(0, 2, 1)))
    return reshape(grid, shape=(lengths[0], *lengths[2:], rank))
