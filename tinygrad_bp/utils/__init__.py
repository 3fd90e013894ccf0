"""What scripts need around a model: loading data, checkpoints of a graph, logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import benchmark, checkpoint, data, dlpack, hooks, tensorboard

__all__ = ["benchmark", "checkpoint", "data", "dlpack", "hooks", "tensorboard"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in __all__:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
