"""Normalisations as functions: each one says over which axes mean and variance are taken."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import inplace as changes
from ..dtype import finfo, float16
from ..functions.shape import cat
from ..mode import no_grad
from ..rules import elementwise as ew
from ..rules.channel_norm import channel_moments, standardize
from ..rules.index import stack
from ..rules.layer_norm import layer_norm as rows_normalized
from ..rules.norm import moments, normalize
from ..rules.reduce import mean as _mean
from ..tensor import wrap

__all__ = [
    "affine", "batch_norm", "batch_with_statistics", "cross_map_lrn2d", "group_norm",
    "group_with_statistics", "instance_norm", "layer_norm", "local_response_norm", "rms_norm",
    "trailing",
]  # fmt: skip


def _constant(number: float, dtype: Any) -> Any:
    array = np.array(number, dtype)
    array.flags.writeable = False
    return array


def affine(what: str, input: Any, weight: Any, bias: Any, shape: tuple[int, ...]) -> Any:
    """Return weight and bias in the shape that broadcasts; 1 and 0 for what is left out."""
    kind = input.dtype.dtype
    if kind.kind not in "fc":
        raise NotImplementedError(
            f"{what} is not implemented for {input.dtype.name}: convert with .float()"
        )
    given = []
    for tensor, number in ((weight, 1), (bias, 0)):
        if tensor is None:
            given.append(_constant(number, kind))
            continue
        if tensor.dtype.dtype != kind:
            raise RuntimeError(
                f"{what}: mixed dtypes: the input is {input.dtype.name}, weight or bias "
                f"{tensor.dtype.name}; all have to be the same"
            )
        given.append(tensor if tuple(tensor.shape) == shape else tensor.reshape(shape))
    return given


def _check_channels(what: str, channels: int, **tensors: Any) -> None:
    for name, tensor in tensors.items():
        if tensor is not None and tensor.numel() != channels:
            raise RuntimeError(
                f"{what}: {name} should contain {channels} elements, one a channel, not "
                f"{tensor.numel()}"
            )


def _moved(running: Any, seen: Any, momentum: float) -> Any:
    old = running._array
    new = old * (1 - momentum) + np.asarray(seen * momentum, old.dtype)
    return wrap(new if new.dtype == old.dtype else new.astype(old.dtype))


def _update(running_mean: Any, running_var: Any, statistics: Any, n: int, momentum: float) -> None:
    """Move running statistics towards the moments (2, …, C) of n elements a channel just seen."""
    if running_mean is None and running_var is None:
        return
    # On arrays, a change each: as operations on tensors this took longer than a small layer.
    channels = (running_var if running_mean is None else running_mean).numel()
    seen = statistics._array.reshape(2, -1, channels)
    mean, variance = np.add.reduce(seen, axis=1) / seen.shape[1]
    unbiased = variance * (n / (n - 1) if n > 1 else math.nan)
    with no_grad():
        for running, new in ((running_mean, mean), (running_var, unbiased)):
            if running is not None:
                changes.change(running, _moved, new, momentum)


def _by_channel(input: Any, weight: Any, bias: Any, groups: int, together: bool,
                eps: float) -> tuple[Any, Any]:  # fmt: skip
    """Normalise groups of channels by their own moments; return these too.

    Mean and variance are of each sample, or of all `together`.
    """
    shape = tuple(input.shape)
    if input.dtype.dtype.char in "fd":
        statistics = channel_moments(input, groups=groups, together=together)
        return standardize(input, statistics, weight, bias, eps=eps), statistics
    # Half precision and complex numbers, by the composition.
    grouped = input.reshape(shape[0], groups, shape[1] // groups, math.prod(shape[2:]))
    weight, bias = (t.reshape(groups, -1, 1) if t.ndim else t for t in (weight, bias))
    statistics = moments(grouped, axis=(0, 2, 3) if together else (2, 3))
    out = normalize(grouped, statistics, weight, bias, eps=eps)
    return out.reshape(shape), statistics.detach()


def _running(running_mean: Any, running_var: Any, shape: tuple[int, ...]) -> Any:
    return stack(running_mean.reshape(shape), running_var.reshape(shape), axis=0)


def batch_norm(input: Any, running_mean: Any, running_var: Any, weight: Any = None,
               bias: Any = None, training: bool = False, momentum: float = 0.1,
               eps: float = 1e-5) -> Any:  # fmt: skip
    """Give (x − mean) / √(variance + ε) · w + b, channel by channel.

    In training mean and (biased) variance are those of the batch, and the running ones move
    towards them: r ← (1 − momentum) r + momentum s, with the unbiased variance. Otherwise the
    running ones are used.

    Parameters
    ----------
    input : Tensor of shape (N, C, …)
    running_mean, running_var : Tensor of shape (C,) or None
        Changed in place in training.
    weight, bias : Tensor of shape (C,), optional
    training : bool
    momentum : float
    eps : float

    Returns
    -------
    Tensor of the input's shape

    Raises
    ------
    ValueError
        In training with one value a channel: it has no variance.
    RuntimeError
        If the shapes or dtypes do not fit, or running statistics are needed and missing.

    References
    ----------
    Ioffe and Szegedy, "Batch Normalization" (2015).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[1.0], [3.0]])
    >>> tgb.nn.functional.batch_norm(x, None, None, training=True, eps=0.0)
    tensor([[-1.],
            [ 1.]])
    """
    shape = tuple(input.shape)
    if training and len(shape) > 1 and math.prod(shape) == shape[1]:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {shape}: "
            "use a larger batch, or eval()"
        )
    if not math.prod(shape):  # nothing to normalise, and no statistics to see
        out = input.clone()
        for tensor, combine in ((weight, ew.multiply), (bias, ew.add)):
            out = out if tensor is None or not tensor.numel() else combine(out, tensor[0])
        return out
    return batch_with_statistics(
        input, weight, bias, running_mean, running_var, training, momentum, eps, "batch_norm"
    )[0]


def batch_with_statistics(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool,
    momentum: float, eps: float, what: str,
) -> tuple[Any, Any]:  # fmt: skip
    """Do :func:`batch_norm`; return the statistics too, 2 · C numbers in the order (2, C)."""
    shape = tuple(input.shape)
    if len(shape) < 2:
        raise RuntimeError(f"{what}: the input has to have axes (N, C, …), not shape {shape}")
    channels = shape[1]
    _check_channels(
        what, channels, running_mean=running_mean, running_var=running_var, weight=weight,
        bias=bias,
    )  # fmt: skip
    if training:
        weight, bias = affine(what, input, weight, bias, (channels,))
        out, statistics = _by_channel(input, weight, bias, channels, True, eps)
        _update(running_mean, running_var, statistics, input.numel() // channels, momentum)
        return out, statistics
    column = (1, channels, *(1,) * (len(shape) - 2))
    weight, bias = affine(what, input, weight, bias, column[1:])
    for name, tensor in (("running_mean", running_mean), ("running_var", running_var)):
        if tensor is None:
            raise RuntimeError(f"{what}: {name} must be defined in evaluation mode")
    statistics = _running(running_mean, running_var, column)
    return normalize(input, statistics, weight, bias, eps=eps), statistics


def trailing(what: str, input: Any, normalized_shape: Any, **tensors: Any) -> tuple[int, ...]:
    """Check the shape of the last axes; return these axes."""
    if not isinstance(normalized_shape, (tuple, list)):
        raise TypeError(
            f"{what}: normalized_shape has to be a tuple of ints, not "
            f"{type(normalized_shape).__name__}"
        )
    wanted, shape = tuple(normalized_shape), tuple(input.shape)
    if not wanted:
        raise RuntimeError(f"{what}: normalized_shape has to name at least one axis, not ()")
    for name, tensor in tensors.items():
        if tensor is not None and tuple(tensor.shape) != wanted:
            raise RuntimeError(
                f"{what}: Expected {name} to be of same shape as normalized_shape, but got {name} "
                f"of shape {tuple(tensor.shape)} and normalized_shape = {wanted}"
            )
    if shape[len(shape) - len(wanted) :] != wanted or len(wanted) > len(shape):
        raise RuntimeError(
            f"{what}: Given normalized_shape={list(wanted)}, expected input with shape [*, "
            f"{', '.join(map(str, wanted))}], but got input of size {list(shape)}"
        )
    return tuple(range(len(shape) - len(wanted), len(shape)))


def layer_norm(input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None,
               eps: float = 1e-5) -> Any:  # fmt: skip
    """Give (x − mean) / √(variance + ε) · w + b, sample by sample, over the last axes.

    Parameters
    ----------
    input : Tensor of shape (…, *normalized_shape)
    normalized_shape : tuple of int
    weight, bias : Tensor of shape normalized_shape, optional
    eps : float

    Returns
    -------
    Tensor of the input's shape

    Raises
    ------
    RuntimeError
        If the shapes or dtypes do not fit.

    References
    ----------
    Ba, Kiros and Hinton, "Layer Normalization" (2016).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.layer_norm(tgb.tensor([[1.0, 3.0]]), (2,), eps=0.0)
    tensor([[-1.,  1.]])
    """
    axis = trailing("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    weight, bias = affine("layer_norm", input, weight, bias, tuple(normalized_shape))
    if len(axis) == 1 and input._array.dtype.char in "fd":
        return rows_normalized(input, weight, bias, eps=eps)
    return normalize(input, moments(input, axis=axis), weight, bias, eps=eps)


def rms_norm(input: Any, normalized_shape: Any, weight: Any = None,
             eps: float | None = None) -> Any:  # fmt: skip
    """Give x / √(mean of x² + ε) · w, sample by sample, over the last axes.

    Parameters
    ----------
    input : Tensor of shape (…, *normalized_shape)
    normalized_shape : tuple of int
    weight : Tensor of shape normalized_shape, optional
    eps : float, optional
        The distance from 1 to the next number of the dtype if left out.

    Returns
    -------
    Tensor of the input's shape

    References
    ----------
    Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.nn.functional.rms_norm(tgb.tensor([[3.0, 3.0]]), (2,))
    tensor([[1., 1.]])
    """
    if input.dtype == float16:  # whose squares overflow
        weight = None if weight is None else weight.float()
        return rms_norm(input.float(), normalized_shape, weight, eps).half()
    axis = trailing("rms_norm", input, normalized_shape, weight=weight)
    eps = finfo(input.dtype).eps if eps is None else eps
    out = input * ew.rsqrt(_mean(ew.square(input), axis=axis, keepdims=True) + eps)
    return out if weight is None else out * weight


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None,
               eps: float = 1e-5) -> Any:  # fmt: skip
    """Give (x − mean) / √(variance + ε) · w + b, for each sample and group of channels.

    Parameters
    ----------
    input : Tensor of shape (N, C, …)
    num_groups : int
        Divides C.
    weight, bias : Tensor of shape (C,), optional
    eps : float

    Returns
    -------
    Tensor of the input's shape

    Raises
    ------
    RuntimeError
        If the groups do not divide the channels, or shapes do not fit.

    References
    ----------
    Wu and He, "Group Normalization" (2018).
    """
    _check_groups(input, num_groups, weight, bias)
    if not input.numel():
        return group_with_statistics(input, num_groups, weight, bias, eps)[0]
    weight, bias = affine("group_norm", input, weight, bias, (input.shape[1],))
    return _by_channel(input, weight, bias, num_groups, False, eps)[0]


def _check_groups(input: Any, groups: int, weight: Any, bias: Any) -> None:
    shape = tuple(input.shape)
    if len(shape) < 2:
        raise RuntimeError(f"group_norm: expected at least 2 dimensions, but got shape {shape}")
    channels = shape[1]
    if groups <= 0 or channels % groups:
        raise RuntimeError(
            "group_norm: Expected number of channels in input to be divisible by num_groups, but "
            f"got input of shape {shape} and num_groups={groups}"
        )
    _check_channels("group_norm", channels, weight=weight, bias=bias)


def group_with_statistics(input: Any, groups: int, weight: Any, bias: Any,
                          eps: float) -> tuple[Any, Any]:  # fmt: skip
    """Do :func:`group_norm`; return the statistics too, (2, N, groups, 1, 1), with gradients."""
    _check_groups(input, groups, weight, bias)
    shape = tuple(input.shape)
    each = shape[1] // groups
    weight, bias = affine("group_norm", input, weight, bias, (groups, each, 1))
    # A group is made an axis of its own; the rest of each sample is one axis.
    grouped = input.reshape(shape[0], groups, each, math.prod(shape[2:]))
    statistics = moments(grouped, axis=(2, 3))
    return normalize(grouped, statistics, weight, bias, eps=eps).reshape(shape), statistics


def instance_norm(input: Any, running_mean: Any = None, running_var: Any = None,
                  weight: Any = None, bias: Any = None, use_input_stats: bool = True,
                  momentum: float = 0.1, eps: float = 1e-5) -> Any:  # fmt: skip
    """Give (x − mean) / √(variance + ε) · w + b, for each sample and channel.

    Parameters
    ----------
    input : Tensor of shape (N, C, …)
    running_mean, running_var : Tensor of shape (C,), optional
        Changed in place where the input's statistics are used: they move towards the average of
        the samples' ones.
    weight, bias : Tensor of shape (C,), optional
    use_input_stats : bool
        Use the input's own statistics; otherwise the running ones.
    momentum : float
    eps : float

    Returns
    -------
    Tensor of the input's shape

    References
    ----------
    Ulyanov, Vedaldi and Lempitsky, "Instance Normalization" (2016).
    """
    what, shape = "instance_norm", tuple(input.shape)
    if use_input_stats and math.prod(shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {shape}"
        )
    if len(shape) < 2:
        raise RuntimeError(f"{what}: the input has to have axes (N, C, …), not shape {shape}")
    channels = shape[1]
    _check_channels(
        what, channels, running_mean=running_mean, running_var=running_var, weight=weight,
        bias=bias,
    )  # fmt: skip
    if use_input_stats and input.numel():
        weight, bias = affine(what, input, weight, bias, (channels,))
        out, statistics = _by_channel(input, weight, bias, channels, False, eps)
        _update(running_mean, running_var, statistics, math.prod(shape[2:]), momentum)
        return out
    column = (channels, *(1,) * (len(shape) - 2))
    weight, bias = affine(what, input, weight, bias, column)
    if use_input_stats:
        statistics = moments(input, axis=tuple(range(2, len(shape))))  # of nothing
        return normalize(input, statistics, weight, bias, eps=eps)
    if running_mean is None or running_var is None:
        raise RuntimeError(
            "instance_norm: Expected running_mean and running_var to be defined when "
            "use_input_stats is false"
        )
    statistics = _running(running_mean, running_var, (1, *column))
    return normalize(input, statistics, weight, bias, eps=eps)


def _neighbours(x: Any, left: int, right: int) -> Any:
    """Add up, at each channel (axis 1), those from `left` before it to `right` after it."""
    shape = list(x.shape)
    n = shape[1]
    edges = []
    for width in (left, right):
        shape[1] = width
        edges.append(wrap(np.zeros(shape, x.dtype.dtype)))
    padded = cat([edges[0], x, edges[1]], 1)
    total = padded.narrow(1, 0, n)
    for start in range(1, left + right + 1):
        total = total + padded.narrow(1, start, n)
    return total


def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75,
                        k: float = 1.0) -> Any:  # fmt: skip
    """Give x / (k + α m)^β, m being the mean of x² over `size` neighbouring channels.

    Beyond the first and the last channel, zeros count.

    Parameters
    ----------
    input : Tensor of shape (N, C, …), three axes or more
    size : int
    alpha, beta, k : float

    Returns
    -------
    Tensor of the input's shape

    Raises
    ------
    ValueError
        For fewer than three axes.

    References
    ----------
    Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural
    Networks" (2012), section 3.3.
    """
    if input.ndim < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)"
        )
    if not input.numel():
        return input
    near = _neighbours(ew.square(input), size // 2, (size - 1) // 2)
    return input / (near * (alpha / size) + k) ** beta


def cross_map_lrn2d(input: Any, size: int, alpha: float, beta: float, k: float) -> Any:
    """Do :func:`local_response_norm` with a window that reaches as far to both sides."""
    reach = (size + 1) // 2 - 1
    return input / (_neighbours(ew.square(input), reach, reach) * (alpha / size) + k) ** beta
