"""From tensors to Python numbers, to other dtypes, and to new tensors of the same kind."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from . import dtype as dtypes
from .arrays import numbers, shape_of
from .messages import ShapeError
from .rules.shape import cast

__all__ = ["Conversions"]


class Conversions:
    """What a tensor can be turned into; a formula has no numbers, and none of this."""

    __slots__ = ()
    _array: np.ndarray[Any, Any]

    def item(self) -> Any:
        """Return the only element as a Python number.

        Raises
        ------
        RuntimeError
            If there is not exactly one.
        """
        if self._array.size != 1:
            # A RuntimeError for item(), a ValueError for float(), as in PyTorch.
            raise ShapeError(
                f"a tensor with {self._array.size} elements, of shape {self._array.shape}, is not "
                "a single number: reduce it first (.sum(), .mean()), or index one element"
            )
        return self._array.item()

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers."""
        return self._array.tolist()

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise RuntimeError(
                f"the truth of a tensor with {self._array.size} elements, of shape "
                f"{self._array.shape}, is ambiguous: use .any() or .all()"
            )
        return bool(self._array.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self._array.dtype.kind not in "biu" or self._array.size != 1:
            raise TypeError(
                "only an integer tensor with one element can be used as an index, not one of "
                f"{self._array.dtype} and shape {self._array.shape}"
            )
        return int(self._array.item())

    def __contains__(self, element: Any) -> bool:
        return bool((self._array == getattr(element, "_array", element)).any())

    def __format__(self, spec: str) -> str:
        # As in PyTorch: a single number is formatted as one, all else knows no format.
        return (
            format(self._array.item(), spec)
            if not self._array.ndim
            else object.__format__(self, spec)
        )

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if name not in ("__array_priority__",)]

    # ------------------------------------------------------------------------------------- dtypes

    def to(self, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False,
           non_blocking: bool = False) -> Any:  # fmt: skip
        """Convert to a dtype, to that of another tensor, or to a device (there is only "cpu").

        Returns
        -------
        Tensor
            This very tensor where there is nothing to convert, unless `copy`.

        Raises
        ------
        RuntimeError
            For another device than "cpu".
        """
        for arg in args:
            if isinstance(arg, Conversions):
                dtype = arg._array.dtype
            elif isinstance(arg, (dtypes.dtype, np.dtype, type)):
                dtype = arg
            elif arg is not None and not isinstance(arg, bool):
                device = arg
        if device is not None and str(device) != "cpu":
            raise RuntimeError(f"there is no device {str(device)!r}: tensors live on 'cpu'")
        wanted = self._array.dtype if dtype is None else dtypes.as_numpy(dtype)
        if wanted != self._array.dtype:
            return cast(self, dtype=wanted)
        return self.clone() if copy else self  # type: ignore[attr-defined]

    def type(self, dtype: Any = None) -> Any:
        """Convert to a dtype; without one, name the type."""
        if dtype is None:
            return f"tinygrad_bp.{dtypes.of_numpy(self._array.dtype).name.capitalize()}Tensor"
        return self.to(dtype=dtype)

    def type_as(self, other: Any) -> Any:
        """Convert to the dtype of another tensor."""
        return self.to(dtype=other.dtype)

    def float(self) -> Any:
        """Convert to float32."""
        return self.to(dtype=dtypes.float32)

    def double(self) -> Any:
        """Convert to float64."""
        return self.to(dtype=dtypes.float64)

    def half(self) -> Any:
        """Convert to float16."""
        return self.to(dtype=dtypes.float16)

    def long(self) -> Any:
        """Convert to int64."""
        return self.to(dtype=dtypes.int64)

    def int(self) -> Any:
        """Convert to int32."""
        return self.to(dtype=dtypes.int32)

    def bool(self) -> Any:
        """Convert to bool: whether an element is not zero."""
        return self.to(dtype=dtypes.bool)

    def cpu(self) -> Self:
        """Return this tensor: it lives on the CPU."""
        return self

    def contiguous(self) -> Any:
        """Return a tensor whose elements lie in order in memory; this one if they do."""
        return self if self.is_contiguous() else self.clone()  # type: ignore[attr-defined]

    def is_contiguous(self) -> Any:
        """Whether the elements lie in order in memory."""
        return self._array.flags.c_contiguous

    def stride(self, dim: Any = None) -> Any:
        """Return how many elements lie between neighbours along each axis."""
        steps = tuple(s // self._array.itemsize for s in self._array.strides)
        return steps if dim is None else steps[dim]

    def data_ptr(self) -> Any:
        """Return the address of the first element."""
        return self._array.ctypes.data

    def element_size(self) -> Any:
        """Return the bytes of an element."""
        return self._array.itemsize

    # ------------------------------------------------------------------------- others of this kind

    def new_tensor(self: Any, data: Any, dtype: Any = None, requires_grad: Any = False) -> Any:
        """Make a tensor of other data and, unless given, this one's dtype."""
        array = numbers(data)
        if dtype is not None or not isinstance(data, np.ndarray):
            array = array.astype(dtypes.as_numpy(self._array.dtype if dtype is None else dtype))
        return self._plain(array, requires_grad)

    def _plain(self: Any, array: Any, requires_grad: Any) -> Any:
        made = type(self.detach())._over(array)
        return made.requires_grad_() if requires_grad else made

    def _new(self, value: Any, size: Any, dtype: Any, requires_grad: Any) -> Any:
        kind = dtypes.as_numpy(self._array.dtype if dtype is None else dtype)
        return self._plain(np.full(shape_of(size), value, kind), requires_grad)

    def new_zeros(self, *size: Any, dtype: Any = None, requires_grad: Any = False) -> Any:
        """Make a tensor of zeros of this one's dtype."""
        return self._new(0, size, dtype, requires_grad)

    new_empty = new_zeros

    def new_ones(self, *size: Any, dtype: Any = None, requires_grad: Any = False) -> Any:
        """Make a tensor of ones of this one's dtype."""
        return self._new(1, size, dtype, requires_grad)

    def new_full(self, size: Any, fill_value: Any, dtype: Any = None,
                 requires_grad: Any = False) -> Any:  # fmt: skip
        """Make a tensor of one value, of this one's dtype."""
        return self._new(fill_value, tuple(size), dtype, requires_grad)
