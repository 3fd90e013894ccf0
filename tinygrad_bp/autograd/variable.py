"""Variable: what tensors with a gradient were before every tensor could have one."""

from __future__ import annotations

import warnings
from typing import Any

from ..tensor import Tensor

__all__ = ["Variable"]


class _VariableType(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)

    def __call__(cls, data: Any = None, requires_grad: bool = False, volatile: Any = None) -> Any:
        """Return a tensor over the memory of `data`, without its history."""
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        if volatile:
            warnings.warn(
                "volatile has no effect, as in PyTorch since 0.4: put the code under "
                "`with tgb.no_grad():`",
                stacklevel=2,
            )
        return data.detach().requires_grad_(requires_grad)


class Variable(metaclass=_VariableType):
    """An older name of :class:`tinygrad_bp.Tensor`, as scripts before PyTorch 0.4 use it.

    Parameters
    ----------
    data : Tensor
        The memory is shared.
    requires_grad : bool
    volatile : bool
        Has no effect, and a warning says so.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.autograd import Variable
    >>> x = Variable(tgb.ones(2), requires_grad=True)
    >>> x, isinstance(x, Variable)
    (tensor([1., 1.], requires_grad=True), True)
    """
