"""What all losses have: a reduction, and some a weight."""

from __future__ import annotations

from typing import Any

from ..losses import _how
from .module import Module


class Loss(Module):
    """A loss with a `reduction`."""

    def __init__(self, size_average: bool | None = None, reduce: bool | None = None,
                 reduction: str = "mean") -> None:  # fmt: skip
        super().__init__()
        self.reduction = _how(reduction, size_average, reduce)


class WeightedLoss(Loss):
    """A loss with a `weight`, which is a buffer."""

    weight: Any

    def __init__(self, weight: Any = None, size_average: bool | None = None,
                 reduce: bool | None = None, reduction: str = "mean") -> None:  # fmt: skip
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
