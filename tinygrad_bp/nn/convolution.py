"""Convolutions as functions."""

from __future__ import annotations

import math
from typing import Any

from ..messages import ShapeError
from ..rules import conv as ops
from ..rules.elementwise import add
from ..rules.shape import reshape, transpose
from .padding import pad as pad_

__all__ = [
    "conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "fold", "unfold",
]  # fmt: skip

Shape = tuple[int, ...]


def lengths(value: Any, rank: int, name: str, what: str) -> Shape:
    """Read one number for all axes, or one an axis."""
    if isinstance(value, (tuple, list)):
        if len(value) == 1:
            return (int(value[0]),) * rank
        if len(value) != rank:
            raise RuntimeError(
                f"{name}: {what} has to be one number or {rank} of them, one a spatial axis, "
                f"not {tuple(value)}"
            )
        return tuple(int(n) for n in value)
    return (int(value),) * rank


def batched(input: Any, rank: int, name: str) -> tuple[Any, bool]:
    """Return the input as (batch, channels, *spatial), and whether it came without a batch."""
    if input.ndim == rank + 2:
        return input, True
    if input.ndim == rank + 1:
        return reshape(input, shape=(1, *input.shape)), False
    raise ShapeError(
        f"{name}: the input has to be of {rank + 2} dimensions (batch, channels, {rank} spatial "
        f"ones), or of {rank + 1} without the batch, but its shape is {tuple(input.shape)}"
    )


def unbatched(output: Any, batch: bool) -> Any:
    """Drop the batch axis again that :func:`batched` put in front."""
    return output if batch else reshape(output, shape=tuple(output.shape[1:]))


def _check(name: str, input: Any, weight: Any, bias: Any, stride: Shape, dilation: Shape,
           groups: int, channels: int, outputs: int) -> None:  # fmt: skip
    if weight.ndim != input.ndim:
        raise ShapeError(
            f"{name}: the weight has to be of {input.ndim} dimensions (outputs, inputs / groups, "
            f"*kernel), but its shape is {tuple(weight.shape)}"
        )
    for operand in (weight, bias):
        if operand is not None and operand.dtype != input.dtype:
            raise RuntimeError(
                f"{name}: the input is of {input.dtype.name}, and the weight or bias of "
                f"{operand.dtype.name}; convert one of them with .to()"
            )
    if min(stride) <= 0 or min(dilation) <= 0:
        raise RuntimeError(f"{name}: stride={stride} and dilation={dilation} have to be positive")
    if groups <= 0:
        raise RuntimeError(f"{name}: groups has to be positive, not {groups}")
    if input.shape[1] != channels or weight.shape[0] % groups:
        raise ShapeError(
            f"{name}: given groups={groups} and a weight of shape {tuple(weight.shape)}, the "
            f"input of shape {tuple(input.shape)} has to have {channels} channels (and the "
            f"weight's first length has to be a multiple of groups)"
        )
    if bias is not None and tuple(bias.shape) != (outputs,):
        raise ShapeError(
            f"{name}: the bias has to be of shape ({outputs},), one number an output channel, "
            f"not {tuple(bias.shape)}"
        )


