"""The ways of pruning, as classes; see `prune`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...creation import ones_like, zeros_like
from ...functions.reduce import norm
from ...sampling import rand, rand_like
from ..modules.module import Module

__all__ = [
    "BasePruningMethod", "CustomFromMask", "Identity", "L1Unstructured", "LnStructured",
    "PruningContainer", "RandomStructured", "RandomUnstructured", "find_pruning",
]  # fmt: skip


class BasePruningMethod:
    """A way of choosing what is pruned: subclasses write :meth:`compute_mask`.

    Attributes
    ----------
    PRUNING_TYPE : {"unstructured", "structured", "global"}
        Whether it is shown the elements that are left, the channels that are (of the axis ``dim``),
        or all.
    """

    PRUNING_TYPE = "unstructured"
    _tensor_name: str

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return a mask of 0 and 1 for the importances `t`; 0 where `default_mask` is."""
        raise NotImplementedError(f"{type(self).__name__}.compute_mask")

    def __call__(self, module: Module, inputs: Any) -> None:
        """Set the pruned tensor before a forward."""
        setattr(module, self._tensor_name, self.apply_mask(module))

    def apply_mask(self, module: Module) -> Any:
        """Give the product of mask and original."""
        original = getattr(module, f"{self._tensor_name}_orig")
        return getattr(module, f"{self._tensor_name}_mask").to(original.dtype) * original

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> BasePruningMethod:
        """Prune a parameter of a module by this method; further arguments are the method's.

        Parameters
        ----------
        module : Module
        name : str
        importance_scores : Tensor, optional
            Of the parameter's shape: what the method looks at instead.

        Returns
        -------
        BasePruningMethod
            The method, or the container of it and of those that pruned this parameter before.
        """
        method = cls(*args, **kwargs)
        method._tensor_name = name
        tensor = getattr(module, name)
        scores = tensor if importance_scores is None else importance_scores
        _check_scores(scores, tensor)
        before = find_pruning(module, name)
        if before is None:
            mask = method.compute_mask(scores.detach(), ones_like(tensor.detach()))
            original = module._parameters[name]
            delattr(module, name)
            module.register_parameter(f"{name}_orig", original)
            hook: BasePruningMethod = method
        else:
            number, earlier = before
            hook = earlier if isinstance(earlier, PruningContainer) else PruningContainer(earlier)
            hook.add_pruning_method(method)
            present = getattr(module, f"{name}_mask").detach().clone()
            mask = hook.compute_mask(scores.detach(), present)
            del module._call_hooks[number]
        module.register_buffer(f"{name}_mask", mask)
        setattr(module, name, hook.apply_mask(module))
        module.register_forward_pre_hook(hook)
        return hook

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """Give a tensor with what the method prunes set to 0; nothing is registered."""
        scores = t if importance_scores is None else importance_scores
        _check_scores(scores, t)
        mask = ones_like(t.detach()) if default_mask is None else default_mask
        return t * self.compute_mask(scores, mask)

    def remove(self, module: Module) -> None:
        """Make an ordinary parameter again, with the pruned values."""
        name = self._tensor_name
        values = self.apply_mask(module).detach()
        original: Any = module._parameters[f"{name}_orig"]
        for attribute in (name, f"{name}_orig", f"{name}_mask"):
            delattr(module, attribute)
        original.data = values
        module.register_parameter(name, original)


def _check_scores(scores: Any, tensor: Any) -> None:
    if scores.shape != tensor.shape:
        raise AssertionError(
            f"importance_scores should have the same shape as the parameter, {tuple(tensor.shape)},"
            f" not {tuple(scores.shape)}"
        )


def find_pruning(module: Module, name: str) -> tuple[int, BasePruningMethod] | None:
    """Return the hook that prunes a parameter, with its number."""
    for number, (_, hook, *_) in module._call_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return number, hook
    return None


