"""Padding layers."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .module import Module

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d",
    "ConstantPad3d", "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d",
    "ReplicationPad2d", "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    """Put elements around the last axes: (before, after) for the last, the one before it, …."""

    rank: int
    mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        sides = 2 * self.rank
        self.padding = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * sides
        if len(self.padding) != sides:
            raise ValueError(
                f"{type(self).__name__}: padding has to be one number or {sides} of them, not "
                f"{self.padding}"
            )

    def forward(self, input: Any) -> Any:
        """Pad."""
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """Show the numbers."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Any) -> Any:
        """Pad."""
        return F.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        """Show the numbers."""
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """Show the numbers."""
        return f"{self.padding}"


class _ReflectionPad(_Pad):
    mode = "reflect"


class _ReplicationPad(_Pad):
    mode = "replicate"


class _CircularPad(_Pad):
    mode = "circular"


class ConstantPad1d(_ConstantPad):
    """Put one value around a signal.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.ConstantPad1d(1, 7.0)(tgb.tensor([[1.0, 2.0]]))
    tensor([[7., 1., 2., 7.]])
    """

    rank = 1


class ConstantPad2d(_ConstantPad):
    """Put one value around images.

    Parameters
    ----------
    padding : int or tuple
        One number for all sides, or (left, right, top, bottom).
    value : float
    """

    rank = 2


class ConstantPad3d(_ConstantPad):
    """Put one value around volumes."""

    rank = 3


class ZeroPad1d(_ZeroPad):
    """Put zeros around a signal."""

    rank = 1


class ZeroPad2d(_ZeroPad):
    """Put zeros around images.

    Parameters
    ----------
    padding : int or tuple
        One number for all sides, or (left, right, top, bottom); negative ones take away.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.ZeroPad2d(1)(tgb.ones(1, 1, 1))
    tensor([[[0., 0., 0.],
             [0., 1., 0.],
             [0., 0., 0.]]])
    """

    rank = 2


class ZeroPad3d(_ZeroPad):
    """Put zeros around volumes."""

    rank = 3


class ReflectionPad1d(_ReflectionPad):
    """Mirror a signal at the edges, without the edge itself.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.ReflectionPad1d(1)(tgb.tensor([[1.0, 2.0, 3.0]]))
    tensor([[2., 1., 2., 3., 2.]])
    """

    rank = 1


class ReflectionPad2d(_ReflectionPad):
    """Mirror images at the edges, without the edge itself.

    Parameters
    ----------
    padding : int or tuple
        One number for all sides, or (left, right, top, bottom).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.ReflectionPad2d(1)(tgb.ones(5, 3, 28, 28)).shape
    tinygrad_bp.Size([5, 3, 30, 30])
    """

    rank = 2


class ReflectionPad3d(_ReflectionPad):
    """Mirror volumes at the edges, without the edge itself."""

    rank = 3


class ReplicationPad1d(_ReplicationPad):
    """Repeat the edge of a signal.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.ReplicationPad1d(1)(tgb.tensor([[1.0, 2.0, 3.0]]))
    tensor([[1., 1., 2., 3., 3.]])
    """

    rank = 1


class ReplicationPad2d(_ReplicationPad):
    """Repeat the edge of images."""

    rank = 2


class ReplicationPad3d(_ReplicationPad):
    """Repeat the edge of volumes."""

    rank = 3


class CircularPad1d(_CircularPad):
    """Put the elements from the other end around a signal.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.CircularPad1d(1)(tgb.tensor([[1.0, 2.0, 3.0]]))
    tensor([[3., 1., 2., 3., 1.]])
    """

    rank = 1


class CircularPad2d(_CircularPad):
    """Put the elements from the other end around images."""

    rank = 2


class CircularPad3d(_CircularPad):
    """Put the elements from the other end around volumes."""

    rank = 3
