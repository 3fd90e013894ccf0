"""From tensors to Python numbers and to other dtypes; where and how the elements lie."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from . import dtype as dtypes
from .arrays import Size, numbers, shape_of
from .devices import (
    CPU,
    channels_last,
    channels_last_3d,
    device,
    layout,
    on_cpu,
    strided,
)  # fmt: skip
from .memory import UntypedStorage, is_shared_memory, shared_copy
from .messages import ShapeError
from .rules.shape import cast
from .storage import owner_of

__all__ = ["LEGACY", "Conversions"]

#: The names that tensor types had before there were dtypes; scripts still use them.
LEGACY = {
    "FloatTensor": dtypes.float32, "DoubleTensor": dtypes.float64, "HalfTensor": dtypes.float16,
    "LongTensor": dtypes.int64, "IntTensor": dtypes.int32, "ShortTensor": dtypes.int16,
    "CharTensor": dtypes.int8, "ByteTensor": dtypes.uint8, "BoolTensor": dtypes.bool,
    "ComplexFloatTensor": dtypes.complex64, "ComplexDoubleTensor": dtypes.complex128,
}  # fmt: skip
_LEGACY_NAME = {dtype: name for name, dtype in LEGACY.items()}


def of_legacy_name(name: str) -> dtypes.dtype:
    """Return the dtype of a type named as in ``"torch.LongTensor"``.

    Raises
    ------
    AssertionError, RuntimeError
        As one error, for a type of another device.
    ValueError
        For what is no such name.
    """
    _, _, last = name.rpartition(".")
    if ".cuda." in name:
        on_cpu("cuda")
    if last not in LEGACY:
        raise ValueError(f"invalid type: {name!r}; the types are {', '.join(LEGACY)}")
    return LEGACY[last]


def legacy_array(
    data: tuple[Any, ...], kind: np.dtype[Any], device: Any = None
) -> np.ndarray[Any, Any]:
    """Read what a legacy constructor is given: lengths, a Size, or numbers."""
    if device is not None:
        on_cpu(device)
    if not data:
        return np.zeros(0, kind)
    first = data[0]
    if isinstance(first, Conversions):
        return first._array.astype(kind, copy=False)
    if isinstance(first, Size) or len(data) > 1 or isinstance(first, int):
        return np.zeros(shape_of(data), kind)
    if isinstance(first, (float, complex)) or first is None:
        raise TypeError(
            f"a legacy tensor type takes lengths or a sequence, not {first!r}: use tgb.tensor"
        )
    return numbers(first, kind).astype(kind, copy=False)


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

    # ----------------------------------------------------------------------- dtypes and devices

    def to(self, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False,
           non_blocking: bool = False, memory_format: Any = None) -> Any:  # fmt: skip
        """Convert to a dtype, to that of another tensor, or to a device (there is only "cpu").

        Parameters
        ----------
        *args
            As in PyTorch: a dtype, a device or another tensor, a dtype after a device, and then
            `non_blocking` and `copy`.
        dtype, device, copy, non_blocking, memory_format : optional
            The same by name.

        Returns
        -------
        Tensor
            This very tensor where there is nothing to convert, unless `copy`.

        Raises
        ------
        AssertionError, RuntimeError
            As one error, for another device than "cpu".
        """
        flags = []
        for arg in args:
            if isinstance(arg, Conversions):
                dtype = arg._array.dtype
            elif isinstance(arg, (dtypes.dtype, np.dtype, type)):
                dtype = arg
            elif isinstance(arg, bool):
                flags.append(arg)
            elif arg is not None:
                device = arg
        if device is not None:
            on_cpu(device)
        wanted = self._array.dtype if dtype is None else dtypes.as_numpy(dtype)
        if wanted != self._array.dtype:
            return cast(self, dtype=wanted)
        copy = copy or flags[1:] == [True]  # `non_blocking` comes first
        return self.clone() if copy else self  # type: ignore[attr-defined]

    def type(self, dtype: Any = None, non_blocking: bool = False) -> Any:
        """Convert to a dtype or legacy type; without one, name the legacy type.

        Parameters
        ----------
        dtype : dtype, class or str, optional
            ``tgb.float64``, ``tgb.DoubleTensor`` or the name of such a class.
        """
        if dtype is None:
            own = dtypes.of_numpy(self._array.dtype)
            return f"tinygrad_bp.{_LEGACY_NAME.get(own, own.name)}"
        return self.to(dtype=of_legacy_name(dtype) if isinstance(dtype, str) else dtype)

    def type_as(self, other: Any) -> Any:
        """Convert to the dtype of another tensor."""
        return self.to(dtype=other.dtype)

    def float(self, memory_format: Any = None) -> Any:
        """Convert to float32."""
        return self.to(dtype=dtypes.float32)

    def double(self, memory_format: Any = None) -> Any:
        """Convert to float64."""
        return self.to(dtype=dtypes.float64)

    def half(self, memory_format: Any = None) -> Any:
        """Convert to float16."""
        return self.to(dtype=dtypes.float16)

    def bfloat16(self, memory_format: Any = None) -> Any:
        """Raise: NumPy has no such numbers."""
        return self.to(dtype=dtypes.bfloat16)

    def cfloat(self, memory_format: Any = None) -> Any:
        """Convert to complex64."""
        return self.to(dtype=dtypes.complex64)

    def cdouble(self, memory_format: Any = None) -> Any:
        """Convert to complex128."""
        return self.to(dtype=dtypes.complex128)

    def long(self, memory_format: Any = None) -> Any:
        """Convert to int64."""
        return self.to(dtype=dtypes.int64)

    def int(self, memory_format: Any = None) -> Any:
        """Convert to int32."""
        return self.to(dtype=dtypes.int32)

    def short(self, memory_format: Any = None) -> Any:
        """Convert to int16."""
        return self.to(dtype=dtypes.int16)

    def char(self, memory_format: Any = None) -> Any:
        """Convert to int8."""
        return self.to(dtype=dtypes.int8)

    def byte(self, memory_format: Any = None) -> Any:
        """Convert to uint8."""
        return self.to(dtype=dtypes.uint8)

    def bool(self, memory_format: Any = None) -> Any:
        """Convert to bool: whether an element is not zero."""
        return self.to(dtype=dtypes.bool)

    def cpu(self, memory_format: Any = None) -> Self:
        """Return this tensor: it lives on the CPU."""
        return self

    def cuda(self, device: Any = None, non_blocking: Any = False, memory_format: Any = None) -> Any:
        """Raise: there is no such device."""
        return self.to("cuda" if device is None else device)

    @property
    def device(self) -> device:
        """Where the elements live: on the CPU."""
        return CPU

    @property
    def layout(self) -> layout:
        """How the elements are stored: strided."""
        return strided

    #: Whether it is of a kind that we don't have.
    is_cuda = is_mps = is_xpu = is_meta = is_sparse = is_quantized = is_mkldnn = False
    is_sparse_csr = is_nested = is_xla = is_ipu = is_vulkan = is_mtia = is_maia = False
    is_cpu = True
    output_nr = 0

    def is_distributed(self) -> Any:
        """Whether it lies on several machines: no."""
        return False

    def sparse_dim(self) -> Any:
        """Return how many axes are stored by coordinates: none."""
        return 0

    def dense_dim(self) -> Any:
        """Return how many axes are stored whole: all."""
        return self._array.ndim

    def to_dense(self, dtype: Any = None, *, masked_grad: Any = None) -> Any:
        """Return this tensor: it is stored with its zeros."""
        return self.to(dtype=dtype)

    def get_device(self) -> Any:
        """Return the number of the device: -1 for the CPU."""
        return -1

    def pin_memory(self, device: Any = None) -> Self:
        """Return this tensor: memory is pinned for the sake of another device only."""
        return self

    def is_pinned(self, device: Any = None) -> Any:
        """Whether the memory is pinned: no."""
        return False

    # -------------------------------------------------------------------------------- the memory

    def contiguous(self, memory_format: Any = None) -> Any:
        """Return a tensor whose elements lie in order in memory; this one if they do.

        With a channels-last `memory_format`, axis 1 is the last in this order.
        """
        if self.is_contiguous(memory_format):
            return self
        if self._array.ndim != {channels_last: 4, channels_last_3d: 5}.get(memory_format):
            return self if self.is_contiguous() else self.clone()  # type: ignore[attr-defined]
        return self.movedim(1, -1).contiguous().movedim(-1, 1)  # type: ignore[attr-defined]

    def is_contiguous(self, memory_format: Any = None) -> Any:
        """Whether the elements lie in order in memory."""
        array = self._array
        if memory_format in (channels_last, channels_last_3d):
            if array.ndim != (4 if memory_format is channels_last else 5):
                return False
            array = np.moveaxis(array, 1, -1)
        return array.flags.c_contiguous

    def stride(self, dim: Any = None) -> Any:
        """Return how many elements lie between neighbours along each axis."""
        steps = tuple(s // self._array.itemsize for s in self._array.strides)
        return steps if dim is None else steps[dim]

    def dim_order(self) -> Any:
        """Return the axes, from the one with the largest stride to that with the smallest."""
        return tuple(sorted(range(self._array.ndim), key=lambda i: -self._array.strides[i]))

    def is_set_to(self, tensor: Any) -> Any:
        """Whether another tensor shows the same memory in the same way."""
        return (
            self.data_ptr() == tensor.data_ptr()
            and self._array.shape == tensor._array.shape
            and self._array.strides == tensor._array.strides
        )

    def storage_offset(self) -> Any:
        """Return how many elements of the shared memory lie before the first."""
        owner = owner_of(self._array)
        return (self.data_ptr() - owner.ctypes.data) // max(self._array.itemsize, 1)

    def untyped_storage(self) -> UntypedStorage:
        """Return the memory that this tensor and its views share, as bytes."""
        return UntypedStorage(owner_of(self._array))

    def data_ptr(self) -> Any:
        """Return the address of the first element."""
        return self._array.ctypes.data

    def element_size(self) -> Any:
        """Return the bytes of an element."""
        return self._array.itemsize

    @property
    def itemsize(self) -> Any:
        """The bytes of an element."""
        return self._array.itemsize

    @property
    def nbytes(self) -> Any:
        """The bytes of all elements."""
        return self._array.nbytes

    def is_shared(self) -> Any:
        """Whether processes forked from this one see the same memory."""
        return is_shared_memory(owner_of(self._array))

    def share_memory_(self: Any) -> Any:
        """Move to memory that processes forked from this one share; views of it stay behind."""
        if not self.is_shared():
            self.data = type(self.detach())._over(shared_copy(self._array))
        return self
