"""A module spread over devices, of which there is one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..modules.module import Module

__all__ = ["DataParallel", "data_parallel"]


class DataParallel(Module):
    """Run a module on all devices: on the CPU, which is PyTorch's behaviour without CUDA.

    The names in the state begin with "module.", as in PyTorch.

    Parameters
    ----------
    module : Module
    device_ids, output_device : optional
        Numbers of CUDA devices: ignored, as there are none.
    dim : int
        The axis of the batch.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> net = tgb.nn.DataParallel(tgb.nn.Linear(3, 2))
    >>> net(tgb.ones(5, 3)).shape, list(net.state_dict())
    (tinygrad_bp.Size([5, 2]), ['module.weight', 'module.bias'])
    """

    def __init__(self, module: Module, device_ids: Sequence[Any] | None = None,
                 output_device: Any = None, dim: int = 0) -> None:  # fmt: skip
        super().__init__()
        self.module = module
        self.dim = dim
        self.device_ids: list[int] = []
        self.output_device = output_device

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Run the module."""
        return self.module(*inputs, **kwargs)


def data_parallel(module: Module, inputs: Any, device_ids: Sequence[Any] | None = None,
                  output_device: Any = None, dim: int = 0,
                  module_kwargs: dict[str, Any] | None = None) -> Any:  # fmt: skip
    """Run a module once on all devices: on the CPU. Parameters as of :class:`DataParallel`."""
    args = inputs if isinstance(inputs, tuple) else () if inputs is None else (inputs,)
    return module(*args, **(module_kwargs or {}))