def _same(input: Any, kernel: Shape, stride: Shape, dilation: Shape, name: str) -> Any:
    """Pad so that the output is as long as the input; an odd zero goes to the end, as PyTorch's."""
    if any(s != 1 for s in stride):
        raise RuntimeError(f"{name}: padding='same' is not supported for a stride other than 1")
    totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    extra = [total % 2 for total in totals]
    if any(extra):
        input = pad_(input, [n for odd in reversed(extra) for n in (0, odd)])
    return input, tuple(total // 2 for total in totals)


def _conv(name: str, rank: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any,
          dilation: Any, groups: int) -> Any:  # fmt: skip
    x, batch = batched(input, rank, name)
    steps = lengths(stride, rank, name, "stride")
    spread = lengths(dilation, rank, name, "dilation")
    _check(name, x, weight, bias, steps, spread, groups, weight.shape[1] * groups if
           weight.ndim > 1 else 0, weight.shape[0])  # fmt: skip
    kernel = tuple(weight.shape[2:])
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise RuntimeError(f"{name}: padding has to be numbers, 'same' or 'valid', not "
                               f"{padding!r}")  # fmt: skip
        edges: Shape = (0,) * rank
        if padding == "same":
            x, edges = _same(x, kernel, steps, spread, name)
    else:
        edges = lengths(padding, rank, name, "padding")
    if min(edges) < 0:
        raise RuntimeError(f"{name}: negative padding {edges} is not supported: slice the input")
    size = ops.output_size(tuple(x.shape[2:]), kernel, steps, edges, spread)
    if min(size) <= 0:
        raise ShapeError(
            f"{name}: a kernel of {kernel} with dilation {spread} does not fit into the input of "
            f"shape {tuple(input.shape)} padded by {edges}: pad more, or use a smaller kernel"
        )
    how = {"stride": steps, "padding": edges, "dilation": spread, "groups": groups}
    if bias is None:
        return unbatched(ops.conv(x, weight, **how), batch)
    return unbatched(ops.conv_bias(x, weight, bias, **how), batch)


def conv1d(input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
           dilation: Any = 1, groups: int = 1) -> Any:  # fmt: skip
    """Slide a kernel along a signal; see :func:`conv2d`.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, length), or without the batch
    weight : Tensor of shape (outputs, channels / groups, kernel)
    bias : Tensor of shape (outputs,), optional
    stride, padding, dilation, groups
        As in :func:`conv2d`.

    Returns
    -------
    Tensor of shape (batch, outputs, length')

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[[1.0, 2.0, 4.0, 8.0]]])
    >>> tgb.nn.functional.conv1d(x, tgb.tensor([[[-1.0, 1.0]]]))
    tensor([[[1., 2., 4.]]])
    """
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
           dilation: Any = 1, groups: int = 1) -> Any:  # fmt: skip
    """Slide a kernel over images: y[o, p] = b[o] + Σ w[o, c, k] x[c, stride · p + dilation · k].

    Parameters
    ----------
    input : Tensor of shape (batch, channels, height, width), or without the batch
    weight : Tensor of shape (outputs, channels / groups, kernel height, kernel width)
    bias : Tensor of shape (outputs,), optional
    stride : int or tuple
        Pixels from one output to the next.
    padding : int, tuple, "valid" or "same"
        Zeros around the image; "same" makes the output as large as the input.
    dilation : int or tuple
        Pixels from one element of the kernel to the next.
    groups : int
        Channels are split into so many groups, each with outputs of its own.

    Returns
    -------
    Tensor of shape (batch, outputs, height', width')

    Raises
    ------
    RuntimeError
        If shapes or dtypes do not fit, or the kernel is larger than the padded image.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, w = tgb.ones(1, 1, 3, 3), tgb.ones(1, 1, 2, 2)
    >>> tgb.nn.functional.conv2d(x, w, padding=1)[0, 0]
    tensor([[1., 2., 2., 1.],
            [2., 4., 4., 2.],
            [2., 4., 4., 2.],
            [1., 2., 2., 1.]])
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
           dilation: Any = 1, groups: int = 1) -> Any:  # fmt: skip
    """Slide a kernel through volumes (batch, channels, depth, height, width); see `conv2d`."""
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_tbc(input: Any, weight: Any, bias: Any, pad: int = 0) -> Any:
    """Convolve (time, batch, channels) with a weight (kernel, channels, outputs)."""
    turned = conv1d(
        transpose(input, axes=(1, 2, 0)), transpose(weight, axes=(2, 1, 0)), bias, padding=pad
    )
    return transpose(turned, axes=(2, 0, 1))


def _conv_transpose(name: str, rank: int, input: Any, weight: Any, bias: Any, stride: Any,
                    padding: Any, output_padding: Any, groups: int, dilation: Any,
) -> Any:  # fmt: skip
    y, batch = batched(input, rank, name)
    steps = lengths(stride, rank, name, "stride")
    spread = lengths(dilation, rank, name, "dilation")
    edges = lengths(padding, rank, name, "padding")
    more = lengths(output_padding, rank, name, "output_padding")
    outputs = weight.shape[1] * groups if weight.ndim > 1 else 0
    _check(name, y, weight, bias, steps, spread, groups, weight.shape[0], outputs)
    if min(edges) < 0 or min(more) < 0:
        raise RuntimeError(f"{name}: negative padding {edges}, {more} is not supported")
    if any(m >= max(s, d) for m, s, d in zip(more, steps, spread, strict=True)):
        raise RuntimeError(
            f"{name}: output_padding {more} has to be smaller than stride {steps} or dilation "
            f"{spread}"
        )
    size = tuple(
        (n - 1) * s - 2 * p + d * (k - 1) + m + 1
        for n, s, p, d, k, m in zip(
            y.shape[2:], steps, edges, spread, weight.shape[2:], more, strict=True
        )
    )
    if min(size) <= 0 or 0 in y.shape[2:]:
        raise ShapeError(
            f"{name}: the output for an input of shape {tuple(input.shape)} would be of size "
            f"{size}: use less padding"
        )
    x = ops.conv_transpose(
        y, weight, size=size, stride=steps, padding=edges, dilation=spread, groups=groups
    )
    if bias is not None:
        x = add(x, reshape(bias, shape=(-1, *(1,) * rank)))
    return unbatched(x, batch)


def conv_transpose1d(input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
                     output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Lay a kernel down for every element of a signal; see :func:`conv_transpose2d`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.conv_transpose1d(tgb.ones(1, 1, 2), tgb.ones(1, 1, 2))
    tensor([[[1., 2., 1.]]])
    """
    return _conv_transpose("conv_transpose1d", 1, input, weight, bias, stride, padding,
                           output_padding, groups, dilation)  # fmt: skip


