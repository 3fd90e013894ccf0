"""Channels that become pixels, and pixels that become channels."""

from __future__ import annotations

import math
from typing import Any

from ..messages import ShapeError
from ..rules.shape import reshape, transpose

__all__ = ["channel_shuffle", "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]


def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """Make r × r pixels of r² channels (Shi et al., arXiv:1609.05158).

    Parameters
    ----------
    input : Tensor of shape (…, channels · r², height, width)
    upscale_factor : int
        r.

    Returns
    -------
    Tensor of shape (…, channels, height · r, width · r)

    Raises
    ------
    RuntimeError
        If the number of channels is no multiple of r².

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.pixel_shuffle(tgb.arange(4.0).reshape(1, 4, 1, 1), 2)
    tensor([[[[0., 1.],
              [2., 3.]]]])
    """
    r = upscale_factor
    if input.ndim < 3 or r <= 0 or input.shape[-3] % (r * r):
        raise ShapeError(
            f"pixel_shuffle: the input has to be of shape (…, a multiple of {r}², height, width), "
            f"with a positive factor, but its shape is {tuple(input.shape)}"
        )
    *lead, channels, height, width = input.shape
    n = len(lead)
    cells = reshape(input, shape=(*lead, channels // (r * r), r, r, height, width))
    turned = transpose(cells, axes=(*range(n + 1), n + 3, n + 1, n + 4, n + 2))
    return reshape(turned, shape=(*lead, channels // (r * r), height * r, width * r))


def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """Make r² channels of r × r pixels: the inverse of :func:`pixel_shuffle`.

    Parameters
    ----------
    input : Tensor of shape (…, channels, height · r, width · r)
    downscale_factor : int
        r.

    Returns
    -------
    Tensor of shape (…, channels · r², height, width)

    Raises
    ------
    RuntimeError
        If height or width are no multiples of r.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.pixel_unshuffle(tgb.zeros(1, 1, 4, 4), 2).shape
    tinygrad_bp.Size([1, 4, 2, 2])
    """
    r = downscale_factor
    if input.ndim < 3 or r <= 0 or input.shape[-2] % r or input.shape[-1] % r:
        raise ShapeError(
            f"pixel_unshuffle: height and width have to be multiples of {r}, a positive factor, "
            f"but the input's shape is {tuple(input.shape)}"
        )
    *lead, channels, height, width = input.shape
    n = len(lead)
    cells = reshape(input, shape=(*lead, channels, height // r, r, width // r, r))
    turned = transpose(cells, axes=(*range(n + 1), n + 2, n + 4, n + 1, n + 3))
    return reshape(turned, shape=(*lead, channels * r * r, height // r, width // r))


def channel_shuffle(input: Any, groups: int) -> Any:
    """Deal the channels of each group out over all groups (Zhang et al., arXiv:1707.01083).

    Parameters
    ----------
    input : Tensor of shape (batch, channels, …)
    groups : int

    Returns
    -------
    Tensor of the same shape

    Raises
    ------
    RuntimeError
        If the number of channels is no multiple of `groups`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.channel_shuffle(tgb.arange(4.0).reshape(1, 4, 1), 2).flatten()
    tensor([0., 2., 1., 3.])
    """
    if input.ndim < 3 or groups <= 0 or input.shape[1] % groups:
        raise ShapeError(
            f"channel_shuffle: the input has to be (batch, channels, …) with a multiple of "
            f"{groups} channels, but its shape is {tuple(input.shape)}"
        )
    shape = tuple(input.shape)
    cells = (shape[0], groups, shape[1] // groups, math.prod(shape[2:]))
    return reshape(transpose(reshape(input, shape=cells), axes=(0, 2, 1, 3)), shape=shape)


native_channel_shuffle = channel_shuffle
