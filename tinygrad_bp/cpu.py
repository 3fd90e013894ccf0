"""The CPU, with the names that PyTorch's other devices have."""

from __future__ import annotations

from typing import Any

__all__ = ["current_device", "device_count", "is_available", "set_device", "synchronize"]


def is_available() -> bool:
    """Whether there is a CPU: yes."""
    return True


def device_count() -> int:
    """Return the number of CPUs as devices: 1."""
    return 1


def current_device() -> str:
    """Return the device in use."""
    return "cpu"


def synchronize(device: Any = None) -> None:
    """Wait for nothing: results are there when a call returns."""


def set_device(device: Any) -> None:
    """Accept the only device."""
