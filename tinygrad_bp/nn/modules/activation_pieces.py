"""Activation functions of straight pieces, as modules: limits, and what is cut out around 0."""

from __future__ import annotations

import warnings
from typing import Any

from .. import functional as F
from .activation_base import InPlace
from .module import Module

__all__ = ["Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "ReLU6", "Softshrink"]  # fmt: skip


class Hardtanh(InPlace):
    """Limit to an interval; the slope at its ends is 0.

    Parameters
    ----------
    min_val, max_val : float
    inplace : bool
        Change the input itself.
    min_value, max_value : float, optional
        Former names of the first two.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Hardtanh(0.0, 2.0)(tgb.tensor([-1.0, 1.0, 3.0]))
    tensor([0., 1., 2.])
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__(inplace)
        for name, value in (("min_value", min_value), ("max_value", max_value)):
            if value is not None:
                warnings.warn(
                    f"keyword argument `{name}` is deprecated and renamed to `{name[:-2]}`",
                    FutureWarning,
                    stacklevel=2,
                )
        min_val = min_val if min_value is None else min_value
        max_val = max_val if max_value is None else max_value
        if max_val <= min_val:
            raise AssertionError(
                f"Hardtanh: max_val={max_val} has to be larger than min_val={min_val}"
            )
        self.min_val, self.max_val = min_val, max_val

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """Show the interval."""
        text = f"min_val={self.min_val}, max_val={self.max_val}"
        return text + (", inplace=True" if self.inplace else "")


class ReLU6(Hardtanh):
    """Give min(max(z, 0), 6); the slope at 0 and 6 is 0.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.ReLU6()(tgb.tensor([-1.0, 3.0, 7.0]))
    tensor([0., 3., 6.])

    Notes
    -----
    Krizhevsky, "Convolutional Deep Belief Networks on CIFAR-10", 2010.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """Show `inplace` where it is set."""
        return "inplace=True" if self.inplace else ""


class Hardsigmoid(InPlace):
    """Give min(max(z + 3, 0), 6) / 6.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Hardsigmoid()(tgb.tensor([-4.0, 0.0, 4.0]))
    tensor([0.0000, 0.5000, 1.0000])

    Notes
    -----
    Courbariaux, Bengio and David, "BinaryConnect", 2015.
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        """Show nothing, as in PyTorch."""
        return ""


class Hardswish(InPlace):
    """Give z min(max(z + 3, 0), 6) / 6.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Hardswish()(tgb.tensor([1.5, 4.0]))
    tensor([1.1250, 4.0000])

    Notes
    -----
    Howard and others, "Searching for MobileNetV3", 2019.
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        """Show nothing, as in PyTorch."""
        return ""


class _Shrink(Module):
    """An activation that is 0 on [−λ, λ]."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        """Show λ."""
        return str(self.lambd)


class Hardshrink(_Shrink):
    """Give z where |z| > λ, else 0.

    Parameters
    ----------
    lambd : float
        λ.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Hardshrink()(tgb.tensor([0.25, -0.75]))
    tensor([ 0.0000, -0.7500])
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.hardshrink(input, self.lambd)


class Softshrink(_Shrink):
    """Give z − λ for z > λ, z + λ for z < −λ, else 0.

    Parameters
    ----------
    lambd : float
        λ, not negative.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Softshrink()(tgb.tensor([0.25, -0.75]))
    tensor([ 0.0000, -0.2500])
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.softshrink(input, self.lambd)
