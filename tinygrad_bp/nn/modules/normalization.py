"""Normalisation of each sample by itself, and across neighbouring channels."""

from __future__ import annotations

from typing import Any

from ...creation import empty
from .. import functional as F
from .. import init
from ..norms import cross_map_lrn2d
from ..parameter import Parameter
from .module import Module

__all__ = ["CrossMapLRN2d", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


def _shape(normalized_shape: Any) -> tuple[int, ...]:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


class LayerNorm(Module):
    """Give (x − mean) / √(variance + ε) · w + b, sample by sample, over the last axes.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The lengths of the last axes, over which mean and variance are taken.
    eps : float
        Added to the variance.
    elementwise_affine : bool
        Learn w and b too.
    bias : bool
        Learn b, where `elementwise_affine`.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Attributes
    ----------
    weight, bias : Parameter of shape normalized_shape, or None

    References
    ----------
    Ba, Kiros and Hinton, "Layer Normalization" (2016).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.LayerNorm(2, eps=0.0, elementwise_affine=False)(tgb.tensor([[1.0, 3.0]]))
    tensor([[-1.,  1.]])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True,
                 bias: bool = True, device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.normalized_shape, self.eps = _shape(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        kind = {"device": device, "dtype": dtype}
        for name, wanted in (("weight", True), ("bias", bias)):
            learned = elementwise_affine and wanted
            self.register_parameter(
                name, Parameter(empty(self.normalized_shape, **kind)) if learned else None
            )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Any) -> Any:
        """Normalise (…, *normalized_shape)."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Show the settings."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """Give x / √(mean of x² + ε) · w, sample by sample, over the last axes.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The lengths of the last axes.
    eps : float, optional
        The distance from 1 to the next number of the dtype if left out.
    elementwise_affine : bool
        Learn w too.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter of shape normalized_shape, or None

    References
    ----------
    Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.RMSNorm(2, elementwise_affine=False)(tgb.tensor([[3.0, 3.0]]))
    tensor([[1., 1.]])
    """

    weight: Parameter | None

    def __init__(self, normalized_shape: Any, eps: float | None = None,
                 elementwise_affine: bool = True, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.normalized_shape, self.eps = _shape(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        kind = {"device": device, "dtype": dtype}
        self.register_parameter(
            "weight",
            Parameter(empty(self.normalized_shape, **kind)) if elementwise_affine else None,
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Any) -> Any:
        """Normalise (…, *normalized_shape)."""
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Show the settings."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(Module):
    """Give (x − mean) / √(variance + ε) · w + b, for each sample and group of channels.

    Parameters
    ----------
    num_groups, num_channels : int
        Each group has num_channels / num_groups channels.
    eps : float
        Added to the variance.
    affine : bool
        Learn w and b too, one number a channel.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional
    bias : bool
        Learn b, where `affine`.

    Attributes
    ----------
    weight, bias : Parameter of shape (num_channels,), or None

    Raises
    ------
    ValueError
        If the groups do not divide the channels.

    References
    ----------
    Wu and He, "Group Normalization" (2018).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.GroupNorm(2, 4)(tgb.ones(3, 4, 5)).shape
    tinygrad_bp.Size([3, 4, 5])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True,
                 device: Any = None, dtype: Any = None, *, bias: bool = True) -> None:  # fmt: skip
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        kind = {"device": device, "dtype": dtype}
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            self.register_parameter(
                name, Parameter(empty(num_channels, **kind)) if wanted else None
            )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Any) -> Any:
        """Normalise (N, C, …)."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Show the settings."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LocalResponseNorm(Module):
    """Give x / (k + α m)^β, m being the mean of x² over neighbouring channels.

    Parameters
    ----------
    size : int
        How many channels are neighbours.
    alpha, beta, k : float

    References
    ----------
    Krizhevsky, Sutskever and Hinton (2012), section 3.3.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.LocalResponseNorm(3)(tgb.ones(2, 4, 5)).shape
    tinygrad_bp.Size([2, 4, 5])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75,
                 k: float = 1.0) -> None:  # fmt: skip
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Any) -> Any:
        """Normalise (N, C, …)."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(Module):
    """Do :class:`LocalResponseNorm` with a window that reaches as far to both sides.

    (PyTorch's layer of this name never lets the first channel leave its window; this one does.)

    Parameters
    ----------
    size : int
        How many channels are neighbours; an even number counts as the odd one below.
    alpha, beta, k : float

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.CrossMapLRN2d(3)(tgb.ones(2, 4, 5, 5)).shape
    tinygrad_bp.Size([2, 4, 5, 5])

    Notes
    -----
    Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks", 2012.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75,
                 k: float = 1) -> None:  # fmt: skip
        super().__init__()
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Any) -> Any:
        """Normalise (N, C, H, W)."""
        return cross_map_lrn2d(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """Show the settings."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
