"""Apple's devices: there is none."""

from __future__ import annotations

from ..cuda import _absent, _nothing, _zero, device_count, is_available

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "seed", "synchronize"]

manual_seed = seed = empty_cache = _nothing
current_allocated_memory = driver_allocated_memory = _zero
synchronize = get_rng_state = set_rng_state = _absent
