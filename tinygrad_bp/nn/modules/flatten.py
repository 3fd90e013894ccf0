"""Joining and splitting axes between layers."""

from __future__ import annotations

from typing import Any

from ...functions import shape as fs
from .module import Module

__all__ = ["Flatten", "Unflatten"]


class Flatten(Module):
    """Make one axis of the axes from `start_dim` to `end_dim`; by default all but the batch.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Flatten()(tgb.zeros(32, 1, 28, 28)).shape
    tinygrad_bp.Size([32, 784])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Any) -> Any:
        """Join the axes."""
        return fs.flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """Show the axes."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Split the axis `dim` into several; one length may be -1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Unflatten(1, (1, 28, 28))(tgb.zeros(32, 784)).shape
    tinygrad_bp.Size([32, 1, 28, 28])
    """

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(
                f"unflattened_size must be a tuple of ints, but found type "
                f"{type(unflattened_size).__name__}"
            )
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Any) -> Any:
        """Split the axis."""
        return fs.unflatten(input, self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """Show the axis and its parts."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
