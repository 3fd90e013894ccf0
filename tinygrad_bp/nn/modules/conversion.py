"""Changing the dtype of all of a module's parameters and buffers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from ...dtype import as_numpy, float16, float32, float64, of_numpy
from ...tensor import Tensor

__all__ = ["ModuleConversions"]


class ModuleConversions:
    """`to`, `float`, `double` and `half`."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]

    def _apply(self, fn: Callable[[Tensor], Tensor]) -> Self:
        """Put ``fn(tensor)`` in the place of all values of parameters, gradients and buffers."""
        for module in self._modules.values():
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
            if buffer is not None:
                self._buffers[name] = vars(self)[name] = fn(buffer)
        return self

    def to(self, *args: Any, dtype: Any = None, device: Any = None,
           non_blocking: bool = False) -> Self:  # fmt: skip
        """Convert all floating-point parameters and buffers, in place.

        Parameters
        ----------
        *args
            A dtype, a tensor whose dtype is taken, or the device "cpu".
        dtype, device, non_blocking : optional
            The same by name.

        Returns
        -------
        Module
            This one.

        Raises
        ------
        TypeError
            For a dtype that is not a floating-point one.
        RuntimeError
            For another device than "cpu".

        Examples
        --------
        >>> import tinygrad_bp as tgb
        >>> tgb.nn.Linear(2, 1).to(tgb.float64).weight.dtype
        tinygrad_bp.float64
        """
        for arg in args:
            if isinstance(arg, Tensor):
                dtype = arg.dtype
            elif isinstance(arg, str) or type(arg).__name__ == "device":
                device = arg
            elif not isinstance(arg, (bool, type(None))):
                dtype = arg
        if device is not None and str(device) != "cpu":
            raise RuntimeError(f"there is no device {str(device)!r}: modules live on 'cpu'")
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

    def cpu(self) -> Self:
        """Return this module: it lives on the CPU."""
        return self
