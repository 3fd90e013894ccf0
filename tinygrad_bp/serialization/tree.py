"""From nested Python objects to arrays with names and notes in JSON, and back; no code is run."""

from __future__ import annotations

import base64
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import Size
from ..devices import device
from ..dtype import as_numpy, dtype, of_numpy
from ..exchange import own_attributes
from ..nn.modules.state import _StateDict
from ..nn.parameter import Parameter
from ..storage import owner_of
from ..tensor import Tensor, wrap

__all__ = ["NeedsCodeError", "flatten", "rebuild"]

Array = np.ndarray[Any, Any]


class NeedsCodeError(TypeError):
    """An object that only code can make again: an instance of a class, a function."""


class _Writer:
    """Collects arrays and describes objects."""

    def __init__(self) -> None:
        self.arrays: dict[str, Array] = {}
        self.tensors: list[dict[str, Any]] = []
        self._seen: dict[int, int] = {}  # id of a tensor -> its number
        self._owners: dict[int, str] = {}  # id of shared memory -> the name of its array
        self._kept: list[Any] = []  # what has an id in these tables has to stay alive
        self._users: dict[int, int] = {}  # id of memory -> how many tensors show it
        self._inside: set[int] = set()

    def count(self, value: Any) -> None:
        """Count the tensors that show each piece of memory: shared memory is written once."""
        if isinstance(value, Tensor):
            if id(value) not in self._seen:
                self._seen[id(value)] = -1
                self._kept.append(value)
                key = id(owner_of(value._array))
                self._users[key] = self._users.get(key, 0) + 1
        elif isinstance(value, (dict, list, tuple, set, frozenset)):
            if id(value) in self._inside:
                raise NeedsCodeError("a container that contains itself")
            self._inside.add(id(value))
            for part in value.values() if isinstance(value, dict) else value:
                self.count(part)
            self._inside.discard(id(value))

    def _store(self, array: Array, name: str) -> str:
        unique, n = name or "value", 1
        while unique in self.arrays or unique == "__metadata__":
            n += 1
            unique = f"{name}#{n}"
        self.arrays[unique] = array
        return unique

    def _tensor(self, value: Tensor, name: str) -> dict[str, Any]:
        number = self._seen[id(value)]
        if number < 0:
            own = own_attributes(value)
            if type(value) not in (Tensor, Parameter) or not own.keys() <= _BUFFER_MARKS:
                raise NeedsCodeError(f"a {type(value).__name__} with attributes of its own")
            array, owner = value._array, owner_of(value._array)
            note: dict[str, Any] = {"requires_grad": value.requires_grad}
            if type(value) is Parameter:
                note["parameter"] = True
            if self._users[id(owner)] > 1 and owner.dtype == array.dtype:
                if id(owner) not in self._owners:
                    self._owners[id(owner)] = self._store(owner.ravel(order="K"), name)
                offset = array.ctypes.data - owner.ctypes.data if array.size else 0
                note.update(name=self._owners[id(owner)], shape=array.shape,
                            strides=array.strides, offset=offset)  # fmt: skip
            else:
                note["name"] = self._store(array, name)
            number = self._seen[id(value)] = len(self.tensors)
            self.tensors.append(note)
        return {"tensor": number}

    def describe(self, value: Any, name: str = "") -> Any:
        """Return what JSON can hold of an object; its arrays are collected under `name`."""
        kind = type(value)
        if value is None or kind in (bool, int, float, str):
            return value
        if isinstance(value, Tensor):
            return self._tensor(value, name)
        if kind is list:
            return [self.describe(part, _under(name, i)) for i, part in enumerate(value)]
        if kind in _SEQUENCES:
            parts = [self.describe(part, _under(name, i)) for i, part in enumerate(value)]
            return {_SEQUENCES[kind]: parts}
        if kind in _DICTS:
            pairs = [
                [self.describe(key), self.describe(part, _under(name, key))]
                for key, part in value.items()
            ]
            metadata = getattr(value, "_metadata", None)  # the versions of a module's layout
            if metadata is not None:
                return {"state": [pairs, self.describe(metadata)]}
            return {_DICTS[kind]: pairs}
        if kind is np.ndarray and value.dtype.kind in "biufc":
            of_numpy(value.dtype)
            return {"array": self._store(value, name)}
        if isinstance(value, np.generic) and value.dtype.kind in "biufc":
            return {"number": value.dtype.name, "value": self.describe(value.item())}
        for simple, (tag, write, _) in _SIMPLE.items():
            if kind is simple:
                return {tag: write(value)}
        raise NeedsCodeError(f"a {kind.__module__}.{kind.__qualname__}")


