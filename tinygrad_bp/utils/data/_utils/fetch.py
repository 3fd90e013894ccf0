"""From indices to a batch: how the loader, or a worker of it, asks a dataset."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Fetcher"]


class Fetcher:
    """Reads from one dataset.

    Parameters
    ----------
    dataset : Dataset
    iterable : bool
        Whether the dataset is read in its own order, or by index.
    batched : bool
        Whether what comes are lists of indices, or single ones.
    collate_fn : callable
    drop_last : bool
        Drop a last batch that is too small, of an iterable dataset.
    """

    def __init__(self, dataset: Any, iterable: bool, batched: bool,
                 collate_fn: Callable[[Any], Any], drop_last: bool) -> None:  # fmt: skip
        self.dataset, self.batched = dataset, batched
        self.collate_fn, self.drop_last = collate_fn, drop_last
        self._examples: Iterator[Any] | None = iter(dataset) if iterable else None

    def fetch(self, indices: Any) -> Any:
        """Return the batch of some indices, or the next one of an iterable dataset.

        Raises
        ------
        StopIteration
            If an iterable dataset has no more.
        """
        if not self.batched:
            example = self.dataset[indices] if self._examples is None else next(self._examples)
            return self.collate_fn(example)
        if self._examples is not None:
            batch = list(itertools.islice(self._examples, len(indices)))
            if not batch or (self.drop_last and len(batch) < len(indices)):
                raise StopIteration
        elif callable(at_once := getattr(self.dataset, "__getitems__", None)):
            batch = at_once(indices)
        else:
            batch = [self.dataset[i] for i in indices]
        return self.collate_fn(batch)
