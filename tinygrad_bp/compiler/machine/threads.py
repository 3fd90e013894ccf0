"""The threads that take parts of a step: one for each further core, started once a process.

Each is a thread of Python in a single call of native code, in which it stays (see `sharing`). How
many of them take part in a step is asked of BLAS each time: who limits BLAS, by
``OPENBLAS_NUM_THREADS``, :func:`tinygrad_bp.set_num_threads` or threadpoolctl, limits them.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import threading
import time

import numpy as np

from ..kernels.shares import cores
from . import cache
from .blas import Blas
from .library import Library, compiled, host
from .sharing import SIZE, SLOTS, working

__all__ = ["Pool", "pool_for"]


class Pool:
    """Workers, and the memory through which they are told what to do.

    Attributes
    ----------
    address : int
        Of the memory; 0 where there can be no workers.
    awry : bool
        Whether workers are to be started anew: this process has forked, or is a fork.
    """

    def __init__(self, blas: Blas) -> None:
        raw = np.zeros(SIZE + 16, np.int64)
        at = raw.__array_interface__["data"][0]
        self._words = raw[(-at % 128) // 8 :][:SIZE]
        self.address = 0
        self.awry = False
        self._blas = blas
        self._threads: list[threading.Thread] = []
        self._library: Library | None = None
        self._starting = threading.Lock()
        self._count = 1  # threads of BLAS before a fork
        if blas.get_threads and blas.set_threads and self._furnish():
            self.address = self._words.__array_interface__["data"][0]
            os.register_at_fork(before=self._pause, after_in_parent=self._resume,
                                after_in_child=self._forked)  # fmt: skip
            atexit.register(self.stop)

    def _furnish(self) -> bool:
        """Write down the functions that are called by address; return whether there are all."""
        words = self._words
        names = {"post": "sem_post", "wait": "sem_wait", "give_way": "sched_yield",
                 "clock": "clock_gettime", "where": "sched_getcpu",
                 "get_mask": "sched_getaffinity", "set_mask": "sched_setaffinity"}  # fmt: skip
        try:
            libc = ctypes.CDLL(None)
            for slot, name in names.items():
                function = ctypes.cast(getattr(libc, name), ctypes.c_void_p)
                words[SLOTS[slot]] = function.value or 0
            semaphore = words[SLOTS["semaphore"] :].ctypes.data_as(ctypes.c_void_p)
            made: int = libc.sem_init(semaphore, 0, 0)
        except (AttributeError, OSError, TypeError):  # the last where there is no one C library
            return False
        words[SLOTS["get_threads"]] = self._blas.get_threads
        words[SLOTS["set_threads"]] = self._blas.set_threads
        return made == 0

    def start(self, count: int) -> None:
        """See that there are so many workers."""
        with self._starting:
            self.awry = False
            if count <= len(self._threads) or not self.address:
                return
            if self._library is None:
                self._library = _library()
            kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)
            work = kind(self._library.address("work"))
            for index in range(len(self._threads), count):
                thread = threading.Thread(
                    target=work, args=(self.address, index), name=f"tgb-{index}", daemon=True
                )
                try:
                    thread.start()
                except RuntimeError:  # no more are to be had, or Python is about to end
                    break
                self._threads.append(thread)
            self._words[SLOTS["workers"]] = len(self._threads)

    def stop(self) -> None:
        """End the workers: at exit, since their code does not outlive Python."""
        with self._starting:
            words = self._words
            words[SLOTS["workers"]] = 0
            words[SLOTS["stop"]] = 1
            semaphore = ctypes.c_void_p(self.address + 8 * SLOTS["semaphore"])
            for _ in self._threads:
                ctypes.CDLL(None).sem_post(semaphore)
            for thread in self._threads:
                thread.join()
            self._threads.clear()
            words[SLOTS["stop"]] = 0

    def _pause(self) -> None:
        """End the workers before a fork: a process of one thread forks more safely.

        A fork while BLAS's own threads multiply hangs for ever (they are ended first), so that a
        step which another thread is in has to be over, and the next to go on alone.
        """
        words = self._words
        words[SLOTS["workers"]] = 0
        before = int(words[SLOTS["before"]])
        if before:  # a step is being run, at the end of which BLAS gets so many threads
            words[SLOTS["before"]] = 1
        self._count = max(before, self._blas_count())
        while words[SLOTS["lock"]]:
            time.sleep(1e-4)
        self._set_blas(1)
        if self._threads:
            self.stop()
            self.awry = True

    def _resume(self) -> None:
        self._set_blas(self._count)

    def _forked(self) -> None:
        """Begin anew in a fork, which has only one of the threads."""
        self._words[: SLOTS["get_threads"]] = 0
        self._starting = threading.Lock()
        self._furnish()
        self._resume()

    def _blas_count(self) -> int:
        return int(ctypes.CFUNCTYPE(ctypes.c_int)(self._blas.get_threads)())

    def _set_blas(self, count: int) -> None:
        ctypes.CFUNCTYPE(None, ctypes.c_int)(self._blas.set_threads)(count)

    def ready(self, table: int = 0) -> int:
        """Start workers again after a fork; the first part of a step that shares (see `native`)."""
        if self.awry:
            self.start(self._wanted())
        return 0

    def _wanted(self) -> int:
        """How many workers there is use for: BLAS's threads, but never more than cores."""
        return min(self._blas_count(), cores()) - 1


def _library() -> Library:
    text = working()
    key = f"{host()}\n{text}"
    code = cache.load(key)
    if code is None:
        code = compiled(text)
        cache.save(key, code)
    return Library(code)


_pools: list[Pool] = []
_making = threading.Lock()


def pool_for(blas: Blas) -> Pool:
    """Return the process's pool, with the workers that it can use by now."""
    with _making:
        if not _pools:
            _pools.append(Pool(blas))
    pool = _pools[0]
    if pool.address:
        pool.start(pool._wanted())
    return pool
