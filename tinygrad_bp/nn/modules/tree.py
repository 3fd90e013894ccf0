"""Finding the modules, parameters and buffers below a module, by dotted name or one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ...tensor import Tensor
from ..parameter import Parameter

__all__ = ["ModuleTree"]

Named = Iterator[tuple[str, Any]]


class ModuleTree:
    """What a module holds, and what the modules in it hold."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]

    def _named_members(
        self,
        get_members_fn: Callable[[Any], Any],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Named:
        """List what a function of a module returns as pairs, for all modules, with dotted names."""
        seen: set[int] = set()
        pairs = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else iter([(prefix, self)])
        )
        for path, module in pairs:
            for name, member in get_members_fn(module):
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield f"{path}.{name}" if path else name, member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """List the parameters with their dotted names; a shared one once."""
        return self._named_members(
            lambda module: module._parameters.items(), prefix, recurse, remove_duplicate
        )

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """List the parameters, those of submodules included."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """List the buffers with their dotted names."""
        return self._named_members(
            lambda module: module._buffers.items(), prefix, recurse, remove_duplicate
        )

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """List the buffers, those of submodules included."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """List the direct submodules with their names."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[Any]:
        """List the direct submodules."""
        for _, module in self.named_children():
            yield module

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """List this module and all below, with their dotted names; each once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Any]:
        """List this module and all below, each once, or as often as it has a place."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def get_submodule(self, target: str) -> Any:
        """Return the module of a dotted name; "" is this one.

        Raises
        ------
        AttributeError
            If there is none, or something on the way is no module.
        """
        module: Any = self
        for part in target.split(".") if target else ():
            owner = module
            module = getattr(owner, part, None)
            if not isinstance(module, ModuleTree):
                what = "is not an nn.Module" if hasattr(owner, part) else "does not exist"
                raise AttributeError(f"{type(owner).__name__}: attribute {part!r} {what}")
        return module

    def set_submodule(self, target: str, module: Any, strict: bool = False) -> None:
        """Put a module at a dotted name, in the place of the one that may be there.

        Parameters
        ----------
        target : str
        module : Module
        strict : bool
            Only replace: there has to be one.

        Raises
        ------
        ValueError
            If the name is empty, or `module` is no module.
        AttributeError
            If the owner does not exist, or something else than a module has that name, or (with
            `strict`) nothing has.
        """
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, ModuleTree):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if hasattr(owner, name):
            if not isinstance(getattr(owner, name), ModuleTree):
                raise AttributeError(f"{type(owner).__name__}: {name!r} is not an nn.Module")
        elif strict:
            raise AttributeError(f"{type(owner).__name__} has no attribute {name!r}")
        setattr(owner, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter of a dotted name."""
        return self._member(target, "_parameters", "a parameter")  # type: ignore[no-any-return]

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer of a dotted name."""
        return self._member(target, "_buffers", "a buffer")  # type: ignore[no-any-return]

    def _member(self, target: str, registry: str, what: str) -> Any:
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        members = getattr(owner, registry)
        if name not in members:
            raise AttributeError(f"{type(owner).__name__}: {name!r} is not {what}")
        return members[name]