_BUFFER_MARKS = {"persistent", "_is_buffer"}  # the module that has the buffer knows them


def _under(name: str, key: Any) -> str:
    return f"{name}.{key}" if name else str(key)


def _bytes_of(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


_DICTS: dict[Any, str] = {dict: "dict", OrderedDict: "ordered", _StateDict: "state"}
_MAPPINGS: dict[str, Callable[[Any], Any]] = {tag: kind for kind, tag in _DICTS.items()}
_SEQUENCES: dict[Any, str] = {tuple: "tuple", Size: "size", set: "set", frozenset: "frozenset"}
_MAKERS: dict[str, Callable[[Any], Any]] = {tag: kind for kind, tag in _SEQUENCES.items()}
_SIMPLE: dict[type, tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = {
    complex: ("complex", lambda z: [z.real, z.imag], lambda pair: complex(*pair)),
    bytes: ("bytes", lambda b: base64.b64encode(b).decode(), _bytes_of),
    dtype: ("dtype", lambda d: d.name, lambda name: of_numpy(np.dtype(name))),
    device: ("device", str, device),
    slice: ("slice", lambda s: [s.start, s.stop, s.step], lambda parts: slice(*parts)),
}
_READERS = {tag: read for tag, _, read in _SIMPLE.values()}


def flatten(value: Any) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the arrays inside of an object, by name, and notes from which it is made again.

    Raises
    ------
    NeedsCodeError
        If something in it is neither a number, text, tensor, array nor a plain container.
    """
    writer = _Writer()
    writer.count(value)
    tree = writer.describe(value)
    return writer.arrays, {"tree": tree, "tensors": writer.tensors}


def _view(array: Array, shape: list[int], strides: list[int], offset: int) -> Array:
    """Return a view of an array's memory, and of nothing around it.

    NumPy checks that too, but with numbers that can overflow.
    """
    ends = [step * (n - 1) for n, step in zip(shape, strides, strict=True)]
    low = offset + sum(end for end in ends if end < 0)
    high = offset + sum(end for end in ends if end > 0) + array.itemsize
    if min(shape, default=1) < 0 or (all(shape) and not 0 <= low <= high <= array.nbytes):
        raise ValueError(f"a view of shape {shape} reaches out of its array")
    return np.ndarray(shape, array.dtype, array, offset if all(shape) else 0, strides)


def rebuild(arrays: dict[str, Array], notes: dict[str, Any]) -> Any:
    """Make the object again."""
    tensors: dict[int, Tensor] = {}

    def tensor(number: int) -> Tensor:
        if number not in tensors:
            note = notes["tensors"][number]
            array = arrays[note["name"]]
            if "strides" in note:
                array = _view(array, note["shape"], note["strides"], note["offset"])
            made = wrap(array)
            if note.get("parameter"):
                made = Parameter(made, requires_grad=note["requires_grad"])
            elif note["requires_grad"]:
                made.requires_grad_()
            tensors[number] = made
        return tensors[number]

    def read(note: Any) -> Any:
        if isinstance(note, list):
            return [read(part) for part in note]
        if not isinstance(note, dict):
            return note
        if "number" in note:
            return as_numpy(note["number"]).type(read(note["value"]))
        ((tag, content),) = note.items()
        if tag == "tensor":
            return tensor(content)
        if tag == "array":
            return arrays[content]
        if tag in ("dict", "ordered", "state"):
            pairs = content[0] if tag == "state" else content
            found = _MAPPINGS[tag]([(read(key), read(part)) for key, part in pairs])
            if tag == "state":
                found._metadata = read(content[1])
            return found
        if tag in _MAKERS:
            return _MAKERS[tag]([read(part) for part in content])
        return _READERS[tag](content)

    return read(notes["tree"])
