"""Affine maps."""

from __future__ import annotations

import math
from typing import Any, cast

from ...creation import empty
from ...mode import no_grad
from .. import functional as F
from .. import init
from ..parameter import Parameter, UninitializedParameter
from .lazy import LazyModuleMixin
from .module import Module

__all__ = ["Bilinear", "Identity", "LazyLinear", "Linear", "NonDynamicallyQuantizableLinear"]


class Identity(Module):
    """Return the input; arguments are accepted and ignored.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Identity(54, unused=True)(tgb.ones(2))
    tensor([1., 1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        """Return the input."""
        return input


class Linear(Module):
    """Give x Wᵀ + b.

    Weight and bias start uniform on (−1/√in, 1/√in): He's uniform initialisation with a = √5.

    Parameters
    ----------
    in_features, out_features : int
        Lengths of the last axis of input and output.
    bias : bool
        Learn b too.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter of shape (out_features, in_features)
    bias : Parameter of shape (out_features,), or None

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.Linear(3, 2)
    >>> layer(tgb.ones(5, 3)).shape
    tinygrad_bp.Size([5, 2])
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(self, in_features: int, out_features: int, bias: bool = True,
                 device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        kind = {"device": device, "dtype": dtype}
        self.weight = Parameter(empty(out_features, in_features, **kind))
        if bias:
            self.bias = Parameter(empty(out_features, **kind))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Any) -> Any:
        """Give x Wᵀ + b: (…, in_features) to (…, out_features)."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Show the sizes."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class NonDynamicallyQuantizableLinear(Linear):
    """A Linear under the name that PyTorch gives to the output projection of its attention."""


class LazyLinear(LazyModuleMixin, Linear):
    """A :class:`Linear` that takes its number of inputs from the first input.

    Parameters
    ----------
    out_features : int
        Length of the last axis of the output.
    bias : bool
        Learn b too.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.LazyLinear(2)
    >>> layer(tgb.ones(5, 3)).shape, layer.weight.shape
    (tinygrad_bp.Size([5, 2]), tinygrad_bp.Size([2, 3]))
    """

    cls_to_become = Linear

    def __init__(self, out_features: int, bias: bool = True, device: Any = None,
                 dtype: Any = None) -> None:  # fmt: skip
        super().__init__(0, 0, False)  # nothing to draw yet
        kind = {"device": device, "dtype": dtype}
        self.weight = UninitializedParameter(**kind)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(**kind)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_features:
            super().reset_parameters()

    def initialize_parameters(self, input: Any) -> None:
        """Take the number of inputs from an input."""
        if self.has_uninitialized_params():
            weight, bias = cast(Any, self.weight), cast(Any, self.bias)
            with no_grad():
                self.in_features = input.shape[-1]
                weight.materialize((self.out_features, self.in_features))
                if bias is not None:
                    bias.materialize((self.out_features,))
                self.reset_parameters()
        if not self.in_features:
            self.in_features = input.shape[-1]  # the weights were loaded


class Bilinear(Module):
    """Give yₖ = x₁ᵀ Aₖ x₂ + bₖ.

    Weight and bias start uniform on (−1/√in1, 1/√in1).

    Parameters
    ----------
    in1_features, in2_features, out_features : int
        Lengths of the last axis of the two inputs and of the output.
    bias : bool
        Learn b too.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional

    Attributes
    ----------
    weight : Parameter of shape (out_features, in1_features, in2_features)
    bias : Parameter of shape (out_features,), or None

    Raises
    ------
    ValueError
        If `in1_features` is not positive.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Bilinear(3, 4, 2)(tgb.ones(5, 3), tgb.ones(5, 4)).shape
    tinygrad_bp.Size([5, 2])
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(self, in1_features: int, in2_features: int, out_features: int, bias: bool = True,
                 device: Any = None, dtype: Any = None) -> None:  # fmt: skip
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got {in1_features}")
        self.in1_features, self.in2_features = in1_features, in2_features
        self.out_features = out_features
        kind = {"device": device, "dtype": dtype}
        self.weight = Parameter(empty(out_features, in1_features, in2_features, **kind))
        if bias:
            self.bias = Parameter(empty(out_features, **kind))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Any, input2: Any) -> Any:
        """Give x₁ᵀ A x₂ + b: (…, in1_features), (…, in2_features) to (…, out_features)."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Show the sizes."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
