"""Element types with PyTorch's names, and PyTorch's rules for mixing them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

__all__ = [
    "as_numpy", "bfloat16", "bool", "can_cast", "cdouble", "cfloat", "complex64", "complex128",
    "double", "dtype", "finfo", "float", "float16", "float32", "float64", "get_default_dtype",
    "half", "iinfo", "int", "int8", "int16", "int32", "int64", "long", "promote_types",
    "result_type", "set_default_dtype", "short", "uint8", "uint16", "uint32", "uint64",
]  # fmt: skip

# The names of Python's types stand for dtypes below, as in PyTorch.
_bool: TypeAlias = bool
_int: TypeAlias = int
_float: TypeAlias = float


class dtype:  # noqa: N801  PyTorch's name
    """The type of a tensor's elements.

    It equals, and is accepted in place of, NumPy's dtype of that name.

    Examples
    --------
    >>> import numpy as np
    >>> import tinygrad_bp as tgb
    >>> tgb.float32
    tinygrad_bp.float32
    >>> tgb.float32 == np.float32, np.zeros(2, dtype=tgb.int64).dtype
    (True, dtype('int64'))
    """

    __slots__ = ("dtype", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.dtype = np.dtype(name)  # NumPy reads this attribute where it expects a dtype

    @property
    def is_floating_point(self) -> _bool:
        """Whether numbers of this type have a fraction and a gradient."""
        return self.dtype.kind == "f"

    @property
    def is_complex(self) -> _bool:
        """Whether this is a complex type."""
        return self.dtype.kind == "c"

    @property
    def is_signed(self) -> _bool:
        """Whether this type has negative numbers."""
        return self.dtype.kind in "ifc"

    @property
    def itemsize(self) -> _int:
        """Bytes per element."""
        return self.dtype.itemsize

    def __eq__(self, other: object) -> _bool:
        if isinstance(other, dtype):
            return self is other
        try:
            return self.dtype == other
        except TypeError:
            return False

    def __hash__(self) -> _int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"tinygrad_bp.{self.name}"

    def __reduce__(self) -> str:
        return self.name

    def to_real(self) -> dtype:
        """Return the type of the real and the imaginary part; a real type is its own."""
        return _OF_NUMPY[np.dtype(f"f{self.itemsize // 2}")] if self.is_complex else self

    def to_complex(self) -> dtype:
        """Return the complex type of this precision."""
        if self.is_complex:
            return self
        return complex128 if self.itemsize == 8 else complex64


class _Bfloat16(dtype):
    """A name to compare with and to pass on: NumPy has no such numbers, so no tensor has them."""

    __slots__ = ()

    def __init__(self) -> None:
        self.name = "bfloat16"

    @property
    def dtype(self) -> Any:  # type: ignore[override]
        raise TypeError(
            "NumPy has no bfloat16, so there are no tensors of it: use tgb.float32, or under "
            "autocast nothing (it computes in float32)"
        )

    is_floating_point = is_signed = True
    is_complex = False
    itemsize = 2

    def __hash__(self) -> _int:
        return hash(self.name)


bool = dtype("bool")
uint8, int8, int16 = dtype("uint8"), dtype("int8"), dtype("int16")
uint16, uint32, uint64 = dtype("uint16"), dtype("uint32"), dtype("uint64")
int32, int64 = dtype("int32"), dtype("int64")
float16, float32, float64 = dtype("float16"), dtype("float32"), dtype("float64")
complex64, complex128 = dtype("complex64"), dtype("complex128")
half, float, double = float16, float32, float64
short, int, long = int16, int32, int64
cfloat, cdouble = complex64, complex128
bfloat16: dtype = _Bfloat16()

_ALL = (
    bool, uint8, int8, int16, int32, int64, float16, float32, float64, complex64, complex128,
    uint16, uint32, uint64,
)  # fmt: skip
_OF_NUMPY: dict[Any, dtype] = {d.dtype: d for d in _ALL}

_default = np.dtype("float32")


def of_numpy(numpy_dtype: np.dtype[Any]) -> dtype:
    """Return our name for a NumPy dtype."""
    try:
        return _OF_NUMPY[numpy_dtype]
    except KeyError:
        raise TypeError(
            f"can't make a tensor of NumPy dtype {numpy_dtype}; "
            f"the supported ones are {', '.join(d.name for d in _ALL)}"
        ) from None


def as_numpy(given: Any) -> np.dtype[Any]:
    """Return the NumPy dtype for one of ours, a Python type, or whatever NumPy understands."""
    if isinstance(given, dtype):
        return given.dtype
    if given is _float:
        return _default
    if isinstance(getattr(given, "dtype", None), dtype):  # a legacy type: tgb.FloatTensor
        return given.dtype.dtype  # type: ignore[no-any-return]
    return of_numpy(np.dtype(given)).dtype


def get_default_dtype() -> dtype:
    """Return the dtype that Python floats get: float32 unless changed."""
    return _OF_NUMPY[_default]


def set_default_dtype(d: dtype) -> None:
    """Choose the dtype that Python floats get.

    Raises
    ------
    TypeError
        If it is no floating-point type.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.get_default_dtype()
    tinygrad_bp.float32
    """
    global _default
    numpy_dtype = as_numpy(d)
    if numpy_dtype.kind != "f":
        raise TypeError(f"only floating-point types can be the default dtype, not {d}")
    _default = numpy_dtype


_RANK = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}


def of_scalar(value: Any) -> np.dtype[Any]:
    """Return the dtype of a Python number on its own."""
    if isinstance(value, (_bool, np.bool_)):
        return bool.dtype
    if isinstance(value, _int):
        return int64.dtype
    if isinstance(value, complex):
        return complex128.dtype if _default.itemsize == 8 else complex64.dtype
    return _default


def common_dtype(values: Any, floating: _bool = False) -> np.dtype[Any]:
    """Return the dtype in which operands of several kinds meet, by PyTorch's rules.

    Operands with dimensions outrank zero-dimensional ones, and these outrank Python numbers, unless
    the lower one is of a higher category (bool < integer < floating < complex). With `floating`,
    a result that is no floating type becomes the default dtype.

    Source: https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype (type promotion)
    """
    levels: list[list[np.dtype[Any]]] = [[], [], []]  # with dimensions, without, Python numbers
    for value in values:
        if isinstance(value, np.ndarray):
            levels[0 if value.ndim else 1].append(value.dtype)
        else:
            levels[2].append(of_scalar(value))
    result: np.dtype[Any] | None = None
    for level in levels:
        if level:
            here = level[0]
            for other in level[1:]:
                here = _join(here, other)
            if result is None or _RANK[here.kind] > _RANK[result.kind]:
                result = here if result is None else _lift(result, here)
    assert result is not None
    return _default if floating and result.kind in "bui" else result


def _join(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    # NumPy would widen int64 with float32 to float64; in PyTorch the floating one decides.
    if a.kind in "bui" and b.kind in "fc":
        return b
    if b.kind in "bui" and a.kind in "fc":
        return a
    joined = np.promote_types(a, b)
    if joined.kind == "f" and a.kind in "iu":
        raise RuntimeError(
            f"{a} and {b} have no common integer type: convert one of them first, x.to(tgb.int64)"
        )
    return joined


def _lift(result: np.dtype[Any], higher: np.dtype[Any]) -> np.dtype[Any]:
    # A complex number meeting floats keeps their precision.
    if higher.kind == "c" and result.kind == "f":
        return np.dtype("complex128") if result.itemsize == 8 else np.dtype("complex64")
    return higher


def result_type(*operands: Any) -> dtype:
    """Return the dtype that an operation on these tensors and numbers gives.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.result_type(tgb.tensor([1]), 1.0)
    tinygrad_bp.float32
    """
    return of_numpy(common_dtype([getattr(operand, "_array", operand) for operand in operands]))


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """Return the smallest dtype to which both can be converted, by PyTorch's rules.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.promote_types(tgb.int64, tgb.float32)
    tinygrad_bp.float32
    """
    return of_numpy(_join(as_numpy(type1), as_numpy(type2)))


def can_cast(from_: dtype, to: dtype) -> _bool:
    """Whether PyTorch's rules allow the conversion inside an in-place operation.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.can_cast(tgb.float64, tgb.float32), tgb.can_cast(tgb.float32, tgb.int64)
    (True, False)
    """
    return _RANK[as_numpy(from_).kind] <= _RANK[as_numpy(to).kind]


class finfo:  # noqa: N801  PyTorch's name
    """The limits of a floating-point type, as Python numbers.

    Parameters
    ----------
    type : dtype, optional
        The default dtype if left out; of a complex type, its parts' limits.

    Raises
    ------
    TypeError
        For an integer type.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.finfo(tgb.float16).max, tgb.finfo().bits
    (65504.0, 32)
    """

    __slots__ = (
        "bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny",
    )  # fmt: skip

    def __init__(self, type: Any = None) -> None:
        if type is bfloat16:
            # 8 bits of exponent, as float32, and 7 of mantissa.
            self.bits, self.dtype, self.eps, self.resolution = 16, "bfloat16", 2.0**-7, 0.01
            self.max, self.tiny = (2 - 2.0**-7) * 2.0**127, 2.0**-126
        else:
            kind = _default if type is None else as_numpy(type)
            if kind.kind not in "fc":
                raise TypeError(f"finfo is for floating-point types; {kind} has tgb.iinfo")
            limits = np.finfo(kind)
            self.bits, self.dtype = limits.bits, str(limits.dtype)
            self.eps, self.resolution = _float(limits.eps), _float(str(limits.resolution))
            self.max, self.tiny = _float(limits.max), _float(limits.tiny)
        self.min, self.smallest_normal = -self.max, self.tiny

    def __repr__(self) -> str:
        numbers = ", ".join(
            f"{name}={getattr(self, name):g}"
            for name in ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        )
        return f"finfo({numbers}, dtype={self.dtype})"


class iinfo:  # noqa: N801  PyTorch's name
    """The limits of an integer type, as Python numbers.

    Raises
    ------
    TypeError
        For bool and for types with a fraction.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.iinfo(tgb.int8).min
    -128
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, type: Any) -> None:
        kind = as_numpy(type)
        if kind.kind not in "iu":
            raise TypeError(f"iinfo is for integer types; for {kind} there is tgb.finfo")
        limits = np.iinfo(kind)
        self.bits, self.dtype = limits.bits, str(limits.dtype)
        self.min, self.max = _int(limits.min), _int(limits.max)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
