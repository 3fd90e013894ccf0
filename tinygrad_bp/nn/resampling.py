"""Images, signals and volumes in another size: each axis is a small matrix of weights.

Resampling is linear and separable: along each axis every output is a weighted sum of a few inputs.
The weights of an axis form a matrix (outputs, inputs), and the axis is multiplied by it; the
gradient is then the product with its transpose.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..functions.elementwise import clamp
from ..rules import elementwise as ew
from ..rules.index import index
from ..rules.pool import spread_windows
from ..rules.shape import cast
from .adaptive_pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    along,
)

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

#: Mode -> the number of spatial axes that it is for; None: any.
_RANKS = {
    "nearest": None, "nearest-exact": None, "area": None, "linear": 1, "bilinear": 2,
    "trilinear": 3, "bicubic": 2, "lanczos": 2,
}  # fmt: skip


# ------------------------------------------------------------------------------- weights of an axis


def triangle(x: Any) -> Any:
    """Weigh the two nearest elements by their distance."""
    return np.maximum(1 - np.abs(x), 0)


def cubic(x: Any, a: float) -> Any:
    """Weigh four elements by Keys' cubic convolution kernel, with the slope `a` at distance 1."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


def _lanczos(x: Any) -> Any:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


#: Mode -> (kernel, how many elements it reaches) where it is widened against aliasing. There
#: PyTorch takes -0.5 for the cubic kernel, as PIL does, and -0.75 everywhere else.
_FILTERS: dict[str, tuple[Callable[[Any], Any], int]] = {
    "bilinear": (triangle, 1),
    "bicubic": (lambda x: cubic(x, -0.5), 2),
    "lanczos": (_lanczos, 3),
}


def _scale(n: int, out: int, factor: float | None, align_corners: bool) -> float:
    """Return how many inputs lie between two neighbouring outputs."""
    if align_corners:
        return (n - 1) / (out - 1) if out > 1 else 0.0
    return 1 / factor if factor else n / out


def _nearest(n: int, out: int, factor: float | None, exact: bool) -> Any:
    """Name the input that each output takes."""
    # PyTorch computes these in single precision.
    scale = np.float32(1 / factor if factor else np.float32(n) / np.float32(out))
    places = np.arange(out, dtype=np.float32) + np.float32(0.5 if exact else 0)
    return np.minimum(np.floor(places * scale).astype(np.int64), n - 1)


def _matrix(n: int, out: int, factor: float | None, mode: str, align_corners: bool) -> Any:
    """Weigh the inputs around each output's place; beyond the edge the last one counts again."""
    scale = _scale(n, out, factor, align_corners)
    places = np.arange(out) * scale if align_corners else (np.arange(out) + 0.5) * scale - 0.5
    reach = 2 if mode == "bicubic" else 1
    if mode != "bicubic":
        places = np.clip(places, 0, n - 1)
    below = np.floor(places).astype(np.int64)
    matrix = np.zeros((out, n))
    for offset in range(1 - reach, reach + 1):
        distance = places - (below + offset)
        weights = cubic(distance, -0.75) if mode == "bicubic" else triangle(distance)
        np.add.at(matrix, (np.arange(out), np.clip(below + offset, 0, n - 1)), weights)
    return matrix


def _antialiased(n: int, out: int, factor: float | None, mode: str, align_corners: bool) -> Any:
    """Weigh the inputs by a kernel as wide as what an output stands for, where that is more."""
    kernel, reach = _FILTERS[mode]
    scale = _scale(n, out, factor, align_corners)
    width = max(scale, 1.0)
    centres = scale * (np.arange(out) + 0.5)
    first = np.maximum((centres - reach * width + 0.5).astype(np.int64), 0)
    last = np.minimum((centres + reach * width + 0.5).astype(np.int64), n)
    at = np.arange(n)
    inside = (at >= first[:, None]) & (at < last[:, None])
    weights = kernel((at - centres[:, None] + 0.5) / width) * inside
    return weights / weights.sum(axis=1, keepdims=True)


# ------------------------------------------------------------------------------------ interpolation


def _sizes(input: Any, size: Any, scale_factor: Any) -> tuple[tuple[int, ...], list[float] | None]:
    """Return the lengths of the output, and the factors if they were given."""
    lengths = tuple(input.shape[2:])
    rank = len(lengths)
    if (size is None) == (scale_factor is None):
        if size is None:
            raise ValueError("interpolate: either size or scale_factor has to be given")
        raise ValueError("interpolate: only one of size or scale_factor can be given")
    given = size if scale_factor is None else scale_factor
    values = list(given) if isinstance(given, (tuple, list)) else [given] * rank
    if len(values) != rank:
        raise ValueError(
            f"interpolate: the input of shape {tuple(input.shape)} has {rank} spatial axes, but "
            f"{len(values)} numbers were given: {tuple(values)}"
        )
    if scale_factor is None:
        if not all(isinstance(n, (int, np.integer)) for n in values):
            raise TypeError(f"interpolate: size has to be of integers, not {tuple(values)}")
        return tuple(int(n) for n in values), None
    factors = [float(f) for f in values]
    return tuple(math.floor(n * f) for n, f in zip(lengths, factors, strict=True)), factors


def _repeat(x: Any, times: tuple[int, ...]) -> Any:
    """Repeat every element so often along each spatial axis: it fills a window of its own."""
    size = tuple(n * k for n, k in zip(x.shape[2:], times, strict=True))
    edges = (0,) * len(times)
    return spread_windows(x, kernel=times, stride=times, padding=edges, size=size)


