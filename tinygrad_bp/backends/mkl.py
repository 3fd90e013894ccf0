"""What PyTorch says of mkl: NumPy brings its own libraries."""

from __future__ import annotations


def is_available() -> bool:
    """Whether PyTorch's mkl is there: no."""
    return False
