"""Sequences of unequal length: padded to one array, or packed row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Self

import numpy as np

from ...functions.index import index_select
from ...functions.shape import cat, stack
from ...rules.embedding import add_rows
from ...rules.index import ARRAY, index
from ...tensor import Tensor, wrap

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence",
    "pad_packed_sequence", "pad_sequence", "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Fields(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any
    unsorted_indices: Any


class PackedSequence(_Fields):
    """A batch of sequences, packed: all first steps, then all second steps, and so on.

    Made by :func:`pack_padded_sequence` and :func:`pack_sequence`.

    Attributes
    ----------
    data : Tensor of shape (Σ lengths, …)
    batch_sizes : Tensor of int64
        How many sequences are still running at each step.
    sorted_indices, unsorted_indices : Tensor of int64, or None
        The order by falling length, and the way back.
    """

    __slots__ = ()

    def __new__(cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None,
                unsorted_indices: Any = None) -> Self:  # fmt: skip
        """Put the parts together; `data` may be the pair (data, batch_sizes)."""
        if batch_sizes is None:
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _with(self, convert: Callable[[Any], Any]) -> PackedSequence:
        return PackedSequence(convert(self.data), *self[1:])

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Convert the data, as :meth:`Tensor.to`."""
        return self._with(lambda data: data.to(*args, **kwargs))

    def double(self) -> PackedSequence:
        """Convert the data to float64."""
        return self._with(lambda data: data.double())

    def float(self) -> PackedSequence:
        """Convert the data to float32."""
        return self._with(lambda data: data.float())

    def half(self) -> PackedSequence:
        """Convert the data to float16."""
        return self._with(lambda data: data.half())

    def long(self) -> PackedSequence:
        """Convert the data to int64."""
        return self._with(lambda data: data.long())

    def int(self) -> PackedSequence:
        """Convert the data to int32."""
        return self._with(lambda data: data.int())

    def short(self) -> PackedSequence:
        """Convert the data to int16."""
        return self._with(lambda data: data.short())

    def char(self) -> PackedSequence:
        """Convert the data to int8."""
        return self._with(lambda data: data.char())

    def byte(self) -> PackedSequence:
        """Convert the data to uint8."""
        return self._with(lambda data: data.byte())

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Raise: there is no such device."""
        return self._with(lambda data: data.cuda(*args, **kwargs))

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Return this: it lives on the CPU."""
        return self

    def pin_memory(self) -> PackedSequence:
        """Return this: there is no memory to pin."""
        return self

    def is_pinned(self) -> bool:
        """Whether the memory is pinned: it is not."""
        return False

    @property
    def is_cuda(self) -> bool:
        """Whether it lives on a GPU: it does not."""
        return False


def invert_permutation(permutation: Any) -> Any:
    """Return the permutation that undoes one; None for None."""
    return None if permutation is None else wrap(np.argsort(permutation._array))


def _numbers(lengths: Any) -> Any:
    """Return the lengths as an array of int64, and check them."""
    array = np.asarray(getattr(lengths, "_array", lengths))
    if array.ndim != 1:
        raise RuntimeError(f"expected `lengths` to be 1-dimensional, not of shape {array.shape}")
    array = array.astype(np.int64)
    if not array.size or array.min() <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    return array


def _places(lengths: Any) -> tuple[Any, Any, Any]:
    """Return the step and the sequence of each packed row, and the sizes of the steps."""
    running = np.arange(lengths.max())[:, None] < lengths  # (steps, sequences)
    steps, sequences = np.nonzero(running)
    return steps, sequences, running.sum(1)


def pack_padded_sequence(input: Any, lengths: Any, batch_first: bool = False,
                         enforce_sorted: bool = True) -> PackedSequence:  # fmt: skip
    """Pack a padded batch, leaving the padding out.

    Parameters
    ----------
    input : Tensor of shape (T, B, …), or (B, T, …) with `batch_first`
    lengths : Tensor of int64 or list of int
        How long each sequence is.
    batch_first : bool
    enforce_sorted : bool
        Want the sequences by falling length; otherwise they are sorted here.

    Returns
    -------
    PackedSequence

    Raises
    ------
    RuntimeError
        If lengths are not positive, too long, too many or too few, or not sorted.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.nn.utils.rnn import pack_padded_sequence
    >>> batch = tgb.tensor([[1, 2, 3], [4, 5, 0]])
    >>> packed = pack_padded_sequence(batch, [3, 2], batch_first=True)
    >>> packed.data, packed.batch_sizes
    (tensor([1, 4, 2, 5, 3]), tensor([2, 2, 1]))
    """
    numbers, order = _numbers(lengths), None
    if not enforce_sorted:
        order = wrap(np.argsort(-numbers, kind="stable"))
        numbers = numbers[order._array]
        input = index_select(input, 0 if batch_first else 1, order)
    if batch_first:
        input = input.transpose(0, 1)
    if len(numbers) != input.shape[1]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(numbers)} "
            f"(batch_size={input.shape[1]})"
        )
    if (np.diff(numbers) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True: "
            "you can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence"
        )
    if numbers[0] > input.shape[0]:
        raise RuntimeError(
            f"pack_padded_sequence: the longest sequence has {numbers[0]} steps, the input only "
            f"{input.shape[0]}"
        )
    steps, sequences, sizes = _places(numbers)
    data = index(input, steps, sequences, template=(ARRAY, ARRAY))
    return PackedSequence(data, wrap(sizes.astype(np.int64)), order)


