"""Convolutions."""

from __future__ import annotations

import math
from typing import Any

from ...creation import empty
from .. import functional as F
from .. import init
from ..convolution import lengths
from ..parameter import Parameter
from .module import Module

__all__ = [
    "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d",
]  # fmt: skip

Shape = tuple[int, ...]
MODES = ("zeros", "reflect", "replicate", "circular")


class _ConvNd(Module):
    """What all convolutions share: the parameters, how they begin, and how they are shown."""

    #: How many spatial axes.
    rank: int
    transposed = False

    weight: Parameter
    bias: Parameter | None

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any,
                 padding: Any, dilation: Any, output_padding: Any, groups: int, bias: bool,
                 padding_mode: str, device: Any, dtype: Any) -> None:  # fmt: skip
        super().__init__()
        _check(in_channels, out_channels, groups, padding, stride, padding_mode)
        name, rank = type(self).__name__, self.rank
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = lengths(kernel_size, rank, name, "kernel_size")
        self.stride = lengths(stride, rank, name, "stride")
        self.padding: Any = (
            padding if isinstance(padding, str) else lengths(padding, rank, name, "padding")
        )
        self.dilation = lengths(dilation, rank, name, "dilation")
        self.output_padding = lengths(output_padding, rank, name, "output_padding")
        self.padding_mode = padding_mode
        kind = {"device": device, "dtype": dtype}
        self.weight = Parameter(empty(*self._weight_shape(), **kind))
        if bias:
            self.bias = Parameter(empty(out_channels, **kind))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _weight_shape(self) -> Shape:
        sides = (self.out_channels, self.in_channels)
        first, second = reversed(sides) if self.transposed else sides
        return first, second // self.groups, *self.kernel_size

    def reset_parameters(self) -> None:
        """Draw weight and bias anew: uniform on ±1/√(inputs of one output)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        fan_in = math.prod(self.weight.shape[1:])
        if self.bias is not None and fan_in:
            bound = 1 / math.sqrt(fan_in)
            init.uniform_(self.bias, -bound, bound)

    @property
    def _reversed_padding_repeated_twice(self) -> list[int]:
        """The padding as :func:`pad` reads it: two numbers an axis, the last axis first."""
        if not isinstance(self.padding, str):
            return [p for p in reversed(self.padding) for _ in range(2)]
        sides = []
        for d, k in zip(reversed(self.dilation), reversed(self.kernel_size), strict=True):
            total = d * (k - 1) if self.padding == "same" else 0
            sides += [total // 2, total - total // 2]
        return sides

    def extra_repr(self) -> str:
        """Show the sizes, and what differs from the default."""
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        if self.padding != (0,) * self.rank:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.rank:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * self.rank:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


def _check(in_channels: int, out_channels: int, groups: int, padding: Any, stride: Any,
           padding_mode: str) -> None:  # fmt: skip
    if groups <= 0:
        raise ValueError(f"groups has to be a positive integer, not {groups}")
    if in_channels % groups or out_channels % groups:
        raise ValueError(
            f"in_channels={in_channels} and out_channels={out_channels} have to be divisible by "
            f"groups={groups}"
        )
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(f"padding has to be numbers, 'same' or 'valid', not {padding!r}")
        strides = stride if isinstance(stride, (tuple, list)) else (stride,)
        if padding == "same" and any(s != 1 for s in strides):
            raise ValueError("padding='same' is not supported for strided convolutions")
    if padding_mode not in MODES:
        raise ValueError(f"padding_mode has to be one of {MODES}, not {padding_mode!r}")


class _Conv(_ConvNd):
    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
                 padding: Any = 0, dilation: Any = 1, groups: int = 1, bias: bool = True,
                 padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, 0,
                         groups, bias, padding_mode, device, dtype)  # fmt: skip

    def _conv_forward(self, input: Any, weight: Any, bias: Any) -> Any:
        function = (F.conv1d, F.conv2d, F.conv3d)[self.rank - 1]
        if self.padding_mode == "zeros":
            return function(
                input, weight, bias, self.stride, self.padding, self.dilation, self.groups
            )
        padded = F.pad(input, self._reversed_padding_repeated_twice, self.padding_mode)
        return function(padded, weight, bias, self.stride, 0, self.dilation, self.groups)

    def forward(self, input: Any) -> Any:
        """Convolve."""
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Conv):
    """Slide learned kernels along a signal; see :class:`Conv2d`.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype
        As in :class:`Conv2d`.

    Attributes
    ----------
    weight : Parameter of shape (out_channels, in_channels / groups, kernel)
    bias : Parameter of shape (out_channels,), or None

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Conv1d(2, 4, 3, padding="same")(tgb.ones(5, 2, 8)).shape
    tinygrad_bp.Size([5, 4, 8])
    """

    rank = 1


class Conv2d(_Conv):
    """Slide learned kernels over images: y[o] = b[o] + Σ w[o, c] ⋆ x[c].

    Weight and bias start uniform on ±1/√(in_channels / groups · kernel height · kernel width).

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or tuple
    stride : int or tuple
        Pixels from one output to the next.
    padding : int, tuple, "valid" or "same"
        Pixels put around the image; "same" makes the output as large as the input.
    dilation : int or tuple
        Pixels from one element of the kernel to the next.
    groups : int
        Channels are split into so many groups, each with outputs of its own.
    bias : bool
        Learn b too.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
        What is put there, see :func:`pad`.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter of shape (out_channels, in_channels / groups, height, width)
    bias : Parameter of shape (out_channels,), or None

    Raises
    ------
    ValueError
        If channels are not divisible by groups, or a padding or a mode is unknown.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.Conv2d(3, 8, 3, stride=2, padding=1)
    >>> layer
    Conv2d(3, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))
    >>> layer(tgb.ones(5, 3, 28, 28)).shape
    tinygrad_bp.Size([5, 8, 14, 14])

    Notes
    -----
    LeCun and others, "Gradient-Based Learning Applied to Document Recognition", 1998.
    """

    rank = 2


class Conv3d(_Conv):
    """Slide learned kernels through volumes (depth, height, width); see :class:`Conv2d`.

    Attributes
    ----------
    weight : Parameter of shape (out_channels, in_channels / groups, depth, height, width)
    bias : Parameter of shape (out_channels,), or None

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Conv3d(1, 2, 3, padding=1)(tgb.zeros(1, 1, 4, 4, 4)).shape
    tinygrad_bp.Size([1, 2, 4, 4, 4])
    """

    rank = 3


class _ConvTransposeNd(_ConvNd):
    transposed = True

    def __init__(self, in_channels: int, out_channels: int, kernel_size: Any, stride: Any = 1,
                 padding: Any = 0, output_padding: Any = 0, groups: int = 1, bias: bool = True,
                 dilation: Any = 1, padding_mode: str = "zeros", device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        if padding_mode != "zeros":
            raise ValueError(f'only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation,
                         output_padding, groups, bias, padding_mode, device, dtype)  # fmt: skip

    def _output_padding(self, input: Any, output_size: Any) -> Shape:
        """Return how many elements an asked size has more than the least that is possible."""
        if output_size is None:
            return self.output_padding
        rank, size = self.rank, tuple(int(n) for n in output_size)
        lead = input.ndim - rank
        size = size[lead:] if len(size) == rank + lead else size
        if len(size) != rank:
            raise ValueError(
                f"{type(self).__name__}: output_size has to name {rank} lengths (or {rank + lead} "
                f"with those of batch and channels), not {tuple(output_size)}"
            )
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[lead:], self.stride, self.padding, self.dilation, self.kernel_size,
                strict=True,
            )
        ]  # fmt: skip
        for n, low, s in zip(size, least, self.stride, strict=True):
            if not low <= n <= low + s - 1:
                raise ValueError(
                    f"{type(self).__name__}: an output of size {size} was asked for, but for this "
                    f"input sizes from {tuple(least)} on, and less than a stride {self.stride} "
                    "more, are possible"
                )
        return tuple(n - low for n, low in zip(size, least, strict=True))

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """Convolve; `output_size` chooses among the sizes that a stride makes possible."""
        function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[self.rank - 1]
        more = self._output_padding(input, output_size)
        return function(
            input, self.weight, self.bias, self.stride, self.padding, more, self.groups,
            self.dilation,
        )  # fmt: skip


class ConvTranspose1d(_ConvTransposeNd):
    """Lay learned kernels down for every element of a signal; see :class:`ConvTranspose2d`.

    Attributes
    ----------
    weight : Parameter of shape (in_channels, out_channels / groups, kernel)
    bias : Parameter of shape (out_channels,), or None

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.ConvTranspose1d(2, 4, 3, stride=2)(tgb.zeros(1, 2, 5)).shape
    tinygrad_bp.Size([1, 4, 11])
    """

    rank = 1


class ConvTranspose2d(_ConvTransposeNd):
    """Lay learned kernels down for every pixel and add up: the adjoint of :class:`Conv2d`.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size, stride, padding, dilation : int or tuple
        Those of the convolution of which this is the adjoint: a stride of 2 doubles the image.
    output_padding : int or tuple
        Pixels more at the end.
    groups : int
    bias : bool
    padding_mode : str
        Only "zeros".
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter of shape (in_channels, out_channels / groups, height, width)
    bias : Parameter of shape (out_channels,), or None

    Raises
    ------
    ValueError
        For another `padding_mode`, or channels that are not divisible by groups.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.ConvTranspose2d(3, 8, 3, stride=2, padding=1)
    >>> layer(tgb.ones(5, 3, 14, 14), output_size=(28, 28)).shape
    tinygrad_bp.Size([5, 8, 28, 28])

    Notes
    -----
    Zeiler and others, "Deconvolutional Networks", 2010.
    """

    rank = 2


class ConvTranspose3d(_ConvTransposeNd):
    """Lay learned kernels down for every voxel; see :class:`ConvTranspose2d`.

    Attributes
    ----------
    weight : Parameter of shape (in_channels, out_channels / groups, depth, height, width)
    bias : Parameter of shape (out_channels,), or None
    """

    rank = 3
