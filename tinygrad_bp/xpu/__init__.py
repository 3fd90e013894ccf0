"""Intel's devices: there is none."""

from __future__ import annotations

from ..cuda import (
    _absent,
    _nothing,
    _zero,
    device_count,
    is_available,
    is_bf16_supported,
    is_initialized,
)  # fmt: skip

__all__ = [
    "current_device", "device_count", "empty_cache", "is_available", "is_bf16_supported",
    "is_initialized", "manual_seed", "manual_seed_all", "memory_allocated", "set_device",
    "synchronize",
]  # fmt: skip

manual_seed = manual_seed_all = seed = seed_all = empty_cache = _nothing
memory_allocated = max_memory_allocated = memory_reserved = max_memory_reserved = _zero
current_device = get_device_name = get_device_properties = set_device = synchronize = _absent
