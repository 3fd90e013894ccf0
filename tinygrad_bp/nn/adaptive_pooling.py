"""Pooling to a given number of windows: adaptive, and at random distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..functions.reduce import mean
from ..messages import ShapeError
from ..random import default_generator
from ..rules import pool as ops
from ..rules.index import take_along_axis
from ..rules.linalg import matmul
from ..rules.shape import reshape
from .convolution import batched, lengths, unbatched

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d", "adaptive_max_pool3d_with_indices", "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices", "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]  # fmt: skip

Shape = tuple[int, ...]


def _wanted(name: str, x: Any, rank: int, output_size: Any) -> Shape:
    """Read the output's lengths; None stands for the input's."""
    if not isinstance(output_size, (tuple, list)):
        output_size = (output_size,) * rank
    if len(output_size) != rank:
        raise RuntimeError(
            f"{name}: output_size has to be one number or {rank}, not {tuple(output_size)}"
        )
    size = tuple(int(n if o is None else o) for n, o in zip(x.shape[2:], output_size, strict=True))
    if min(size) < 0:
        raise RuntimeError(f"{name}: output_size={size} must not be negative")
    if 0 in x.shape[1:]:
        raise ShapeError(
            f"{name}: all axes but the batch have to have elements, but the input's shape is "
            f"{tuple(x.shape)}"
        )
    return size


def edges(n: int, out: int) -> tuple[Any, Any]:
    """Return where each of `out` windows over `n` elements begins, and where it ends."""
    i = np.arange(out)
    return i * n // max(out, 1), -(-(i + 1) * n // max(out, 1))


def averaging(n: int, out: int, dtype: Any) -> Any:
    """Return the matrix (out, n) that averages the windows of adaptive pooling."""
    start, end = edges(n, out)
    at = np.arange(n)
    inside = (at >= start[:, None]) & (at < end[:, None])
    return (inside / (end - start)[:, None]).astype(dtype)


def along(x: Any, axis: int, matrix: Any) -> Any:
    """Multiply each line along an axis (counted from the front) by a constant matrix."""
    shape = tuple(x.shape)
    if axis == len(shape) - 1:
        return matmul(x, np.ascontiguousarray(matrix.T))
    flat = reshape(x, shape=(*shape[: axis + 1], math.prod(shape[axis + 1 :])))
    return reshape(matmul(matrix, flat), shape=(*shape[:axis], len(matrix), *shape[axis + 1 :]))


def _adaptive_avg_pool(rank: int, input: Any, output_size: Any) -> Any:
    name = f"adaptive_avg_pool{rank}d"
    x, batch = batched(input, rank, name)
    size = _wanted(name, x, rank, output_size)
    shape = tuple(x.shape)
    if all(o and n % o == 0 for n, o in zip(shape[2:], size, strict=True)):
        # Windows of one size, side by side: an axis each way, and the mean of one of them.
        apart = [m for n, o in zip(shape[2:], size, strict=True) for m in (o, n // o)]
        cells = reshape(x, shape=(*shape[:2], *apart))
        return unbatched(mean(cells, tuple(range(3, 3 + 2 * rank, 2))), batch)
    for axis, (n, out) in enumerate(zip(shape[2:], size, strict=True), 2):
        if n != out:
            x = along(x, axis, averaging(n, out, x.dtype.dtype))
    return unbatched(x, batch)


def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """Average a signal over so many windows that share it evenly.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.adaptive_avg_pool1d(tgb.tensor([[1.0, 3.0, 2.0, 0.0]]), 1)
    tensor([[1.5000]])
    """
    return _adaptive_avg_pool(1, input, output_size)


def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """Average images over windows that share them evenly: window i begins at ⌊i · n / out⌋.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, height, width), or without the batch
    output_size : int or tuple of (int or None)
        Height and width of the output; None leaves a length as it is.

    Returns
    -------
    Tensor of shape (batch, channels, *output_size)

    Raises
    ------
    RuntimeError
        For negative sizes, or an input without elements.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.adaptive_avg_pool2d(tgb.arange(8.0).reshape(1, 1, 2, 4), 1)
    tensor([[[[3.5000]]]])
    """
    return _adaptive_avg_pool(2, input, output_size)


def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """Average volumes over windows that share them evenly; see :func:`adaptive_avg_pool2d`."""
    return _adaptive_avg_pool(3, input, output_size)


def _take_largest(x: Any, positions: Any, size: Shape, batch: bool) -> tuple[Any, Any]:
    """Give the largest of the elements that `positions` lists for each window, and its place."""
    flat = reshape(x, shape=(*x.shape[:2], math.prod(x.shape[2:])))
    best = ops.largest_of(flat, positions)
    shape = (*x.shape[:2], *size)
    out = take_along_axis(flat, best, axis=2)
    return unbatched(reshape(out, shape=shape), batch), unbatched(reshape(best, shape=shape), batch)


def _product_of_windows(axes: list[Any], size: Shape) -> Any:
    """Join what windows hold along each axis, (…, windows, elements), to places in a plane."""
    joined = axes[0]
    for lines, n in zip(axes[1:], size[1:], strict=True):
        cells = joined[..., :, None, :, None] * n + lines[..., None, :, None, :]
        joined = cells.reshape(
            *cells.shape[:-4], math.prod(cells.shape[-4:-2]), math.prod(cells.shape[-2:])
        )
    return joined


def _adaptive_max_pool(rank: int, input: Any, output_size: Any) -> tuple[Any, Any]:
    name = f"adaptive_max_pool{rank}d"
    x, batch = batched(input, rank, name)
    size = _wanted(name, x, rank, output_size)
    axes = []
    for n, out in zip(x.shape[2:], size, strict=True):
        start, end = edges(n, out)
        longest = int((end - start).max(initial=1))
        # A window that is shorter than the longest has its last element twice: the first one wins.
        axes.append(np.minimum(start[:, None] + np.arange(longest), end[:, None] - 1))
    positions = _product_of_windows(axes, tuple(x.shape[2:]))
    return _take_largest(x, positions[None, None], size, batch)


def adaptive_max_pool1d_with_indices(input: Any, output_size: Any,
                                     return_indices: bool = False) -> Any:  # fmt: skip
    """Do :func:`adaptive_max_pool1d` and return where the elements lie, too."""
    return _adaptive_max_pool(1, input, output_size)


def adaptive_max_pool2d_with_indices(input: Any, output_size: Any,
                                     return_indices: bool = False) -> Any:  # fmt: skip
    """Do :func:`adaptive_max_pool2d` and return where the elements lie, too."""
    return _adaptive_max_pool(2, input, output_size)


def adaptive_max_pool3d_with_indices(input: Any, output_size: Any,
                                     return_indices: bool = False) -> Any:  # fmt: skip
    """Do :func:`adaptive_max_pool3d` and return where the elements lie, too."""
    return _adaptive_max_pool(3, input, output_size)


def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Give the largest elements of so many windows that share a signal evenly."""
    found = _adaptive_max_pool(1, input, output_size)
    return found if return_indices else found[0]


