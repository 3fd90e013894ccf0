"""Batch normalisation, and what it shares with instance normalisation."""

from __future__ import annotations

from typing import Any

from ...creation import empty, ones, tensor, zeros
from ...dtype import int64
from ...mode import no_grad
from .. import functional as F
from .. import init
from ..parameter import Parameter, UninitializedBuffer, UninitializedParameter
from .lazy import LazyModuleMixin
from .module import Module

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "LazyBatchNorm1d", "LazyBatchNorm2d",
    "LazyBatchNorm3d", "SyncBatchNorm",
]  # fmt: skip


class _NormBase(Module):
    """Weights for the channels, and running statistics of them."""

    _version = 2
    _ranks: tuple[int, ...] = ()  # how many axes an input may have

    weight: Parameter | None
    bias: Parameter | None
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
                 affine: bool = True, track_running_stats: bool = True, device: Any = None,
                 dtype: Any = None, *, bias: bool = True) -> None:  # fmt: skip
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        kind = {"device": device, "dtype": dtype}
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            parameter = Parameter(empty(num_features, **kind)) if wanted else None
            self.register_parameter(name, parameter)
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, **kind) if tracked else None)
        self.register_buffer("running_var", ones(num_features, **kind) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0, dtype=int64) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Start with mean 0 and variance 1 again."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set the weight to 1, the bias to 0, and forget the statistics."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Any) -> None:
        if self._ranks and input.dim() not in self._ranks:
            wanted = " or ".join(f"{rank}D" for rank in self._ranks)
            raise ValueError(f"expected {wanted} input (got {input.dim()}D input)")

    def _load_from_state_dict(self, state_dict: Any, prefix: str, local_metadata: Any,
                              *others: Any) -> None:  # fmt: skip
        # States from before version 2 have no count of batches.
        if (local_metadata.get("version") or 0) < 2 and self.track_running_stats:
            count = self.num_batches_tracked
            state_dict.setdefault(f"{prefix}num_batches_tracked", count.detach().clone())
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)

    def extra_repr(self) -> str:
        """Show the settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_NormBase):
    """Normalise each channel over the batch, see :func:`F.batch_norm`."""

    def forward(self, input: Any) -> Any:
        """Normalise (N, C, …)."""
        self._check_input_dim(input)
        momentum: Any = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            with no_grad():
                self.num_batches_tracked.add_(1)
            if self.momentum is None:  # the average over all batches so far
                momentum = 1.0 / self.num_batches_tracked._array
        own = self.training or (self.running_mean is None and self.running_var is None)
        # Without tracking, what running statistics there are are used but not changed.
        tracked = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if tracked else None,
            self.running_var if tracked else None,
            self.weight,
            self.bias,
            own,
            momentum,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """Normalise each channel of (N, C) or (N, C, L) over the batch.

    (x − mean) / √(variance + ε) · w + b, see :func:`F.batch_norm` (Ioffe and Szegedy, 2015).

    Parameters
    ----------
    num_features : int
        The number of channels C.
    eps : float
        Added to the variance.
    momentum : float or None
        How far the running statistics move towards each batch's; None: their average over all
        batches so far.
    affine : bool
        Learn w and b too.
    track_running_stats : bool
        Keep running statistics, which are used in evaluation.
    device : optional
        Only "cpu" exists.
    dtype : dtype, optional
    bias : bool
        Learn b, where `affine`.

    Attributes
    ----------
    weight, bias : Parameter of shape (C,), or None
    running_mean, running_var : Tensor of shape (C,), or None
    num_batches_tracked : Tensor of int64, or None

    Raises
    ------
    ValueError
        For an input of another number of axes, or with one value a channel in training.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.BatchNorm1d(2)(tgb.tensor([[0.0, 1.0], [2.0, 3.0]])).shape
    tinygrad_bp.Size([2, 2])
    """

    _ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Normalise each channel of (N, C, H, W) over the batch.

    (x − mean) / √(variance + ε) · w + b, see :func:`F.batch_norm` (Ioffe and Szegedy, 2015).

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        As in :class:`BatchNorm1d`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.BatchNorm2d(3)(tgb.ones(2, 3, 4, 4)).shape
    tinygrad_bp.Size([2, 3, 4, 4])
    """

    _ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """Normalise each channel of (N, C, D, H, W) over the batch.

    (x − mean) / √(variance + ε) · w + b, see :func:`F.batch_norm` (Ioffe and Szegedy, 2015).

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        As in :class:`BatchNorm1d`.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.BatchNorm3d(3)(tgb.ones(2, 3, 2, 2, 2)).shape
    tinygrad_bp.Size([2, 3, 2, 2, 2])
    """

    _ranks = (5,)


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation of (N, C, …) that would join the batches of several processes.

    There is one process here, so that it is :class:`BatchNorm1d` for any number of axes.

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, device, dtype, bias
        As in :class:`BatchNorm1d`.
    process_group : optional
        Accepted.

    Raises
    ------
    ValueError
        For an input of fewer than two axes.
    """

    def __init__(self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1,
                 affine: bool = True, track_running_stats: bool = True,
                 process_group: Any = None, device: Any = None, dtype: Any = None, *,
                 bias: bool = True) -> None:  # fmt: skip
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _check_input_dim(self, input: Any) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """Return the module with every batch normalisation in it replaced by one of this class."""
        converted = module
        if isinstance(module, _BatchNorm):
            made = cls(
                module.num_features, module.eps, module.momentum, module.affine,
                module.track_running_stats, process_group, bias=module.bias is not None,
            )  # fmt: skip
            made.weight, made.bias = module.weight, module.bias
            made.running_mean, made.running_var = module.running_mean, module.running_var
            made.num_batches_tracked, made.training = module.num_batches_tracked, module.training
            converted = made
        for name, child in module.named_children():
            converted.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return converted


class _LazyNormBase(LazyModuleMixin, _NormBase):
    """A normalisation that takes its number of channels from the first input."""

    def __init__(self, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
                 track_running_stats: bool = True, device: Any = None, dtype: Any = None, *,
                 bias: bool = True) -> None:  # fmt: skip
        super().__init__(0, eps, momentum, False, False)  # nothing to fill yet
        kind = {"device": device, "dtype": dtype}
        self.affine, self.track_running_stats = affine, track_running_stats
        if affine:
            self.weight = UninitializedParameter(**kind)
            if bias:
                self.bias = UninitializedParameter(**kind)
        if track_running_stats:
            self.register_buffer("running_mean", UninitializedBuffer(**kind))
            self.register_buffer("running_var", UninitializedBuffer(**kind))
            self.register_buffer("num_batches_tracked", tensor(0, dtype=int64))

    def reset_parameters(self) -> None:
        """Fill parameters and statistics, once they have a shape."""
        if not self.has_uninitialized_params() and self.num_features:
            super().reset_parameters()

    def initialize_parameters(self, input: Any) -> None:
        """Take the number of channels from an input."""
        if self.has_uninitialized_params():
            self.num_features = input.shape[1]
            with no_grad():
                for name in ("weight", "bias", "running_mean", "running_var"):
                    waiting: Any = getattr(self, name)
                    if waiting is not None:
                        waiting.materialize((self.num_features,))
                self.reset_parameters()
        if not self.num_features:
            self.num_features = input.shape[1]  # the weights were loaded


class LazyBatchNorm1d(_LazyNormBase, BatchNorm1d):
    """A :class:`BatchNorm1d` that takes its number of channels from the first input.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> layer = tgb.nn.LazyBatchNorm1d()
    >>> layer(tgb.zeros(4, 3)).shape, layer.num_features
    (tinygrad_bp.Size([4, 3]), 3)
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNormBase, BatchNorm2d):
    """A :class:`BatchNorm2d` that takes its number of channels from the first input."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNormBase, BatchNorm3d):
    """A :class:`BatchNorm3d` that takes its number of channels from the first input."""

    cls_to_become = BatchNorm3d
