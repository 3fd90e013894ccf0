"""Rectifiers as modules: z where it is positive, and little or nothing where it is not."""

from __future__ import annotations

from typing import Any

from ...creation import full
from .. import functional as F
from .. import init
from ..parameter import Parameter
from .activation_base import InPlace
from .module import Module

__all__ = ["CELU", "ELU", "SELU", "LeakyReLU", "PReLU", "RReLU", "ReLU", "Threshold"]


class ReLU(InPlace):
    """Give max(z, 0); the slope at 0 is 0.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.ReLU()(tgb.tensor([-1.0, 2.0]))
    tensor([0., 2.])

    Notes
    -----
    Nair and Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", 2010.
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.relu(input, self.inplace)


class LeakyReLU(InPlace):
    """Give z for z > 0, else α z; the slope at 0 is α.

    Parameters
    ----------
    negative_slope : float
        α.
    inplace : bool
        Change the input itself.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.LeakyReLU(0.1)(tgb.tensor([-1.0, 2.0]))
    tensor([-0.1000,  2.0000])

    Notes
    -----
    Maas, Hannun and Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """Show the slope."""
        return f"negative_slope={self.negative_slope}" + (", inplace=True" if self.inplace else "")


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

    Notes
    -----
    Xu and others, "Empirical Evaluation of Rectified Activations in Convolutional Network", 2015.
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


class ELU(InPlace):
    """Give z for z > 0, else α (e^z − 1).

    Parameters
    ----------
    alpha : float
        α.
    inplace : bool
        Change the input itself.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.ELU()(tgb.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])

    Notes
    -----
    Clevert, Unterthiner and Hochreiter, "Fast and Accurate Deep Network Learning by Exponential
    Linear Units", 2016.
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """Show α."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


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
