"""vmap: a function of one example, applied to each of a batch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ..functions.joining import stack
from ..random import default_generator
from ..tensor import Tensor
from .tree import leaves, matched, rebuilt

__all__ = ["vmap"]


def vmap(func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0, randomness: str = "error",
         *, chunk_size: int | None = None) -> Callable[..., Any]:  # fmt: skip
    """Return a function that applies `func` to each slice of its arguments, and stacks the results.

    It calls `func` for one example after the other, so it is as general as a Python loop (any
    operation, any gradient, and other transforms inside), and as slow.

    Parameters
    ----------
    func : callable
        Takes tensors without the batch axis; returns tensors, or containers of them.
    in_dims : int, None or a container of these
        Which axis of each argument is the batch; None for an argument that all examples share.
    out_dims : int or a container of ints
        Where the batch axis of each result goes.
    randomness : {"error", "different", "same"}
        Whether `func` may draw random numbers, and whether all examples get the same ones.
    chunk_size : int, optional
        Accepted: one example is computed at a time.

    Raises
    ------
    ValueError
        For `in_dims` or results that do not fit, or a batch of unequal sizes.
    RuntimeError
        For random numbers with ``randomness="error"``.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.func.vmap(tgb.dot)(tgb.ones(3, 2), tgb.ones(3, 2))
    tensor([2., 2., 2.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(
            f"Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness!r}"
        )

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        # As in PyTorch, a list stands for a tuple here, and keyword arguments have axis 0.
        dims = tuple(in_dims) if isinstance(in_dims, list) else in_dims
        axes = matched(dims, args, "in_dims") + matched(0, kwargs, "in_dims")
        given = leaves((args, kwargs))
        size = _batch_size(given, axes)
        results = []
        start = default_generator.get_state() if randomness != "different" else None
        for i in range(size):
            parts = [
                x if axis is None else x.select(axis, i)
                for x, axis in zip(given, axes, strict=True)
            ]
            own_args, own_kwargs = rebuilt((args, kwargs), parts)
            if randomness == "same" and i:
                default_generator.set_state(start)
            results.append(func(*own_args, **own_kwargs))
            if randomness == "error" and not i:
                _check_no_draws(start)
        return _joined(results, out_dims)

    return mapped


def _batch_size(given: list[Any], axes: list[int | None]) -> int:
    sizes = {}
    for i, (x, axis) in enumerate(zip(given, axes, strict=True)):
        if axis is None:
            continue
        if not isinstance(x, Tensor):
            raise ValueError(
                f"vmap: in_dims={axis} for an argument that is no tensor but a {type(x).__name__}; "
                "give it None"
            )
        if not -x.ndim <= axis < x.ndim:
            raise ValueError(
                f"vmap: in_dims={axis} for a tensor of shape {tuple(x.shape)}, which has no such "
                "axis"
            )
        sizes[i] = x.shape[axis]
    if not sizes:
        raise ValueError("vmap: at least one argument has to have an axis to map over")
    if len(set(sizes.values())) > 1:
        raise ValueError(f"vmap: the mapped axes have to be of one length, not {[*sizes.values()]}")
    size: int = next(iter(sizes.values()))
    if not size:
        raise ValueError("vmap: the batch is empty, and the results' shapes are unknown without it")
    return size


def _check_no_draws(start: Any) -> None:
    if default_generator.get_state().tolist() != start.tolist():
        raise RuntimeError(
            "vmap: called random operation while in randomness error mode. Please either use the "
            "'same' or 'different' randomness flags on vmap or perform the randomness operation "
            "out of vmap"
        )


def _joined(results: list[Any], out_dims: Any) -> Any:
    first = results[0]
    columns = [leaves(result) for result in results]
    for leaf in columns[0]:
        if not isinstance(leaf, Tensor):
            raise ValueError(f"vmap: the function has to return tensors, not {type(leaf).__name__}")
    axes = matched(out_dims, first, "out_dims")
    stacked = [
        stack(parts, axis) for parts, axis in zip(zip(*columns, strict=True), axes, strict=True)
    ]
    return rebuilt(first, stacked)
