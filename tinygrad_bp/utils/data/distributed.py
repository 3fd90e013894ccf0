"""The sampler for several processes that share the work."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sized

from ...random import Generator
from ...sampling import randperm
from .sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """The share of one of several processes: every `num_replicas`-th index, from `rank` on.

    Parameters
    ----------
    dataset : Dataset
    num_replicas, rank : int, optional
        How many processes there are, and which this one is; by default what the launcher says in
        ``WORLD_SIZE`` and ``RANK``, else 1 and 0.
    shuffle : bool
        By chance, in the same order in all processes; call :meth:`set_epoch` for another one.
    seed : int
        Has to be the same in all processes.
    drop_last : bool
        Drop what does not divide evenly; otherwise the first indices come again at the end.

    Raises
    ------
    ValueError
        For a rank that is none of the processes.
    """

    def __init__(self, dataset: Sized, num_replicas: int | None = None, rank: int | None = None,
                 shuffle: bool = True, seed: int = 0, drop_last: bool = False) -> None:  # fmt: skip
        if num_replicas is None:
            num_replicas = int(os.environ.get("WORLD_SIZE", 1))
        if rank is None:
            rank = int(os.environ.get("RANK", 0))
        if not 0 <= rank < num_replicas:
            raise ValueError(f"Invalid rank {rank}, it should lie in [0, {num_replicas - 1}]")
        self.dataset, self.num_replicas, self.rank = dataset, num_replicas, rank
        self.epoch, self.shuffle, self.seed, self.drop_last = 0, shuffle, seed, drop_last
        share = len(dataset) / num_replicas
        self.num_samples = math.floor(share) if drop_last else math.ceil(share)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        total = len(self.dataset)
        indices = list(range(total))
        if self.shuffle:
            generator = Generator().manual_seed(self.seed + self.epoch)
            indices = randperm(total, generator=generator).tolist()
        if self.total_size > total:
            indices = (indices * math.ceil(self.total_size / max(total, 1)))[: self.total_size]
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of this epoch."""
        self.epoch = epoch
