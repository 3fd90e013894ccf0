"""The module that processes train together; it needs processes that know of each other."""

from __future__ import annotations

from typing import Any

from ..modules.module import Module

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module):
    """A module whose gradients are averaged over processes: not without a group of them.

    Scripts name it, and make one only when they were started by a launcher.

    Raises
    ------
    RuntimeError
        Always, as PyTorch does where ``init_process_group`` was not called: tinygrad_bp trains in
        one process.
    """

    def __init__(self, module: Module, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            "DistributedDataParallel: there is no process group; tinygrad_bp trains in one "
            "process: use the module itself"
        )
