"""Instance normalisation."""

from __future__ import annotations

import warnings
from typing import Any

from .. import functional as F
from .batchnorm import _LazyNormBase, _NormBase

__all__ = [
    "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LazyInstanceNorm1d",
    "LazyInstanceNorm2d", "LazyInstanceNorm3d",
]  # fmt: skip


class _InstanceNorm(_NormBase):
    """Normalise each channel of each sample, see :func:`F.instance_norm`."""

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float = 0.1,
                 affine: bool = False, track_running_stats: bool = False, device: Any = None,
                 dtype: Any = None, *, bias: bool = True) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def forward(self, input: Any) -> Any:
        """Normalise (N, C, …) or (C, …)."""
        self._check_input_dim(input)
        single = input.dim() == self._ranks[0]  # no axis for the samples
        axis = 0 if single else 1
        if input.shape[axis] != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={axis} to match num_features "
                    f"({self.num_features}), but got: {input.shape[axis]}."
                )
            warnings.warn(
                f"input's size at dim={axis} does not match num_features. You can silence this "
                "warning by not passing in num_features, which is not used because affine=False",
                stacklevel=2,
            )
        out = F.instance_norm(
            input.unsqueeze(0) if single else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return out.squeeze(0) if single else out


class InstanceNorm1d(_InstanceNorm):
    """Normalise each channel of each sample: (N, C, L) or (C, L).

    See :func:`F.instance_norm` (Ulyanov et al., 2016).

    Parameters
    ----------
    num_features : int
        The number of channels C.
    eps : float
        Added to the variance.
    momentum : float
        How far the running statistics move towards each batch's.
    affine : bool
        Multiply by learned w and add learned b.
    track_running_stats : bool
        Keep running statistics, which are used in evaluation.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional
    bias : bool
        Learn b, where `affine`.

    Raises
    ------
    ValueError
        For an input of another number of axes or, where `affine`, of channels.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.InstanceNorm1d(3)(tgb.ones(2, 3, 4)).shape
    tinygrad_bp.Size([2, 3, 4])
    """

    _ranks = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Normalise each channel of each sample: (N, C, H, W) or (C, H, W).

    See :func:`F.instance_norm` (Ulyanov et al., 2016).

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        As in :class:`InstanceNorm1d`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.InstanceNorm2d(3)(tgb.ones(2, 3, 4, 4)).shape
    tinygrad_bp.Size([2, 3, 4, 4])
    """

    _ranks = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Normalise each channel of each sample: (N, C, D, H, W) or (C, D, H, W).

    See :func:`F.instance_norm` (Ulyanov et al., 2016).

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        As in :class:`InstanceNorm1d`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.InstanceNorm3d(3)(tgb.ones(2, 3, 2, 2, 2)).shape
    tinygrad_bp.Size([2, 3, 2, 2, 2])
    """

    _ranks = (4, 5)


class _LazyInstanceNorm(_LazyNormBase):
    def __init__(self, eps: float = 1e-5, momentum: float = 0.1, affine: bool = True,
                 track_running_stats: bool = True, device: Any = None, dtype: Any = None, *,
                 bias: bool = True) -> None:  # fmt: skip
        super().__init__(eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def initialize_parameters(self, input: Any) -> None:
        """Take the number of channels from an input, which may have no axis for samples."""
        super().initialize_parameters(input if input.dim() != self._ranks[0] else input[None])


class LazyInstanceNorm1d(_LazyInstanceNorm, InstanceNorm1d):
    """An :class:`InstanceNorm1d` that takes its number of channels from the first input."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyInstanceNorm, InstanceNorm2d):
    """An :class:`InstanceNorm2d` that takes its number of channels from the first input."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyInstanceNorm, InstanceNorm3d):
    """An :class:`InstanceNorm3d` that takes its number of channels from the first input."""

    cls_to_become = InstanceNorm3d
