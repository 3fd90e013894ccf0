"""From a list of examples to a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ....creation import as_tensor, tensor
from ....dtype import float64
from ....functions.joining import stack
from ....tensor import Tensor
from ..dataset import Rows

__all__ = ["collate", "default_collate", "default_convert"]


def default_convert(data: Any) -> Any:
    """Turn NumPy's arrays and numbers inside of containers into tensors; leave the rest."""
    if isinstance(data, Tensor):
        return data
    if isinstance(data, (np.ndarray, np.generic)):
        return as_tensor(data) if data.dtype.kind in "biufc" else data
    if isinstance(data, Mapping):
        return _rebuilt(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, tuple):
        return [*map(default_convert, data)]  # as in PyTorch
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _rebuilt(data, [*map(default_convert, data)])
    return data


def default_collate(batch: list[Any]) -> Any:
    """Stack the examples of a batch along a new first axis, inside of their containers.

    Tensors, arrays and numbers become a tensor; texts stay a list; mappings, sequences and named
    tuples of these are taken apart and put together again.

    Raises
    ------
    TypeError
        For anything else.
    RuntimeError
        For sequences, or tensors, that are not of one size.

    Examples
    --------
    >>> from tinygrad_bp.utils.data import default_collate
    >>> default_collate([(1, "a"), (2, "b")])
    [tensor([1, 2]), ('a', 'b')]
    """
    return collate(batch)


def collate(batch: list[Any], *, collate_fn_map: dict[Any, Any] | None = None) -> Any:
    """As :func:`default_collate`, with functions of one's own for some types.

    Parameters
    ----------
    batch : list
    collate_fn_map : dict, optional
        type (or tuple of types) -> ``function(batch, collate_fn_map=…)``.
    """
    if isinstance(batch, Rows) and not collate_fn_map:
        return [*batch.columns]  # stacked already
    first = batch[0]
    for kind, function in (collate_fn_map or {}).items():
        if isinstance(first, kind):
            return function(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Tensor):
        return stack(batch, 0)
    if isinstance(first, (np.ndarray, np.generic)):
        if first.dtype.kind not in "biufc":
            raise TypeError(f"{_HELP} {first.dtype} arrays")
        return as_tensor(np.stack(batch)) if first.shape else as_tensor(np.array(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    return _containers(batch, lambda part: collate(part, collate_fn_map=collate_fn_map))


def _containers(batch: list[Any], within: Callable[[list[Any]], Any]) -> Any:
    first = batch[0]
    if isinstance(first, Mapping):
        return _rebuilt(first, {key: within([example[key] for example in batch]) for key in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(within(list(part)) for part in zip(*batch, strict=True)))
    if isinstance(first, Sequence):
        if any(len(example) != len(first) for example in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        parts = list(zip(*batch, strict=True))
        if isinstance(first, tuple):
            return [within(part) for part in parts]  # type: ignore[arg-type]
        return _rebuilt(first, [within(part) for part in parts])  # type: ignore[arg-type]
    raise TypeError(f"{_HELP} {type(first)}")


_HELP = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists (give "
    "DataLoader a collate_fn for others); found"
)


def _rebuilt(like: Any, parts: Any) -> Any:
    """Put parts into a container of the kind that they came in, or a plain one."""
    try:
        return type(like)(parts)
    except TypeError:  # a container that is not made this way, a range say
        return parts
