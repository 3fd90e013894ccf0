"""New tensors of a tensor's own dtype: ``x.new_zeros(…)`` and the like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import Size, filled, fitting, numbers, shape_of
from .devices import place
from .dtype import as_numpy

__all__ = ["Siblings"]


class Siblings:
    """Methods that make another tensor like this one; no history leads from it to this one."""

    __slots__ = ()
    _array: np.ndarray[Any, Any]

    def _sibling(self: Any, array: Any, requires_grad: bool = False) -> Any:
        made = type(self.detach())._over(array)
        return made.requires_grad_() if requires_grad else made

    def _filled(self, value: Any, lengths: Any, size: Any, dtype: Any, device: Any, layout: Any,
                requires_grad: bool) -> Any:  # fmt: skip
        if device is not None or layout is not None:
            place(device, layout)
        kind = self._array.dtype if dtype is None else as_numpy(dtype)
        shape = shape_of(lengths if size is None else (tuple(size),))
        value = getattr(value, "_array", value)
        # np.zeros asks the system for zeros, np.full writes them.
        array = np.zeros(shape, kind) if value is None else filled(shape, value, kind)
        return self._sibling(array, requires_grad)

    def new_tensor(self: Any, data: Any, *, dtype: Any = None, device: Any = None,
                   requires_grad: bool = False, layout: Any = None,
                   pin_memory: bool = False) -> Any:  # fmt: skip
        """Make a tensor of other data and, unless given, this one's dtype."""
        if device is not None or layout is not None:
            place(device, layout)
        typed = isinstance(data, np.ndarray)
        kind = self._array.dtype if dtype is None else as_numpy(dtype)
        array = numbers(data, kind)
        if dtype is not None or not typed:
            array = array.astype(kind) if typed else fitting(array, kind)
        return self._sibling(array, requires_grad)

    def new_zeros(self, *lengths: Any, size: Any = None, dtype: Any = None, device: Any = None,
                  layout: Any = None, pin_memory: bool = False,
                  requires_grad: bool = False) -> Any:  # fmt: skip
        """Make a tensor of zeros of this one's dtype."""
        return self._filled(None, lengths, size, dtype, device, layout, requires_grad)

    new_empty = new_zeros

    def new_ones(self, *lengths: Any, size: Any = None, dtype: Any = None, device: Any = None,
                 layout: Any = None, pin_memory: bool = False,
                 requires_grad: bool = False) -> Any:  # fmt: skip
        """Make a tensor of ones of this one's dtype."""
        return self._filled(1, lengths, size, dtype, device, layout, requires_grad)

    def new_full(self, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None,
                 layout: Any = None, pin_memory: bool = False,
                 requires_grad: bool = False) -> Any:  # fmt: skip
        """Make a tensor of one value, of this one's dtype."""
        return self._filled(fill_value, (), size, dtype, device, layout, requires_grad)

    def new_empty_strided(self, size: Any, stride: Any, *, dtype: Any = None, device: Any = None,
                          layout: Any = None, pin_memory: bool = False,
                          requires_grad: bool = False) -> Any:  # fmt: skip
        """Make a tensor whose neighbours along axis i lie ``stride[i]`` elements apart."""
        if device is not None or layout is not None:
            place(device, layout)
        shape, steps = shape_of((tuple(size),)), shape_of((tuple(stride),))
        count = sum((n - 1) * s for n, s in zip(shape, steps, strict=True)) + 1
        memory = np.zeros(
            count if all(shape) else 0, self._array.dtype if dtype is None else as_numpy(dtype)
        )
        array = np.ndarray(
            shape, memory.dtype, memory, 0, tuple(step * memory.itemsize for step in steps)
        )
        return self._sibling(array, requires_grad)

    def new(self, *data: Any, device: Any = None) -> Any:
        """Make a tensor of this dtype from lengths (yet to be set) or from data; an older way."""
        if device is not None:
            place(device, None)
        if len(data) == 1 and not isinstance(data[0], int):
            size = data[0]
            return self.new_zeros(size) if isinstance(size, Size) else self.new_tensor(size)
        return self.new_zeros(*data) if data else self.new_zeros(0)

    def apply_(self: Any, callable: Callable[[Any], Any]) -> Any:
        """Replace each element by what a Python function makes of it; slow, not recorded.

        Raises
        ------
        RuntimeError
            On a tensor that requires a gradient.
        """
        return self.map_(self, lambda own, _: callable(own))

    def map_(self: Any, tensor: Any, callable: Callable[[Any, Any], Any]) -> Any:
        """Replace each element by ``callable(element, other)``; slow, not recorded.

        Raises
        ------
        RuntimeError
            On a tensor that requires a gradient.
        """
        if self.requires_grad:
            raise RuntimeError(
                "a Python function of the elements has no gradient: call apply_ or map_ on "
                "x.detach(), or declare an operation (docs/new-op.md)"
            )
        array = self._array
        others = np.broadcast_to(tensor._array, array.shape)
        pairs = zip(array.ravel().tolist(), others.ravel().tolist(), strict=True)
        values = [callable(own, other) for own, other in pairs]
        self[...] = self._sibling(np.array(values).astype(array.dtype).reshape(array.shape))
        return self
