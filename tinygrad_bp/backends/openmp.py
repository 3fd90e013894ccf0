"""What PyTorch says of openmp: NumPy brings its own libraries."""

from __future__ import annotations


def is_available() -> bool:
    """Whether PyTorch's openmp is there: no."""
    return False
