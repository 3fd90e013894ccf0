"""A module's state as a flat dictionary: out, and in again."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np

from ...creation import as_tensor
from ...tensor import Tensor, wrap
from ..parameter import Parameter

__all__ = ["IncompatibleKeys", "ModuleState"]


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


class ModuleState:
    """What a module saves, and how it takes it back."""

    _version = 1

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]

    def state_dict(
        self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> OrderedDict[str, Any]:
        """Return parameters and persistent buffers by dotted name.

        Parameters
        ----------
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
        if destination is None:
            destination = _StateDict()
            destination._metadata = OrderedDict()
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = {"version": self._version}
        for name, tensor in self._saved():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        return destination  # type: ignore[no-any-return]

    def _saved(self) -> list[tuple[str, Any]]:
        """List this module's own entries."""
        entries = [*self._parameters.items()]
        entries += [
            (name, buffer)
            for name, buffer in self._buffers.items()
            if name not in self._non_persistent_buffers_set
        ]
        return [(name, tensor) for name, tensor in entries if tensor is not None]

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
        if not hasattr(state_dict, "keys"):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        entries: dict[str, tuple[ModuleState, str, Any]] = {}
        self._entries("", entries)
        missing = [name for name in entries if name not in state_dict]
        unexpected = [name for name in state_dict if name not in entries]
        found: dict[str, Any] = {}
        problems = []
        if strict and unexpected:
            names = ", ".join(f'"{name}"' for name in unexpected)
            problems.append(f"Unexpected key(s) in state_dict: {names}. ")
        if strict and missing:
            names = ", ".join(f'"{name}"' for name in missing)
            problems.append(f"Missing key(s) in state_dict: {names}. ")
        for name, (_, _, tensor) in entries.items():
            if name not in state_dict:
                continue
            value = state_dict[name]
            if not isinstance(value, Tensor) and not hasattr(value, "__array__"):
                problems.append(
                    f'"{name}" is {type(value).__name__}, but a tensor or an array is expected.'
                )
                continue
            value = as_tensor(value)
            if value.shape != tensor.shape:
                problems.append(
                    f"size mismatch for {name}: the checkpoint has the shape {tuple(value.shape)}, "
                    f"the model {tuple(tensor.shape)}."
                )
                continue
            found[name] = value
        if problems:
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t"
                + "\n\t".join(problems)
            )
        for name, value in found.items():
            owner, own_name, tensor = entries[name]
            if assign:
                owner._assign(own_name, tensor, value)
            else:
                np.copyto(tensor._array, value._array, casting="unsafe")
                tensor.storage.touch()
        return IncompatibleKeys(missing, unexpected)

    def _entries(self, prefix: str, into: dict[str, tuple[ModuleState, str, Any]]) -> None:
        for name, tensor in self._saved():
            into[prefix + name] = (self, name, tensor)
        for name, module in self._modules.items():
            if module is not None:
                module._entries(f"{prefix}{name}.", into)

    def _assign(self, name: str, before: Any, value: Tensor) -> None:
        if isinstance(before, Parameter):
            if not isinstance(value, Parameter):
                value = Parameter(wrap(value._array), before.requires_grad)
            self._parameters[name] = value
        else:
            self._buffers[name] = value
        vars(self)[name] = value
