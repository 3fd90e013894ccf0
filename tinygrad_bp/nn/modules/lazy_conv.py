"""Convolutions that count the channels of their first input."""

from __future__ import annotations

from typing import Any

from ...mode import no_grad
from ..parameter import UninitializedParameter
from .conv import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from .lazy import LazyModuleMixin

__all__ = [
    "LazyConv1d", "LazyConv2d", "LazyConv3d", "LazyConvTranspose1d", "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]  # fmt: skip


class _Lazy(LazyModuleMixin):
    """Parameters without a shape, until the number of input channels is known."""

    def _wait(self: Any, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_channels = out_channels
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self: Any) -> None:
        """Draw weight and bias anew, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_channels:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self: Any, input: Any, *args: Any, **kwargs: Any) -> None:
        """Take the number of channels from an input."""
        if input.ndim not in (self.rank + 1, self.rank + 2):
            raise RuntimeError(
                f"{type(self).__name__}: the input has to be of {self.rank + 2} dimensions, or of "
                f"{self.rank + 1} without a batch, but its shape is {tuple(input.shape)}"
            )
        waiting = self.has_uninitialized_params()
        if waiting or not self.in_channels:
            self.in_channels = input.shape[-self.rank - 1]
        if not waiting:
            return  # the weights were loaded
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(
                f"in_channels={self.in_channels} and out_channels={self.out_channels} have to be "
                f"divisible by groups={self.groups}"
            )
        with no_grad():
            self.weight.materialize(self._weight_shape())
            if self.bias is not None:
                self.bias.materialize((self.out_channels,))
            self.reset_parameters()


class _LazyConv(_Lazy):
    def __init__(self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
                 dilation: Any = 1, groups: int = 1, bias: bool = True,
                 padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode,
                         device, dtype)  # fmt: skip
        self._wait(out_channels, bias, device, dtype)


class _LazyConvTranspose(_Lazy):
    def __init__(self, out_channels: int, kernel_size: Any, stride: Any = 1, padding: Any = 0,
                 output_padding: Any = 0, groups: int = 1, bias: bool = True, dilation: Any = 1,
                 padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(0, 0, kernel_size, stride, padding, output_padding, groups, False,
                         dilation, padding_mode, device, dtype)  # fmt: skip
        self._wait(out_channels, bias, device, dtype)


class LazyConv1d(_LazyConv, Conv1d):  # type: ignore[misc]
    """A :class:`Conv1d` that takes `in_channels` from the first input.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.LazyConv1d(4, 3)
    >>> layer(tgb.zeros(1, 2, 5)).shape, layer.in_channels
    (tinygrad_bp.Size([1, 4, 3]), 2)
    """

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):  # type: ignore[misc]
    """A :class:`Conv2d` that takes `in_channels` from the first input.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.LazyConv2d(8, 3)
    >>> layer(tgb.ones(5, 3, 28, 28)).shape, layer.weight.shape
    (tinygrad_bp.Size([5, 8, 26, 26]), tinygrad_bp.Size([8, 3, 3, 3]))
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):  # type: ignore[misc]
    """A :class:`Conv3d` that takes `in_channels` from the first input."""

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvTranspose, ConvTranspose1d):  # type: ignore[misc]
    """A :class:`ConvTranspose1d` that takes `in_channels` from the first input."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTranspose, ConvTranspose2d):  # type: ignore[misc]
    """A :class:`ConvTranspose2d` that takes `in_channels` from the first input."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTranspose, ConvTranspose3d):  # type: ignore[misc]
    """A :class:`ConvTranspose3d` that takes `in_channels` from the first input."""

    cls_to_become = ConvTranspose3d