def _lengths(batch_sizes: Any) -> Any:
    sizes = batch_sizes._array
    return (sizes[:, None] > np.arange(sizes[0])).sum(0)


def pad_packed_sequence(sequence: PackedSequence, batch_first: bool = False,
                        padding_value: float = 0.0,
                        total_length: int | None = None) -> tuple[Any, Any]:  # fmt: skip
    """Undo :func:`pack_padded_sequence`.

    Parameters
    ----------
    sequence : PackedSequence
    batch_first : bool
    padding_value : float
        What stands where a sequence has ended.
    total_length : int, optional
        Pad to this length, and not to that of the longest.

    Returns
    -------
    output : Tensor of shape (T, B, …), or (B, T, …) with `batch_first`
    lengths : Tensor of int64, of shape (B,)

    Raises
    ------
    ValueError
        If `total_length` is shorter than the longest sequence.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.nn.utils.rnn import pack_sequence, pad_packed_sequence
    >>> packed = pack_sequence([tgb.tensor([1.0, 2.0]), tgb.tensor([3.0])])
    >>> pad_packed_sequence(packed, batch_first=True)
    (tensor([[1., 2.],
            [3., 0.]]), tensor([2, 1]))
    """
    data = sequence.data
    lengths = _lengths(sequence.batch_sizes)
    longest = int(lengths[0])
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, "
            f"but got total_length={total_length} and max sequence length being {longest}"
        )
    height, batch = total_length or longest, len(lengths)
    steps, sequences, _ = _places(lengths)
    shape = (height, batch, *data.shape[1:])
    places = wrap(steps * batch + sequences)
    rows = add_rows(data.reshape(len(data), -1), places, count=height * batch)
    padded = rows.reshape(shape)
    if padding_value != 0:
        ended = np.arange(height)[:, None] >= lengths
        ended = ended.reshape(height, batch, *(1,) * (len(shape) - 2))
        padded = padded.masked_fill(wrap(ended), padding_value)
    if batch_first:
        padded = padded.transpose(0, 1)
    if sequence.unsorted_indices is not None:
        axis = 0 if batch_first else 1
        padded = index_select(padded, axis, sequence.unsorted_indices)
        lengths = lengths[sequence.unsorted_indices._array]
    return padded, wrap(np.asarray(lengths, np.int64))


def pad_sequence(sequences: Any, batch_first: bool = False, padding_value: float = 0.0,
                 padding_side: str = "right") -> Any:  # fmt: skip
    """Stack sequences of unequal length, padded to the longest.

    Parameters
    ----------
    sequences : list of Tensor of shape (Lᵢ, …)
    batch_first : bool
    padding_value : float
    padding_side : {"right", "left"}

    Returns
    -------
    Tensor of shape (T, B, …), or (B, T, …) with `batch_first`

    Raises
    ------
    RuntimeError
        If there are none, or for another side.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.nn.utils.rnn import pad_sequence
    >>> pad_sequence([tgb.tensor([1, 2]), tgb.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences).__name__}"
        )
    sequences = list(sequences.unbind(0)) if isinstance(sequences, Tensor) else list(sequences)
    if not sequences:
        raise RuntimeError("pad_sequence: received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}"
        )
    longest = max(len(s) for s in sequences)
    padded = []
    for sequence in sequences:
        missing = longest - len(sequence)
        pieces = [sequence]
        if missing:
            pieces.append(sequence.new_full((missing, *sequence.shape[1:]), padding_value))
        padded.append(cat(pieces if padding_side == "right" else pieces[::-1]))
    return stack(padded, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """Undo :func:`pad_sequence`: return the sequences without their padding.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.nn.utils.rnn import unpad_sequence
    >>> unpad_sequence(tgb.tensor([[1, 2], [3, 0]]), tgb.tensor([2, 1]), batch_first=True)
    [tensor([1, 2]), tensor([3])]
    """
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    numbers = np.asarray(getattr(lengths, "_array", lengths)).tolist()
    return [padded_sequences[i, :length] for i, length in enumerate(numbers)]


def pack_sequence(sequences: list[Any], enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of sequences of unequal length, see :func:`pack_padded_sequence`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.nn.utils.rnn import pack_sequence
    >>> pack_sequence([tgb.tensor([1, 2, 3]), tgb.tensor([4, 5])]).batch_sizes
    tensor([2, 2, 1])
    """
    lengths = [len(s) for s in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """Undo :func:`pack_sequence`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.nn.utils.rnn import pack_sequence, unpack_sequence
    >>> unpack_sequence(pack_sequence([tgb.tensor([1, 2]), tgb.tensor([3])]))
    [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
