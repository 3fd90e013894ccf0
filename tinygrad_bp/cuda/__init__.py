"""CUDA's names: there is no such device, and what asks for it is told so.

``tgb.cuda.is_available()`` is False, so scripts take the CPU. What PyTorch without CUDA answers or
does quietly (seeds, counts of memory), is answered here too; the rest raises.
"""

from __future__ import annotations

from typing import Any, NoReturn, Self

from ..devices import AcceleratorError, NoDeviceError, OutOfMemoryError
from ..legacy import absent_types

__all__ = [
    "AcceleratorError", "Event", "OutOfMemoryError", "Stream", "current_device", "current_stream",
    "default_stream", "device",
    "device_count", "device_of", "empty_cache", "get_device_capability", "get_device_name",
    "get_device_properties", "get_rng_state", "get_rng_state_all", "init", "initial_seed",
    "is_available", "is_bf16_supported", "is_initialized", "manual_seed", "manual_seed_all",
    "max_memory_allocated", "max_memory_reserved", "mem_get_info", "memory_allocated",
    "memory_reserved", "reset_peak_memory_stats", "seed", "seed_all", "set_device", "set_rng_state",
    "set_rng_state_all", "stream", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether there is a CUDA device: no."""
    return False


def is_initialized() -> bool:
    """Whether CUDA is in use: no."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether a CUDA device computes in bfloat16: there is none."""
    return False


def device_count() -> int:
    """Return the number of CUDA devices: 0."""
    return 0


def _nothing(*args: Any, **kwargs: Any) -> None:
    """Do nothing: without a device there is nothing to do, as in PyTorch."""


manual_seed = manual_seed_all = seed = seed_all = empty_cache = set_rng_state_all = _nothing
reset_peak_memory_stats = reset_max_memory_allocated = _nothing


def _zero(device: Any = None) -> int:
    """Return the bytes in use on a CUDA device: 0."""
    return 0


memory_allocated = max_memory_allocated = memory_reserved = max_memory_reserved = _zero


def get_rng_state_all() -> list[Any]:
    """Return the state of each CUDA device's generator: there is none."""
    return []


def _absent(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise: there is no CUDA device.

    Raises
    ------
    AssertionError, RuntimeError
        As one error.
    """
    raise NoDeviceError(
        "there is no such device: tinygrad_bp runs on the CPU; ask tgb.cuda.is_available() first"
    )


current_device = current_stream = default_stream = get_device_capability = get_device_name = _absent
get_device_properties = get_rng_state = init = initial_seed = mem_get_info = set_device = _absent
set_rng_state = synchronize = ipc_collect = _absent


class Stream:
    """A queue of a CUDA device: there is none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _absent()


class Event(Stream):
    """A mark in a queue of a CUDA device: there is none."""


class device:  # noqa: N801  PyTorch's name
    """A with-block that selects a CUDA device: None selects nothing, as in PyTorch."""

    def __init__(self, device: Any = None) -> None:
        self._wanted = device

    def __enter__(self) -> Self:
        if self._wanted is not None and self._wanted != -1:
            _absent()
        return self

    def __exit__(self, *error: Any) -> None:
        return None


class device_of(device):  # noqa: N801
    """A with-block that selects the device of a tensor: the CPU, so nothing changes."""

    def __init__(self, obj: Any) -> None:
        super().__init__(None)


class stream(device):  # noqa: N801
    """A with-block that selects a queue of a device."""


_TYPES = absent_types("cuda")


def __getattr__(name: str) -> Any:
    if name in _TYPES:
        return _TYPES[name]
    if name == "amp":
        from importlib import import_module

        return import_module(".amp", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
