"""The short-time Fourier transform: the spectrum of a signal as it changes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..dtype import as_numpy
from ..messages import ShapeError
from ..rules import fourier as ops
from ..rules.complex import view_as_real, widen
from ..rules.index import ARRAY, index
from ..rules.shape import pad, transpose
from ..rules.strided import add_windows, windows

_PAD_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def _padded(input: Any, by: int, mode: str) -> Any:
    """Add `by` elements at both ends of the last axis."""
    if mode == "constant":
        return pad(input, widths=((0, 0), (by, by)))
    if mode not in _PAD_MODES:
        raise NotImplementedError(f"stft: unknown pad_mode {mode!r}")
    n = input.shape[-1]
    if by >= n and mode == "reflect":
        raise ShapeError(f"stft: a signal of {n} can't be reflected by {by} at its ends")
    places = np.pad(np.arange(n), by, mode=_PAD_MODES[mode])  # type: ignore[call-overload]
    return index(input, places, template=(slice(None), ARRAY))


def _window(what: str, like: Any, window: Any, n_fft: int, win_length: int) -> Any:
    """Return the window in the middle of `n_fft` places, or ones."""
    if not 0 < win_length <= n_fft:
        raise RuntimeError(f"{what}: expected 0 < win_length <= n_fft, got {win_length}, {n_fft}")
    if window is not None and tuple(window.shape) != (win_length,):
        raise ShapeError(
            f"{what}: expected a 1D window tensor of size equal to win_length={win_length}, got "
            f"{tuple(window.shape)}"
        )
    if window is None:
        kind = np.empty(0, as_numpy(like.dtype)).real.dtype
        window = like.new_tensor(np.ones(win_length, kind))
    before = (n_fft - win_length) // 2
    after = n_fft - win_length - before
    return pad(window, widths=((before, after),)) if before or after else window


def stft(input: Any, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
         window: Any = None, center: bool = True, pad_mode: str = "reflect",
         normalized: bool = False, onesided: bool | None = None,
         return_complex: bool | None = None, align_to_window: bool | None = None
         ) -> Any:  # fmt: skip
    """Give the Fourier transforms of windows that overlap.

    Parameters
    ----------
    input : Tensor (T,) or (B, T)
    n_fft : int
        How many numbers are transformed at a time.
    hop_length : int, optional
        How far one window begins behind the other; by default n_fft // 4.
    win_length : int, optional
        The length of `window`, by default n_fft; a shorter one stands in the middle.
    window : Tensor, optional
        By default ones.
    center : bool
        Let frame t be about the number t · hop_length, by padding the signal at both ends.
    pad_mode : {"reflect", "constant", "replicate", "circular"}
    normalized : bool
        Divide by √n_fft.
    onesided : bool, optional
        Keep the n_fft // 2 + 1 frequencies that are not negative; by default for real input.
    return_complex : bool
        Has to be given for real input. False gives a last axis of real and imaginary parts.
    align_to_window : bool, optional
        Without `center`: begin where the window, not its padding, fits.

    Returns
    -------
    Tensor (B, frequencies, frames)
    """
    if not (input.is_floating_point() or input.is_complex()):
        raise RuntimeError(f"stft: expected a floating point or complex tensor, got {input.dtype}")
    if input.ndim not in (1, 2):
        raise ShapeError(f"stft: expected a 1D or 2D tensor, got the shape {tuple(input.shape)}")
    hop_length = n_fft // 4 if hop_length is None else hop_length
    win_length = n_fft if win_length is None else win_length
    if hop_length <= 0:
        raise RuntimeError(f"stft: expected hop_length > 0, got {hop_length}")
    if align_to_window is not None and center:
        raise RuntimeError("stft: align_to_window should only be set when center = false")
    as_complex = input.is_complex() or (window is not None and window.is_complex())
    if return_complex is None:
        if not as_complex:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs"
            )
        return_complex = True
    signal = input[None] if input.ndim == 1 else input
    if center:
        signal = _padded(signal, n_fft // 2, pad_mode)
    if not 0 < n_fft <= signal.shape[-1]:
        raise RuntimeError(f"stft: expected 0 < n_fft <= {signal.shape[-1]}, got n_fft={n_fft}")
    shape_of_window = _window("stft", signal, window, n_fft, win_length)
    if not center and align_to_window:
        before = (n_fft - win_length) // 2
        signal = pad(signal, widths=((0, 0), (before, n_fft - win_length - before)))
    frames = windows(signal, axis=1, length=n_fft, step=hop_length) * shape_of_window
    scale = 1 / math.sqrt(n_fft) if normalized else 1.0
    onesided = not as_complex if onesided is None else onesided
    if onesided and as_complex:
        raise RuntimeError("stft: a complex signal or window has no onesided spectrum")
    if onesided:
        spectra = ops.half_fourier(frames, axes=(2,), scale=scale)
    else:
        spectra = ops.fourier(frames if as_complex else widen(frames), axes=(2,), scale=scale)
    spectra = transpose(spectra, axes=(0, 2, 1))
    if not return_complex:
        spectra = view_as_real(spectra)
    return spectra[0] if input.ndim == 1 else spectra


def istft(input: Any, n_fft: int, hop_length: int | None = None, win_length: int | None = None,
          window: Any = None, center: bool = True, normalized: bool = False,
          onesided: bool | None = None, length: int | None = None,
          return_complex: bool = False) -> Any:  # fmt: skip
    """Undo :func:`stft`, by the least squares of Griffin and Lim (1984).

    The windows are added up where they overlap, and divided by the sum of their squares.

    Parameters
    ----------
    input : Tensor (frequencies, frames) or (B, frequencies, frames)
        Complex.
    n_fft, hop_length, win_length, window, center, normalized, onesided
        As they were for :func:`stft`.
    length : int, optional
        To which the signal is cut, or filled up with zeros.
    return_complex : bool
        Give a complex signal.

    Returns
    -------
    Tensor (T,) or (B, T)

    Raises
    ------
    RuntimeError
        If the windows leave a number of the signal out.
    """
    if not input.is_complex():
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output of stft"
        )
    if input.ndim not in (2, 3) or 0 in input.shape:
        raise ShapeError(f"istft: expected a 2D or 3D tensor, got the shape {tuple(input.shape)}")
    hop_length = n_fft // 4 if hop_length is None else hop_length
    win_length = n_fft if win_length is None else win_length
    if not 0 < hop_length <= win_length:
        raise RuntimeError(f"istft: expected 0 < hop_length <= win_length, got {hop_length}")
    spectra = transpose(input[None] if input.ndim == 2 else input, axes=(0, 2, 1))
    frames, frequencies = spectra.shape[1:]
    onesided = frequencies != n_fft if onesided is None else onesided
    if frequencies != (n_fft // 2 + 1 if onesided else n_fft):
        raise ShapeError(f"istft: {frequencies} frequencies don't belong to n_fft={n_fft}")
    if return_complex and onesided:
        raise RuntimeError("istft: a complex signal has no onesided spectrum")
    scale = 1 / (math.sqrt(n_fft) if normalized else n_fft)
    if not return_complex:  # of a whole spectrum, PyTorch reads the half that a real signal has
        spectra = spectra[..., : n_fft // 2 + 1]
        pieces = ops.from_half_fourier(spectra, axes=(2,), n=n_fft, scale=scale)
    else:
        pieces = ops.fourier(spectra, axes=(2,), inverse=True, scale=scale)
    weights = _window("istft", input, window, n_fft, win_length)
    whole = n_fft + hop_length * (frames - 1)
    batch = pieces.shape[0]
    signal = add_windows(pieces * weights, shape=(batch, whole), axis=1, step=hop_length)
    ones = np.ones((1, frames, 1), as_numpy(weights.dtype))
    squares = add_windows(ones * (weights * weights), shape=(1, whole), axis=1, step=hop_length)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else whole - start
    signal, squares = signal[:, start:end], squares[:, start:end]
    least = float(abs(squares.detach()).min())
    if least <= 1e-11:
        raise RuntimeError(
            f"istft: the windows leave gaps, their overlap is as small as {least:g}; "
            "use a smaller hop_length, or a window without zeros"
        )
    signal = signal / squares
    if length is not None and signal.shape[1] < length:
        signal = pad(signal, widths=((0, 0), (0, length - signal.shape[1])))
    return signal[0] if input.ndim == 2 else signal
