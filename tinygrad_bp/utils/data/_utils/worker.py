"""What runs in a worker process of the loader, and what the two sides say to each other."""

from __future__ import annotations

import os
import queue
import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.reduction import ForkingPickler
from typing import Any, NoReturn

import numpy as np

from ....random import manual_seed
from .fetch import Fetcher

__all__ = ["Exhausted", "Failure", "WorkerInfo", "get_worker_info", "work"]

_PARENT_CHECK = 5.0  # seconds after which a worker without orders looks whether it is an orphan


@dataclass
class WorkerInfo:
    """Who a worker is: its number, how many there are, its seed, its copy of the dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """Return who this worker process is; None in the main process."""
    return _info


@dataclass
class Exhausted:
    """The word of a worker that its iterable dataset has no more."""


class Failure:
    """An exception on its way to the main process."""

    def __init__(self, error: BaseException, where: str) -> None:
        self.kind, self.where = type(error), where
        self.text = "".join(traceback.format_exception(error))

    def reraise(self) -> NoReturn:
        """Raise an exception of the same type, with the worker's traceback in its message."""
        message = f"Caught {self.kind.__name__} {self.where}.\nOriginal {self.text}"
        try:
            error = self.kind(message)
        except TypeError:  # an exception that wants other arguments
            error = RuntimeError(message)
        raise error from None


def work(fetcher: Callable[[], Fetcher], orders: Any, results: Any, info: WorkerInfo,
         worker_init_fn: Callable[[int], None] | None) -> None:  # fmt: skip
    """Do what comes in `orders` until it is None.

    An order is ``(number, indices)``; its result ``(number, batch | Exhausted | Failure)``. The
    order "again" starts an iterable dataset anew.
    """
    global _info
    _info = info
    parent = os.getppid()
    random.seed(info.seed)
    np.random.seed(info.seed % 2**32)
    manual_seed(info.seed)
    where = f"in DataLoader worker process {info.id}"
    source: Fetcher | Failure
    try:
        if worker_init_fn is not None:
            worker_init_fn(info.id)
        source = fetcher()
    except Exception as error:
        source = Failure(error, where)
    while True:
        try:
            order = orders.get(timeout=_PARENT_CHECK)
        except queue.Empty:
            if os.getppid() != parent:
                return
            continue
        if order is None:
            return
        if order == "again":
            source = fetcher()
            continue
        number, indices = order
        answer: Any
        if isinstance(source, Failure):
            answer = source
        else:
            try:
                answer = source.fetch(indices)
            except StopIteration:
                answer = Exhausted()
            except Exception as error:
                answer = Failure(error, where)
        _send(results, number, answer, where)


def _send(results: Any, number: int, answer: Any, where: str) -> None:
    try:
        message = ForkingPickler.dumps((number, answer))
    except Exception as error:  # a batch that can't be pickled
        message = ForkingPickler.dumps((number, Failure(error, where)))
    try:
        results.send_bytes(message)
    except BrokenPipeError:  # nobody wants it any more
        return
