"""Neural networks: modules, losses, their functions, and how to initialise them."""

from . import attention, functional, grad, init, modules, parallel, parameter, utils
from .linear_cross_entropy import LinearCrossEntropyOptions
from .modules import *
from .parallel import DataParallel
from .parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

# Layers, containers and losses are listed once, in `modules`.
__all__ = [
    "Buffer", "DataParallel", "LinearCrossEntropyOptions", "Parameter", "UninitializedBuffer",
    "UninitializedParameter", "attention", "functional", "grad", "init", "modules", "parallel",
    "parameter", "utils",
]  # fmt: skip
__all__ += modules.__all__
