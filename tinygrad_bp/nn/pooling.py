"""Pooling as functions: each window of the input becomes one number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..messages import ShapeError
from ..rules import elementwise as ew
from ..rules import pool as ops
from ..rules.shape import reshape
from .convolution import batched, lengths, unbatched

__all__ = [
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d", "max_pool1d",
    "max_pool1d_with_indices", "max_pool2d", "max_pool2d_with_indices", "max_pool3d",
    "max_pool3d_with_indices", "max_unpool1d", "max_unpool2d", "max_unpool3d",
]  # fmt: skip

Shape = tuple[int, ...]


def _strides(stride: Any, kernel: Shape, name: str) -> Shape:
    """Read the stride; windows lie side by side if none is given."""
    if stride is None or (isinstance(stride, (tuple, list)) and not stride):
        return kernel
    return lengths(stride, len(kernel), name, "stride")


def _count(n: int, k: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """Count the windows along an axis; under `ceil_mode` the last may reach over the end."""
    free = n + 2 * padding - dilation * (k - 1) - 1
    count = (-(-free // stride) if ceil_mode else free // stride) + 1
    # A window that would begin in the padding behind the input is left away.
    if ceil_mode and (count - 1) * stride >= n + padding:
        count -= 1
    return count


def _geometry(name: str, x: Any, kernel: Shape, stride: Shape, padding: Shape, dilation: Shape,
              ceil_mode: bool) -> Shape:  # fmt: skip
    """Check the window and return how many there are along each axis."""
    if min(*kernel, *stride, *dilation) <= 0:
        raise RuntimeError(
            f"{name}: kernel_size={kernel}, stride={stride} and dilation={dilation} have to be "
            "positive"
        )
    if any(p < 0 or 2 * p > d * (k - 1) + 1 for p, k, d in zip(padding, kernel, dilation,
                                                               strict=True)):  # fmt: skip
        raise RuntimeError(
            f"{name}: padding={padding} has to be at most half of the kernel {kernel}, not less "
            "than 0: pad the input first where more is wanted"
        )
    sizes = tuple(
        _count(n, k, s, p, d, ceil_mode)
        for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation, strict=True)
    )
    if min(sizes) <= 0 or 0 in x.shape[1:]:
        raise ShapeError(
            f"{name}: no window of {kernel} fits into the input of shape {tuple(x.shape)} padded "
            f"by {padding}: pad more, or use a smaller kernel"
        )
    return sizes


# ------------------------------------------------------------------------------------------ maximum


def _max_pool(name: str, rank: int, input: Any, kernel_size: Any, stride: Any, padding: Any,
              dilation: Any, ceil_mode: bool, return_indices: bool) -> Any:  # fmt: skip
    x, batch = batched(input, rank, name)
    kernel = lengths(kernel_size, rank, name, "kernel_size")
    how = {
        "kernel": kernel,
        "stride": _strides(stride, kernel, name),
        "padding": lengths(padding, rank, name, "padding"),
        "dilation": lengths(dilation, rank, name, "dilation"),
    }
    size = _geometry(name, x, ceil_mode=ceil_mode, **how)
    out = ops.max_pool(x, size=size, **how)
    if not return_indices:
        return unbatched(out, batch)
    positions = ops.largest_positions(x, out, **how)
    return unbatched(out, batch), unbatched(positions, batch)


def max_pool1d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
               dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Give the largest element of each window of a signal; see :func:`max_pool2d`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.max_pool1d(tgb.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[3., 2.]])
    """
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode,
                     return_indices)  # fmt: skip


