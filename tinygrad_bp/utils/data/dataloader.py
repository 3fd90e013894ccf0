"""The loader: batches of a dataset, made here or in worker processes."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Self, TypeVar

from ...random import Generator
from ...sampling import randint
from ._utils.collate import default_collate, default_convert
from ._utils.fetch import Fetcher
from ._utils.pool import Pool
from ._utils.worker import get_worker_info
from .dataset import IterableDataset
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

Example = TypeVar("Example", covariant=True)


class _Endless(Sampler[None]):
    """What stands for the indices of a dataset that has none."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


class DataLoader(Generic[Example]):
    """Iterates over a dataset in batches.

    Parameters
    ----------
    dataset : Dataset
        With ``__getitem__`` and ``__len__``, or an :class:`IterableDataset`.
    batch_size : int or None
        Examples in a batch; None gives single examples.
    shuffle : bool
        Another order in each epoch.
    sampler : iterable of int, optional
        The order, in place of `shuffle`.
    batch_sampler : iterable of list of int, optional
        The batches, in place of `batch_size`, `shuffle`, `sampler` and `drop_last`.
    num_workers : int
        How many processes make batches ahead of time; 0 makes them here, when they are asked for.
    collate_fn : callable, optional
        Makes a batch of a list of examples; by default :func:`default_collate`.
    pin_memory, pin_memory_device
        Accepted; there is no device to copy to.
    drop_last : bool
        Leave out a last batch that is too small.
    timeout : float
        Seconds to wait for a batch from a worker; 0 for as long as it takes.
    worker_init_fn : callable, optional
        Called with the worker's number in each, after its random streams are started.
    multiprocessing_context : str or context, optional
        How processes are started: "fork", "spawn" or "forkserver".
    generator : Generator, optional
        Where the order, and the workers' seeds, come from.
    prefetch_factor : int, optional
        Batches that each worker is ahead; 2 by default.
    persistent_workers : bool
        Keep the workers for the next epoch.
    in_order : bool
        Give batches in the order of the sampler, not as they are ready.

    Raises
    ------
    ValueError
        For arguments that exclude each other.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.data import DataLoader, TensorDataset
    >>> data = TensorDataset(tgb.arange(5), tgb.arange(5) ** 2)
    >>> for x, y in DataLoader(data, batch_size=2):
    ...     print(x.tolist(), y.tolist())
    [0, 1] [0, 1]
    [2, 3] [4, 9]
    [4] [16]
    """

    def __init__(self, dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None,
                 sampler: Iterable[Any] | None = None, batch_sampler: Iterable[Any] | None = None,
                 num_workers: int = 0, collate_fn: Callable[[Any], Any] | None = None,
                 pin_memory: bool = False, drop_last: bool = False, timeout: float = 0,
                 worker_init_fn: Callable[[int], None] | None = None,
                 multiprocessing_context: Any = None, generator: Generator | None = None, *,
                 prefetch_factor: int | None = None, persistent_workers: bool = False,
                 pin_memory_device: str = "", in_order: bool = True) -> None:  # fmt: skip
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        self.dataset, self.num_workers, self.timeout = dataset, num_workers, timeout
        self.pin_memory, self.pin_memory_device = pin_memory, pin_memory_device
        self.worker_init_fn, self.generator, self.in_order = worker_init_fn, generator, in_order
        self.multiprocessing_context = multiprocessing_context
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.persistent_workers = persistent_workers
        self.iterable = isinstance(dataset, IterableDataset)
        if self.iterable:
            if shuffle or sampler is not None or batch_sampler is not None:
                raise ValueError(
                    "DataLoader with an IterableDataset: the dataset decides the order, so "
                    "shuffle, sampler and batch_sampler are not available"
                )
        elif sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, "
                    "and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None disables batching, which drop_last is about")
        if sampler is None:
            if self.iterable:
                sampler = _Endless()
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)  # type: ignore[arg-type]
        self.batch_size, self.drop_last = batch_size, drop_last
        self.sampler, self.batch_sampler = sampler, batch_sampler
        self.batched = batch_sampler is not None
        if collate_fn is None:
            collate_fn = default_collate if self.batched else default_convert
        self.collate_fn = collate_fn
        self._iterator: _Workers | None = None

    def __iter__(self) -> Iterator[Any]:
        if not self.num_workers:
            self._seed()  # drawn as with workers, so that their number changes no other draw
            return self._here()
        if not self.persistent_workers:
            return _Workers(self)
        if self._iterator is None:
            self._iterator = _Workers(self)
        else:
            self._iterator.restart()
        return self._iterator

    def __len__(self) -> int:
        """Return the number of batches.

        Raises
        ------
        TypeError
            If the dataset, or the sampler, does not tell its length.
        """
        if not self.iterable:
            return len(self._indices)  # type: ignore[arg-type]
        total = len(self.dataset)
        if self.batch_size is None:
            return total
        whole, rest = divmod(total, self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    @property
    def _indices(self) -> Iterable[Any]:
        """What the fetcher is asked for, one after the other."""
        return self.batch_sampler if self.batch_sampler is not None else self.sampler

    def _seed(self) -> int:
        return int(randint(0, 2**62, (1,), generator=self.generator).item())

    def _here(self) -> Iterator[Any]:
        fetcher = Fetcher(
            self.dataset, self.iterable, self.batched, self.collate_fn, self.drop_last
        )
        for indices in self._indices:
            try:
                yield fetcher.fetch(indices)
            except StopIteration:
                return


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    if num_workers < 0:
        raise ValueError("num_workers can't be negative; 0 makes the batches in the main process")
    if timeout < 0:
        raise ValueError("timeout can't be negative; 0 waits as long as it takes")
    if not num_workers and (prefetch_factor is not None or persistent_workers):
        raise ValueError(
            "prefetch_factor and persistent_workers are about workers: set num_workers above 0"
        )
    if prefetch_factor is not None and prefetch_factor <= 0:
        raise ValueError("prefetch_factor has to be positive")


class _Workers:
    """One pass over the batches that worker processes make; ends them when it is done."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._loader = loader
        self._pool = Pool(loader, loader._seed())
        self._finalizer = weakref.finalize(self, Pool.close, self._pool)
        self._batches = self._pool.batches(iter(loader._indices))

    def restart(self) -> None:
        """Begin another pass with the same workers."""
        self._batches.close()  # type: ignore[attr-defined]
        self._batches = self._pool.batches(iter(self._loader._indices))

    def __iter__(self) -> Self:
        return self

    def __len__(self) -> int:
        return len(self._loader)

    def __next__(self) -> Any:
        try:
            return next(self._batches)
        except BaseException as end:
            if not (self._loader.persistent_workers and isinstance(end, StopIteration)):
                self._finalizer()
                self._loader._iterator = None
            raise
