"""Modules that hold others: in a row, in a list, by name."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from .module import Module
from .parameter_container import ParameterDict, ParameterList

__all__ = ["ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"]


class _Numbered(Module):
    """Submodules "0", "1", … in order."""

    _modules: dict[str, Any]

    def _key(self, index: Any) -> str:
        """Return the name at an index, counted from the end if negative."""
        n = len(self._modules)
        if not hasattr(index, "__index__"):
            raise TypeError(f"{type(self).__name__}: indices are integers or slices, not {index!r}")
        i = operator.index(index)
        if not -n <= i < n:
            raise IndexError(f"index {i} is out of range: {type(self).__name__} has {n} modules")
        return list(self._modules)[i]

    def _renumber(self, modules: Iterable[Any]) -> None:
        for name in list(self._modules):
            delattr(self, name)
        for i, module in enumerate(modules):
            self.add_module(str(i), module)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._part(list(self._modules.items())[index])
        return self._modules[self._key(index)]

    def _part(self, items: list[tuple[str, Any]]) -> Any:
        raise NotImplementedError

    def __setitem__(self, index: Any, module: Module) -> None:
        setattr(self, self._key(index), module)

    def __delitem__(self, index: Any) -> None:
        if isinstance(index, slice):
            for name in list(self._modules)[index]:
                delattr(self, name)
        else:
            delattr(self, self._key(index))
        self._renumber(list(self._modules.values()))

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"{type(self).__name__}.extend should be called with an iterable, but got "
                f"{type(modules).__name__}"
            )
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        """Put a module in front of the one at an index."""
        modules = list(self._modules.values())
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def pop(self, key: Any = -1) -> Any:
        """Take a module out and return it."""
        module = self[key]
        del self[key]
        return module


class Sequential(_Numbered):
    """Run modules one after the other: f₃(f₂(f₁(x))).

    Parameters
    ----------
    *args : Module, or one ordered dict of str to Module

    Examples
    --------
    >>> from tinygrad_bp import nn
    >>> nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    Sequential(
      (0): Linear(in_features=784, out_features=128, bias=True)
      (1): ReLU()
      (2): Linear(in_features=128, out_features=10, bias=True)
    )
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], Mapping) else None
        for name, module in named or ((str(i), module) for i, module in enumerate(args)):
            self.add_module(name, module)

    def forward(self, input: Any) -> Any:
        """Run the modules in order."""
        for module in self._modules.values():
            input = module(input)
        return input

    def _part(self, items: list[tuple[str, Any]]) -> Any:
        return type(self)(dict(items))

    def insert(self, index: int, module: Module) -> Self:
        """Put a module in front of the one at an index."""
        if not isinstance(module, Module):
            raise AssertionError(f"insert: expected a Module, not a {type(module).__name__}")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}; there are {len(self)} modules")
        super().insert(index, module)
        return self

    def __add__(self, other: Any) -> Sequential:
        return Sequential(*self, *_sequential(other))

    def __iadd__(self, other: Any) -> Self:
        return self.extend(_sequential(other))

    def __mul__(self, other: Any) -> Sequential:
        return Sequential(*list(self) * _factor(other))

    __rmul__ = __mul__

    def __imul__(self, other: Any) -> Self:
        return self.extend(list(self) * (_factor(other) - 1))


def _sequential(other: Any) -> Sequential:
    if not isinstance(other, Sequential):
        raise ValueError(
            "add operator supports only objects of Sequential class, but "
            f"{type(other).__name__} is given."
        )
    return other


def _factor(other: Any) -> int:
    if not isinstance(other, int):
        raise TypeError(f"a Sequential is multiplied by an int, not by a {type(other).__name__}")
    if other <= 0:
        raise ValueError(f"Non-positive multiplication factor {other} for a Sequential")
    return other


class ModuleList(_Numbered):
    """A list of modules, all of whose parameters count.

    Parameters
    ----------
    modules : iterable of Module, optional

    Examples
    --------
    >>> from tinygrad_bp import nn
    >>> layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
    >>> len(layers), len(list(layers.parameters()))
    (3, 6)
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def _part(self, items: list[tuple[str, Any]]) -> Any:
        return type(self)(module for _, module in items)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    __iadd__ = _Numbered.extend

    def insert(self, index: int, module: Module) -> None:
        """Put a module in front of the one at an index."""
        super().insert(index, module)

    def __repr__(self) -> str:
        # Equal neighbours are shown once, with their number: (0-2): 3 x Linear(…).
        groups: list[tuple[int, int, str]] = []
        for i, module in enumerate(self):
            text = repr(module)
            if groups and groups[-1][2] == text:
                groups[-1] = (groups[-1][0], i, text)
            else:
                groups.append((i, i, text))
        if not groups:
            return f"{self._get_name()}()"
        lines = [
            (f"({a}): {text}" if a == b else f"({a}-{b}): {b - a + 1} x {text}")
            for a, b, text in groups
        ]
        indented = (line.replace("\n", "\n  ") for line in lines)
        return f"{self._get_name()}(\n  " + "\n  ".join(indented) + "\n)"


class ModuleDict(Module):
    """Modules by name, all of whose parameters count.

    Parameters
    ----------
    modules : mapping, or iterable of (name, Module), optional

    Examples
    --------
    >>> from tinygrad_bp import nn
    >>> heads = nn.ModuleDict({"left": nn.Linear(2, 1), "right": nn.Linear(2, 1)})
    >>> list(heads)
    ['left', 'right']
    """

    _modules: dict[str, Any]

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        if key not in self._modules:
            raise KeyError(key)
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def keys(self) -> Any:
        """Return the names."""
        return self._modules.keys()

    def values(self) -> Any:
        """Return the modules."""
        return self._modules.values()

    def items(self) -> Any:
        """Return pairs (name, module)."""
        return self._modules.items()

    def clear(self) -> None:
        """Take all modules out."""
        for key in list(self._modules):
            delattr(self, key)

    def pop(self, key: str) -> Any:
        """Take a module out and return it."""
        module = self[key]
        delattr(self, key)
        return module

    def update(self, modules: Any) -> None:
        """Add or replace modules.

        Raises
        ------
        TypeError
            If it is neither a mapping nor an iterable of pairs.
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleDict.update should be called with an iterable of key/value pairs, but got "
                f"{type(modules).__name__}"
            )
        pairs = modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules
        for name, module in pairs:
            self[name] = module
