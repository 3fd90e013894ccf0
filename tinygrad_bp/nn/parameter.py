"""Parameter and buffer: the tensors that a module learns, and those that it only remembers."""

from __future__ import annotations

from typing import Any, NoReturn, Self

import numpy as np

from ..creation import empty
from ..dtype import get_default_dtype
from ..op import SPEAKERS
from ..tensor import Tensor, _make

__all__ = [
    "Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter",
    "UninitializedTensorMixin", "is_lazy",
]  # fmt: skip


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


class _BufferMeta(type):
    """Lets ``isinstance(tensor, Buffer)`` ask for the mark that :class:`Buffer` puts on it."""

    def __instancecheck__(cls, instance: Any) -> bool:
        if (
            cls is Buffer
            and isinstance(instance, Tensor)
            and getattr(instance, "_is_buffer", False)
        ):
            return True
        return super().__instancecheck__(instance)


class Buffer(Tensor, metaclass=_BufferMeta):
    """A tensor to remember: set as an attribute of a module, it becomes one of its buffers.

    Parameters
    ----------
    data : Tensor, optional
        Its values; the memory is shared. Empty if left out.
    persistent : bool
        List it in the module's :meth:`state_dict`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> module = tgb.nn.Module()
    >>> module.mean = tgb.nn.Buffer(tgb.zeros(2))
    >>> list(module.state_dict())
    ['mean']
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Any:
        """Mark a tensor over the memory of `data`: it stays an ordinary Tensor."""
        source = empty(0) if data is None else data
        made = source.detach().requires_grad_(source.requires_grad)
        vars(made).update(persistent=persistent, _is_buffer=True)
        return made


class UninitializedTensorMixin:
    """What a tensor is whose shape is not known yet: a dtype, and the class that it will become."""

    __slots__ = ()

    cls_to_become: type[Any]

    def materialize(
        self: Any, shape: tuple[int, ...], device: Any = None, dtype: Any = None
    ) -> None:
        """Get a shape and memory, with values that are still to be set, and the ordinary class.

        Parameters
        ----------
        shape : tuple of int
        device : optional
            Only "cpu" exists.
        dtype : dtype, optional
            The one it was declared with if left out.
        """
        kind = self.data.dtype if dtype is None else dtype
        values = empty(tuple(shape), dtype=kind, device=device)
        self.__class__ = self.cls_to_become
        self.data = values

    @property
    def shape(self) -> NoReturn:
        """Not known yet."""
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer: run the module once "
            "on an input (or load the state into an uninitialized module) to give it one"
        )

    def share_memory_(self) -> NoReturn:
        """Raise: there is no memory yet."""
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer: run the module once on "
            "an input before calling share_memory()"
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __deepcopy__(self: Any, memo: Any) -> Any:
        twin = type(self)(self.requires_grad, dtype=self.data.dtype)
        memo[id(self)] = twin
        return twin

    def __reduce_ex__(self: Any, protocol: Any) -> Any:
        return type(self), (self.requires_grad, None, self.data.dtype)


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter whose shape is found out by the first input, see :class:`LazyModuleMixin`.

    Parameters
    ----------
    requires_grad : bool
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional
        Of the values to come.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> weight = tgb.nn.UninitializedParameter()
    >>> weight.materialize((2, 3))
    >>> type(weight).__name__, weight.shape
    ('Parameter', tinygrad_bp.Size([2, 3]))
    """

    __slots__ = ()

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Self:
        """Remember the dtype."""
        made = _make(cls, empty(0, device=device, dtype=dtype)._array)
        return made.requires_grad_() if requires_grad else made  # type: ignore[no-any-return]


class UninitializedBuffer(UninitializedTensorMixin, Tensor):
    """A buffer whose shape is found out by the first input, see :class:`LazyModuleMixin`.

    Parameters as of :class:`UninitializedParameter`, and `persistent` as of :class:`Buffer`.
    """

    __slots__ = ()

    cls_to_become = Tensor

    def __new__(cls, requires_grad: bool = False, device: Any = None, dtype: Any = None,
                persistent: bool = True) -> Self:  # fmt: skip
        """Remember the dtype."""
        made = _make(cls, empty(0, device=device, dtype=dtype)._array)
        vars(made).update(persistent=persistent, _is_buffer=True)
        return made.requires_grad_() if requires_grad else made  # type: ignore[no-any-return]


def is_lazy(param: Any) -> bool:
    """Whether a parameter or buffer still waits for its shape."""
    return isinstance(param, UninitializedTensorMixin)


def _refuse(op: Any, args: Any, attrs: Any) -> NoReturn:
    raise ValueError(
        f"{op.name}: attempted to use an uninitialized parameter or buffer, as those of the Lazy "
        "modules are before their first input: run the module once on an input first"
    )


SPEAKERS[UninitializedParameter] = SPEAKERS[UninitializedBuffer] = _refuse
