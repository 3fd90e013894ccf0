"""Making a module whose parameters will be set otherwise."""

from __future__ import annotations

import inspect
from typing import Any

from ...random import default_generator
from ..modules.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Module:
    """Make a module without consuming random numbers: its values are still to be set.

    Parameters
    ----------
    module_cls : subclass of Module
        Its ``__init__`` takes a `device`.
    *args, **kwargs
        Its arguments.

    Raises
    ------
    RuntimeError
        If it is no Module, or takes no `device`.
    """
    if not isinstance(module_cls, type) or not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    state = default_generator.get_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        default_generator.set_state(state)
