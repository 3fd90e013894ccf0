"""Saving and loading: numbers in a safetensors file, never code unless asked for."""

from __future__ import annotations

import io
import os
import pickle
from typing import Any

import numpy as np

from ..devices import on_cpu
from ..tensor import wrap
from .files import CorruptFileError, decode, encode, read, whole, write
from .globals import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    loads,
    safe_globals,
)  # fmt: skip
from .tree import NeedsCodeError, flatten, rebuild

__all__ = [
    "CorruptFileError", "add_safe_globals", "clear_safe_globals", "get_safe_globals", "load",
    "safe_globals", "save",
]  # fmt: skip

_PICKLE = "pickle"  # the name of the bytes of a pickle in a file that holds one


def save(obj: Any, f: Any, pickle_module: Any = pickle,
         pickle_protocol: int = pickle.DEFAULT_PROTOCOL,
         _use_new_zipfile_serialization: bool = True) -> None:  # fmt: skip
    """Write an object to disk.

    Numbers, texts, None, tensors, NumPy arrays, and the containers of Python around them (dict,
    OrderedDict, list, tuple, set) are written as a safetensors file: every ``state_dict`` is. Its
    tensors carry their paths as names, so other programs can read them. Tensors that share memory
    share it again when they are loaded. Anything else, such as a whole module, is pickled, and
    loads only where code may run (``weights_only=False``).

    Parameters
    ----------
    obj : object
    f : path or file object
        A file on disk is replaced when the new one is complete; a crash leaves the old one.
    pickle_module, pickle_protocol
        For what has to be pickled.

    Raises
    ------
    ImportError
        Without the extra ``safetensors``.
    RuntimeError
        If the folder does not exist.

    Examples
    --------
    >>> import io
    >>> import tinygrad_bp as tgb
    >>> file = io.BytesIO()
    >>> tgb.save({"step": 3, "w": tgb.ones(2)}, file)
    >>> _ = file.seek(0)
    >>> tgb.load(file)
    {'step': 3, 'w': tensor([1., 1.])}
    """
    try:
        arrays, notes = flatten(obj)
    except NeedsCodeError as reason:
        buffer = io.BytesIO()
        pickle_module.dump(obj, buffer, protocol=pickle_protocol)
        arrays = {_PICKLE: np.frombuffer(buffer.getvalue(), np.uint8)}
        notes = {"needs": str(reason)}
    write(f, encode(arrays, notes))


def load(f: Any, map_location: Any = None, pickle_module: Any = None, *,
         weights_only: bool | None = None, mmap: bool | None = None,
         **pickle_load_args: Any) -> Any:  # fmt: skip
    """Read what :func:`save` wrote, or any other safetensors file: a dict of tensors by name.

    Parameters
    ----------
    f : path or file object
    map_location : optional
        Where to put tensors: "cpu" is what there is. Functions and dicts are accepted.
    pickle_module, **pickle_load_args
        For what was pickled.
    weights_only : bool, optional
        Refuse what needs code to be run, but for the classes and functions that
        :func:`serialization.safe_globals` allows: True, unless the environment variable
        ``TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD`` is 1.
    mmap : bool, optional
        Accepted; the file is read.

    Raises
    ------
    pickle.UnpicklingError
        For a pickled object, with ``weights_only``.
    CorruptFileError
        For a damaged file, or one of another kind: a RuntimeError and an UnpicklingError.
    """
    if isinstance(map_location, (str, int)) or type(map_location).__name__ == "device":
        on_cpu(map_location)
    data, where = read(f)
    if not data:
        raise EOFError(f"{where} is empty: nothing was saved there, or it was read already")
    arrays, notes = decode(data, where)
    if notes is None:
        return {name: wrap(array) for name, array in arrays.items()}
    if "needs" not in notes:
        with whole(where):
            return rebuild(arrays, notes)
    if _PICKLE not in arrays:
        raise CorruptFileError(f"{where} is damaged: it lacks what was pickled")
    if weights_only is None:
        weights_only = os.environ.get("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "0") not in _YES
    if weights_only:
        try:
            with whole(where):
                return loads(arrays[_PICKLE].tobytes(), **pickle_load_args)
        except CorruptFileError:
            raise
        except pickle.UnpicklingError as reason:
            raise pickle.UnpicklingError(
                f"Weights only load failed: {where} holds {notes['needs']}, pickled, and "
                f"unpickling can run any code; {reason}. If you trust all of it: "
                "tgb.load(…, weights_only=False). Better save numbers: "
                "tgb.save(net.state_dict(), …)"
            ) from None
    return (pickle_module or pickle).loads(arrays[_PICKLE].tobytes(), **pickle_load_args)


_YES = ("1", "y", "yes", "true")
