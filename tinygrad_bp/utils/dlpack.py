"""Memory shared with other libraries, by DLPack."""

from __future__ import annotations

from ..creation import from_dlpack
from ..tensor import Tensor

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: Tensor) -> object:
    """Give a capsule through which another library sees the same memory, once.

    Examples
    --------
    >>> import numpy as np
    >>> import tinygrad_bp as tgb
    >>> type(tgb.to_dlpack(tgb.ones(2))).__name__
    'PyCapsule'
    """
    capsule: object = tensor.__dlpack__()
    return capsule
