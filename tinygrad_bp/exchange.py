"""Leaving the tensor: to NumPy over the same memory, to a deep copy, to a pickle."""

from __future__ import annotations

from typing import Any

import numpy as np

from .origin import leave

__all__ = ["Exchange"]


class Exchange:
    """What takes the values of a concrete tensor elsewhere."""

    __slots__ = ()

    def numpy(self: Any, *, force: bool = False) -> np.ndarray[Any, Any]:
        """Return the values as a NumPy array that shares this tensor's memory.

        Raises
        ------
        RuntimeError
            If the tensor requires a gradient: the array would forget it. Say
            ``x.detach().numpy()``, or ``force=True``.
        """
        if self.requires_grad and not force:
            raise RuntimeError(
                "numpy() on a tensor that requires a gradient would lose it: use x.detach().numpy()"
            )
        self.storage.expose(leave(self._origin, "numpy()", self.node))
        shared: np.ndarray[Any, Any] = self._array
        return shared

    def __array__(self: Any, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array: np.ndarray[Any, Any] = self._array
        wanted = array.dtype if dtype is None else np.dtype(dtype)
        if wanted != array.dtype:
            if copy is False:
                raise ValueError(f"a copy is needed to turn {array.dtype} into {wanted}")
            return array.astype(wanted)
        if copy:
            return array.copy()
        self.storage.expose(leave(self._origin, "np.asarray", self.node))
        return array

    def __deepcopy__(self: Any, memo: Any) -> Any:
        if not self.is_leaf:
            raise RuntimeError(
                "only leaves can be deep-copied, not the output of a recorded operation: "
                "x.detach().clone() copies the values"
            )
        twin = self._over(self._array.copy())
        twin._name = self._name
        memo[id(self)] = twin
        if self.requires_grad:
            twin.requires_grad_()
        if self.grad is not None:
            twin.grad = self.grad._over(self.grad._array.copy())
        if vars(self):
            from copy import deepcopy

            vars(twin).update(deepcopy(vars(self), memo))
        return twin

    def __reduce_ex__(self: Any, protocol: Any) -> Any:
        if not self.is_leaf:
            raise RuntimeError("only leaves can be pickled: use x.detach()")
        return _rebuild, (type(self), self._array, self.requires_grad, self._name, vars(self))


def _rebuild(cls: Any, array: Any, requires_grad: bool, name: str | None, extra: Any) -> Any:
    tensor = cls._over(array)
    tensor._name = name
    vars(tensor).update(extra)
    return tensor.requires_grad_(requires_grad)
