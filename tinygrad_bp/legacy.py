"""Names from before there were dtypes: ``FloatTensor`` and the like, which scripts still use."""

from __future__ import annotations

from typing import Any

from .conversion import LEGACY, legacy_array, of_legacy_name
from .devices import NoDeviceError, on_cpu
from .dtype import dtype, set_default_dtype
from .tensor import Tensor, wrap

__all__ = ["TYPES", "absent_types", "set_default_tensor_type"]


class _TensorType(type):
    """The type of the legacy types: a tensor is an instance of the one that has its dtype."""

    dtype: dtype

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __call__(cls, *data: Any, device: Any = None) -> Tensor:
        """Make a tensor from data, or of a size, yet to be set (with zeros)."""
        return wrap(legacy_array(data, cls.dtype.dtype, device))

    def __repr__(cls) -> str:
        return f"<class 'tinygrad_bp.{cls.__name__}'>"


#: The types by name; the face exports them.
TYPES: dict[str, Any] = {
    name: _TensorType(
        name, (), {"dtype": dtype, "__doc__": f"Tensors of {dtype.name}, an older name."}
    )
    for name, dtype in LEGACY.items()
}


class _AbsentType(type):
    """The type of the legacy types of devices that are not there: nothing is of them."""

    where: str

    @property
    def dtype(cls) -> Any:
        return cls()

    def __instancecheck__(cls, instance: Any) -> bool:
        return False

    def __call__(cls, *data: Any, device: Any = None) -> Any:
        raise _no_type(cls.where, cls.__name__)


class _NoTypeError(TypeError, NoDeviceError):
    """PyTorch raises a TypeError here."""


def _no_type(where: str, name: str) -> Exception:
    return _NoTypeError(
        f"type {where}.{name} is not available: there is no such device; tgb.{name} is on the CPU"
    )


def absent_types(where: str) -> dict[str, Any]:
    """Return the legacy types of a device that is not there, to be named and not to be called."""
    return {
        name: _AbsentType(name, (), {"where": where, "__doc__": f"There is no {where} device."})
        for name in LEGACY
    }


def set_default_tensor_type(t: Any) -> None:
    """Choose the dtype that Python floats get, by the name or class of a legacy type.

    Raises
    ------
    TypeError
        For a type without a fraction, or of a device that is not there.
    """
    if isinstance(t, str):
        if ".cuda." in t:
            on_cpu("cuda")
        set_default_dtype(of_legacy_name(t))
    else:
        set_default_dtype(t.dtype)


def __getattr__(name: str) -> Any:
    if name in TYPES:
        return TYPES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
