"""The worker processes of one loader, seen from the main process."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import time
import warnings
from collections.abc import Iterator
from multiprocessing.connection import wait
from multiprocessing.reduction import ForkingPickler
from typing import Any

from .fetch import Fetcher
from .worker import Exhausted, Failure, WorkerInfo, work

__all__ = ["Pool"]

_PATIENCE = 5.0  # seconds that a worker gets to end by itself


class Pool:
    """Worker processes that are ahead by some batches, whose batches come in order.

    Parameters
    ----------
    loader : DataLoader
    seed : int
        Worker i starts its random numbers at ``seed + i``.
    """

    def __init__(self, loader: Any, seed: int) -> None:
        self.timeout, self.ahead = loader.timeout, loader.prefetch_factor
        self.in_order, self.persistent = loader.in_order, loader.persistent_workers
        context = loader.multiprocessing_context
        if context is None or isinstance(context, str):
            context = multiprocessing.get_context(context)
        make = functools.partial(
            Fetcher, loader.dataset, loader.iterable, loader.batched, loader.collate_fn,
            loader.drop_last,
        )  # fmt: skip
        self.processes: list[Any] = []
        self.orders: list[Any] = []
        self.results: list[Any] = []
        for i in range(loader.num_workers):
            receiver, sender = context.Pipe(duplex=False)
            orders = context.Queue()
            info = WorkerInfo(i, loader.num_workers, seed + i, loader.dataset)
            process = context.Process(
                target=work, args=(make, orders, sender, info, loader.worker_init_fn), daemon=True
            )
            with warnings.catch_warnings():
                # Python warns of forking beside threads; those of the BLAS know how to be forked.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
            sender.close()  # so that the pipe ends with the worker
            self.processes.append(process)
            self.orders.append(orders)
            self.results.append(receiver)
        self.started = False

    def batches(self, indices: Iterator[Any]) -> Iterator[Any]:
        """Yield the batches of some indices.

        Raises
        ------
        RuntimeError
            If a worker dies, or takes longer than the timeout.
        Exception
            Whatever the dataset raised in a worker.
        """
        if self.started:
            for orders in self.orders:
                orders.put("again")
        self.started = True
        active = list(range(len(self.processes)))
        owed: dict[int, int] = {}  # number of the order -> its worker
        came: dict[int, Any] = {}
        sent = given = 0

        def order(worker: int) -> bool:
            nonlocal sent
            try:
                self.orders[worker].put((sent, next(indices)))
            except StopIteration:
                return False
            owed[sent] = worker
            sent += 1
            return True

        try:
            for _ in range(self.ahead):
                for worker in active:
                    order(worker)
            while owed or came:
                while not (given in came if self.in_order else came):
                    worker, number, answer = self._receive(owed, self.timeout or None)
                    came[number] = answer
                if not self.in_order:
                    given = next(iter(came))
                answer, worker = came.pop(given), owed.pop(given)
                given += 1
                if isinstance(answer, Failure):
                    answer.reraise()
                if isinstance(answer, Exhausted):
                    if worker in active:
                        active.remove(worker)
                    if not active:
                        break
                    # The others take over what is left.
                    order(active[sent % len(active)])
                    continue
                if active:
                    order(worker if worker in active else active[sent % len(active)])
                yield answer
        finally:
            if self.persistent:
                self._drain({n: w for n, w in owed.items() if n not in came})

    def _receive(self, owed: dict[int, int], timeout: float | None) -> tuple[int, int, Any]:
        """Wait for the next result of any worker."""
        working = sorted(set(owed.values()))
        ends = {self.results[w]: w for w in working}
        for connection in wait(list(ends), timeout):
            worker = ends[connection]
            try:
                number, answer = ForkingPickler.loads(connection.recv_bytes())  # type: ignore[union-attr]
            except EOFError:
                process = self.processes[worker]
                process.join(_PATIENCE)
                raise RuntimeError(
                    f"DataLoader worker (pid {process.pid}) exited unexpectedly, with exit code "
                    f"{process.exitcode}: run with num_workers=0 to see why"
                ) from None
            return worker, number, answer
        raise RuntimeError(f"DataLoader timed out after {self.timeout} seconds")

    def _drain(self, owed: dict[int, int]) -> None:
        """Take in what was ordered and is not wanted any more, so that a worker may be reused."""
        until = time.monotonic() + _PATIENCE
        while owed and time.monotonic() < until and all(p.is_alive() for p in self.processes):
            with contextlib.suppress(RuntimeError):  # nothing yet, or an end that is seen above
                _, number, _ = self._receive(owed, 0.1)
                owed.pop(number, None)

    def close(self) -> None:
        """End the workers."""
        for orders in self.orders:
            with contextlib.suppress(ValueError, OSError):  # closed already
                orders.put(None)
                orders.close()
        for connection in self.results:
            connection.close()
        until = time.monotonic() + _PATIENCE
        for process in self.processes:
            process.join(max(until - time.monotonic(), 0))
            if process.is_alive():
                process.terminate()
                process.join()
        self.orders, self.results, self.processes = [], [], []
