"""Parameters that are computed from others: orthogonal ones, symmetric ones and so on.

`register_parametrization` takes the parameter's place: reading ``layer.weight`` then computes it
from ``layer.parametrizations.weight.original``, which is what is learned.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ...mode import no_grad
from ...tensor import Tensor
from ..modules.container import ModuleDict, ModuleList
from ..modules.module import Module
from ..parameter import Parameter

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization",
    "remove_parametrizations", "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]  # fmt: skip


class _Cache:
    """What was computed within :func:`cached`: (id of the module, name) -> value."""

    depth = 0
    values: dict[tuple[int, str], Any] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor only once within the ``with`` block.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.weight_norm(tgb.nn.Linear(2, 2))
    >>> with parametrize.cached():
    ...     layer.weight is layer.weight
    True
    """
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.values = {}


def _held(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, in order, and the tensor(s) that they begin with.

    Parameters
    ----------
    modules : sequence of Module
    original : Parameter or Tensor
        What the tensor was; where a module has a ``right_inverse``, the tensors before it are
        found by that.
    unsafe : bool
        Skip the check that shape and dtype stay the same.

    Attributes
    ----------
    original : Parameter or Tensor
        What is learned. Several are called ``original0``, ``original1``, …
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, kind = original.shape, original.dtype
        with no_grad():
            found = _inverse(list(modules), original)
        if isinstance(found, Tensor):
            self.is_tensor, self.ntensors = True, 1
            if found.dtype != kind and not unsafe:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype, here "
                    f"from {kind} to {found.dtype}"
                )
            original.data = found.detach()
            _held(self, "original", original)
        elif isinstance(found, Sequence) and all(isinstance(t, Tensor) for t in found):
            self.is_tensor, self.ntensors = False, len(found)
            for i, tensor in enumerate(found):
                part = tensor.detach()
                if isinstance(original, Parameter):
                    part = Parameter(part, original.requires_grad)
                _held(self, f"original{i}", part)
        else:
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors, not "
                f"{type(found).__name__}"
            )
        if not unsafe:
            self._check(self(), shape, kind)

    def _check(self, value: Any, shape: Any, kind: Any) -> None:
        if not isinstance(value, Tensor):
            raise ValueError(f"A parametrization must return a tensor. Got {type(value).__name__}.")
        if value.dtype != kind or value.shape != shape:
            raise ValueError(
                "Registering a parametrization may not change the shape or dtype of the tensor, "
                f"unless unsafe=True: here {tuple(shape)} {kind.name} becomes "
                f"{tuple(value.shape)} {value.dtype.name}"
            )

    def _originals(self) -> list[Any]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals, such that the parametrized tensor becomes `value`.

        Raises
        ------
        RuntimeError
            If a parametrization has no ``right_inverse``.
        """
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse"
                    )
            found = _inverse(list(self), value)
            parts = [found] if self.is_tensor else list(found)
            if len(parts) != self.ntensors:
                raise ValueError(
                    f"'right_inverse' must return {self.ntensors} tensors, not {len(parts)}"
                )
            for original, part in zip(self._originals(), parts, strict=True):
                original.data = part.detach()

    def forward(self) -> Any:
        """Compute the tensor."""
        first, *others = self
        value = first(*self._originals())
        for module in others:
            value = module(value)
        return value


def _inverse(modules: list[Module], value: Any) -> Any:
    """Go back through the parametrizations that tell how."""
    for module in reversed(modules):
        if hasattr(module, "right_inverse"):
            try:
                value = module.right_inverse(value)
            except NotImplementedError:
                continue
    return value


def _new_class(module: Module) -> None:
    """Give a module a class of its own, on which properties can be set."""
    cls = type(module)

    def refuse(self: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict()"
        )

    def deepcopy(self: Any, memo: Any) -> Any:
        twin = object.__new__(type(self))
        memo[id(self)] = twin
        vars(twin).update(copy.deepcopy(vars(self), memo))
        return twin

    module.__class__ = type(
        f"Parametrized{cls.__name__}", (cls,), {"__getstate__": refuse, "__deepcopy__": deepcopy}
    )


def _new_property(module: Module, name: str) -> None:
    def read(self: Any) -> Any:
        if not _Cache.depth:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in _Cache.values:
            _Cache.values[key] = self.parametrizations[name]()
        return _Cache.values[key]

    def write(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(read, write))


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Compute a parameter (or buffer) of a module by another module from what is learned instead.

    Parameters
    ----------
    module : Module
    tensor_name : str
        Of a parameter or buffer, or of one that is parametrized already: the new one comes last.
    parametrization : Module
        ``forward(original)`` gives the tensor; ``right_inverse(tensor)``, if there is one, gives
        the original, or several, with which to start.
    unsafe : bool
        Skip the check that shape and dtype stay the same.

    Returns
    -------
    Module
        The module.

    Raises
    ------
    ValueError
        If there is no such tensor, or shape or dtype change.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp.nn.utils import parametrize
    >>> class Symmetric(tgb.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = parametrize.register_parametrization(tgb.nn.Linear(3, 3), "weight", Symmetric())
    >>> bool((layer.weight == layer.weight.T).all())
    True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        present: Any = module.parametrizations[tensor_name]
        if not unsafe:
            value = getattr(module, tensor_name)
            present._check(parametrization(value), value.shape, value.dtype)
            if hasattr(parametrization, "right_inverse"):
                with no_grad():
                    before = parametrization.right_inverse(value)
                present._check(before, value.shape, value.dtype)
        present.append(parametrization)
        present.unsafe |= unsafe
        return module
    if tensor_name not in module._parameters and tensor_name not in module._buffers:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    parametrizations = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        _new_class(module)
        module.parametrizations = ModuleDict()
    _new_property(module, tensor_name)
    module.parametrizations[tensor_name] = parametrizations
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has a parametrized tensor, or one of this name."""
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make an ordinary parameter (or buffer) of a parametrized one again.

    Parameters
    ----------
    module : Module
    tensor_name : str
    leave_parametrized : bool
        With the value that was computed last, not that of the original.

    Returns
    -------
    Module
        The module, of its former class if nothing else is parametrized.

    Raises
    ------
    ValueError
        If it is not parametrized, or there are several originals and none is to be left.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    parametrizations: Any = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        original = parametrizations.original
        if leave_parametrized:
            with no_grad():
                original.data = getattr(module, tensor_name).detach()
    elif leave_parametrized:
        wants = any(t.requires_grad for t in parametrizations._originals())
        with no_grad():
            value = getattr(module, tensor_name).detach()
        original = Parameter(value) if wants else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    _held(module, tensor_name, original)
    return module


def type_before_parametrizations(module: Module) -> type:
    """Return the class that a module had before it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Parametrize a module as another is, with the originals of that other.

    Parameters
    ----------
    from_module, to_module : Module
    tensor_name : str, optional
        Of this tensor only.

    Returns
    -------
    Module
        `to_module`.
    """
    if not is_parametrized(from_module):
        return to_module
    for name in [tensor_name] if tensor_name is not None else list(from_module.parametrizations):
        source: Any = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach().clone()))
        for parametrization in source:
            register_parametrization(to_module, name, parametrization)
        target: Any = to_module.parametrizations[name]
        for mine, theirs in zip(target._originals(), source._originals(), strict=True):
            mine.data = theirs.detach()
    return to_module