def conv_transpose2d(input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
                     output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Lay a kernel down for every pixel and add up: the adjoint of :func:`conv2d`.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, height, width), or without the batch
    weight : Tensor of shape (channels, outputs / groups, kernel height, kernel width)
    bias : Tensor of shape (outputs,), optional
    stride, padding, dilation, groups
        Those of the convolution of which this is the adjoint.
    output_padding : int or tuple
        Pixels more at the end: with a stride, images of several sizes give one size.

    Returns
    -------
    Tensor of shape (batch, outputs, height', width')
        height' = (height − 1) stride − 2 padding + dilation (kernel − 1) + output_padding + 1.

    Raises
    ------
    RuntimeError
        If shapes or dtypes do not fit, or `output_padding` reaches stride and dilation.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x, w = tgb.tensor([[[[1.0, 2.0]]]]), tgb.ones(1, 1, 2, 2)
    >>> tgb.nn.functional.conv_transpose2d(x, w, stride=2)
    tensor([[[[1., 1., 2., 2.],
              [1., 1., 2., 2.]]]])
    """
    return _conv_transpose("conv_transpose2d", 2, input, weight, bias, stride, padding,
                           output_padding, groups, dilation)  # fmt: skip


def conv_transpose3d(input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
                     output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Any:  # fmt: skip
    """Lay a kernel down for every voxel and add up; see :func:`conv_transpose2d`."""
    return _conv_transpose("conv_transpose3d", 3, input, weight, bias, stride, padding,
                           output_padding, groups, dilation)  # fmt: skip


# ---------------------------------------------------------------------------------- windows alone


def _window(kernel_size: Any, dilation: Any, padding: Any, stride: Any, name: str) -> Any:
    kernel = lengths(kernel_size, 2, name, "kernel_size")
    spread = lengths(dilation, 2, name, "dilation")
    edges = lengths(padding, 2, name, "padding")
    steps = lengths(stride, 2, name, "stride")
    if min(*kernel, *spread, *steps) <= 0 or min(edges) < 0:
        raise RuntimeError(
            f"{name}: kernel_size={kernel}, dilation={spread} and stride={steps} have to be "
            f"positive, padding={edges} not negative"
        )
    return kernel, {"stride": steps, "padding": edges, "dilation": spread}


def unfold(input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
           stride: Any = 1) -> Any:  # fmt: skip
    """Lay the windows of a convolution side by side, one a column (im2col).

    Parameters
    ----------
    input : Tensor of shape (batch, channels, height, width), or without the batch
    kernel_size, dilation, padding, stride : int or tuple

    Returns
    -------
    Tensor of shape (batch, channels · kernel height · kernel width, windows)

    Raises
    ------
    RuntimeError
        If no window fits.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.unfold(tgb.arange(6.0).reshape(1, 1, 2, 3), (2, 2))
    tensor([[[0., 1.],
             [1., 2.],
             [3., 4.],
             [4., 5.]]])
    """
    x, batch = batched(input, 2, "unfold")
    kernel, how = _window(kernel_size, dilation, padding, stride, "unfold")
    size = ops.output_size(tuple(x.shape[2:]), kernel, **how)
    if min(size) <= 0:
        raise ShapeError(
            f"unfold: no window of {kernel} fits into the input of shape {tuple(input.shape)}"
        )
    return unbatched(ops.im2col(x, kernel=kernel, **how), batch)


def fold(input: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
         stride: Any = 1) -> Any:  # fmt: skip
    """Add windows up where :func:`unfold` took them from: its adjoint (col2im).

    Parameters
    ----------
    input : Tensor of shape (batch, channels · kernel height · kernel width, windows)
        Or without the batch.
    output_size : int or tuple
        Height and width of the image.
    kernel_size, dilation, padding, stride : int or tuple

    Returns
    -------
    Tensor of shape (batch, channels, height, width)

    Raises
    ------
    RuntimeError
        If the numbers of rows or windows do not fit.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.fold(tgb.ones(1, 2, 2), (1, 3), (1, 2))
    tensor([[[[1., 2., 1.]]]])
    """
    columns, batch = batched(input, 1, "fold")
    kernel, how = _window(kernel_size, dilation, padding, stride, "fold")
    size = lengths(output_size, 2, "fold", "output_size")
    windows = ops.output_size(size, kernel, **how)
    if columns.shape[1] % math.prod(kernel) or columns.shape[2] != math.prod(windows):
        raise ShapeError(
            f"fold: an image of {size} has {windows} windows of {kernel}: the input has to have a "
            f"multiple of {math.prod(kernel)} rows and {math.prod(windows)} columns, but its shape "
            f"is {tuple(input.shape)}"
        )
    return unbatched(ops.col2im(columns, size=size, kernel=kernel, **how), batch)
