"""Activation functions along an axis, as modules."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .module import Module

__all__ = ["GLU", "LogSoftmax", "Softmax", "Softmax2d", "Softmin"]


class _WithAxis(Module):
    """An activation along an axis."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        """Show the axis."""
        return f"dim={self.dim}"


class Softmax(_WithAxis):
    """Give e^z / Σ e^z along an axis: positive, with sum 1.

    For a classifier's loss give the logits to :class:`CrossEntropyLoss` instead: that is exact
    where a softmax has rounded to 0.

    Parameters
    ----------
    dim : int
        The axis that sums to 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Softmax(dim=1)(tgb.tensor([[1e4, 1e4]]))
    tensor([[0.5000, 0.5000]])
    """

    def forward(self, input: Any) -> Any:
        """Apply it along the axis."""
        return F.softmax(input, self.dim, _stacklevel=5)


class LogSoftmax(_WithAxis):
    """Give z − log Σ e^z along an axis.

    Parameters
    ----------
    dim : int
        The axis whose exponentials sum to 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.LogSoftmax(dim=0)(tgb.zeros(2))
    tensor([-0.6931, -0.6931])
    """

    def forward(self, input: Any) -> Any:
        """Apply it along the axis."""
        return F.log_softmax(input, self.dim, _stacklevel=5)


class GLU(Module):
    """Give a σ(b), where a and b are the two halves of the input along an axis.

    Parameters
    ----------
    dim : int
        The axis, of even length.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.GLU()(tgb.tensor([[3.0, 0.0]]))
    tensor([[1.5000]])

    Notes
    -----
    Dauphin and others, "Language Modeling with Gated Convolutional Networks", 2017.
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """Halve the axis."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """Show the axis."""
        return f"dim={self.dim}"


class Softmin(_WithAxis):
    """Give e^−z / Σ e^−z along an axis.

    Parameters
    ----------
    dim : int
        The axis that sums to 1.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Softmin(dim=1)(tgb.tensor([[1e4, 1e4]]))
    tensor([[0.5000, 0.5000]])
    """

    def forward(self, input: Any) -> Any:
        """Apply it along the axis."""
        return F.softmin(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """Give the softmax over the channels at each place of a picture.

    Raises
    ------
    ValueError
        If the input is neither (N, C, H, W) nor (C, H, W).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Softmax2d()(tgb.zeros(1, 4, 1, 1)).flatten()
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    def forward(self, input: Any) -> Any:
        """Apply it along the channels."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3)
