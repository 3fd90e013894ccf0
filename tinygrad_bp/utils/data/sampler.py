"""Samplers: in which order the examples of a dataset are read."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

from ...creation import as_tensor
from ...dtype import float64
from ...random import Generator
from ...sampling import multinomial, randint, randperm

__all__ = [
    "BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler",
    "WeightedRandomSampler",
]  # fmt: skip

Index = TypeVar("Index", covariant=True)


class Sampler(Generic[Index]):
    """An order of indices: derive from it and define ``__iter__``, and ``__len__`` if known."""

    def __init__(self, data_source: Any = None) -> None:
        pass

    def __iter__(self) -> Iterator[Index]:
        raise NotImplementedError(f"{type(self).__name__} has to define __iter__()")


class SequentialSampler(Sampler[int]):
    """0, 1, 2, …: always the same order.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.data import SequentialSampler
    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """An order by chance.

    Parameters
    ----------
    data_source : Dataset
    replacement : bool
        Draw each index anew from all; otherwise each comes once (a round).
    num_samples : int, optional
        How many to draw, by default as many as there are; without replacement, more than there
        are take several rounds.
    generator : Generator, optional
        Where the order comes from, by default a stream started by the default generator.

    Raises
    ------
    TypeError, ValueError
        For a `replacement` that is no bool, and a `num_samples` that is no positive int.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.data import RandomSampler
    >>> sorted(RandomSampler("abc"))
    [0, 1, 2]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got {replacement!r}")
        if num_samples is not None and (not isinstance(num_samples, int) or num_samples <= 0):
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={num_samples}"
            )
        self.data_source, self.replacement = data_source, replacement
        self._num_samples, self.generator = num_samples, generator

    @property
    def num_samples(self) -> int:
        """How many indices come."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        total, generator = len(self.data_source), self.generator
        if generator is None:
            # A stream of its own: what is drawn while the loop runs does not change the order.
            generator = Generator().manual_seed(int(randint(0, 2**62, (1,)).item()))
        left = self.num_samples
        while left > 0 and total:
            if self.replacement:
                chosen = randint(0, total, (min(left, 1 << 16),), generator=generator)
            else:
                chosen = randperm(total, generator=generator)[:left]
            left -= len(chosen)
            yield from chosen.tolist()

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """Some given indices, in an order by chance.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.data import SubsetRandomSampler
    >>> sorted(SubsetRandomSampler([5, 7]))
    [5, 7]
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        for i in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices drawn with probabilities in proportion to weights.

    Parameters
    ----------
    weights : sequence of float
        One for each example; they need not sum to 1.
    num_samples : int
        How many to draw.
    replacement : bool
        Whether an index may come again.
    generator : Generator, optional

    Raises
    ------
    ValueError
        For a `num_samples` that is no positive int, a `replacement` that is no bool, weights
        that are not one-dimensional.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.data import WeightedRandomSampler
    >>> list(WeightedRandomSampler([0.0, 1.0], num_samples=3))
    [1, 1, 1]
    """

    def __init__(self, weights: Sequence[float], num_samples: int, replacement: bool = True,
                 generator: Generator | None = None) -> None:  # fmt: skip
        if isinstance(num_samples, bool) or not isinstance(num_samples, int) or num_samples <= 0:
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={num_samples}"
            )
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got {replacement!r}")
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {self.weights.shape}"
            )
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator

    def __iter__(self) -> Iterator[int]:
        chosen = multinomial(
            self.weights, self.num_samples, self.replacement, generator=self.generator
        )
        return iter(chosen.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of `batch_size` indices from another sampler.

    Raises
    ------
    ValueError
        For a `batch_size` that is no positive int, or a `drop_last` that is no bool.

    Examples
    --------
    >>> from tinygrad_bp.utils.data import BatchSampler, SequentialSampler
    >>> list(BatchSampler(SequentialSampler(range(5)), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size <= 0:
            raise ValueError(
                f"batch_size should be a positive integer value, but got batch_size={batch_size}"
            )
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        total = len(self.sampler)  # type: ignore[arg-type]
        whole, rest = divmod(total, self.batch_size)
        return whole + (rest > 0 and not self.drop_last)
