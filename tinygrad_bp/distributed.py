"""PyTorch's names for training in several processes: here there is one, and they say so.

Scripts ask :func:`is_available` or :func:`is_initialized` before they do anything with others.
"""

from __future__ import annotations

from typing import Any, NoReturn

__all__ = [
    "all_gather", "all_reduce", "barrier", "broadcast", "destroy_process_group", "get_rank",
    "get_world_size", "init_process_group", "is_available", "is_gloo_available", "is_initialized",
    "is_mpi_available", "is_nccl_available", "is_torchelastic_launched", "reduce",
]  # fmt: skip


def is_available() -> bool:
    """Whether processes can train together: no."""
    return False


is_gloo_available = is_mpi_available = is_nccl_available = is_available


def is_initialized() -> bool:
    """Whether a group of processes was set up: no."""
    return False


def is_torchelastic_launched() -> bool:
    """Whether a launcher started this process: no."""
    return False


def init_process_group(*args: Any, **kwargs: Any) -> NoReturn:
    """Set a group of processes up, in PyTorch.

    Raises
    ------
    RuntimeError
        Always.
    """
    raise RuntimeError(
        "init_process_group: tinygrad_bp trains in one process; guard the call with "
        "`if tgb.distributed.is_available():`"
    )


def _without_group(name: str) -> Any:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise ValueError(
            f"{name}: Default process group has not been initialized, please make sure to call "
            "init_process_group; tinygrad_bp trains in one process"
        )

    refuse.__name__ = name
    refuse.__doc__ = f"Do `{name}` between processes: there is no group of them, a ValueError."
    return refuse


all_gather, all_reduce, barrier, broadcast = map(
    _without_group, ("all_gather", "all_reduce", "barrier", "broadcast")
)
destroy_process_group, get_rank, get_world_size, reduce = map(
    _without_group, ("destroy_process_group", "get_rank", "get_world_size", "reduce")
)