def max_pool2d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
               dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Give the largest element of each window; of equal ones the first gets the gradient.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, height, width), or without the batch
    kernel_size : int or tuple
    stride : int or tuple, optional
        From one window to the next; by default they lie side by side.
    padding : int or tuple
        How far windows may reach over the edge, where nothing counts: at most half a kernel.
    dilation : int or tuple
        From one element of a window to the next.
    ceil_mode : bool
        Keep the last windows although they reach over the end.
    return_indices : bool
        Return also where the largest elements lie in their plane, counted row by row.

    Returns
    -------
    Tensor of shape (batch, channels, height', width'), or two

    Raises
    ------
    RuntimeError
        If no window fits, or the padding is more than half of the kernel.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.max_pool2d(tgb.arange(8.0).reshape(1, 1, 2, 4), 2)
    tensor([[[[5., 7.]]]])
    """
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode,
                     return_indices)  # fmt: skip


def max_pool3d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
               dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """Give the largest element of each window of a volume; see :func:`max_pool2d`."""
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode,
                     return_indices)  # fmt: skip


def max_pool1d_with_indices(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
                            dilation: Any = 1, ceil_mode: bool = False,
                            return_indices: bool = False) -> Any:  # fmt: skip
    """Do :func:`max_pool1d` and return where the elements lie, too."""
    return max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
                            dilation: Any = 1, ceil_mode: bool = False,
                            return_indices: bool = False) -> Any:  # fmt: skip
    """Do :func:`max_pool2d` and return where the elements lie, too."""
    return max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
                            dilation: Any = 1, ceil_mode: bool = False,
                            return_indices: bool = False) -> Any:  # fmt: skip
    """Do :func:`max_pool3d` and return where the elements lie, too."""
    return max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def _max_unpool(name: str, rank: int, input: Any, indices: Any, kernel_size: Any, stride: Any,
                padding: Any, output_size: Any) -> Any:  # fmt: skip
    kernel = lengths(kernel_size, rank, name, "kernel_size")
    steps = _strides(stride, kernel, name)
    edges = lengths(padding, rank, name, "padding")
    if tuple(input.shape) != tuple(indices.shape):
        raise ShapeError(
            f"{name}: the indices have to have the input's shape {tuple(input.shape)}, not "
            f"{tuple(indices.shape)}"
        )
    x, batch = batched(input, rank, name)
    least = tuple(
        (n - 1) * s + k - 2 * p for n, s, k, p in zip(x.shape[2:], steps, kernel, edges,
                                                      strict=True)
    )  # fmt: skip
    size = least
    if output_size is not None:
        size = tuple(int(n) for n in output_size)[-rank:]
        if len(size) != rank or any(
            not low - s < n < low + s for n, low, s in zip(size, least, steps, strict=True)
        ):
            raise ValueError(
                f"{name}: output_size={tuple(output_size)} has to lie less than a stride {steps} "
                f"from {least}"
            )
    flat = (*x.shape[:2], math.prod(x.shape[2:]))
    places = reshape(indices, shape=flat)
    numbers = np.asarray(places.detach())
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < math.prod(size):
        raise RuntimeError(
            f"{name}: an index lies outside of the output of size {size}: the indices are those "
            "that max_pool returns, with the same kernel, stride and padding"
        )
    out = ops.put(reshape(x, shape=flat), places, length=math.prod(size))
    return unbatched(reshape(out, shape=(*x.shape[:2], *size)), batch)


def max_unpool1d(input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
                 output_size: Any = None) -> Any:  # fmt: skip
    """Put elements back to where :func:`max_pool1d` found them; see :func:`max_unpool2d`."""
    return _max_unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
                 output_size: Any = None) -> Any:  # fmt: skip
    """Put elements back to where :func:`max_pool2d` found them, among zeros.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, height, width), or without the batch
    indices : Tensor of int64, of the same shape
        What `max_pool2d` returned with `return_indices`.
    kernel_size, stride, padding
        As they were there.
    output_size : sequence of int, optional
        The shape of what was pooled, where that is not clear from the rest.

    Returns
    -------
    Tensor of shape (batch, channels, height', width')

    Raises
    ------
    ValueError
        If `output_size` is a stride or more away from what is possible.
    RuntimeError
        If an index lies outside of the output.
    """
    return _max_unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(input: Any, indices: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
                 output_size: Any = None) -> Any:  # fmt: skip
    """Put elements back to where :func:`max_pool3d` found them; see :func:`max_unpool2d`."""
    return _max_unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


# ------------------------------------------------------------------------------------------ average


def _divisors(x: Any, kernel: Shape, stride: Shape, padding: Shape, size: Shape,
              count_include_pad: bool) -> Any:  # fmt: skip
    """Count the elements that the windows average; the last ones may reach over the padding."""
    total: Any = np.ones((), np.int64)
    for n, k, s, p, out in zip(x.shape[2:], kernel, stride, padding, size, strict=True):
        start = np.arange(out) * s - p
        end = np.minimum(start + k, n + p)
        if not count_include_pad:
            start, end = np.maximum(start, 0), np.minimum(end, n)
        total = total[..., None] * (end - start)
    return total


def _avg_pool(name: str, rank: int, input: Any, kernel_size: Any, stride: Any, padding: Any,
              ceil_mode: bool, count_include_pad: bool, divisor_override: int | None,
) -> Any:  # fmt: skip
    x, batch = batched(input, rank, name)
    if divisor_override == 0:
        raise RuntimeError(f"{name}: divisor_override must not be 0")
    kernel = lengths(kernel_size, rank, name, "kernel_size")
    steps = _strides(stride, kernel, name)
    edges = lengths(padding, rank, name, "padding")
    size = _geometry(name, x, kernel, steps, edges, (1,) * rank, ceil_mode)
    total = ops.sum_windows(x, kernel=kernel, stride=steps, padding=edges, size=size)
    divisors = _divisors(x, kernel, steps, edges, size, count_include_pad)
    if divisor_override is not None:
        out = ew.divide(total, divisor_override)
    elif (divisors == divisors.flat[0]).all():
        out = ew.divide(total, int(divisors.flat[0]))
    else:
        out = ew.divide(total, divisors.astype(total.dtype.dtype))
    return unbatched(out, batch)


def avg_pool1d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
               ceil_mode: bool = False, count_include_pad: bool = True) -> Any:  # fmt: skip
    """Average each window of a signal; see :func:`avg_pool2d`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.avg_pool1d(tgb.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[2., 1.]])
    """
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode,
                     count_include_pad, None)  # fmt: skip


def avg_pool2d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
               ceil_mode: bool = False, count_include_pad: bool = True,
               divisor_override: int | None = None) -> Any:  # fmt: skip
    """Average each window.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, height, width), or without the batch
    kernel_size : int or tuple
    stride : int or tuple, optional
        From one window to the next; by default they lie side by side.
    padding : int or tuple
        Zeros around the input.
    ceil_mode : bool
        Keep the last windows although they reach over the end.
    count_include_pad : bool
        Whether the zeros of the padding count.
    divisor_override : int, optional
        Divide by this in place of the number of elements.

    Returns
    -------
    Tensor of shape (batch, channels, height', width')

    Raises
    ------
    RuntimeError
        If no window fits, or the padding is more than half of the kernel.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.avg_pool2d(tgb.arange(8.0).reshape(1, 1, 2, 4), 2)
    tensor([[[[2.5000, 4.5000]]]])
    """
    return _avg_pool("avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode,
                     count_include_pad, divisor_override)  # fmt: skip


def avg_pool3d(input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0,
               ceil_mode: bool = False, count_include_pad: bool = True,
               divisor_override: int | None = None) -> Any:  # fmt: skip
    """Average each window of a volume; see :func:`avg_pool2d`."""
    return _avg_pool("avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode,
                     count_include_pad, divisor_override)  # fmt: skip


def _lp_pool(rank: int, input: Any, norm_type: float, kernel_size: Any, stride: Any,
             ceil_mode: bool) -> Any:  # fmt: skip
    name = f"lp_pool{rank}d"
    kernel = lengths(kernel_size, rank, name, "kernel_size")
    averaged = _avg_pool(name, rank, input**norm_type, kernel, stride, 0, ceil_mode, True, None)
    # A window's sum may be negative for an odd p: PyTorch takes 0 there.
    positive = ew.sign(averaged) * ew.relu(ew.absolute(averaged))
    return (positive * math.prod(kernel)) ** (1.0 / norm_type)


def lp_pool1d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None,
              ceil_mode: bool = False) -> Any:  # fmt: skip
    """Give (Σ xᵖ)^(1/p) of each window of a signal."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None,
              ceil_mode: bool = False) -> Any:  # fmt: skip
    """Give (Σ xᵖ)^(1/p) of each window.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.lp_pool2d(tgb.tensor([[[[3.0, 4.0]]]]), 2, (1, 2))
    tensor([[[[5.]]]])
    """
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input: Any, norm_type: float, kernel_size: Any, stride: Any = None,
              ceil_mode: bool = False) -> Any:  # fmt: skip
    """Give (Σ xᵖ)^(1/p) of each window of a volume."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, ceil_mode)
