"""Layers that exchange channels and pixels."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .module import Module

__all__ = ["ChannelShuffle", "PixelShuffle", "PixelUnshuffle"]


class PixelShuffle(Module):
    """Make r × r pixels of r² channels; see :func:`pixel_shuffle`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.PixelShuffle(3)(tgb.ones(5, 9, 4, 4)).shape
    tinygrad_bp.Size([5, 1, 12, 12])

    Notes
    -----
    Shi and others, "Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel
    Convolutional Neural Network", 2016.
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Any) -> Any:
        """Turn (…, channels · r², height, width) into (…, channels, height · r, width · r)."""
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """Show the factor."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Make r² channels of r × r pixels: the inverse of :class:`PixelShuffle`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.PixelUnshuffle(2)(tgb.zeros(1, 1, 4, 4)).shape
    tinygrad_bp.Size([1, 4, 2, 2])
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Any) -> Any:
        """Turn (…, channels, height · r, width · r) into (…, channels · r², height, width)."""
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """Show the factor."""
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Deal the channels of each group out over all groups; see :func:`channel_shuffle`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.ChannelShuffle(2)(tgb.arange(4.0).view(1, 4, 1)).flatten()
    tensor([0., 2., 1., 3.])

    Notes
    -----
    Zhang and others, "ShuffleNet", 2018.
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Any) -> Any:
        """Shuffle."""
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        """Show the groups."""
        return f"groups={self.groups}"
