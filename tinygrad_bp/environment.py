"""The settings of PyTorch's runtime: remembered, and heeded where NumPy can."""

from __future__ import annotations

import os
from typing import Any

from .rules.native import forbid
from .tensor import Tensor

__all__ = [
    "are_deterministic_algorithms_enabled", "get_deterministic_debug_mode",
    "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads",
    "is_deterministic_algorithms_warn_only_enabled", "is_warn_always_enabled",
    "set_deterministic_debug_mode", "set_float32_matmul_precision", "set_flush_denormal",
    "set_num_interop_threads", "set_num_threads", "set_warn_always", "typename",
    "use_deterministic_algorithms",
]  # fmt: skip

_settings: dict[str, Any] = {
    "deterministic": False, "warn_only": False, "precision": "highest", "warn_always": False,
    "threads": None, "interop": None,
}  # fmt: skip


def openblas() -> list[Any]:
    """Find the OpenBLAS libraries that this process has loaded."""
    import ctypes

    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            paths = {line.split(maxsplit=5)[-1].strip() for line in maps if "openblas" in line}
    except OSError:
        return []
    return [ctypes.CDLL(path) for path in paths if ".so" in path]


def typename(obj: Any) -> str:
    """Return the name of an object's type, with its module; for a tensor the legacy name."""
    if isinstance(obj, Tensor):
        return str(obj.type())
    kind = obj if isinstance(obj, type) or hasattr(obj, "__qualname__") else type(obj)
    module = getattr(kind, "__module__", None)
    return kind.__qualname__ if module in (None, "builtins") else f"{module}.{kind.__qualname__}"


# --------------------------------------------------------------------------------- determinism


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for the same result each time, to the last bit.

    Without it, too, a run is repeated exactly from `manual_seed` on. But where the extra `compile`
    is installed, single operations become machine code once that pays, which adds up in another
    order: what was computed before tells when. So a run that goes on from a file in a new process
    differs by last digits from one that was never stopped. With `mode` NumPy does everything.
    """
    _settings.update(deterministic=bool(mode), warn_only=bool(warn_only))
    forbid(bool(mode))


def are_deterministic_algorithms_enabled() -> bool:
    """Return what :func:`use_deterministic_algorithms` has set."""
    return bool(_settings["deterministic"])


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Return what :func:`use_deterministic_algorithms` has set for `warn_only`."""
    return bool(_settings["warn_only"])


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """As :func:`use_deterministic_algorithms`: "default" (0), "warn" (1) or "error" (2)."""
    modes = {"default": 0, "warn": 1, "error": 2}
    mode = modes.get(debug_mode, -1) if isinstance(debug_mode, str) else debug_mode
    if mode not in (0, 1, 2):
        raise RuntimeError(f"{debug_mode!r} is none of the modes 'default', 'warn' and 'error'")
    use_deterministic_algorithms(mode > 0, warn_only=mode == 1)


def get_deterministic_debug_mode() -> int:
    """Return the mode: 0, 1 or 2."""
    return _settings["deterministic"] * (1 if _settings["warn_only"] else 2)  # type: ignore[no-any-return]


def set_float32_matmul_precision(precision: str) -> None:
    """Choose how exact products of float32 matrices have to be; ours are exact to float32.

    Raises
    ------
    RuntimeError
        For another word than "highest", "high" and "medium".
    """
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(f"{precision!r} is none of 'highest', 'high' and 'medium'")
    _settings["precision"] = precision


def get_float32_matmul_precision() -> str:
    """Return what :func:`set_float32_matmul_precision` has set."""
    return str(_settings["precision"])


def set_flush_denormal(mode: bool) -> bool:
    """Ask for tiny numbers to be taken as 0: NumPy can't, so the answer is False."""
    return False


def set_warn_always(b: bool) -> None:
    """Choose whether a warning is repeated: Python's own filters decide, this is remembered."""
    _settings["warn_always"] = bool(b)


def is_warn_always_enabled() -> bool:
    """Return what :func:`set_warn_always` has set."""
    return bool(_settings["warn_always"])


# ------------------------------------------------------------------------------------- threads


def get_num_threads() -> int:
    """Return how many threads a product of matrices may use."""
    if _settings["threads"] is not None:
        return int(_settings["threads"])
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        if os.environ.get(name, "").isdigit():
            return int(os.environ[name])
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_num_threads(num: int) -> None:
    """Choose how many threads a product of matrices may use.

    It takes effect where NumPy's BLAS is OpenBLAS and the system tells where it is (Linux);
    elsewhere set ``OMP_NUM_THREADS`` before Python is started.

    Raises
    ------
    RuntimeError
        For a number that is not positive.
    """
    if num <= 0:
        raise RuntimeError(f"set_num_threads: expected a positive number of threads, not {num}")
    _settings["threads"] = int(num)
    for library in openblas():
        for name in ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_",
                     "scipy_openblas_set_num_threads", "openblas_set_num_threads"):  # fmt: skip
            if hasattr(library, name):
                getattr(library, name)(int(num))
                break


def set_num_interop_threads(num: int) -> None:
    """Accept a number of threads for operations side by side: they run one after the other."""
    if num <= 0:
        raise RuntimeError(f"set_num_interop_threads: expected a positive number, not {num}")
    _settings["interop"] = int(num)


def get_num_interop_threads() -> int:
    """Return what :func:`set_num_interop_threads` has set, else 1."""
    return _settings["interop"] or 1
