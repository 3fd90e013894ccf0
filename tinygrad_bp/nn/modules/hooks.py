"""Functions that a module calls before and after it runs, and when its gradients are known."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

from ...changes import changes
from ...functions.shape import cat, split
from ...hooks import RemovableHandle
from ...rules.shape import copy
from ...tensor import Tensor

__all__ = ["GLOBAL_HOOKS", "ModuleHooks", "add_hook"]


Entry = tuple[str, Callable[..., Any], bool, bool]  # when, hook, with_kwargs, always_call

#: The hooks of all modules; they run before a module's own.
GLOBAL_HOOKS: dict[int, Entry] = {}


def add_hook(
    registry: dict[int, Entry],
    when: str,
    hook: Callable[..., Any],
    prepend: bool = False,
    with_kwargs: bool = False,
    always_call: bool = False,
) -> RemovableHandle:
    """Put a hook into a registry, at its end or its beginning."""
    changes.count += 1
    handle = RemovableHandle(registry)
    others = list(registry.items())
    registry[handle.id] = (when, hook, with_kwargs, always_call)
    if prepend:
        for number, other in others:  # behind the new one
            del registry[number]
            registry[number] = other
    return handle


class _HooksOf(MutableMapping[int, Callable[..., Any]]):
    """The hooks of one kind, as PyTorch shows them: number -> hook; changes reach the module."""

    def __init__(self, registry: dict[int, Entry], when: str) -> None:
        self._registry, self._when = registry, when

    def _own(self) -> list[int]:
        return [number for number, entry in self._registry.items() if entry[0] == self._when]

    def __getitem__(self, number: int) -> Callable[..., Any]:
        when, hook, *_ = self._registry[number]
        if when != self._when:
            raise KeyError(number)
        return hook

    def __setitem__(self, number: int, hook: Callable[..., Any]) -> None:
        self._registry[number] = (self._when, hook, False, False)

    def __delitem__(self, number: int) -> None:
        self[number]  # of this kind, or a KeyError
        del self._registry[number]

    def __iter__(self) -> Iterator[int]:
        return iter(self._own())

    def __len__(self) -> int:
        return len(self._own())

    def __repr__(self) -> str:
        return f"OrderedDict({list(self.items())!r})"


class ModuleHooks:
    """The hooks of a module: one registry, so that a call without any looks at one attribute."""

    _call_hooks: dict[int, Entry]

    # Where scripts look for them in PyTorch.
    _forward_pre_hooks = property(lambda self: _HooksOf(self._call_hooks, "before"))
    _forward_hooks = property(lambda self: _HooksOf(self._call_hooks, "after"))
    _backward_pre_hooks = property(lambda self: _HooksOf(self._call_hooks, "backward before"))
    _backward_hooks = property(lambda self: _HooksOf(self._call_hooks, "backward"))

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
        return add_hook(self._call_hooks, "before", hook, prepend, with_kwargs)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after :meth:`forward`.

        What it returns, if not None, takes the place of the output. With `with_kwargs` it is called
        as ``hook(module, args, kwargs, output)``. With `always_call` it is called, with None for
        the output, even if the forward or another hook raises.

        Returns
        -------
        RemovableHandle
        """
        return add_hook(self._call_hooks, "after", hook, prepend, with_kwargs, always_call)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are known.

        What it returns, if not None, takes their place.
        """
        return add_hook(self._call_hooks, "backward before", hook, prepend)

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
        return add_hook(self._call_hooks, "backward", hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Do :meth:`register_full_backward_hook`.

        In PyTorch this older method gives the gradients of the last operation of the module only,
        where a module has several; here they are always those of the module.
        """
        return add_hook(self._call_hooks, "backward", hook)

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        hooks = [*GLOBAL_HOOKS.values(), *self._call_hooks.values()]
        called: list[Callable[..., Any]] = []
        try:
            return self._run_with(hooks, args, kwargs, called)
        except Exception:
            for when, hook, with_kwargs, always_call in hooks:
                if when == "after" and always_call and hook not in called:
                    self._call_after_failure(hook, (args, kwargs) if with_kwargs else (args,))
            raise

    def _call_after_failure(self, hook: Callable[..., Any], given: tuple[Any, ...]) -> None:
        try:
            hook(self, *given, None)
        except Exception as error:
            warnings.warn(
                f"a forward hook with always_call=True raised {error!r}, which was silenced as "
                "another error was raised in the module's call",
                stacklevel=4,
            )

    def _run_with(self, hooks: list[Entry], args: tuple[Any, ...], kwargs: dict[str, Any],
                  called: list[Callable[..., Any]]) -> Any:  # fmt: skip
        for when, hook, with_kwargs, _ in hooks:
            if when != "before":
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
        if any(when.startswith("backward") for when, *_ in hooks):
            watch = _BackwardWatch(self, hooks)
            args = watch.enter(args)
        output = self.forward(*args, **kwargs)  # type: ignore[attr-defined]
        for when, hook, with_kwargs, _ in hooks:
            if when == "after":
                called.append(hook)
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

    def __init__(self, module: Any, hooks: list[Entry]) -> None:
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
        for when, hook, *_ in self.hooks:
            if when == "backward before":
                known = self._replaced(hook(self.module, known), known)
        self.grad_output = known
        if not self.inputs:  # no input wants a gradient: all that will be known is known now
            self._run((None,) * self.n_inputs)
        return {i: known[i] for i in gradients}

    def _input_gradients(self, gradients: dict[int, Any]) -> dict[int, Any]:
        known = self._run(tuple(gradients.get(i) for i in range(self.n_inputs)))
        return {i: known[i] for i in gradients}

    def _run(self, grad_input: tuple[Any, ...]) -> tuple[Any, ...]:
        for when, hook, *_ in self.hooks:
            if when == "backward":
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
