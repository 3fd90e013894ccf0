"""Memory that may change after a rule asked to keep it: how a change is noticed.

A rule names values of the forward pass that it reads in the backward pass. If such a value is
changed in between, the gradient would be silently wrong. Two kinds of change are told apart:

- changes through tensors (``x += 1``, ``x[0] = 1``, through any view) are noted here, by the memory
  that was changed, with the time on a clock that also numbers the recorded nodes. A kept value
  whose memory was changed after its node was recorded is refused. Recording itself costs nothing.
- changes behind our back, through a NumPy array that shares the memory (``from_numpy``,
  ``.numpy()``, an array that was an operand itself) leave no note. Such values are compared with a
  snapshot. A snapshot costs a copy (5 µs for a batch of 64 MNIST images) and is taken only of
  memory that NumPy code can reach.
"""

from __future__ import annotations

import itertools
import weakref
import zlib
from typing import Any

import numpy as np

from .memory import Aligned, TypedStorage

__all__ = [
    "KNOWN", "REWRITTEN", "SHARED", "Storage", "changed", "fingerprint", "is_shared", "latest",
    "rewrites_of", "storage_of", "tick",
]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]

#: The clock: numbers recorded nodes and changes of memory, in the order in which they happen.
tick = itertools.count(1).__next__

_LARGE = 1 << 20  # beyond this many bytes a checksum stands for the copy


class Latest:
    """The last time that any memory was changed or exposed; nodes recorded since need no check."""

    at = 0


latest = Latest()


class Storage:
    """What is known of a piece of memory: the array that owns it, shared by all views.

    Attributes
    ----------
    version : int
        How often it was changed in place through a tensor.
    changed_at : int
        When that happened last, by the clock.
    rewrites : int
        How often a recorded change gave the values a new history: views made before look again.
    exposed : tuple or None
        (time, fingerprint then) when it was first handed to NumPy code: for what was kept before.
    """

    __slots__ = ("changed_at", "exposed", "origin", "owner", "rewrites", "version")

    def __init__(self, owner: Array) -> None:
        key = id(owner)
        # The note goes when the memory goes; another array may get the same id then.
        self.owner = weakref.ref(owner, lambda _: _forget(key))
        self.version = self.changed_at = self.rewrites = 0
        self.exposed: tuple[int, Any] | None = None
        self.origin: tuple[Any, ...] = ()  # where the values were cut off, if NumPy got them

    def __call__(self) -> TypedStorage:
        """Return the memory as PyTorch's ``x.storage()`` does: a row of numbers."""
        return TypedStorage(self.owner())  # type: ignore[arg-type]

    def touch(self) -> None:
        """Note that the memory is being changed in place through a tensor."""
        self.version += 1
        self.changed_at = latest.at = tick()
        # Whatever was kept before now is refused; what is kept later has a snapshot of its own.
        self.exposed = None

    def share(self) -> None:
        """Note that NumPy code can reach this memory from now on."""
        owner = self.owner()
        if owner is not None:
            SHARED[id(owner)] = self

    def expose(self, origin: tuple[Any, ...] = ()) -> None:
        """Note that the memory is being handed to NumPy code, with the history of its values."""
        self.origin = origin
        owner = self.owner()
        if owner is not None and id(owner) not in SHARED:
            latest.at = tick()
            self.exposed = (latest.at, fingerprint(owner))
            SHARED[id(owner)] = self

    def rewrite(self) -> None:
        """Note that a recorded change gave the values a new history."""
        self.rewrites += 1
        owner = self.owner()
        if owner is not None:
            REWRITTEN[id(owner)] = self


#: Memory that was changed or shared, by the id of its owner. While it is empty, nothing was.
KNOWN: dict[int, Storage] = {}

#: Memory that NumPy code can reach: what is kept of it needs a snapshot.
SHARED: dict[int, Storage] = {}

#: Memory whose values got a new history: views made before have to look again.
REWRITTEN: dict[int, Storage] = {}


def _forget(key: int) -> None:
    KNOWN.pop(key, None)
    SHARED.pop(key, None)
    REWRITTEN.pop(key, None)


def owner_of(array: Array) -> Array:
    """Return the array that owns the memory that `array` shows."""
    base = array.base
    while isinstance(base, np.ndarray) and type(base) is not Aligned:
        array, base = base, base.base
    return array


def storage_of(array: Array) -> Storage:
    """Return what is known of the memory of an array, from now on."""
    owner = owner_of(array)
    storage = KNOWN.get(id(owner))
    if storage is None:
        storage = KNOWN[id(owner)] = Storage(owner)
    return storage


def rewrites_of(array: Array) -> int:
    """Return how often a recorded change gave the values of this memory a new history."""
    storage = REWRITTEN.get(id(owner_of(array))) if REWRITTEN else None
    return 0 if storage is None else storage.rewrites


def is_shared(array: Array) -> bool:
    """Whether NumPy code can reach the memory of an array."""
    return id(owner_of(array)) in SHARED


def fingerprint(array: Array) -> Any:
    """Return what tells the contents of an array from others: the bytes, or their checksum."""
    if array.nbytes <= _LARGE:
        return array.tobytes()
    data = np.ascontiguousarray(array).data
    return zlib.crc32(data), zlib.adler32(data)


def changed(array: Any, since: int, snapshot: Any = None) -> str | None:
    """Say how a value, kept at time `since`, was changed after that; None if it was not."""
    if not isinstance(array, np.ndarray):
        return None
    if snapshot is not None and fingerprint(array) != snapshot:
        return "the NumPy array that shares its memory was written to since then"
    storage = KNOWN.get(id(array) if array.base is None else id(owner_of(array)))
    if storage is None:
        return None
    if storage.changed_at > since:
        return "it was changed in place since then"
    if snapshot is None and storage.exposed is not None:
        at, before = storage.exposed
        owner = storage.owner()
        if at > since and owner is not None and fingerprint(owner) != before:
            return "the NumPy array that shares its memory was written to since then"
    return None
