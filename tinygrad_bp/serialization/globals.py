"""Classes and functions that a pickle may name although no other code may run."""

from __future__ import annotations

import contextlib
import io
import pickle
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from ..dtype import dtype
from ..op import Op

__all__ = ["add_safe_globals", "clear_safe_globals", "get_safe_globals", "loads", "safe_globals"]

#: What tensors, their arrays and the plain containers around them are made of.
_ALWAYS = {
    ("builtins", "set"), ("builtins", "frozenset"), ("builtins", "complex"),
    ("builtins", "bytearray"), ("builtins", "slice"), ("collections", "OrderedDict"),
    ("collections", "defaultdict"), ("collections", "Counter"),
    ("numpy", "dtype"), ("numpy", "ndarray"), ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "scalar"), ("numpy._core.numeric", "_frombuffer"),
    ("tinygrad_bp.exchange", "_rebuild"), ("tinygrad_bp.tensor", "Tensor"),
    ("tinygrad_bp.nn.parameter", "Parameter"), ("tinygrad_bp.nn.modules.state", "_StateDict"),
    ("tinygrad_bp.arrays", "Size"), ("tinygrad_bp.devices", "device"),
}  # fmt: skip
_TABLE = "tinygrad_bp.rules."

_safe: list[Any] = []


def add_safe_globals(safe_globals: Sequence[Any]) -> None:
    """Allow classes and functions in what ``load(…, weights_only=True)`` reads, from now on.

    Parameters
    ----------
    safe_globals : sequence
        Classes and functions, or pairs of one and the full name that a file has for it.
    """
    _safe.extend(safe_globals)


def get_safe_globals() -> list[Any]:
    """Return what :func:`add_safe_globals` has allowed."""
    return list(_safe)


def clear_safe_globals() -> None:
    """Allow nothing besides tensors and plain containers."""
    _safe.clear()


@contextlib.contextmanager
def safe_globals(safe_globals: Sequence[Any]) -> Iterator[None]:
    """Allow classes and functions for the length of a with-block; see :func:`add_safe_globals`."""
    before = list(_safe)
    add_safe_globals(safe_globals)
    try:
        yield
    finally:
        _safe[:] = before


class _Unpickler(pickle.Unpickler):
    """Finds only what was allowed."""

    def find_class(self, module: str, name: str) -> Any:
        """Look a global name up, if it may be."""
        if (module, name) in _ALWAYS:
            return super().find_class(module, name)
        if (module, name) == ("tinygrad_bp.op", "_found_op"):
            return _own_op
        if module == "tinygrad_bp.dtype" and isinstance(
            found := super().find_class(module, name), dtype
        ):
            return found
        for entry in _safe:
            thing, known = entry if isinstance(entry, tuple) else (entry, _full_name(entry))
            if known == f"{module}.{name}":
                return thing
        raise pickle.UnpicklingError(
            f"the file names {module}.{name}, which was not allowed: if you trust it, call "
            "tgb.serialization.add_safe_globals with it"
        )


def _own_op(module: str, name: str) -> Any:
    """Find an operation of the table, and nothing else."""
    found = getattr(import_module(module), name) if module.startswith(_TABLE) else None
    if not isinstance(found, Op):
        raise pickle.UnpicklingError(f"the file names {module}.{name}, which is no operation")
    return found


def _full_name(thing: Any) -> str:
    return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}"


def loads(data: bytes, **options: Any) -> Any:
    """Unpickle bytes in which only allowed names occur.

    Raises
    ------
    pickle.UnpicklingError
        For any other name.
    """
    return _Unpickler(io.BytesIO(data), **options).load()