def _by_nearest(x: Any, size: tuple[int, ...], factors: Any, exact: bool) -> Any:
    lengths = tuple(x.shape[2:])
    places = [
        _nearest(n, out, factors and factors[i], exact)
        for i, (n, out) in enumerate(zip(lengths, size, strict=True))
    ]
    times = tuple(out // n for n, out in zip(lengths, size, strict=True))
    if all(
        k and np.array_equal(place, np.arange(n * k) // k)
        for place, n, k in zip(places, lengths, times, strict=True)
    ):
        return _repeat(x, times)
    for axis, place in enumerate(places, 2):
        x = index(x, place, template=(slice(None),) * axis + ("array",))
    return x


def _by_weights(x: Any, size: tuple[int, ...], factors: Any, mode: str, align_corners: bool,
                antialias: bool) -> Any:  # fmt: skip
    kind = x.dtype
    if not kind.is_floating_point:
        x = cast(x, dtype=np.dtype(np.float32))
    for i in reversed(range(len(size))):
        n, out, factor = x.shape[i + 2], size[i], factors and factors[i]
        if n != out or (factor and factor != 1):
            make = _antialiased if antialias else _matrix
            matrix = make(n, out, factor, mode, align_corners)
            x = along(x, i + 2, matrix.astype(x.dtype.dtype))
            if not kind.is_floating_point:  # images of bytes: after each axis what bytes can hold
                limits = np.iinfo(kind.dtype)
                x = clamp(ew.round(x), int(limits.min), int(limits.max))
    return x if kind.is_floating_point else cast(x, dtype=kind.dtype)


def interpolate(input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
                align_corners: bool | None = None, recompute_scale_factor: bool | None = None,
                antialias: bool = False) -> Any:  # fmt: skip
    """Resample to another size.

    Parameters
    ----------
    input : Tensor of shape (batch, channels, *spatial), with 1, 2 or 3 spatial axes
    size : int or tuple, optional
        The lengths of the output; or `scale_factor` of the input's.
    scale_factor : float or tuple, optional
    mode : str
        "nearest" (with PyTorch's rounding) or "nearest-exact"; "linear", "bilinear" or "trilinear";
        "bicubic"; "area" (adaptive averages); "lanczos" (with `antialias`).
    align_corners : bool, optional
        Whether the corner elements keep their place; otherwise the corners of the image do.
    recompute_scale_factor : bool, optional
        Use the factor between the lengths in place of the one given, from which it differs where
        the length was rounded.
    antialias : bool
        Widen the kernel where the image shrinks: for "bilinear", "bicubic" and "lanczos".

    Returns
    -------
    Tensor of shape (batch, channels, *size)

    Raises
    ------
    ValueError
        If both or neither of size and scale_factor are given, or they have another number of axes;
        for align_corners or antialias with a mode that has none.
    NotImplementedError
        For a mode that does not go with the input's rank.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> x = tgb.tensor([[[0.0, 1.0]]])
    >>> tgb.nn.functional.interpolate(x, scale_factor=2)
    tensor([[[0., 0., 1., 1.]]])
    >>> tgb.nn.functional.interpolate(x, size=5, mode="linear", align_corners=True)
    tensor([[[0.0000, 0.2500, 0.5000, 0.7500, 1.0000]]])
    """
    if align_corners is not None and mode in ("nearest", "nearest-exact", "area"):
        raise ValueError(
            f"interpolate: align_corners is for linear, bilinear, bicubic and trilinear, not {mode}"
        )
    out, factors = _sizes(input, size, scale_factor)
    if recompute_scale_factor:
        if factors is None:
            raise ValueError("interpolate: recompute_scale_factor has no meaning beside a size")
        factors = None
    rank = input.ndim - 2
    if antialias and not (mode in _FILTERS and input.ndim == 4):
        raise ValueError(
            "interpolate: antialias is for bilinear, bicubic and lanczos, and inputs of 4 "
            "dimensions"
        )
    if mode not in _RANKS or rank not in (1, 2, 3) or _RANKS[mode] not in (None, rank) or (
        mode == "lanczos" and not antialias
    ):  # fmt: skip
        raise NotImplementedError(
            f"interpolate: mode {mode!r} is not for an input of shape {tuple(input.shape)}: "
            "nearest, nearest-exact and area are for 3, 4 and 5 dimensions, linear for 3, bilinear "
            "and bicubic (and lanczos with antialias) for 4, trilinear for 5"
        )
    if min(out) <= 0 or 0 in input.shape[1:]:
        raise RuntimeError(
            f"interpolate: input and output have to have elements, but the input is of shape "
            f"{tuple(input.shape)}, the output of size {out}"
        )
    if mode == "area":
        return (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[rank - 1](input, out)
    if mode in ("nearest", "nearest-exact"):
        return _by_nearest(input, out, factors, mode == "nearest-exact")
    return _by_weights(input, out, factors, mode, bool(align_corners), antialias)


def upsample(input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
             align_corners: bool | None = None) -> Any:  # fmt: skip
    """Do :func:`interpolate`, under its former name."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """Do :func:`interpolate` with mode "nearest"."""
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """Do :func:`interpolate` with mode "bilinear" and aligned corners."""
    return interpolate(input, size, scale_factor, "bilinear", True)


def _upsample_bilinear2d_aa(input: Any, output_size: Any, align_corners: bool,
                            scales_h: float | None = None, scales_w: float | None = None,
                            scale_factors: Any = None) -> Any:  # fmt: skip
    """Do :func:`interpolate` with mode "bilinear" and `antialias`, as PyTorch's operator."""
    if output_size is None:
        return interpolate(input, None, scale_factors, "bilinear", align_corners, None, True)
    factors = (scales_h, scales_w)
    return _by_weights(input, tuple(output_size), factors, "bilinear", align_corners, True)
