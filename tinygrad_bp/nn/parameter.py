"""Parameter: a tensor that a module learns."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..dtype import get_default_dtype
from ..tensor import Tensor, _make

__all__ = ["Parameter"]


class Parameter(Tensor):
    """A tensor to learn: set as an attribute of a module, it becomes one of its parameters.

    Parameters
    ----------
    data : Tensor, optional
        Its values; the memory is shared. Empty if left out.
    requires_grad : bool
        Collect a gradient.

    Raises
    ------
    TypeError
        If `data` is no Tensor.
    RuntimeError
        For a gradient of integers.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.Parameter(tgb.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Self:
        """Share the memory of `data`."""
        if data is None:
            made = _make(cls, np.empty((0,), get_default_dtype().dtype))
        elif isinstance(data, Tensor):
            made = _make(cls, data._array)
            made._name = data._name
        else:
            raise TypeError(
                f"a Parameter is made from a Tensor, not from {type(data).__name__}: "
                "nn.Parameter(tgb.tensor(…))"
            )
        return made.requires_grad_() if requires_grad else made  # type: ignore[no-any-return]
