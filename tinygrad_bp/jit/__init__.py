"""TorchScript's names: a function or module is returned as it is, and runs as Python."""

from __future__ import annotations

from typing import Any, TypeVar

from ..nn import Module
from ..serialization import load as _load
from ..serialization import save as _save

__all__ = [
    "ScriptFunction", "ScriptModule", "annotate", "export", "freeze", "ignore", "interface",
    "is_scripting", "is_tracing", "load", "optimize_for_inference", "save", "script",
    "script_method", "trace", "trace_module", "unused",
]  # fmt: skip

Thing = TypeVar("Thing")

ScriptModule = Module


class ScriptFunction:
    """The type of scripted functions in PyTorch; here :func:`script` returns the function."""


def script(obj: Thing, optimize: Any = None, _frames_up: int = 0, _rcb: Any = None,
           example_inputs: Any = None) -> Thing:  # fmt: skip
    """Return a function or module as it is: it runs as Python, with the same results."""
    return obj


def trace(func: Any, example_inputs: Any = None, **kwargs: Any) -> Any:
    """Return a function or module as it is, after running it once on the example, as PyTorch does.

    A trace in PyTorch fixes every choice that depends on values; here the Python code goes on
    to choose.
    """
    if example_inputs is not None:
        inputs = example_inputs if isinstance(example_inputs, (tuple, list)) else (example_inputs,)
        func(*inputs)
    return func


def trace_module(mod: Any, inputs: dict[str, Any], **kwargs: Any) -> Any:
    """Return a module as it is, after running the named methods once on their examples."""
    for name, example in inputs.items():
        getattr(mod, name)(*(example if isinstance(example, (tuple, list)) else (example,)))
    return mod


def _as_it_is(obj: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Return a function or module as it is; usable as a decorator with arguments too."""
    return obj if callable(obj) else _as_it_is


script_method = export = ignore = unused = interface = _as_it_is


def freeze(mod: Any, *args: Any, **kwargs: Any) -> Any:
    """Return a module as it is.

    Raises
    ------
    RuntimeError
        For a module in training mode, as in PyTorch.
    """
    if mod.training:
        raise RuntimeError("freeze: only a module in eval mode can be frozen; call mod.eval()")
    return mod


def optimize_for_inference(mod: Any, *args: Any, **kwargs: Any) -> Any:
    """Return a module as it is."""
    return mod


def annotate(the_type: Any, the_value: Thing) -> Thing:
    """Return a value as it is; the type is for TorchScript."""
    return the_value


def is_scripting() -> bool:
    """Whether this code is being compiled by TorchScript: never."""
    return False


def is_tracing() -> bool:
    """Whether this code is being traced: never."""
    return False


def save(m: Any, f: Any, _extra_files: Any = None) -> None:
    """Write a module to disk; its class is needed to load it, see :func:`tinygrad_bp.save`."""
    _save(m, f)


def load(f: Any, map_location: Any = None, _extra_files: Any = None) -> Any:
    """Read what :func:`save` wrote: a pickled module, so only from a source that you trust."""
    return _load(f, map_location, weights_only=False)
