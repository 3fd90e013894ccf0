"""Module: a function with parameters, made of other modules.

Parameters, buffers and submodules are ordinary attributes (so that reading one costs what any
attribute costs), and listed in the registries `_parameters`, `_buffers` and `_modules` as well;
`__setattr__` and `__delattr__` keep the two in step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, TypeVar

from ...changes import changes
from ...source import caller, is_ours, user_line
from ...tensor import Tensor
from ..parameter import Buffer, Parameter
from .conversion import ModuleConversions
from .global_hooks import (
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
    replaced,
)
from .hooks import GLOBAL_HOOKS, ModuleHooks
from .state import ModuleState
from .tree import ModuleTree

__all__ = [
    "Module", "register_module_backward_hook", "register_module_buffer_registration_hook",
    "register_module_forward_hook", "register_module_forward_pre_hook",
    "register_module_full_backward_hook", "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook", "register_module_parameter_registration_hook",
]  # fmt: skip

#: The type of a state dictionary, in annotations.
T_destination = TypeVar("T_destination", bound=dict[str, Any])


class Module(ModuleTree, ModuleHooks, ModuleState, ModuleConversions):
    """Base of all layers, losses and networks.

    Call ``super().__init__()`` first, set parameters and submodules as attributes, and write
    :meth:`forward`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> from tinygrad_bp import nn
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = nn.Parameter(tgb.tensor(3.0))
    ...
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> scale = Scale()
    >>> scale(tgb.tensor([1.0, 2.0]))
    tensor([3., 6.], grad_fn=<MultiplyBackward>)
    >>> [name for name, _ in scale.named_parameters()]
    ['factor']
    """

    _is_ours = True  # whether forward is code of this package

    #: Whether __init__ passes its arguments on to the next class, in multiple inheritance.
    call_super_init = False
    dump_patches = False
    T_destination = T_destination

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if (args or kwargs) and not self.call_super_init:
            raise TypeError(
                f"{type(self).__name__}.__init__() got unexpected arguments: {args}, {kwargs}"
            )
        # Past our own __setattr__, which looks into these registries.
        vars(self).update(
            training=True,
            _parameters={},
            _buffers={},
            _non_persistent_buffers_set=set(),
            _modules={},
            _call_hooks={},
            _state_hooks={},
        )
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; every subclass writes its own."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run :meth:`forward`, with the hooks around it."""
        # What a layer of ours does inside was asked for by one line; a user's forward, and hooks,
        # have lines of their own.
        before = caller.line
        hooked = self._call_hooks or GLOBAL_HOOKS
        if self._is_ours and not hooked:
            if before is not None:
                return self.forward(*args, **kwargs)
            caller.line = user_line()
        else:
            caller.line = None
        try:
            if hooked:
                return self._call_with_hooks(args, kwargs)
            return self.forward(*args, **kwargs)
        finally:
            caller.line = before

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Note whose code the forward of a new class is."""
        super().__init_subclass__(**kwargs)
        cls._is_ours = is_ours(cls.forward)

    # ---------------------------------------------------------------------- attributes = registries

    def __setattr__(self, name: str, value: Any) -> None:
        attributes = self.__dict__
        changes.count += 1
        if isinstance(value, Parameter):
            self._registry("_parameters", "parameter", name)
            self._forget(name, "_parameters")
            attributes.pop(name, None)  # whatever it was before gives way
            self.register_parameter(name, value)
            return
        if isinstance(value, Module):
            registry = self._registry("_modules", "a submodule", name)
            self._forget(name, "_modules")
            value = registry[name] = replaced("module", self, name, value)
        elif isinstance(value, Buffer):
            registry = self._registry("_buffers", "buffer", name)
            known = name in registry
            self._forget(name, "_buffers")
            if known:
                value = registry[name] = replaced("buffer", self, name, value)
            else:
                attributes.pop(name, None)
                self.register_buffer(name, value, getattr(value, "persistent", True))
        elif (parameters := attributes.get("_parameters")) is not None:
            if name in parameters:
                if value is not None:
                    raise TypeError(
                        f"cannot assign {type(value).__name__!r} object as parameter {name!r} of "
                        f"{type(self).__name__} (nn.Parameter or None expected); to change its "
                        f"values, write under tgb.no_grad(): {name}.copy_(…)"
                    )
                parameters[name] = None
            elif name in attributes["_modules"]:
                if value is not None:
                    raise TypeError(
                        f"cannot assign {type(value).__name__!r} object as child module {name!r} "
                        f"of {type(self).__name__} (nn.Module or None expected)"
                    )
                attributes["_modules"][name] = None
            elif name in attributes["_buffers"]:
                if value is not None and not isinstance(value, Tensor):
                    raise TypeError(
                        f"cannot assign {type(value).__name__!r} object as buffer {name!r} of "
                        f"{type(self).__name__} (Tensor or None expected)"
                    )
                attributes["_buffers"][name] = value
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        # Reached only where ordinary lookup failed: what was put straight into a registry.
        attributes = self.__dict__
        for registry in ("_parameters", "_buffers", "_modules"):
            if name in attributes.get(registry, ()):
                return attributes[registry][name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __delattr__(self, name: str) -> None:
        changes.count += 1
        known = any(
            name in self.__dict__.get(registry, ())
            for registry in ("_parameters", "_buffers", "_modules")
        )
        if known:
            self._forget(name)
            self.__dict__.pop(name, None)
        else:
            object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        names = {*object.__dir__(self), *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if not name[0].isdigit())

    def _registry(self, registry: str, what: str, name: str) -> dict[str, Any]:
        try:
            return self.__dict__[registry]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(
                f"cannot assign {what} {name!r} before Module.__init__() call: begin "
                f"{type(self).__name__}.__init__ with super().__init__()"
            ) from None

    def _forget(self, name: str, keep: str = "") -> None:
        """Take a name out of all registries but one, where the new value takes its place."""
        for registry in ("_parameters", "_buffers", "_modules"):
            if registry != keep:
                self.__dict__[registry].pop(name, None)
        if keep != "_buffers":
            self._non_persistent_buffers_set.discard(name)

    def _check_name(self, kind: str, name: Any, registry: dict[str, Any]) -> None:
        changes.count += 1
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string, not {type(name).__name__}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain ".", got: {name}')
        if not name:
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if name not in registry and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or a name for one that is None.

        Raises
        ------
        TypeError
            If it is no Parameter.
        KeyError
            If the name is taken by something else, is empty or has a dot.
        """
        registry = self._registry("_parameters", "parameter", name)
        self._check_name("parameter", name, registry)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign {type(param).__name__!r} object to parameter {name!r} "
                    "(nn.Parameter or None required)"
                )
            if not param.is_leaf:
                raise ValueError(
                    f"cannot assign the output of a recorded operation to parameter {name!r}: "
                    "parameters are leaves; compute it in forward() instead"
                )
        registry[name] = self.__dict__[name] = replaced("parameter", self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the state but is not learned.

        Parameters
        ----------
        name : str
        tensor : Tensor or None
        persistent : bool
            List it in :meth:`state_dict`.

        Raises
        ------
        TypeError
            If it is no Tensor.
        KeyError
            If the name is taken, is empty or has a dot.
        """
        registry = self._registry("_buffers", "buffer", name)
        self._check_name("buffer", name, registry)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign {type(tensor).__name__!r} object to buffer {name!r} "
                "(Tensor or None required)"
            )
        registry[name] = self.__dict__[name] = replaced("buffer", self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule under a name.

        Raises
        ------
        TypeError
            If it is no Module.
        KeyError
            If the name is taken, is empty or has a dot.
        """
        registry = self._registry("_modules", "a submodule", name)
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._check_name("module", name, registry)
        registry[name] = self.__dict__[name] = replaced("module", self, name, module)

    register_module = add_module

    # ------------------------------------------------------------------------------- on all modules

    def apply(self, fn: Callable[[Module], None]) -> Self:
        """Call a function on every submodule, then on this one; return it."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all below to training (dropout drops, …) or evaluation."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Switch this module and all below to evaluation."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let all parameters collect a gradient, or none: freeze them."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad = parameter.grad.detach().new_zeros(parameter.shape)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Return at once: PyTorch's compilation of a module changes nothing but the time."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A registry that did not exist yet when the state was written is empty.
        vars(self).update(_call_hooks={}, _state_hooks={}, _non_persistent_buffers_set=set())
        vars(self).update(state)

    # ----------------------------------------------------------------------------------------- text

    def extra_repr(self) -> str:
        """Say what the printed module shows between its parentheses."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [
            f"({name}): " + repr(module).replace("\n", "\n  ")
            for name, module in self._modules.items()
        ]
        if not children and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines + children) + "\n)"
