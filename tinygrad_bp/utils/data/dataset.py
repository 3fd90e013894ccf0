"""Datasets: examples by index or one after the other, and what can be made of several of them."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from ...random import Generator
from ...sampling import randperm
from ...tensor import Tensor

__all__ = [
    "ChainDataset", "ConcatDataset", "Dataset", "IterableDataset", "StackDataset", "Subset",
    "TensorDataset", "random_split",
]  # fmt: skip

Example = TypeVar("Example", covariant=True)


class Dataset(Generic[Example]):
    """Examples that are found by a key: derive from it and define ``__getitem__``.

    ``__len__`` is needed by most samplers. A method ``__getitems__(indices)`` that returns the list
    of the examples is called in place of ``__getitem__`` for whole batches.

    Examples
    --------
    >>> from tinygrad_bp.utils.data import Dataset
    >>> class Squares(Dataset):
    ...     def __len__(self):
    ...         return 3
    ...
    ...     def __getitem__(self, i):
    ...         return i * i
    >>> both = Squares() + Squares()
    >>> len(both), both[4]
    (6, 1)
    """

    def __getitem__(self, index: Any) -> Example:
        raise NotImplementedError(f"{type(self).__name__} has to define __getitem__(index)")

    def __add__(self, other: Dataset[Any]) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[Example]):
    """Examples that come one after the other: derive from it and define ``__iter__``.

    With several workers, each iterates over a copy of its own: divide the work in ``__iter__`` by
    what :func:`get_worker_info` says, or every example comes once from each.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.data import DataLoader, IterableDataset
    >>> class Counted(IterableDataset):
    ...     def __iter__(self):
    ...         return iter(range(3))
    >>> list(DataLoader(Counted(), batch_size=2))
    [tensor([0, 1]), tensor([2])]
    """

    def __iter__(self) -> Iterator[Example]:
        raise NotImplementedError(f"{type(self).__name__} has to define __iter__()")

    def __add__(self, other: Dataset[Any]) -> ChainDataset:  # type: ignore[override]
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """The rows of several tensors: example i is ``(t[i] for t in tensors)``.

    Raises
    ------
    AssertionError
        If the tensors are not of one length.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.data import TensorDataset
    >>> data = TensorDataset(tgb.tensor([1.0, 2.0]), tgb.tensor([0, 1]))
    >>> data[1], len(data)
    ((tensor(2.), tensor(1)), 2)
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        if any(len(t) != len(tensors[0]) for t in tensors):
            raise AssertionError(
                "TensorDataset: size mismatch between tensors, of lengths "
                f"{', '.join(str(len(t)) for t in tensors)}"
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __getitems__(self, indices: list[int]) -> Sequence[tuple[Tensor, ...]]:
        """Return several examples, gathered in one step."""
        if type(self).__getitem__ is not TensorDataset.__getitem__:
            return [self[i] for i in indices]  # a subclass makes its examples in its own way
        return Rows(tuple(tensor[indices] for tensor in self.tensors))

    def __len__(self) -> int:
        return len(self.tensors[0])


class Rows(Sequence[tuple[Tensor, ...]]):
    """Examples as the rows of tensors; whoever wants them together takes the `columns`."""

    def __init__(self, columns: tuple[Tensor, ...]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"there are {len(self)} examples, no number {index}")
        return tuple(column[index] for column in self.columns)


class StackDataset(Dataset[Any]):
    """Several datasets of one length side by side: tuples, or dicts if they were named.

    Raises
    ------
    ValueError
        For datasets of different lengths, for none, and for positional and named ones together.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.data import StackDataset
    >>> StackDataset(image=[1, 2], label=[3, 4])[1]
    {'image': 2, 'label': 4}
    """

    def __init__(self, *args: Dataset[Any], **kwargs: Dataset[Any]) -> None:
        if bool(args) == bool(kwargs):
            raise ValueError("StackDataset: give datasets either by position or by name")
        self.datasets: Any = kwargs or args
        lengths = {len(d) for d in kwargs.values() or args}  # type: ignore[arg-type]
        if len(lengths) > 1:
            raise ValueError(f"StackDataset: size mismatch between datasets, of lengths {lengths}")
        (self._length,) = lengths

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset[Any]):
    """Datasets one after the other.

    Raises
    ------
    AssertionError
        For no dataset at all, and for an :class:`IterableDataset`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.data import ConcatDataset
    >>> both = ConcatDataset([[1, 2], [3]])
    >>> both[2], len(both)
    (3, 3)
    """

    def __init__(self, datasets: Iterable[Dataset[Any]]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("ConcatDataset: datasets should not be an empty iterable")
        if any(isinstance(d, IterableDataset) for d in self.datasets):
            raise AssertionError("ConcatDataset: an IterableDataset has no index; use ChainDataset")
        self.cumulative_sizes = self.cumsum(self.datasets)

    @staticmethod
    def cumsum(sequence: Any) -> list[int]:
        """Give the running sums of the lengths of datasets."""
        return list(itertools.accumulate(map(len, sequence)))

    @property
    def cummulative_sizes(self) -> list[int]:
        """The running sums, by a misspelt name that PyTorch once had."""
        return self.cumulative_sizes

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, idx: int) -> Any:
        if idx < -len(self):
            raise ValueError(f"ConcatDataset: index {idx} exceeds the length {len(self)}")
        if idx < 0:
            idx += len(self)
        which = bisect.bisect_right(self.cumulative_sizes, idx)
        if which == len(self.datasets):
            raise IndexError(f"ConcatDataset: index {idx} exceeds the length {len(self)}")
        before = self.cumulative_sizes[which - 1] if which else 0
        return self.datasets[which][idx - before]


