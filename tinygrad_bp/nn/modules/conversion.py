"""Changing the dtype of all of a module's parameters and buffers."""

from __future__ import annotations

from collections.abc import Callable
from types import NoneType
from typing import Any, Self

from ...creation import empty_like
from ...devices import device as Device
from ...devices import on_cpu
from ...dtype import as_numpy, bfloat16, float16, float32, float64, of_numpy
from ...tensor import Tensor
from ..parameter import is_lazy

__all__ = ["ModuleConversions"]


class ModuleConversions:
    """`to`, and what says the same in one word."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Put ``fn(tensor)`` in the place of all values of parameters, gradients and buffers."""
        for module in self._modules.values() if recurse else ():
            if module is not None:
                module._apply(fn)
        for parameter in self._parameters.values():
            if parameter is not None:
                gradient = parameter.grad
                parameter.grad = None
                parameter.data = fn(parameter.data)
                if gradient is not None:
                    parameter.grad = fn(gradient.detach())
        for name, buffer in self._buffers.items():
            if is_lazy(buffer):
                buffer.data = fn(buffer.data)
            elif buffer is not None:
                self._buffers[name] = vars(self)[name] = fn(buffer)
        return self

    def to(self, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False,
           memory_format: Any = None) -> Self:  # fmt: skip
        """Convert all floating-point parameters and buffers, in place.

        Parameters
        ----------
        *args
            A device, a dtype, both in this order, or a tensor whose dtype is taken.
        dtype, device, non_blocking, memory_format : optional
            The same by name.

        Returns
        -------
        Module
            This one.

        Raises
        ------
        TypeError
            For a dtype that is not a floating-point one.
        AssertionError, RuntimeError
            As one error, for another device than "cpu".

        Examples
        --------
        >>> import tinygrad_bp as tgb
        >>> tgb.nn.Linear(2, 1).to(tgb.float64).weight.dtype
        tinygrad_bp.float64
        """
        for arg in args:
            if isinstance(arg, Tensor):
                dtype = arg.dtype
            elif isinstance(arg, (str, int, Device)) and not isinstance(arg, bool):
                device = arg
            elif not isinstance(arg, (bool, NoneType)):
                dtype = arg
        on_cpu(device)
        if dtype is None:
            return self
        kind = of_numpy(as_numpy(dtype))
        if kind.dtype.kind not in "fc":
            raise TypeError(
                f"nn.Module.to only accepts floating point or complex dtypes, but got {kind}"
            )
        return self._apply(lambda t: t.to(kind) if t.is_floating_point() or t.is_complex() else t)

    def type(self, dst_type: Any) -> Self:
        """Convert all parameters and buffers, integers too."""
        return self._apply(lambda t: t.to(dst_type))

    def float(self) -> Self:
        """Convert all floating-point parameters and buffers to float32."""
        return self.to(float32)

    def double(self) -> Self:
        """Convert all floating-point parameters and buffers to float64."""
        return self.to(float64)

    def half(self) -> Self:
        """Convert all floating-point parameters and buffers to float16."""
        return self.to(float16)

    def bfloat16(self) -> Self:
        """Raise: NumPy has no such type."""
        return self.to(bfloat16)

    def cpu(self) -> Self:
        """Return this module: it lives on the CPU."""
        return self

    def cuda(self, device: int | Device | None = None) -> Self:
        """Raise: there is no such device, as for PyTorch without CUDA."""
        return self.to("cuda" if device is None else device)

    def xpu(self, device: int | Device | None = None) -> Self:
        """Raise: there is no such device."""
        return self.to("xpu" if device is None else device)

    def to_empty(self, *, device: str | Device | None, recurse: bool = True) -> Self:
        """Give all parameters and buffers new memory, with values that are still to be set."""
        return self._apply(lambda t: empty_like(t, device=device), recurse)

    def share_memory(self) -> Self:
        """Move all parameters and buffers to memory that processes forked from this one share."""
        return self._apply(lambda t: t.share_memory_())
