"""Names of types, for annotations."""

from __future__ import annotations

import builtins
from typing import Any, TypeAlias

from .devices import device
from .dtype import dtype
from .memory import UntypedStorage as Storage
from .tensor import Size, Tensor

__all__ = ["Device", "FileLike", "Number", "Storage", "Tensor"]

Number: TypeAlias = builtins.int | builtins.float | builtins.bool
Device: TypeAlias = device | builtins.str | builtins.int | None
FileLike: TypeAlias = Any
_TensorOrTensors: TypeAlias = Tensor | tuple[Tensor, ...]
_dtype, _device, _size = dtype, device, Size | tuple[builtins.int, ...]
_int, _float, _bool = builtins.int, builtins.float, builtins.bool
