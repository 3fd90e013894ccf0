"""Pooling layers with a given number of windows: adaptive, and at random distances."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .module import Module
from .utils import _ntuple

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d", "AdaptiveMaxPool3d", "FractionalMaxPool2d", "FractionalMaxPool3d",
]  # fmt: skip


class _AdaptivePoolNd(Module):
    function: Any

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Any) -> Any:
        """Pool."""
        return self.function(input, self.output_size)

    def extra_repr(self) -> str:
        """Show the size of the output."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptivePoolNd):
    """Average a signal over so many windows that share it evenly.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.AdaptiveAvgPool1d(1)(tgb.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[1.5000]])
    """

    function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptivePoolNd):
    """Average images over windows that share them evenly: any size becomes `output_size`.

    Parameters
    ----------
    output_size : int or tuple of (int or None)
        None leaves a length as it is.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.AdaptiveAvgPool2d(7)(tgb.ones(5, 3, 28, 30)).shape
    tinygrad_bp.Size([5, 3, 7, 7])
    """

    function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptivePoolNd):
    """Average volumes over windows that share them evenly; see :class:`AdaptiveAvgPool2d`."""

    function = staticmethod(F.adaptive_avg_pool3d)


class _AdaptiveMaxPoolNd(_AdaptivePoolNd):
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Any) -> Any:
        """Pool."""
        return self.function(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """Give the largest elements of so many windows that share a signal evenly."""

    function = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """Give the largest elements of windows as those of :class:`AdaptiveAvgPool2d`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.AdaptiveMaxPool2d(1)(tgb.arange(4.0).view(1, 2, 2))
    tensor([[[3.]]])
    """

    function = staticmethod(F.adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """Give the largest elements of windows as those of :class:`AdaptiveAvgPool3d`."""

    function = staticmethod(F.adaptive_max_pool3d)


class _FractionalMaxPoolNd(Module):
    rank: int

    def __init__(self, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
                 return_indices: bool = False, _random_samples: Any = None) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = _ntuple(self.rank)(kernel_size)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else _ntuple(self.rank)(output_size)
        self.output_ratio = None if output_ratio is None else _ntuple(self.rank)(output_ratio)
        name = type(self).__name__
        if (output_size is None) == (output_ratio is None):
            raise ValueError(f"{name}: give output_size or output_ratio, and one of them alone")
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise ValueError(
                f"{name}: output_ratio has to lie between 0 and 1, but got {output_ratio}"
            )

    def forward(self, input: Any) -> Any:
        """Pool."""
        function = F.fractional_max_pool2d if self.rank == 2 else F.fractional_max_pool3d
        return function(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            _random_samples=self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """Give the largest elements of windows at random distances.

    References
    ----------
    B. Graham, Fractional Max-Pooling, arXiv:1412.6071.

    Notes
    -----
    Graham, "Fractional Max-Pooling", 2014.
    """

    rank = 2


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """Pool volumes over windows at random distances; see :class:`FractionalMaxPool2d`."""

    rank = 3
