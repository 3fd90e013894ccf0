"""Memory that may change after a rule asked to keep it: how a change is noticed.

A rule names values of the forward pass that it reads in the backward pass. If such a value is
changed in between, the gradient would be silently wrong. So every kept value has a guard:

- changes made through Tensors (``x += 1``, ``x[0] = 1``, through any view) count up the `version`
  of the storage that a tensor and its views share;
- changes made behind our back, through a NumPy array that shares the memory (``from_numpy``,
  ``.numpy()``, an array that was an operand itself), cannot be counted. Such values are compared
  with a snapshot, byte for byte. A snapshot costs a copy (5 µs for a batch of 64 MNIST images) and
  is taken only of memory that NumPy code can reach.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Guard", "Storage", "changed"]

Array = np.ndarray[Any, np.dtype[Any]]


class _Unusual:
    """What few storages have, with what the others have instead."""

    __slots__ = ()
    shared = False
    inference = False
    rewrites = 0
    exposures: tuple[tuple[Array, bytes], ...] = ()


class Storage(_Unusual):
    """The memory that a tensor shares with its views.

    Attributes
    ----------
    version : int
        How often it was changed in place through a tensor.
    kept : bool
        Some recorded operation keeps a value of this memory.
    shared : bool
        NumPy code holds an array over this memory.
    inference : bool
        Made under ``inference_mode``: may not be kept by a recorded operation.
    rewrites : int
        How often a recorded change gave the values a new history: views made before it look again.
    exposures : tuple
        (array, its bytes when it was handed out), for memory handed out after it was kept.
    """

    __slots__ = ("__dict__", "kept", "version")

    def __init__(self) -> None:
        self.version = 0
        self.kept = False

    def expose(self, array: Array) -> None:
        """Note that `array`, a view of this memory, is being handed to NumPy code."""
        if self.kept:
            # Values kept before this moment have no snapshot of their own: take one now, and only
            # one of each region (reading a metric in every step must not pile them up).
            for seen, _ in self.exposures:
                if seen.ctypes.data == array.ctypes.data and seen.nbytes == array.nbytes:
                    break
            else:
                self.exposures = (*self.exposures, (array, array.tobytes()))
        self.shared = True

    def touch(self) -> None:
        """Count a change made in place through a tensor."""
        self.version += 1
        if self.exposures:
            # Whatever was kept before now fails by its version; what is kept later has a snapshot.
            self.exposures = ()


#: (place in the saved tuple, storage, its version then, the bytes then).
Guard = tuple[int, Storage | None, int, bytes | None]


def changed(guard: Guard, array: Array) -> str | None:
    """Say how a guarded value was changed since it was kept; None if it was not."""
    _, storage, version, snapshot = guard
    if storage is not None and storage.version != version:
        return f"it was changed in place {storage.version - version} time(s) since then"
    if snapshot is not None:
        if array.tobytes() != snapshot:
            return "the NumPy array that shares its memory was written to since then"
    elif storage is not None and storage.exposures:
        for exposed, before in storage.exposures:
            if exposed.tobytes() != before:
                return "the NumPy array that shares its memory was written to since then"
    return None
