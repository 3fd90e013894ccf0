"""The transforms: of one axis, of two, of any; of complex numbers, and to and from real ones.

All come down to three operations of the table, after the input was cut or filled up with zeros to
the lengths that were asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..dtype import as_numpy, get_default_dtype
from ..functions._axes import axis_of, numpy_names
from ..rules import fourier as ops
from ..rules.complex import conjugate, widen
from ..rules.shape import cast, crop, pad

Sizes = Sequence[int] | int | None


def _floating(input: Any) -> Any:
    if input.is_floating_point() or input.is_complex():
        return input
    return cast(input, dtype=as_numpy(get_default_dtype()))


def _complex(input: Any) -> Any:
    input = _floating(input)
    return input if input.is_complex() else widen(input)


def _real(what: str, input: Any) -> Any:
    if input.is_complex():
        raise RuntimeError(f"fft.{what} expects a real input tensor, but got {input.dtype.name}")
    return _floating(input)


def _resized(input: Any, axes: tuple[int, ...], lengths: Sequence[int]) -> Any:
    """Cut the axes, or fill them up with zeros, to lengths."""
    missing = [0] * input.ndim
    for axis, n in zip(axes, lengths, strict=True):
        if n < 1:
            raise RuntimeError(f"fft: invalid number of data points ({n}) specified")
        missing[axis] = n - input.shape[axis]
    if min(missing, default=0) < 0:
        input = crop(input, widths=tuple((0, max(-m, 0)) for m in missing))
    if max(missing, default=0) > 0:
        input = pad(input, widths=tuple((0, max(m, 0)) for m in missing))
    return input


def _plan(what: str, input: Any, s: Sizes, dim: Sizes) -> tuple[tuple[int, ...], list[int]]:
    """Return the axes, counted from the front, and the lengths asked for (-1: as they are)."""
    sizes = None if s is None else [s] if isinstance(s, int) else [int(n) for n in s]
    if dim is None:
        count = input.ndim if sizes is None else len(sizes)
        if count > input.ndim:
            raise RuntimeError(
                f"fft.{what}: got shape with {count} values but input tensor only has "
                f"{input.ndim} dimensions"
            )
        axes = tuple(range(input.ndim - count, input.ndim))
    else:
        dims = (dim,) if isinstance(dim, int) else dim
        axes = tuple(axis_of(d, input.ndim) for d in dims)
    if len(set(axes)) != len(axes):
        raise RuntimeError(f"fft.{what}: FFT dims must be unique, got {dim}")
    sizes = [-1] * len(axes) if sizes is None else sizes
    if len(sizes) != len(axes):
        raise RuntimeError(f"fft.{what}: dim and shape arguments must have the same length")
    return axes, sizes


def _lengths(input: Any, axes: tuple[int, ...], sizes: list[int]) -> list[int]:
    return [input.shape[i] if n == -1 else n for i, n in zip(axes, sizes, strict=True)]


def _scale(what: str, norm: str | None, lengths: Sequence[int], inverse: bool) -> float:
    """Return the factor of a transform: 1, 1 / n, or the root of that ("ortho")."""
    n = math.prod(lengths)
    if norm == "ortho":
        return 1 / math.sqrt(n)
    if norm not in (None, "backward", "forward"):
        raise RuntimeError(f"fft.{what}: invalid normalization mode: {norm!r}")
    return 1 / n if (norm == "forward") != inverse else 1.0


def _to_complex(what: str, input: Any, s: Sizes, dim: Sizes, norm: str | None,
                inverse: bool) -> Any:  # fmt: skip
    input = _complex(input)
    axes, sizes = _plan(what, input, s, dim)
    if not axes:
        return input.clone()
    lengths = _lengths(input, axes, sizes)
    scale = _scale(what, norm, lengths, inverse)
    return ops.fourier(_resized(input, axes, lengths), axes=axes, inverse=inverse, scale=scale)


def _to_half(what: str, input: Any, s: Sizes, dim: Sizes, norm: str | None,
             inverse: bool) -> Any:  # fmt: skip
    """Transform real numbers; the inverse of them is the conjugate of what this gives."""
    input = _real(what, input)
    axes, sizes = _plan(what, input, s, dim)
    if not axes:
        raise RuntimeError(f"fft.{what} must transform at least one axis")
    lengths = _lengths(input, axes, sizes)
    scale = _scale(what, norm, lengths, inverse)
    return ops.half_fourier(_resized(input, axes, lengths), axes=axes, scale=scale)


def _from_half(what: str, input: Any, s: Sizes, dim: Sizes, norm: str | None,
               inverse: bool) -> Any:  # fmt: skip
    """Give real numbers from half their spectrum; of its conjugate it is the forward one."""
    input = _complex(input)
    axes, sizes = _plan(what, input, s, dim)
    if not axes:
        raise RuntimeError(f"fft.{what} must transform at least one axis")
    n = 2 * (input.shape[axes[-1]] - 1) if sizes[-1] == -1 else sizes[-1]
    if n < 1:
        raise RuntimeError(f"fft.{what}: invalid number of data points ({n}) specified")
    lengths = [*_lengths(input, axes[:-1], sizes[:-1]), n]
    scale = _scale(what, norm, lengths, inverse)
    resized = _resized(input, axes, [*lengths[:-1], n // 2 + 1])
    return ops.from_half_fourier(resized, axes=axes, n=n, scale=scale)


# ----------------------------------------------------------------------------------------- one axis


@numpy_names
def fft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Give Σⱼ xⱼ e^{−2πijk/n} along an axis.

    Parameters
    ----------
    input : Tensor
        Real or complex.
    n : int, optional
        Cut the axis, or fill it up with zeros, to this length first.
    dim : int
    norm : {"backward", "ortho", "forward"}
        Where the factor 1 / n goes: to the inverse (default), its root to both, or to this.

    Returns
    -------
    Tensor
        Complex.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.fft.fft(tgb.tensor([1.0, 1.0]))
    tensor([2.+0.j, 0.+0.j])
    """
    return _to_complex("fft", input, n, dim, norm, inverse=False)


