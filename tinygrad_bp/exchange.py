"""Leaving the tensor: to NumPy over the same memory, to a deep copy, to a pickle."""

from __future__ import annotations

from typing import Any

import numpy as np

from .origin import leave

__all__ = ["Exchange", "own_attributes"]


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

    def __dlpack__(self: Any, *, stream: Any = None, max_version: Any = None,
                   dl_device: Any = None, copy: bool | None = None) -> Any:  # fmt: skip
        """Hand the memory to another library, https://dmlc.github.io/dlpack/latest/.

        Raises
        ------
        BufferError
            If the tensor requires a gradient: the other library would lose it.
        """
        if self.requires_grad:
            raise BufferError(
                "a tensor that requires a gradient can't be exported, its history would be lost: "
                "use x.detach()"
            )
        self.storage.expose(leave(self._origin, "__dlpack__", self.node))
        return self._array.__dlpack__(
            stream=stream, max_version=max_version, dl_device=dl_device, copy=copy
        )

    def __dlpack_device__(self: Any) -> Any:
        """Name the device as DLPack does: (1, 0), the CPU."""
        return self._array.__dlpack_device__()

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
        own = own_attributes(self)
        if own:
            from copy import deepcopy

            vars(twin).update(deepcopy(own, memo))
        return twin

    def __reduce_ex__(self: Any, protocol: Any) -> Any:
        if not self.is_leaf:
            raise RuntimeError("only leaves can be pickled: use x.detach()")
        own = own_attributes(self)
        return _rebuild, (type(self), self._array, self.requires_grad, self._name, own)


#: What the engine keeps among a tensor's attributes.
_ENGINE = {"_grad", "_inference", "_name", "_origin", "_view"}


def own_attributes(tensor: Any) -> dict[str, Any]:
    """Return the attributes that a user has put on a tensor."""
    return {name: value for name, value in vars(tensor).items() if name not in _ENGINE}


def _rebuild(cls: Any, array: Any, requires_grad: bool, name: str | None, extra: Any) -> Any:
    tensor = cls._over(array)
    tensor._name = name
    vars(tensor).update(extra)
    return tensor.requires_grad_(requires_grad)
