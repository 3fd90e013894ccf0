"""Pooling layers: all names. Those with windows of a given size are here."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .adaptive_pooling import (
    AdaptiveAvgPool1d,
    AdaptiveAvgPool2d,
    AdaptiveAvgPool3d,
    AdaptiveMaxPool1d,
    AdaptiveMaxPool2d,
    AdaptiveMaxPool3d,
    FractionalMaxPool2d,
    FractionalMaxPool3d,
)
from .module import Module
from .utils import _ntuple, _single

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d",
    "FractionalMaxPool2d", "FractionalMaxPool3d", "LPPool1d", "LPPool2d", "LPPool3d", "MaxPool1d",
    "MaxPool2d", "MaxPool3d", "MaxUnpool1d", "MaxUnpool2d", "MaxUnpool3d",
]  # fmt: skip


class _MaxPoolNd(Module):
    rank: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
                 return_indices: bool = False, ceil_mode: bool = False) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Any) -> Any:
        """Pool."""
        function = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[self.rank - 1]
        return function(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Show the window."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """Give the largest element of each window of a signal; see :class:`MaxPool2d`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.MaxPool1d(2)(tgb.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[3., 2.]])
    """

    rank = 1


class MaxPool2d(_MaxPoolNd):
    """Give the largest element of each window.

    Parameters
    ----------
    kernel_size : int or tuple
    stride : int or tuple, optional
        From one window to the next; by default they lie side by side.
    padding : int or tuple
        How far windows may reach over the edge: at most half a kernel.
    dilation : int or tuple
        From one element of a window to the next.
    return_indices : bool
        Return also where the largest elements lie, for :class:`MaxUnpool2d`.
    ceil_mode : bool
        Keep the last windows although they reach over the end.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.MaxPool2d(2)(tgb.ones(5, 3, 28, 28)).shape
    tinygrad_bp.Size([5, 3, 14, 14])
    """

    rank = 2


class MaxPool3d(_MaxPoolNd):
    """Give the largest element of each window of a volume; see :class:`MaxPool2d`."""

    rank = 3


class _MaxUnpoolNd(Module):
    rank: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = _ntuple(self.rank)(kernel_size)
        self.stride = _ntuple(self.rank)(kernel_size if stride is None else stride)
        self.padding = _ntuple(self.rank)(padding)

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """Put the elements to the places that `indices` names, among zeros."""
        function = (F.max_unpool1d, F.max_unpool2d, F.max_unpool3d)[self.rank - 1]
        return function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        """Show the window."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Put elements back to where :class:`MaxPool1d` found them, among zeros."""

    rank = 1


class MaxUnpool2d(_MaxUnpoolNd):
    """Put elements back to where :class:`MaxPool2d` found them, among zeros.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[[[1.0, 3.0], [2.0, 0.0]]]])
    >>> y, where = tgb.nn.MaxPool2d(2, return_indices=True)(x)
    >>> tgb.nn.MaxUnpool2d(2)(y, where)
    tensor([[[[0., 3.],
              [0., 0.]]]])

    Notes
    -----
    Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014.
    """

    rank = 2


class MaxUnpool3d(_MaxUnpoolNd):
    """Put elements back to where :class:`MaxPool3d` found them, among zeros."""

    rank = 3


class AvgPool1d(Module):
    """Average each window of a signal; see :class:`AvgPool2d`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.AvgPool1d(2)(tgb.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[2., 1.]])
    """

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0,
                 ceil_mode: bool = False, count_include_pad: bool = True) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = _single(kernel_size)
        self.stride = _single(kernel_size if stride is None else stride)
        self.padding = _single(padding)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Any) -> Any:
        """Pool."""
        return F.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Show the window."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPoolNd(Module):
    rank: int

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0,
                 ceil_mode: bool = False, count_include_pad: bool = True,
                 divisor_override: int | None = None) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Any) -> Any:
        """Pool."""
        function = F.avg_pool2d if self.rank == 2 else F.avg_pool3d
        return function(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Show the window."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPoolNd):
    """Average each window.

    Parameters
    ----------
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

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.AvgPool2d(2)(tgb.ones(5, 3, 28, 28)).shape
    tinygrad_bp.Size([5, 3, 14, 14])
    """

    rank = 2


class AvgPool3d(_AvgPoolNd):
    """Average each window of a volume; see :class:`AvgPool2d`."""

    rank = 3


class _LPPoolNd(Module):
    rank: int

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None,
                 ceil_mode: bool = False) -> None:  # fmt: skip
        super().__init__()
        self.norm_type, self.kernel_size = norm_type, kernel_size
        self.stride, self.ceil_mode = stride, ceil_mode

    def forward(self, input: Any) -> Any:
        """Pool."""
        function = (F.lp_pool1d, F.lp_pool2d, F.lp_pool3d)[self.rank - 1]
        return function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        """Show the exponent and the window."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    """Give (Σ xᵖ)^(1/p) of each window of a signal.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.LPPool1d(2, 2)(tgb.tensor([[3.0, 4.0]]))
    tensor([[5.]])
    """

    rank = 1


class LPPool2d(_LPPoolNd):
    """Give (Σ xᵖ)^(1/p) of each window."""

    rank = 2


class LPPool3d(_LPPoolNd):
    """Give (Σ xᵖ)^(1/p) of each window of a volume."""

    rank = 3
