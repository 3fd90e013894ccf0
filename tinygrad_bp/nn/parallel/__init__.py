"""PyTorch's names for several devices; here there is one, the CPU, and the module runs as it is."""

from .data_parallel import DataParallel, data_parallel
from .distributed import DistributedDataParallel

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]