def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Give the largest elements of windows as those of :func:`adaptive_avg_pool2d`."""
    found = _adaptive_max_pool(2, input, output_size)
    return found if return_indices else found[0]


def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """Give the largest elements of windows as those of :func:`adaptive_avg_pool3d`."""
    found = _adaptive_max_pool(3, input, output_size)
    return found if return_indices else found[0]


def _fractional(rank: int, input: Any, kernel_size: Any, output_size: Any, output_ratio: Any,
                samples: Any) -> tuple[Any, Any]:  # fmt: skip
    """Pool over windows at random, roughly even distances (Graham, arXiv:1412.6071)."""
    name = f"fractional_max_pool{rank}d"
    x, batch = batched(input, rank, name)
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name}: give output_size or output_ratio")
    kernel = lengths(kernel_size, rank, name, "kernel_size")
    if output_size is None:
        ratios = output_ratio if isinstance(output_ratio, (tuple, list)) else [output_ratio] * rank
        size = tuple(int(n * ratio) for n, ratio in zip(x.shape[2:], ratios, strict=True))
    else:
        size = lengths(output_size, rank, name, "output_size")
    if any(o <= 0 or o + k - 1 > n for o, k, n in zip(size, kernel, x.shape[2:], strict=True)):
        raise RuntimeError(
            f"{name}: {size} windows of {kernel} do not fit into the input of shape "
            f"{tuple(input.shape)}"
        )
    if samples is None:
        drawn = default_generator.numpy.random((*x.shape[:2], rank))
    else:
        drawn = np.asarray(samples.detach()).reshape(*x.shape[:2], rank)
    # In two dimensions PyTorch reads the samples as (width, height), in three as they lie.
    order = (1, 0) if rank == 2 else tuple(range(rank))
    axes = []
    for i, (n, k, out) in enumerate(zip(x.shape[2:], kernel, size, strict=True)):
        start = _intervals(drawn[..., order[i]], n, k, out)
        axes.append(start[..., None] + np.arange(k))
    return _take_largest(x, _product_of_windows(axes, tuple(x.shape[2:])), size, batch)


def _intervals(sample: Any, n: int, k: int, out: int) -> Any:
    """Return where the windows of each plane begin: rounded steps of α from a random phase."""
    phase = sample[..., None]
    if out == 1:
        return np.full((*sample.shape, 1), n - k)
    alpha = sample.dtype.type(n - k) / (out - 1)
    start = ((np.arange(out) + phase) * alpha).astype(np.int64) - (phase * alpha).astype(np.int64)
    start[..., -1] = n - k
    return start


def fractional_max_pool2d_with_indices(input: Any, kernel_size: Any, output_size: Any = None,
                                       output_ratio: Any = None, return_indices: bool = False,
                                       _random_samples: Any = None) -> Any:  # fmt: skip
    """Do :func:`fractional_max_pool2d` and return where the elements lie, too."""
    return _fractional(2, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool3d_with_indices(input: Any, kernel_size: Any, output_size: Any = None,
                                       output_ratio: Any = None, return_indices: bool = False,
                                       _random_samples: Any = None) -> Any:  # fmt: skip
    """Do :func:`fractional_max_pool3d` and return where the elements lie, too."""
    return _fractional(3, input, kernel_size, output_size, output_ratio, _random_samples)


def fractional_max_pool2d(input: Any, kernel_size: Any, output_size: Any = None,
                          output_ratio: Any = None, return_indices: bool = False,
                          _random_samples: Any = None) -> Any:  # fmt: skip
    """Give the largest elements of windows at random distances, of any number between 1 and n.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, height, width), or without the batch
    kernel_size : int or tuple
    output_size : int or tuple, optional
        How many windows; or `output_ratio` of the input's lengths.
    output_ratio : float or tuple, optional
    return_indices : bool
        Return also where the elements lie.
    _random_samples : Tensor of shape (batch, channels, 2), optional
        Where the windows begin, in place of drawn numbers of [0, 1).

    Returns
    -------
    Tensor of shape (batch, channels, *output_size), or two

    Raises
    ------
    ValueError
        If neither output_size nor output_ratio is given.
    RuntimeError
        If the windows do not fit.

    References
    ----------
    B. Graham, Fractional Max-Pooling, arXiv:1412.6071.
    """
    found = _fractional(2, input, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]


def fractional_max_pool3d(input: Any, kernel_size: Any, output_size: Any = None,
                          output_ratio: Any = None, return_indices: bool = False,
                          _random_samples: Any = None) -> Any:  # fmt: skip
    """Pool volumes over windows at random distances; see :func:`fractional_max_pool2d`."""
    found = _fractional(3, input, kernel_size, output_size, output_ratio, _random_samples)
    return found if return_indices else found[0]
