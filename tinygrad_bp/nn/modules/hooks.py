"""Functions that a module calls before and after it runs, and when its gradients are known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...functions.shape import cat, split
from ...hooks import RemovableHandle
from ...rules.shape import copy
from ...tensor import Tensor

__all__ = ["ModuleHooks"]


class ModuleHooks:
    """The hooks of a module: one registry, so that a call without any looks at one attribute."""

    _call_hooks: dict[int, tuple[str, Callable[..., Any], bool]]

    def _register(self, kind: str, hook: Any, prepend: bool, with_kwargs: bool) -> RemovableHandle:
        handle = RemovableHandle(self._call_hooks)
        others = list(self._call_hooks.items())
        self._call_hooks[handle.id] = (kind, hook, with_kwargs)
        if prepend:
            for number, other in others:  # behind the new one
                del self._call_hooks[number]
                self._call_hooks[number] = other
        return handle

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before :meth:`forward`.

        What it returns, if not None, takes the place of the arguments. With `with_kwargs` it is
        called as ``hook(module, args, kwargs)`` and returns both.

        Returns
        -------
        RemovableHandle
        """
        return self._register("before", hook, prepend, with_kwargs)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after :meth:`forward`.

        What it returns, if not None, takes the place of the output. With `with_kwargs` it is called
        as ``hook(module, args, kwargs, output)``.

        Returns
        -------
        RemovableHandle
        """
        return self._register("after", hook, prepend, with_kwargs)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are known.

        What it returns, if not None, takes their place.
        """
        return self._register("backward before", hook, prepend, False)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the inputs' gradients are known.

        Both are tuples, with None for what is no tensor or wants no gradient. What the hook
        returns, if not None, takes the place of ``grad_input``.

        Returns
        -------
        RemovableHandle
        """
        return self._register("backward", hook, prepend, False)

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        hooks = list(self._call_hooks.values())
        for kind, hook, with_kwargs in hooks:
            if kind != "before":
                continue
            result = hook(self, args, kwargs) if with_kwargs else hook(self, args)
            if result is None:
                continue
            if with_kwargs:
                if not isinstance(result, tuple) or len(result) != 2:
                    raise RuntimeError(
                        "a forward pre-hook with kwargs has to return None or (args, kwargs), "
                        f"not {result!r}"
                    )
                args, kwargs = result
            else:
                args = result if isinstance(result, tuple) else (result,)
        watch = None
        if any(kind.startswith("backward") for kind, _, _ in hooks):
            watch = _BackwardWatch(self, hooks)
            args = watch.enter(args)
        output = self.forward(*args, **kwargs)  # type: ignore[attr-defined]
        for kind, hook, with_kwargs in hooks:
            if kind == "after":
                given = (args, kwargs, output) if with_kwargs else (args, output)
                result = hook(self, *given)
                if result is not None:
                    output = result
        return output if watch is None else watch.leave(output)


class _BackwardWatch:
    """One call of a module whose gradients are watched.

    Inputs and outputs pass through an identity of their own, since the gradient of the input tensor
    itself would include what flows back from its other consumers. Several inputs pass through
    *one* identity, as one flat tensor, so that their gradients are complete at the same moment.
    """

    def __init__(self, module: Any, hooks: list[tuple[str, Callable[..., Any], bool]]) -> None:
        self.module, self.hooks = module, hooks
        self.inputs: Any = None
        self.n_inputs = self.n_outputs = 0
        self.grad_output: tuple[Any, ...] = ()

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.n_inputs = len(args)
        passed, self.inputs = _through_identity(args, self._input_gradients)
        return tuple(passed)

    def leave(self, output: Any) -> Any:
        if isinstance(output, (tuple, list)):
            self.n_outputs = len(output)
            passed, _ = _through_identity(output, self._output_gradients)
            if hasattr(output, "_fields"):  # a named tuple takes its parts one by one
                return type(output)(*passed)
            return type(output)(passed)
        self.n_outputs = 1
        passed, _ = _through_identity((output,), self._output_gradients)
        return passed[0]

    def _output_gradients(self, gradients: dict[int, Any]) -> dict[int, Any]:
        known = tuple(gradients.get(i) for i in range(self.n_outputs))
        for kind, hook, _ in self.hooks:
            if kind == "backward before":
                known = self._replaced(hook(self.module, known), known)
        self.grad_output = known
        if not self.inputs:  # no input wants a gradient: all that will be known is known now
            self._run((None,) * self.n_inputs)
        return {i: known[i] for i in gradients}

    def _input_gradients(self, gradients: dict[int, Any]) -> dict[int, Any]:
        known = self._run(tuple(gradients.get(i) for i in range(self.n_inputs)))
        return {i: known[i] for i in gradients}

    def _run(self, grad_input: tuple[Any, ...]) -> tuple[Any, ...]:
        for kind, hook, _ in self.hooks:
            if kind == "backward":
                result = hook(self.module, grad_input, self.grad_output)
                grad_input = self._replaced(result, grad_input)
        return grad_input

    def _replaced(self, result: Any, before: tuple[Any, ...]) -> tuple[Any, ...]:
        if result is None:
            return before
        new = result if isinstance(result, tuple) else (result,)
        if len(new) != len(before):
            raise RuntimeError(
                f"a backward hook of {type(self.module).__name__} returned {len(new)} gradients, "
                f"but {len(before)} are due"
            )
        return new


def _through_identity(
    values: Any, on_gradient: Callable[[dict[int, Any]], dict[int, Any]]
) -> tuple[list[Any], list[int]]:
    """Pass the tensors that want a gradient through an identity; say which they are."""
    passed = list(values)
    places = [i for i, v in enumerate(passed) if isinstance(v, Tensor) and v.requires_grad]
    if not places:
        return passed, places
    if len(places) == 1:
        place = places[0]
        one = copy(passed[place])
        one.register_hook(lambda g: on_gradient({place: g})[place])
        passed[place] = one
        return passed, places
    shapes = [tuple(passed[i].shape) for i in places]
    lengths = [passed[i].numel() for i in places]
    joined = cat([passed[i].reshape(-1) for i in places])

    def on_all(g: Any) -> Any:
        parts = [p.reshape(s) for p, s in zip(split(g, lengths), shapes, strict=True)]
        new = on_gradient(dict(zip(places, parts, strict=True)))
        return cat([new[i].reshape(-1) for i in places])

    joined.register_hook(on_all)
    for i, part, shape in zip(places, split(joined, lengths), shapes, strict=True):
        passed[i] = part.reshape(shape).to(passed[i].dtype)
    return passed, places
