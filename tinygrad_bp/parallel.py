"""Large pieces of work in as many threads at once as NumPy's BLAS may use.

NumPy lets go of Python's lock while it computes, so that the halves of a batch can be worked on in
two threads: copies and sums too, which BLAS does not share out, and with one meeting at the end in
place of one a product. Meanwhile BLAS is held to one thread itself. Where it has but one
(``set_num_threads(1)``, ``OPENBLAS_NUM_THREADS=1``), or is no OpenBLAS that lets itself be asked,
everything stays in the calling thread.
"""

from __future__ import annotations

import functools
import itertools
import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["openblas", "share"]

Result = TypeVar("Result")

#: Bytes gone through, below which a second thread takes longer to wake than to help.
WORTH = 1 << 21

_busy = threading.Lock()


def openblas() -> list[Any]:
    """Find the OpenBLAS libraries that this process has loaded."""
    import ctypes

    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            paths = {line.split(maxsplit=5)[-1].strip() for line in maps if "openblas" in line}
    except OSError:
        return []
    return [ctypes.CDLL(path) for path in paths if ".so" in path]


@functools.cache
def _knob(verb: str) -> Callable[..., Any] | None:
    """Find OpenBLAS's function that gets or sets its number of threads; None if not exactly one."""
    found = [
        getattr(library, name)
        for library in openblas()
        for name in (f"{prefix}openblas_{verb}_num_threads{suffix}"
                     for prefix in ("scipy_", "") for suffix in ("64_", ""))
        if hasattr(library, name)
    ]  # fmt: skip
    return found[0] if len(found) == 1 else None


@functools.cache
def _helpers() -> Any:
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(os.cpu_count(), "tinygrad_bp")


if hasattr(os, "register_at_fork"):
    # A child has none of the threads, and perhaps a lock that one of them held.
    def _forget() -> None:
        global _busy
        _helpers.cache_clear()
        _busy = threading.Lock()

    os.register_at_fork(after_in_child=_forget)


def share(count: int, size: int, work: Callable[[slice], Result]) -> list[Result]:
    """Call `work` for slices that make up ``range(count)``, at the same time if `size` is worth it.

    Parameters
    ----------
    count : int
        How many samples, say.
    size : int
        How many bytes are gone through altogether.
    work : callable
        ``work(slice)``; what it returns is listed in the order of the slices.
    """
    get, put = (_knob("get"), _knob("set")) if size >= WORTH and count > 1 else (None, None)
    parts = min(get(), count) if get and put else 1
    # One piece of work at a time: its parts, and other threads of the user's, go on alone.
    if parts < 2 or put is None or not _busy.acquire(blocking=False):
        return [work(slice(0, count))]
    from contextvars import copy_context  # NumPy's errstate is one

    edges = [count * i // parts for i in range(parts + 1)]
    slices = [slice(a, b) for a, b in itertools.pairwise(edges)]
    threads = get() if get else 1
    put(1)
    try:
        others = [_helpers().submit(copy_context().run, work, part) for part in slices[1:]]
        try:
            first = work(slices[0])
        finally:
            for other in others:
                other.exception()  # they write to the same arrays: nobody goes on before them
        return [first, *(other.result() for other in others)]
    finally:
        put(threads)
        _busy.release()
