"""Modules that find out their sizes from the first input."""

from __future__ import annotations

from typing import Any

from ...mode import no_grad
from ..parameter import is_lazy

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin:
    """What makes a module lazy: inherit from this first, then from the module.

    Declare the parameters as :class:`UninitializedParameter` (or buffers as
    :class:`UninitializedBuffer`), write :meth:`initialize_parameters`, which gives them their
    shapes by ``materialize`` and their values, and name the ordinary module in `cls_to_become`. The
    first call, or the first state that is loaded, makes the module one of that class.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.LazyLinear(2)
    >>> layer
    LazyLinear(in_features=0, out_features=2, bias=True)
    >>> layer(tgb.ones(5, 3)).shape
    tinygrad_bp.Size([5, 2])
    >>> layer
    Linear(in_features=3, out_features=2, bias=True)
    """

    cls_to_become: type[Any] | None = None

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(_take_shapes, with_module=True)
        self._initialize_hook = self.register_forward_pre_hook(_infer, with_kwargs=True)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters shapes that fit these arguments of :meth:`forward`, and values."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self: Any) -> bool:
        """Whether a parameter or buffer still waits for its shape."""
        return any(is_lazy(t) for t in [*self._parameters.values(), *self._buffers.values()])

    def _infer_parameters(self: Any, module: Any, args: Any, kwargs: Any = None) -> None:
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {module._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        module._load_hook.remove()
        del module._initialize_hook, module._load_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become


# Module functions, and not bound methods: a copied or unpickled module calls them on itself.
def _infer(module: Any, args: Any, kwargs: Any) -> None:
    module._infer_parameters(module, args, kwargs)


def _take_shapes(module: Any, state_dict: Any, prefix: str, *_: Any) -> None:
    """Give what is uninitialized here, but not in the state, the shape that it has there."""
    for name, tensor in [*module._parameters.items(), *module._buffers.items()]:
        found = state_dict.get(prefix + name)
        if tensor is not None and found is not None and is_lazy(tensor) and not is_lazy(found):
            with no_grad():
                tensor.materialize(tuple(found.shape))
