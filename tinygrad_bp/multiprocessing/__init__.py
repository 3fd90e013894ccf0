"""Python's multiprocessing, with what PyTorch adds to it.

A tensor that is sent to another process is copied. Memory is shared by processes that are forked
after :meth:`tinygrad_bp.Tensor.share_memory_`.
"""

from __future__ import annotations

import multiprocessing as _python
from collections.abc import Callable
from multiprocessing import *  # noqa: F403
from typing import Any

__all__ = [
    *_python.__all__, "get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy",
    "spawn", "start_processes",
]  # fmt: skip

_STRATEGIES = {"file_descriptor", "file_system"}
_strategy = "file_descriptor"


def get_all_sharing_strategies() -> set[str]:
    """Return the names of PyTorch's ways of sharing memory."""
    return set(_STRATEGIES)


def get_sharing_strategy() -> str:
    """Return what :func:`set_sharing_strategy` has set."""
    return _strategy


def set_sharing_strategy(new_strategy: str) -> None:
    """Remember a way of sharing memory; ours is to fork."""
    global _strategy
    if new_strategy not in _STRATEGIES:
        raise AssertionError(f"{new_strategy!r} is none of {', '.join(sorted(_STRATEGIES))}")
    _strategy = new_strategy


class ProcessRaisedException(Exception):  # noqa: N818  PyTorch's name
    """That a process which :func:`spawn` started has failed."""


def start_processes(fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1,
                    join: bool = True, daemon: bool = False,
                    start_method: str = "spawn") -> Any:  # fmt: skip
    """Run ``fn(i, *args)`` in `nprocs` processes.

    Returns
    -------
    list of Process or None
        The processes, unless `join`.

    Raises
    ------
    ProcessRaisedException
        If one of them fails; the others are ended.
    """
    context = _python.get_context(start_method)
    processes = [
        context.Process(target=fn, args=(i, *args), daemon=daemon)  # type: ignore[attr-defined]
        for i in range(nprocs)
    ]
    for process in processes:
        process.start()
    if not join:
        return processes
    for i, process in enumerate(processes):
        process.join()
        if process.exitcode:
            for other in processes:
                other.terminate()
            raise ProcessRaisedException(
                f"process {i} ended with exit code {process.exitcode}; its traceback is above"
            )
    return None


def spawn(fn: Callable[..., Any], args: tuple[Any, ...] = (), nprocs: int = 1, join: bool = True,
          daemon: bool = False, start_method: str = "spawn") -> Any:  # fmt: skip
    """Run ``fn(i, *args)`` in `nprocs` processes, see :func:`start_processes`."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)