class ChainDataset(IterableDataset[Any]):
    """Iterable datasets one after the other.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.data import ChainDataset, IterableDataset
    >>> class Letters(IterableDataset):
    ...     def __iter__(self):
    ...         return iter("ab")
    >>> list(ChainDataset([Letters(), Letters()]))
    ['a', 'b', 'a', 'b']
    """

    def __init__(self, datasets: Iterable[Dataset[Any]]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield from dataset

    def __len__(self) -> int:
        lengths: Any = self.datasets
        return sum(map(len, lengths))


class Subset(Dataset[Any]):
    """A part of a dataset, by the indices of its examples.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.data import Subset
    >>> list(Subset([10, 20, 30], [2, 0]))
    [30, 10]
    """

    def __init__(self, dataset: Dataset[Any], indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, idx: Any) -> Any:
        if isinstance(idx, list):
            return self.dataset[[self.indices[i] for i in idx]]
        return self.dataset[self.indices[idx]]

    def __getitems__(self, indices: list[int]) -> Sequence[Any]:
        """Return several examples, at once where the dataset can do that."""
        chosen = [self.indices[i] for i in indices]
        if callable(at_once := getattr(self.dataset, "__getitems__", None)):
            return at_once(chosen)  # type: ignore[no-any-return]
        return [self.dataset[i] for i in chosen]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Dataset[Any], lengths: Sequence[float], generator: Generator | None = None
) -> list[Subset]:
    """Divide a dataset by chance into parts of these lengths.

    Parameters
    ----------
    dataset : Dataset
    lengths : sequence of int, or of fractions that sum to 1
        What fractions leave over by rounding down goes to the first parts, one example to each.
    generator : Generator, optional

    Raises
    ------
    ValueError
        For lengths that do not sum to the dataset's, or fractions outside of [0, 1].

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.data import random_split
    >>> [len(part) for part in random_split(range(10), [0.75, 0.25])]
    [8, 2]
    """
    total = len(dataset)  # type: ignore[arg-type]
    counts = [n for n in lengths if isinstance(n, int)]
    if len(counts) < len(lengths) and math.isclose(sum(lengths), 1) and sum(lengths) <= 1 + 1e-9:
        if any(not 0 <= fraction <= 1 for fraction in lengths):
            raise ValueError(f"random_split: fractions lie in [0, 1], not {list(lengths)}")
        counts = [math.floor(total * fraction) for fraction in lengths]
        for i in range(total - sum(counts)):
            counts[i % len(counts)] += 1
    if len(counts) < len(lengths) or sum(counts) != total:
        raise ValueError(
            f"random_split: the lengths {list(lengths)} do not sum to the dataset's, {total}"
        )
    order = iter(randperm(total, generator=generator).tolist())
    return [Subset(dataset, list(itertools.islice(order, n))) for n in counts]
