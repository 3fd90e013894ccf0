"""Less memory for more time: intermediate results are computed again in backward, not kept.

Source: T. Chen, B. Xu, C. Zhang, C. Guestrin (2016), Training deep nets with sublinear memory cost.
"""

from __future__ import annotations

import contextlib
import itertools
import warnings
from collections.abc import Callable
from typing import Any

from ..autograd.function import Function
from ..autograd.gradients import backward
from ..mode import enable_grad, is_grad_enabled, modes, no_grad
from ..random import default_generator, fork_rng
from ..tensor import Tensor

__all__ = ["checkpoint", "checkpoint_sequential", "noop_context_fn"]


def noop_context_fn() -> tuple[Any, Any]:
    """Return two contexts that do nothing: for the forward, and for when it is run again."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None,
               context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn,
               determinism_check: str = "default", debug: bool = False, early_stop: bool = True,
               preserve_rng_state: bool = True, **kwargs: Any) -> Any:  # fmt: skip
    """Run a function without keeping what its backward needs: it is run again then.

    Parameters
    ----------
    function : callable
        Gives the same result when it is run again; parameters it uses get their gradients too.
    *args, **kwargs
        Its arguments.
    use_reentrant : bool, optional
        PyTorch's two ways of doing it. With True, as there, some argument has to require a
        gradient, and keyword arguments are refused.
    context_fn : callable, optional
        Gives a context for the first run and one for the second.
    determinism_check, debug, early_stop
        Accepted.
    preserve_rng_state : bool
        Let the second run draw the random numbers of the first (dropout).

    Raises
    ------
    ValueError
        For keyword arguments with ``use_reentrant=True``.
    RuntimeError
        If the second run gives another number of results, or of other shapes.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.utils.checkpoint import checkpoint
    >>> x = tgb.ones(2, requires_grad=True)
    >>> checkpoint(lambda x: (x * x).exp().sum(), x, use_reentrant=False).backward()
    >>> x.grad
    tensor([5.4366, 5.4366])
    """
    if use_reentrant is None:
        use_reentrant = False
    if use_reentrant and kwargs:
        raise ValueError(f"checkpoint: use_reentrant=True takes no keyword arguments: {[*kwargs]}")
    first, second = context_fn()
    if not is_grad_enabled():
        with first:
            return function(*args, **kwargs)
    if use_reentrant and not any(isinstance(a, Tensor) and a.requires_grad for a in args):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2
        )
        with first, no_grad():  # as in PyTorch: nothing is recorded then
            return function(*args)
    if modes.trace is not None and preserve_rng_state:
        # A compiled step plans its memory itself, and the second run would give the same.
        with first:
            return function(*args, **kwargs)
    tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]

    def run(given: list[Any]) -> Any:
        left = iter(given)
        positional = [next(left) if isinstance(a, Tensor) else a for a in args]
        named = {k: next(left) if isinstance(a, Tensor) else a for k, a in kwargs.items()}
        return function(*positional, **named)

    state = default_generator.get_state() if preserve_rng_state else None
    again = _Rerun(run, second, state)
    with first:
        results = _Recomputed.apply(again, _hook(use_reentrant), *tensors)
    return again.packed(results)


def _hook(use_reentrant: bool) -> Tensor:
    """Return a leaf that makes the function recorded even if only parameters want a gradient."""
    from ..creation import empty

    return empty(0, requires_grad=not use_reentrant)


class _Rerun:
    """The function, with what it takes to run it a second time as it was run the first."""

    def __init__(self, run: Callable[[list[Any]], Any], context: Any, state: Any) -> None:
        self.run, self.context, self.state = run, context, state
        self.packed: Callable[[Any], Any] = lambda results: results

    def first(self, tensors: Any) -> Any:
        """Run it, and remember how its results were packed."""
        results = self.run(list(tensors))
        if isinstance(results, list):
            self.packed = list
            return tuple(results)
        return results

    def again(self, tensors: list[Any]) -> tuple[Any, ...]:
        """Run it with the random numbers of the first time, recorded."""
        with fork_rng(enabled=self.state is not None), enable_grad(), self.context:
            if self.state is not None:
                default_generator.set_state(self.state)
            results = self.run(tensors)
        return tuple(results) if isinstance(results, (tuple, list)) else (results,)


class _Recomputed(Function):
    """The checkpointed function as one operation of the graph."""

    @staticmethod
    def forward(ctx: Any, rerun: _Rerun, hook: Tensor, *tensors: Tensor) -> Any:
        """Run without recording."""
        ctx.rerun = rerun
        ctx.save_for_backward(*tensors)
        return rerun.first(tensors)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Run again, recorded, and go back through that: parameters collect on the way."""
        tensors = [
            t.detach().requires_grad_(wanted)
            for t, wanted in zip(ctx.saved_tensors, ctx.needs_input_grad[2:], strict=True)
        ]
        results = ctx.rerun.again(tensors)
        if len(results) != len(gradients):
            raise RuntimeError(
                f"checkpoint: the function gave {len(gradients)} results, and {len(results)} when "
                "it was run again: it has to do the same each time"
            )
        pairs = []
        for result, gradient in zip(results, gradients, strict=True):
            if not isinstance(result, Tensor) or not result.requires_grad or gradient is None:
                continue
            if result.shape != gradient.shape:
                raise RuntimeError(
                    f"checkpoint: a result of shape {tuple(gradient.shape)} had the shape "
                    f"{tuple(result.shape)} when the function was run again"
                )
            pairs.append((result, gradient))
        if pairs:
            backward([r for r, _ in pairs], [g for _, g in pairs])
        return (None, None, *(tensor.grad for tensor in tensors))


def checkpoint_sequential(functions: Any, segments: int, input: Any,
                          use_reentrant: bool | None = None,
                          preserve_rng_state: bool = True) -> Any:  # fmt: skip
    """Run modules one after the other, in segments of which only the inputs are kept.

    Parameters
    ----------
    functions : Sequential or list of callables
    segments : int
        How many; the last one is run as usual, since its backward comes first.
    input : Tensor
    use_reentrant, preserve_rng_state
        See :func:`checkpoint`.
    """
    chain = list(functions.children()) if hasattr(functions, "children") else list(functions)

    def runner(part: list[Any]) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            for function in part:
                x = function(x)
            return x

        return run

    length = max(len(chain) // segments, 1)
    cuts = [length * i for i in range(min(segments, len(chain)))]
    for start, end in itertools.pairwise(cuts):
        input = checkpoint(
            runner(chain[start:end]), input,
            use_reentrant=use_reentrant, preserve_rng_state=preserve_rng_state,
        )  # fmt: skip
    return runner(chain[cuts[-1] if cuts else 0 :])(input)