@numpy_names
def ifft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Undo :func:`fft`: 1/n Σₖ xₖ e^{+2πijk/n} along an axis.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.fft.ifft(tgb.fft.fft(tgb.tensor([1.0, 2.0]))).real
    tensor([1., 2.])
    """
    return _to_complex("ifft", input, n, dim, norm, inverse=True)


@numpy_names
def rfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Transform real numbers; the n // 2 + 1 frequencies that are not negative are kept.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.fft.rfft(tgb.tensor([1.0, 0.0, -1.0, 0.0]))
    tensor([0.+0.j, 2.+0.j, 0.+0.j])
    """
    return _to_half("rfft", input, n, dim, norm, inverse=False)


@numpy_names
def irfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Undo :func:`rfft`; the number `n` of real numbers is by default even, 2 (length − 1).

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.fft.irfft(tgb.fft.rfft(tgb.tensor([1.0, 2.0, 3.0])), n=3)
    tensor([1., 2., 3.])
    """
    return _from_half("irfft", input, n, dim, norm, inverse=True)


@numpy_names
def hfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Transform half of a signal whose other half is its conjugate: the answer is real."""
    return _from_half("hfft", conjugate(_complex(input)), n, dim, norm, inverse=False)


@numpy_names
def ihfft(input: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """Undo :func:`hfft`."""
    return conjugate(_to_half("ihfft", input, n, dim, norm, inverse=True))


# ------------------------------------------------------------------------------------- several axes


@numpy_names
def fftn(input: Any, s: Sizes = None, dim: Sizes = None, norm: str | None = None) -> Any:
    """Transform as :func:`fft` along each of the axes `dim`, by default all (or the last of `s`).

    Parameters
    ----------
    input : Tensor
    s : sequence of int, optional
        The lengths to which the axes are cut or filled up first; -1 leaves one as it is.
    dim : sequence of int, optional
    norm : {"backward", "ortho", "forward"}
    """
    return _to_complex("fftn", input, s, dim, norm, inverse=False)


@numpy_names
def ifftn(input: Any, s: Sizes = None, dim: Sizes = None, norm: str | None = None) -> Any:
    """Undo :func:`fftn`."""
    return _to_complex("ifftn", input, s, dim, norm, inverse=True)


@numpy_names
def rfftn(input: Any, s: Sizes = None, dim: Sizes = None, norm: str | None = None) -> Any:
    """Transform as :func:`rfft` along the last of the axes, as :func:`fft` along the others."""
    return _to_half("rfftn", input, s, dim, norm, inverse=False)


@numpy_names
def irfftn(input: Any, s: Sizes = None, dim: Sizes = None, norm: str | None = None) -> Any:
    """Undo :func:`rfftn`."""
    return _from_half("irfftn", input, s, dim, norm, inverse=True)


@numpy_names
def hfftn(input: Any, s: Sizes = None, dim: Sizes = None, norm: str | None = None) -> Any:
    """Transform as :func:`fft` along the axes but the last, then as :func:`hfft`."""
    return _from_half("hfftn", conjugate(_complex(input)), s, dim, norm, inverse=False)


@numpy_names
def ihfftn(input: Any, s: Sizes = None, dim: Sizes = None, norm: str | None = None) -> Any:
    """Undo :func:`hfftn`."""
    return conjugate(_to_half("ihfftn", input, s, dim, norm, inverse=True))


@numpy_names
def fft2(input: Any, s: Sizes = None, dim: Sizes = (-2, -1), norm: str | None = None) -> Any:
    """Transform as :func:`fftn` along two axes.

    Examples
    --------
    >>> import tinygrad_bp as tgb
    >>> tgb.fft.fft2(tgb.ones(2, 2))
    tensor([[4.+0.j, 0.+0.j],
            [0.+0.j, 0.+0.j]])
    """
    return fftn(input, s, dim, norm)


@numpy_names
def ifft2(input: Any, s: Sizes = None, dim: Sizes = (-2, -1), norm: str | None = None) -> Any:
    """Undo :func:`fft2`."""
    return ifftn(input, s, dim, norm)


@numpy_names
def rfft2(input: Any, s: Sizes = None, dim: Sizes = (-2, -1), norm: str | None = None) -> Any:
    """Transform as :func:`rfftn` along two axes."""
    return rfftn(input, s, dim, norm)


@numpy_names
def irfft2(input: Any, s: Sizes = None, dim: Sizes = (-2, -1), norm: str | None = None) -> Any:
    """Undo :func:`rfft2`."""
    return irfftn(input, s, dim, norm)


@numpy_names
def hfft2(input: Any, s: Sizes = None, dim: Sizes = (-2, -1), norm: str | None = None) -> Any:
    """Transform as :func:`hfftn` along two axes."""
    return hfftn(input, s, dim, norm)


@numpy_names
def ihfft2(input: Any, s: Sizes = None, dim: Sizes = (-2, -1), norm: str | None = None) -> Any:
    """Undo :func:`hfft2`."""
    return ihfftn(input, s, dim, norm)
