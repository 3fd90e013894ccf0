"""Apple's devices: there is none."""

from __future__ import annotations


def is_available() -> bool:
    """Whether there is such a device: no."""
    return False


def is_built() -> bool:
    """Whether this was built for such devices: no."""
    return False
