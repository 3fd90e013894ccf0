"""The accelerator of this machine, whichever it is: there is none, tensors live on the CPU."""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = [
    "current_accelerator", "current_device_index", "device_count", "empty_cache", "is_available",
    "set_device_index", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether there is an accelerator: no."""
    return False


def device_count() -> int:
    """Return the number of accelerators: 0."""
    return 0


def current_accelerator(check_available: bool = False) -> None:
    """Return the accelerator in use: None."""
    return


def _absent(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise: there is no accelerator.

    Raises
    ------
    RuntimeError
    """
    raise RuntimeError(
        "there is no accelerator: tinygrad_bp runs on the CPU; ask tgb.accelerator.is_available()"
    )


current_device_index = current_device_idx = set_device_index = set_device_idx = _absent
synchronize = empty_cache = current_stream = set_stream = memory_allocated = _absent
