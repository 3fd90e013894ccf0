"""Windows laid side by side, and put back."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .module import Module

__all__ = ["Fold", "Unfold"]


class Fold(Module):
    """Add windows up where :class:`Unfold` took them from; see :func:`fold`.

    Parameters
    ----------
    output_size : int or tuple
        Height and width of the image.
    kernel_size, dilation, padding, stride : int or tuple

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Fold((2, 2), kernel_size=(1, 2))(tgb.ones(1, 2, 2)).shape
    tinygrad_bp.Size([1, 1, 2, 2])
    """

    def __init__(self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
                 stride: Any = 1) -> None:  # fmt: skip
        super().__init__()
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride

    def forward(self, input: Any) -> Any:
        """Turn (batch, channels · window, windows) into (batch, channels, height, width)."""
        return F.fold(
            input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )

    def extra_repr(self) -> str:
        """Show the sizes."""
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, "
            f"dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )


class Unfold(Module):
    """Lay the windows of a convolution side by side; see :func:`unfold`.

    Parameters
    ----------
    kernel_size, dilation, padding, stride : int or tuple

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Unfold(3)(tgb.ones(5, 2, 8, 8)).shape
    tinygrad_bp.Size([5, 18, 36])
    """

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
                 stride: Any = 1) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride

    def forward(self, input: Any) -> Any:
        """Turn (batch, channels, height, width) into (batch, channels · window, windows)."""
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """Show the sizes."""
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )
