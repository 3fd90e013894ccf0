"""Activation functions as modules. Their formulas and slopes are lines of `rules.elementwise`."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .module import Module

__all__ = [
    "ELU", "GELU", "Hardtanh", "LeakyReLU", "LogSigmoid", "LogSoftmax", "ReLU", "ReLU6", "SiLU",
    "Sigmoid", "Softmax", "Softplus", "Softsign", "Tanh",
]  # fmt: skip


class _InPlace(Module):
    """An activation that may change its input itself."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Show `inplace` where it is set."""
        return "inplace=True" if self.inplace else ""


class ReLU(_InPlace):
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


class SiLU(_InPlace):
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


class LeakyReLU(_InPlace):
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


class ELU(_InPlace):
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


class Hardtanh(_InPlace):
    """Limit to an interval; the slope at its ends is 0.

    Parameters
    ----------
    min_val, max_val : float
    inplace : bool
        Change the input itself.
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        if max_val <= min_val:
            raise ValueError(f"Hardtanh: max_val={max_val} has to be larger than min_val={min_val}")
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


class Softmax(Module):
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

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """Apply it along the axis."""
        return F.softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """Show the axis."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    """Give z − log Σ e^z along an axis.

    Parameters
    ----------
    dim : int
        The axis whose exponentials sum to 1.
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """Apply it along the axis."""
        return F.log_softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """Show the axis."""
        return f"dim={self.dim}"
