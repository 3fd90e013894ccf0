"""Activation functions as modules. Their formulas and slopes are lines of `rules.elementwise`."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .activation_axis import GLU, LogSoftmax, Softmax, Softmax2d, Softmin
from .activation_base import InPlace
from .activation_more import (
    CELU,
    SELU,
    Hardshrink,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    Mish,
    PReLU,
    ReLU6,
    RReLU,
    Softshrink,
    Tanhshrink,
    Threshold,
)
from .attention import MultiheadAttention
from .module import Module

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "SELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh",
    "LeakyReLU", "LogSigmoid", "LogSoftmax", "Mish", "MultiheadAttention", "PReLU", "RReLU", "ReLU",
    "ReLU6", "SiLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin", "Softplus", "Softshrink",
    "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


class ReLU(InPlace):
    """Give max(z, 0); the slope at 0 is 0.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.ReLU()(tgb.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.relu(input, self.inplace)


class Sigmoid(Module):
    """Give σ(z) = 1 / (1 + e^−z).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Sigmoid()(tgb.tensor([-1e4, 0.0, 1e4]))
    tensor([0.0000, 0.5000, 1.0000])
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.sigmoid(input)


class Tanh(Module):
    """Give tanh z.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Tanh()(tgb.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.tanh(input)


class SiLU(InPlace):
    """Give z σ(z), also called swish.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.SiLU()(tgb.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7311])
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.silu(input, self.inplace)


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


class GELU(Module):
    """Give z Φ(z), with the normal distribution function Φ.

    Parameters
    ----------
    approximate : {"none", "tanh"}
        "tanh" takes 0.5 z (1 + tanh(√(2/π) (z + 0.044715 z³))).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.GELU()(tgb.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8413])

    Notes
    -----
    Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """Show which form is taken."""
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """Give log(1 + e^βz) / β, and z itself where βz > threshold.

    Parameters
    ----------
    beta, threshold : float

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Softplus()(tgb.tensor([0.0, 1e4]))
    tensor([6.9315e-01, 1.0000e+04])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Show β and the threshold."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Softsign(Module):
    """Give z / (1 + |z|)."""

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.softsign(input)


class LogSigmoid(Module):
    """Give log σ(z), without overflow."""

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.logsigmoid(input)
