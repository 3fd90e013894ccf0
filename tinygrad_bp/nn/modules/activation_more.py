"""More activation functions as modules: those with kinks, and with slopes learned or drawn."""

from __future__ import annotations

import warnings
from typing import Any

from ...creation import full
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .activation_base import InPlace
from .module import Module

__all__ = [
    "CELU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU6",
    "Softshrink",
    "Tanhshrink",
    "Threshold",
]  # fmt: skip


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
    """Give min(max(z, 0), 6); the slope at 0 and 6 is 0."""

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


class Mish(InPlace):
    """Give z tanh(log(1 + e^z)).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Mish()(tgb.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8651])

    Notes
    -----
    Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", 2019.
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.mish(input, self.inplace)


class SELU(InPlace):
    """Give λ z for z > 0, else λ α (e^z − 1), with λ ≈ 1.0507 and α ≈ 1.6733.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.SELU()(tgb.tensor([-1.0, 1.0]))
    tensor([-1.1113,  1.0507])

    Notes
    -----
    Klambauer and others, "Self-Normalizing Neural Networks", 2017.
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.selu(input, self.inplace)


class CELU(InPlace):
    """Give z for z > 0, else α (e^{z/α} − 1).

    Parameters
    ----------
    alpha : float
        α.
    inplace : bool
        Change the input itself.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.CELU(2.0)(tgb.tensor([-2.0, 1.0]))
    tensor([-1.2642,  1.0000])

    Notes
    -----
    Barron, "Continuously Differentiable Exponential Linear Units", 2017.
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """Show α."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class Threshold(InPlace):
    """Give z for z > threshold, else `value`.

    Parameters
    ----------
    threshold, value : float
    inplace : bool
        Change the input itself.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Threshold(0.5, -1.0)(tgb.tensor([0.25, 0.75]))
    tensor([-1.0000,  0.7500])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = threshold, value

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """Show both numbers."""
        text = f"threshold={self.threshold}, value={self.value}"
        return text + (", inplace=True" if self.inplace else "")


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


class Tanhshrink(Module):
    """Give z − tanh z.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Tanhshrink()(tgb.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2384])
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.tanhshrink(input)


class PReLU(Module):
    """Give z for z > 0, else w z, and learn w.

    Parameters
    ----------
    num_parameters : int
        1, or one for each channel (axis 1).
    init : float
        What w starts with.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter of shape (num_parameters,)

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.PReLU()(tgb.tensor([-2.0, 2.0])).tolist()
    [-0.5, 2.0]

    Notes
    -----
    He and others, "Delving Deep into Rectifiers", 2015. Weight decay pulls w towards 0.
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), float(init), device=device, dtype=dtype))

    def reset_parameters(self) -> None:
        """Set w to what it starts with."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """Show how many there are."""
        return f"num_parameters={self.num_parameters}"


class RReLU(InPlace):
    """Give z for z > 0, else α z: in training with a drawn α for each element.

    Parameters
    ----------
    lower, upper : float
        α is drawn from U(lower, upper); in evaluation it is their mean.
    inplace : bool
        Change the input itself.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.RReLU(0.25, 0.75).eval()(tgb.tensor([-2.0, 2.0]))
    tensor([-1.,  2.])
    """

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__(inplace)
        self.lower, self.upper = lower, upper

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """Show the interval."""
        text = f"lower={self.lower}, upper={self.upper}"
        return text + (", inplace=True" if self.inplace else "")
