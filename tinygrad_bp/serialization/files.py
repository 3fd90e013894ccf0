"""Bytes on disk: safetensors files, read whole, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["CorruptFileError", "decode", "encode", "read", "whole", "write"]

# The names of dtypes in a safetensors header, https://github.com/huggingface/safetensors#format
_DTYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "U16": "uint16", "I16": "int16", "U32": "uint32",
    "I32": "int32", "U64": "uint64", "I64": "int64", "F16": "float16", "F32": "float32",
    "F64": "float64", "C64": "complex64",
}  # fmt: skip

# What `encode` says of its own files: all of it or, in a file of another program, nothing.
_METADATA = {"tinygrad_bp", "crc32", "sum"}


class UnknownDtypeError(TypeError):
    """A file that is good, of numbers that NumPy lacks."""


class CorruptFileError(RuntimeError, pickle.UnpicklingError):
    """A file that is damaged, or none of ours: PyTorch raises one or the other type for that."""


def _safetensors() -> Any:
    try:
        import safetensors
        import safetensors.numpy
    except ImportError:
        raise ImportError(
            "tgb.save and tgb.load need the package safetensors: pip install "
            '"tinygrad_bp[safetensors]"'
        ) from None
    return safetensors


def encode(arrays: dict[str, np.ndarray[Any, Any]], notes: dict[str, Any]) -> bytes:
    """Return the bytes of a file with these arrays, and notes that JSON can hold."""
    safetensors = _safetensors()
    tensors = {}
    for name, array in arrays.items():
        ordered = np.ascontiguousarray(array).reshape(array.shape)
        if ordered.dtype == np.complex128:  # which the format lacks: pairs of numbers
            ordered = ordered.reshape(-1).view(np.float64).reshape(*array.shape, 2)
        tensors[name] = ordered
    checks = {name: zlib.crc32(array.tobytes()) for name, array in tensors.items()}
    notes = {**notes, "complex128": [n for n, a in arrays.items() if a.dtype == np.complex128]}
    text = json.dumps(notes)
    kinds = {name: (str(tensor.dtype), tensor.shape) for name, tensor in tensors.items()}
    metadata = {"tinygrad_bp": text, "crc32": json.dumps(checks), "sum": _sum(text, kinds)}
    written: bytes = safetensors.numpy.save(tensors, metadata)
    return written


def decode(
    data: bytes, where: str
) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any] | None]:
    """Return the arrays of a file, and its notes: None if it is not of our writing.

    Raises
    ------
    CorruptFileError
        For what is damaged, or no safetensors file.
    """
    safetensors = _safetensors()
    if data[:4] == b"PK\x03\x04" or data[:2] == b"\x80\x02":
        raise CorruptFileError(
            f"{where} holds pickled objects, as torch.save writes them, which are not read here: "
            "in an environment with PyTorch, load it and call safetensors.torch.save_file"
        )
    try:
        entries = safetensors.deserialize(data)
        metadata = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
    except KeyError:
        metadata = {}
    except Exception as error:
        raise CorruptFileError(
            f"{where} is no safetensors file, or a damaged one ({error}): {len(data)} bytes"
        ) from None
    with whole(where):
        return _checked(entries, metadata, where)


@contextlib.contextmanager
def whole(where: str) -> Iterator[None]:
    """Name a file that is not what it says of itself, however that is noticed.

    A header can be made to lie about anything; what it says is looked at by code that expects
    the truth, and fails in any way.
    """
    try:
        yield
    except (pickle.UnpicklingError, UnknownDtypeError):
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        raise CorruptFileError(
            f"{where} is damaged: what it says of itself can't be true ({reason})"
        ) from None


def _checked(
    entries: Any, metadata: dict[str, str], where: str
) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any] | None]:
    kinds = {name: (_DTYPES.get(entry["dtype"], ""), entry["shape"]) for name, entry in entries}
    ours = _METADATA & metadata.keys()  # none in a file of another program
    if ours and (ours != _METADATA or metadata["sum"] != _sum(metadata["tinygrad_bp"], kinds)):
        raise CorruptFileError(f"{where} is damaged: its header has changed")
    checks = json.loads(metadata.get("crc32", "{}"))
    if ours and checks.keys() != kinds.keys():
        raise CorruptFileError(f"{where} is damaged: its checksums are of other arrays")
    notes = json.loads(metadata["tinygrad_bp"]) if "tinygrad_bp" in metadata else None
    if notes is not None and not isinstance(notes, dict):
        raise CorruptFileError(f"{where} is damaged: its notes are a {type(notes).__name__}")
    arrays = {}
    for name, entry in entries:
        if checks.get(name, zlib.crc32(entry["data"])) != zlib.crc32(entry["data"]):
            raise CorruptFileError(f"{where} is damaged: the numbers of {name!r} have changed")
        arrays[name] = _array(entry, name, where)
    for name in (notes or {}).get("complex128", ()):
        pairs = arrays[name]
        arrays[name] = pairs.reshape(-1).view(np.complex128).reshape(pairs.shape[:-1])
    return arrays, notes


def _sum(notes: str, kinds: dict[str, tuple[str, Any]]) -> str:
    """Return a checksum of what is no array: the notes, the names, the dtypes and the shapes."""
    listed = json.dumps(
        [notes, sorted((name, kind, *shape) for name, (kind, shape) in kinds.items())]
    )
    return str(zlib.crc32(listed.encode()))


def _array(entry: dict[str, Any], name: str, where: str) -> np.ndarray[Any, Any]:
    if entry["dtype"] == "BF16":  # the upper half of a float32
        halves = np.frombuffer(entry["data"], "<u2").astype(np.uint32) << 16
        return halves.view(np.float32).reshape(entry["shape"])
    if entry["dtype"] not in _DTYPES:
        raise UnknownDtypeError(
            f"{where}: {name!r} is of {entry['dtype']}, which NumPy does not have"
        )
    kind = np.dtype(_DTYPES[entry["dtype"]]).newbyteorder("<")
    array = np.frombuffer(entry["data"], kind).reshape(entry["shape"])
    return array.astype(kind.newbyteorder("="))  # a copy: what was read can't be written to


def write(file: Any, data: bytes) -> None:
    """Write bytes to a file object, or to a path: then all of them or none.

    They go to a new file beside it, which takes its place when everything is on the disk.

    Raises
    ------
    RuntimeError
        If the folder does not exist.
    """
    if hasattr(file, "write"):
        file.write(data)
        return
    path = Path(os.path.realpath(file))
    if not path.parent.is_dir():
        raise RuntimeError(f"Parent directory {path.parent} does not exist: make it first")
    if path.exists() and not path.is_file():  # a device: there is nothing to replace
        path.write_bytes(data)
        return
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as new:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
        os.chmod(beside, mode)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
    if os.name == "posix":  # the new name is on the disk when its folder is
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def read(file: Any) -> tuple[bytes, str]:
    """Return the bytes of a file object or path, and how to name it in an error."""
    if hasattr(file, "read"):
        return file.read(), f"the file {getattr(file, 'name', file)!r}"
    path = Path(file)
    return path.read_bytes(), f"the file {str(path)!r}"
