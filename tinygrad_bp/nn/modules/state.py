"""A module's state as a flat dictionary: out, and in again."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from ...creation import as_tensor
from ...hooks import RemovableHandle
from ...tensor import Tensor, wrap
from ..parameter import Parameter, is_lazy

__all__ = ["IncompatibleKeys", "ModuleState"]

_EXTRA = "_extra_state"  # the name of what get_extra_state returns


class IncompatibleKeys(NamedTuple):
    """Which names :meth:`Module.load_state_dict` did not find, or did not know."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"_IncompatibleKeys(missing_keys={self.missing_keys}, "
            f"unexpected_keys={self.unexpected_keys})"
        )


class _StateDict(OrderedDict[str, Any]):
    """A state dictionary; `_metadata` holds the version of each module's layout, as in PyTorch."""

    _metadata: OrderedDict[str, Any]

    def __repr__(self) -> str:
        return f"OrderedDict({list(self.items())!r})"


class ModuleState:
    """What a module saves, and how it takes it back.

    All hooks around it lie in one registry, as (when, hook, whether the module is its first
    argument, whether it was registered by a public method).
    """

    _version: int | None = 1

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]
    _state_hooks: dict[int, tuple[str, Callable[..., Any], bool, bool]]

    # ------------------------------------------------------------------------------------------ out

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> OrderedDict[str, Any]:
        """Return parameters and persistent buffers by dotted name.

        Parameters
        ----------
        *args
            The others by position, which PyTorch deprecated.
        destination : dict, optional
            Where to add the entries.
        prefix : str
            In front of each name.
        keep_vars : bool
            Return the parameters themselves, not detached tensors over the same memory.

        Returns
        -------
        OrderedDict of str to Tensor

        Examples
        --------
        >>> from tinygrad_bp import nn
        >>> {name: tuple(t.shape) for name, t in nn.Linear(3, 2).state_dict().items()}
        {'weight': (2, 3), 'bias': (2,)}
        """
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead: "
                "state_dict(destination=…, prefix=…, keep_vars=…)",
                FutureWarning,
                stacklevel=2,
            )
            given = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
            destination = given.get("destination") if destination is None else destination
            prefix = prefix or given.get("prefix", "")
            keep_vars = keep_vars or given.get("keep_vars", False)
        if destination is None:
            destination = _StateDict()
            destination._metadata = OrderedDict()
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook, _, _ in self._hooks_at("before saving"):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        for hook, _, public in self._hooks_at("after saving"):
            result = hook(self, destination, prefix, metadata)
            if result is not None:
                if public:
                    raise RuntimeError("state_dict post-hook must return None")
                destination = result
        return destination  # type: ignore[no-any-return]

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Add this module's own entries; a subclass may add others."""
        for name, tensor in self._saved():
            destination[prefix + name] = tensor if keep_vars or is_lazy(tensor) else tensor.detach()
        if type(self).get_extra_state is not ModuleState.get_extra_state:
            destination[prefix + _EXTRA] = self.get_extra_state()

    def _saved(self) -> list[tuple[str, Any]]:
        """List this module's own tensors."""
        entries = [*self._parameters.items()]
        entries += [
            (name, buffer)
            for name, buffer in self._buffers.items()
            if name not in self._non_persistent_buffers_set
        ]
        return [(name, tensor) for name, tensor in entries if tensor is not None]

    def get_extra_state(self) -> Any:
        """Return what else a subclass wants to save; it writes :meth:`set_extra_state` too."""
        raise RuntimeError(
            f"{type(self).__name__} has no extra state: write get_extra_state and set_extra_state"
        )

    def set_extra_state(self, state: Any) -> None:
        """Take back what :meth:`get_extra_state` returned."""
        raise RuntimeError(
            f"{type(self).__name__} has no extra state: write get_extra_state and set_extra_state"
        )

    # ------------------------------------------------------------------------------------------- in

    def load_state_dict(
        self, state_dict: Any, strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy parameters and buffers from what :meth:`state_dict` returned.

        Parameters
        ----------
        state_dict : dict of str to Tensor (or array)
        strict : bool
            Names have to match exactly. (Shapes always have to.)
        assign : bool
            Take the tensors themselves, with their dtype, instead of copying their values.

        Returns
        -------
        IncompatibleKeys
            ``missing_keys`` and ``unexpected_keys``.

        Raises
        ------
        TypeError
            If it is no dictionary.
        RuntimeError
            Listing all names that are missing or unexpected, and all shapes that differ. Then
            nothing has been changed.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        versions = getattr(state_dict, "_metadata", {})
        before = _Held(self)
        found = IncompatibleKeys([], [])
        problems: list[str] = []

        def load(module: Any, state: dict[str, Any], prefix: str) -> None:
            metadata = {**versions.get(prefix[:-1], {})}
            if assign:
                metadata["assign_to_params_buffers"] = True
            module._load_from_state_dict(state, prefix, metadata, True, *found, problems)
            for name, child in module._modules.items():
                if child is not None:
                    inner = f"{prefix}{name}."
                    own = {key: value for key, value in state.items() if key.startswith(inner)}
                    load(child, own, inner)
            for hook, _, _ in module._hooks_at("after loading"):
                if hook(module, found) is not None:
                    raise RuntimeError(
                        "a hook after load_state_dict has to return None: change the lists of "
                        "missing and unexpected keys in place"
                    )

        try:
            load(self, OrderedDict(state_dict), "")
        except BaseException:
            before.restore()
            raise
        if strict and found.missing_keys:
            problems.insert(0, f"Missing key(s) in state_dict: {_quoted(found.missing_keys)}. ")
        if strict and found.unexpected_keys:
            unexpected = _quoted(found.unexpected_keys)
            problems.insert(0, f"Unexpected key(s) in state_dict: {unexpected}. ")
        if problems:
            before.restore()
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t"
                + "\n\t".join(problems)
            )
        return found

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any, strict: bool,
                              missing_keys: list[str], unexpected_keys: list[str],
                              error_msgs: list[str]) -> None:  # fmt: skip
        """Take this module's own entries; a subclass may translate those of an older layout."""
        for hook, with_module, _ in self._hooks_at("before loading"):
            first = (self,) if with_module else ()
            hook(*first, state_dict, prefix, local_metadata, strict, missing_keys,
                 unexpected_keys, error_msgs)  # fmt: skip
        saved = dict(self._saved())
        for name, tensor in saved.items():
            key = prefix + name
            if key not in state_dict:
                if strict:
                    missing_keys.append(key)
                continue
            assign = local_metadata.get("assign_to_params_buffers", False)
            problem = self._take(name, tensor, state_dict[key], assign)
            if problem:
                error_msgs.append(problem.format(key=key))
        if type(self).set_extra_state is not ModuleState.set_extra_state:
            if prefix + _EXTRA in state_dict:
                self.set_extra_state(state_dict[prefix + _EXTRA])
            elif strict:
                missing_keys.append(prefix + _EXTRA)
        elif strict and prefix + _EXTRA in state_dict:
            unexpected_keys.append(prefix + _EXTRA)
        if not strict:
            return
        for key in state_dict:
            name, dot, _ = key.removeprefix(prefix).partition(".")
            known = self._modules if dot else saved
            if key.startswith(prefix) and name not in known and key != prefix + _EXTRA:
                unexpected_keys.append(key)

    def _take(self, name: str, tensor: Any, value: Any, assign: bool) -> str:
        """Take one value; say what is wrong with it, if something is."""
        if not isinstance(value, Tensor) and not hasattr(value, "__array__"):
            return f'"{{key}}" is {type(value).__name__}, but a tensor or an array is expected.'
        if is_lazy(tensor) or is_lazy(value):
            if is_lazy(tensor) and is_lazy(value):
                return ""
            return '"{key}" is uninitialized in the checkpoint: run that module on an input first.'
        value = as_tensor(value)
        if not tensor.ndim and value.ndim == 1 and value.numel():
            value = value[0]  # so wrote PyTorch before 0.4, which had no zero-dimensional tensors
        if value.shape != tensor.shape:
            return (
                f"size mismatch for {{key}}: the checkpoint has the shape {tuple(value.shape)}, "
                f"the model {tuple(tensor.shape)}."
            )
        if assign:
            self._assign(name, tensor, value)
        else:
            np.copyto(tensor._array, value._array, casting="unsafe")
            tensor.storage.touch()
        return ""

    def _assign(self, name: str, before: Any, value: Tensor) -> None:
        if isinstance(before, Parameter):
            if not isinstance(value, Parameter):
                value = Parameter(wrap(value._array), before.requires_grad)
            self._parameters[name] = value
        else:
            self._buffers[name] = value
        vars(self)[name] = value

    # ---------------------------------------------------------------------------------------- hooks

    def _hooks_at(self, when: str) -> list[tuple[Callable[..., Any], bool, bool]]:
        return [entry[1:] for entry in self._state_hooks.values() if entry[0] == when]

    def _register_state(
        self, when: str, hook: Any, with_module: bool = False, public: bool = True
    ) -> RemovableHandle:
        handle = RemovableHandle(self._state_hooks)
        self._state_hooks[handle.id] = (when, hook, with_module, public)
        return handle

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before :meth:`state_dict`."""
        return self._register_state("before saving", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after :meth:`state_dict`."""
        return self._register_state("after saving", hook)

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """As :meth:`register_state_dict_post_hook`, but what it returns replaces the state."""
        return self._register_state("after saving", hook, public=False)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call a hook before the module's own entries are loaded.

        It gets ``(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)`` and may change the dictionary and the lists.
        """
        return self._register_state("before loading", hook, True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        return self._register_state("before loading", hook, with_module, False)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after the module and all below are loaded."""
        return self._register_state("after loading", hook)


class _Held:
    """All that a module holds, to put it back if loading fails."""

    def __init__(self, module: Any) -> None:
        self.registries = [
            (owner, registry, dict(registry))
            for owner in module.modules()
            for registry in (owner._parameters, owner._buffers)
        ]
        tensors = {id(t): t for *_, held in self.registries for t in held.values()}
        self.values = [
            (t, t._array.copy()) for t in tensors.values() if t is not None and not is_lazy(t)
        ]

    def restore(self) -> None:
        for owner, registry, held in self.registries:
            registry.update(held)
            vars(owner).update(held)
        for tensor, values in self.values:
            np.copyto(tensor._array, values)


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
