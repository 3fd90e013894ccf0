"""Activation functions as modules: all names. Those without kinks are here, others by kind."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .activation_axis import GLU, LogSoftmax, Softmax, Softmax2d, Softmin
from .activation_base import InPlace
from .activation_pieces import Hardshrink, Hardsigmoid, Hardswish, Hardtanh, ReLU6, Softshrink
from .activation_rectifiers import CELU, ELU, SELU, LeakyReLU, PReLU, ReLU, RReLU, Threshold
from .attention import MultiheadAttention
from .module import Module

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "SELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh",
    "LeakyReLU", "LogSigmoid", "LogSoftmax", "Mish", "MultiheadAttention", "PReLU", "RReLU", "ReLU",
    "ReLU6", "SiLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin", "Softplus", "Softshrink",
    "Softsign", "Tanh", "Tanhshrink", "Threshold",
]  # fmt: skip


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


class LogSigmoid(Module):
    """Give log σ(z), without overflow.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.LogSigmoid()(tgb.tensor([-1000.0, 0.0]))
    tensor([-1.0000e+03, -6.9315e-01])
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.logsigmoid(input)


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


class SiLU(InPlace):
    """Give z σ(z), also called swish.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.SiLU()(tgb.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7311])

    Notes
    -----
    Elfwing, Uchibe and Doya, "Sigmoid-Weighted Linear Units for Neural Network Function
    Approximation in Reinforcement Learning", 2018.
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.silu(input, self.inplace)


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

    Notes
    -----
    Dugas and others, "Incorporating Second-Order Functional Knowledge for Better Option Pricing",
    2001.
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
    """Give z / (1 + |z|).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Softsign()(tgb.tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])

    Notes
    -----
    Glorot and Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural Networks",
    2010.
    """

    def forward(self, input: Any) -> Any:
        """Apply it to each element."""
        return F.softsign(input)