class PruningContainer(BasePruningMethod):
    """Several methods that pruned one parameter, one after the other."""

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if args:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Add one that prunes what is left.

        Raises
        ------
        TypeError
            If it is no pruning method.
        ValueError
            If it is for another parameter.
        """
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method._tensor_name != self._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to this PruningContainer. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, index: Any) -> Any:
        return self._pruning_methods[index]

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Let the last method choose among what is left."""
        method: Any = self._pruning_methods[-1]
        mask = default_mask.to(t.dtype)
        left: Any
        if method.PRUNING_TYPE == "unstructured":
            left = default_mask == 1
        elif method.PRUNING_TYPE == "structured":
            dim = method.dim % t.ndim
            others = tuple(i for i in range(t.ndim) if i != dim)
            left = (*[slice(None)] * dim, default_mask.sum(others) != 0)
        elif method.PRUNING_TYPE == "global":
            left = ...
        else:
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        mask[left] = method.compute_mask(t[left], default_mask=default_mask[left]).to(mask.dtype)
        return mask


class Identity(BasePruningMethod):
    """Prune nothing, but put the mask in place."""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask as it is."""
        return default_mask


class _Amount(BasePruningMethod):
    """A method that prunes a number of elements or channels, or a share of them."""

    def __init__(self, amount: Any) -> None:
        if not isinstance(amount, (int, float)):
            raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
        if amount < 0 or (amount > 1 and not isinstance(amount, int)):
            raise ValueError(
                f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
                "integer"
            )
        self.amount = amount

    def _count(self, size: int) -> int:
        if not isinstance(self.amount, int):
            return round(self.amount * size)
        if self.amount > size:
            raise ValueError(
                f"amount={self.amount} should be smaller than the number of parameters to "
                f"prune={size}"
            )
        return self.amount

    def _without(self, scores: Any, mask: Any) -> Any:
        """Set the mask to 0 at the least scores."""
        pruned = mask.clone()
        places = scores.reshape(-1).argsort(stable=True)[: self._count(scores.numel())]
        pruned.view(-1)[places] = 0
        return pruned


class RandomUnstructured(_Amount):
    """Prune elements at random: `amount` of them, or that share."""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Draw what is pruned."""
        return self._without(rand_like(t), default_mask)


class L1Unstructured(_Amount):
    """Prune the elements that are smallest in magnitude: `amount` of them, or that share."""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Prune where |t| is smallest."""
        return self._without(t.abs(), default_mask)


class _Structured(_Amount):
    """A method that prunes whole channels, of the axis `dim`."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def _scores(self, t: Any) -> Any:
        raise NotImplementedError

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Prune the channels of the least scores."""
        if t.ndim <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. Found tensor "
                f"of shape {tuple(t.shape)}"
            )
        if not -t.ndim <= self.dim < t.ndim:
            raise IndexError(f"Invalid index {self.dim} for tensor of size {tuple(t.shape)}")
        least = self._scores(t).argsort(stable=True)[: self._count(t.shape[self.dim])]
        channels = zeros_like(t.detach()) + 1
        channels[(*[slice(None)] * (self.dim % t.ndim), least)] = 0
        return channels * default_mask.to(channels.dtype)


class RandomStructured(_Structured):
    """Prune channels at random."""

    def _scores(self, t: Any) -> Any:
        return rand(t.shape[self.dim])


class LnStructured(_Structured):
    """Prune the channels whose n-norm is smallest."""

    def __init__(self, amount: float, n: float, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def _scores(self, t: Any) -> Any:
        return norm(t, self.n, tuple(i for i in range(t.ndim) if i != self.dim % t.ndim))


class CustomFromMask(BasePruningMethod):
    """Prune by a mask that is given."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Multiply the masks."""
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"the mask is of shape {tuple(self.mask.shape)}, the parameter of "
                f"{tuple(default_mask.shape)}"
            )
        return default_mask * self.mask.to(default_mask.dtype)
