"""`tgb.compile`: a training step as one program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..nn.modules.module import Module
from .backends import builder
from .config import config
from .control import (
    cudagraph_mark_step_begin,
    disable,
    is_compiling,
    is_dynamo_compiling,
    list_backends,
    reset,
)
from .errors import CompileWarning, TraceError
from .module import CompiledModule
from .step import CompiledStep

__all__ = [
    "CompileWarning", "CompiledModule", "CompiledStep", "TraceError", "compile", "config",
    "cudagraph_mark_step_begin", "disable", "is_compiling", "is_dynamo_compiling", "list_backends",
    "reset",
]  # fmt: skip


def compile(
    model: Callable[..., Any] | None = None,
    *,
    fallback: bool | None = None,
    backend: str | None = None,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    name: str | None = None,
    disable: bool = False,
    recompile_limit: int | None = None,
    isolate_recompiles: bool = False,
    shapes_spec: Any = None,
) -> Any:
    """Make a training step (or any function of tensors, or a module) run as one program.

    The function is written as ever, and not changed. Its first call runs it and notes its
    operations: the forward pass, `backward`, what is done to the gradients, the optimizer's step.
    The next calls run the program that came of this, on the same tensors: parameters, their
    ``grad``, the optimizer's state and the random numbers are those of the uncompiled function.
    Other shapes, dtypes, modes (``model.eval()``) or Python values get a program of their own.

    Parameters
    ----------
    model : callable or Module
        Left out, a decorator is returned.
    fallback : bool, optional
        Run what can't be compiled as it is, with one warning, instead of raising. By default a
        module does, as PyTorch's scripts expect of ``torch.compile(model)``; a function raises,
        since its author wants to know.
    backend : {None, "native", "numpy", "reference"}
        What runs the program: native code (needs the extra `compile`; the default if it is
        installed), NumPy calls into memory that is kept, or each operation's own forward, for
        comparison. Other names, PyTorch's, stand for the default.
    fullgraph : bool
        As in PyTorch: a module that can't be compiled raises, too.
    disable : bool
        Return the function as it is.
    dynamic, mode, options, …
        Accepted, since they change no result.

    Returns
    -------
    CompiledStep, or CompiledModule
        Called like the function, or a module around the module.

    Raises
    ------
    TraceError
        When called, for a step that depends on values in Python (``.item()``, a branch on a
        tensor), changes Python objects, or does something else that can't be done again by the
        program; the message names the line and the remedy.

    Notes
    -----
    What a step returns after its `backward` has no history. Gradients keep their memory from step
    to step.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> model = tgb.nn.Linear(2, 1)
    >>> optimizer = tgb.optim.SGD(model.parameters(), lr=0.1)
    >>> @tgb.compile(backend="numpy")
    ... def step(x, y):
    ...     optimizer.zero_grad()
    ...     loss = tgb.nn.functional.mse_loss(model(x), y)
    ...     loss.backward()
    ...     optimizer.step()
    ...     return loss
    >>> x, y = tgb.randn(8, 2), tgb.randn(8, 1)
    >>> losses = [float(step(x, y)) for _ in range(100)]
    >>> losses[-1] < losses[0], step.traces
    (True, 1)
    """
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be.")
    if model is None:
        return lambda f: compile(
            f, fallback=fallback, backend=backend, disable=disable, fullgraph=fullgraph
        )
    if disable:
        return model
    if fallback is None:
        fallback = isinstance(model, Module) and not fullgraph
    step = CompiledStep(model, fallback, builder(backend))
    return CompiledModule(model, step) if isinstance(model, Module) else step
