"""Looking rows of a table up, one by one or added up in bags."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..messages import knowable, shown
from ..mode import no_grad
from ..rules.embedding import add_rows
from ..rules.embedding import embedding as _embedding
from ..rules.index import ARRAY, index, take_along_axis
from ..tensor import wrap

__all__ = ["embedding", "embedding_bag"]


def _indices(what: str, input: Any, weight: Any) -> Any:
    """Check that a table can be looked up at the indices; return them as an array."""
    if weight.ndim != 2:
        raise RuntimeError(f"{what}: 'weight' must be 2-D, not of shape {tuple(weight.shape)}")
    array = input._array
    if array.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"{what}: the indices have to be int64 or int32, not {input.dtype.name}: convert with "
            ".long()"
        )
    count = weight.shape[0]
    # One question: a compiled step asks it again for each batch.
    if array.size and knowable(array) and bool((array.min() < 0) | (array.max() >= count)):
        low, high = shown(array).min(), shown(array).max()
        raise IndexError(
            f"{what}: index out of range in self: the table has {count} rows, and index "
            f"{low if low < 0 else high} occurs"
        )
    return array


def _row(what: str, padding_idx: int | None, count: int) -> int | None:
    if padding_idx is None:
        return None
    if not -count <= padding_idx < count:
        raise AssertionError(
            f"{what}: Padding_idx must be within num_embeddings: {padding_idx} for {count} rows"
        )
    return padding_idx % count


def _renormalize(weight: Any, indices: Any, max_norm: float, norm_type: float) -> None:
    """Shrink, in place, the rows that are used and whose norm is larger than `max_norm`."""
    used = np.unique(indices)
    rows = weight._array[used]
    norms = np.linalg.norm(rows, norm_type, axis=1, keepdims=True)
    large = norms[:, 0] > max_norm
    if large.any():
        with no_grad():
            scale = (max_norm / (norms[large] + 1e-7)).astype(rows.dtype)
            weight[wrap(used[large])] = wrap(rows[large] * scale)


def embedding(input: Any, weight: Any, padding_idx: int | None = None,
              max_norm: float | None = None, norm_type: float = 2.0,
              scale_grad_by_freq: bool = False, sparse: bool = False) -> Any:  # fmt: skip
    """Give the rows of a table that the indices name.

    Parameters
    ----------
    input : Tensor of int64 or int32, any shape
    weight : Tensor of shape (V, D)
    padding_idx : int, optional
        This row gets no gradient.
    max_norm : float, optional
        Rows that are used and longer are first shrunk to this norm, in place.
    norm_type : float
        The p of that norm.
    scale_grad_by_freq : bool
        Divide the gradient of a row by how often it occurs in `input`.
    sparse : bool
        Accepted; the gradient is a dense array here all the same.

    Returns
    -------
    Tensor of shape (…, D)

    Raises
    ------
    IndexError
        If an index is negative or too large.
    RuntimeError
        If the indices are no integers, or the table has not two axes.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> table = tgb.tensor([[0.0, 1.0], [2.0, 3.0]])
    >>> tgb.nn.functional.embedding(tgb.tensor([1, 0, 1]), table)
    tensor([[2., 3.],
            [0., 1.],
            [2., 3.]])
    """
    indices = _indices("embedding", input, weight)
    padding = _row("embedding", padding_idx, weight.shape[0])
    if max_norm is not None:
        _renormalize(weight, indices, max_norm, norm_type)
    if padding is None and not scale_grad_by_freq:
        return _embedding(weight, input)
    return _embedding(weight, input, padding=padding, by_freq=scale_grad_by_freq)


def _bags(input: Any, offsets: Any, include_last_offset: bool) -> tuple[Any, int]:
    """Return, for each of the flat indices, the number of its bag; and how many bags there are."""
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "embedding_bag: if input is 2D, then offsets has to be None, as input is treated "
                f"as a mini-batch of fixed length sequences; found offsets {offsets!r}"
            )
        bags, length = input.shape
        return np.repeat(np.arange(bags), length), bags
    if input.ndim != 1:
        raise ValueError(
            f"embedding_bag: input has to be 1D or 2D Tensor, but got Tensor of dimension "
            f"{input.ndim}"
        )
    if offsets is None or not hasattr(offsets, "ndim"):
        raise ValueError("embedding_bag: offsets has to be a 1D Tensor but got None")
    if offsets.ndim != 1:
        raise ValueError("embedding_bag: offsets has to be a 1D Tensor")
    starts = offsets._array
    if include_last_offset:
        if not starts.size:
            raise RuntimeError("embedding_bag: include_last_offset wants at least one offset")
        starts = starts[:-1]
    if starts.size and starts[0] != 0:
        raise RuntimeError(
            f"embedding_bag: offsets[0] has to be 0, the first bag begins at the front, not "
            f"{starts[0]}"
        )
    if starts.size and starts[-1] > input.shape[0]:
        raise RuntimeError(
            f"embedding_bag: offsets[-1] can not be greater than the number of indices, "
            f"{input.shape[0]}, but is {starts[-1]}"
        )
    return np.searchsorted(starts, np.arange(input.shape[0]), side="right") - 1, starts.size


def embedding_bag(input: Any, weight: Any, offsets: Any = None, max_norm: float | None = None,
                  norm_type: float = 2, scale_grad_by_freq: bool = False, mode: str = "mean",
                  sparse: bool = False, per_sample_weights: Any = None,
                  include_last_offset: bool = False,
                  padding_idx: int | None = None) -> Any:  # fmt: skip
    """Give the sum, mean or maximum of the rows that the indices of each bag name.

    Parameters
    ----------
    input : Tensor of int64 or int32, of shape (B, L), or (n,) with `offsets`
    weight : Tensor of shape (V, D)
    offsets : Tensor of shape (B,), optional
        Where in a flat `input` each bag begins.
    max_norm, norm_type, scale_grad_by_freq, sparse
        As in :func:`embedding`. (For bags, PyTorch divides by the counts of other rows.)
    mode : {"sum", "mean", "max"}
        An empty bag gives zeros.
    per_sample_weights : Tensor of the input's shape, optional
        Multiplies the rows; for "sum" only.
    include_last_offset : bool
        `offsets` has one number more: where the last bag ends.
    padding_idx : int, optional
        Indices of this value are left out.

    Returns
    -------
    Tensor of shape (B, D)

    Raises
    ------
    ValueError
        If input, offsets and weights do not fit together, or for another mode.
    NotImplementedError
        For weights of samples and another mode than "sum".

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> table = tgb.tensor([[0.0, 1.0], [2.0, 3.0]])
    >>> bag = tgb.nn.functional.embedding_bag
    >>> bag(tgb.tensor([0, 1, 1]), table, tgb.tensor([0, 2]), mode="sum")
    tensor([[2., 4.],
            [2., 3.]])
    """
    if weight.dtype.dtype == np.int64 and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag("
            "weight, input, ...)` is deprecated, and should now be `embedding_bag(input, weight, "
            "...)`.",
            stacklevel=2,
        )
        input, weight = weight, input
    if per_sample_weights is not None and input.shape != per_sample_weights.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({tuple(per_sample_weights.shape)}) is not "
            f"None, then it must have the same shape as the input ({tuple(input.shape)})"
        )
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"mode has to be one of sum, mean or max, not {mode!r}")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode={mode!r})."
        )
    numbers, count = _bags(input, offsets, include_last_offset)
    indices = _indices("embedding_bag", input, weight).reshape(-1)
    padding = _row("embedding_bag", padding_idx, weight.shape[0])
    if max_norm is not None:
        _renormalize(weight, indices, max_norm, norm_type)
    if per_sample_weights is not None:
        per_sample_weights = per_sample_weights.reshape(-1)
    if padding is not None:
        kept = np.flatnonzero(indices != padding)
        numbers, indices = numbers[kept], indices[kept]
        if per_sample_weights is not None:
            per_sample_weights = index(per_sample_weights, kept, template=(ARRAY,))
    rows = _embedding(weight, wrap(indices), by_freq=scale_grad_by_freq)
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.unsqueeze(1)
    if mode == "max":
        return _largest(rows, numbers, count)
    total = add_rows(rows, wrap(numbers), count=count)
    if mode == "sum":
        return total
    sizes = np.maximum(np.bincount(numbers, minlength=count), 1)[:, None]
    return total / wrap(sizes.astype(weight.dtype.dtype))


def _largest(rows: Any, numbers: Any, count: int) -> Any:
    """Give the maximum over each bag, column by column; the first of equal ones is meant."""
    if not numbers.size:
        return add_rows(rows, wrap(numbers), count=count)
    values = rows._array
    first = np.flatnonzero(np.concatenate(([True], numbers[1:] != numbers[:-1])))
    full = numbers[first]  # bags that are not empty
    top = np.maximum.reduceat(values, first, axis=0)
    lengths = np.diff(np.append(first, len(values)))
    places = np.arange(len(values))[:, None]
    places = np.where(values == np.repeat(top, lengths, axis=0), places, len(values) - 1)
    chosen = np.minimum.reduceat(places, first, axis=0)
    return add_rows(take_along_axis(rows, chosen, axis=0), wrap(full), count=count)
