"""Fourier transforms: what has to hold of them, and bad input."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.ops.case import Numbers
from tinygrad_bp.autograd import gradcheck, gradgradcheck

draw = Numbers(51)
PAIRS = [("fft", "ifft"), ("fft2", "ifft2"), ("fftn", "ifftn")]
NORMS = (None, "backward", "ortho", "forward")


@pytest.mark.parametrize(("there", "back"), PAIRS)
@pytest.mark.parametrize("norm", NORMS)
def test_the_inverse_undoes(there: str, back: str, norm: Any) -> None:
    x = tgb.tensor(draw(3, 4, 5))
    y = getattr(tgb.fft, back)(getattr(tgb.fft, there)(x, norm=norm), norm=norm)
    assert tgb.allclose(y.real, x) and tgb.allclose(y.imag, tgb.zeros_like(x))
    half = getattr(tgb.fft, f"r{there}")(x, norm=norm)
    assert half.shape == (3, 4, 3)
    sizes = {"n": 5} if there == "fft" else {"s": x.shape[-2:] if "2" in there else x.shape}
    assert tgb.allclose(getattr(tgb.fft, f"ir{there}")(half, norm=norm, **sizes), x)
    if there == "fft":
        assert tgb.allclose(tgb.fft.hfft(tgb.fft.ihfft(x, norm=norm), n=5, norm=norm), x)


@pytest.mark.parametrize("n", [3, 4, 5, 8])
def test_a_chain_of_real_numbers_is_differentiable(n: int) -> None:
    filtered = np.linspace(1, 0.2, n // 2 + 1)

    def low_pass(x: Any) -> Any:
        return tgb.fft.irfft(tgb.fft.rfft(x, n) * tgb.tensor(filtered), n) ** 2

    x = tgb.tensor(draw(2, 5))
    assert gradcheck(low_pass, x) and gradgradcheck(low_pass, x)


def test_a_power_spectrum_is_differentiable() -> None:
    x = tgb.tensor(draw(6))
    assert gradcheck(lambda x: abs(tgb.fft.fft(x)) ** 2, x)
    assert gradcheck(lambda x: tgb.view_as_real(tgb.fft.fftn(x.reshape(2, 3))), x)


def test_parseval() -> None:
    x = tgb.tensor(draw(7))
    assert tgb.allclose((abs(tgb.fft.fft(x, norm="ortho")) ** 2).sum(), (x * x).sum())


def test_frequencies_and_shifts() -> None:
    for n, d in itertools.product((4, 5), (1.0, 0.5)):
        np.testing.assert_allclose(np.asarray(tgb.fft.fftfreq(n, d)), np.fft.fftfreq(n, d))
        np.testing.assert_allclose(np.asarray(tgb.fft.rfftfreq(n, d)), np.fft.rfftfreq(n, d))
    x = tgb.tensor(draw(4, 5))
    shifted = tgb.fft.fftshift(x)
    np.testing.assert_array_equal(np.asarray(shifted), np.fft.fftshift(np.asarray(x)))
    assert tgb.equal(tgb.fft.ifftshift(shifted), x)
    assert tgb.equal(tgb.fft.ifftshift(tgb.fft.fftshift(x, dim=1), dim=1), x)


def test_dtypes() -> None:
    assert tgb.fft.fft(tgb.ones(3)).dtype == tgb.complex64
    assert tgb.fft.rfft(tgb.ones(3, dtype=tgb.float64)).dtype == tgb.complex128
    assert tgb.fft.rfft(tgb.ones(3, dtype=tgb.int64)).dtype == tgb.complex64
    assert tgb.fft.irfft(tgb.ones(3)).dtype == tgb.float32
    x = tgb.ones(3, requires_grad=True)
    abs(tgb.fft.fft(x, norm="ortho")).sum().backward()
    assert x.grad.dtype == tgb.float32


@pytest.mark.parametrize(
    "run",
    [
        lambda: tgb.fft.rfft(tgb.ones(3, dtype=tgb.complex64)),
        lambda: tgb.fft.fft(tgb.ones(3), n=0),
        lambda: tgb.fft.irfft(tgb.ones(1)),
        lambda: tgb.fft.fft(tgb.ones(3), norm="unit"),
        lambda: tgb.fft.fftn(tgb.ones(3, 3), dim=(0, 0)),
        lambda: tgb.fft.fftn(tgb.ones(3), s=(2, 2)),
        lambda: tgb.fft.fftn(tgb.ones(3, 3), s=(2, 2), dim=(0,)),
        lambda: tgb.fft.rfftn(tgb.ones(3), dim=()),
        lambda: tgb.stft(tgb.ones(8), 4),
        lambda: tgb.stft(tgb.ones(2, 2, 2), 2, return_complex=True),
        lambda: tgb.stft(tgb.ones(3), 4, center=False, return_complex=True),
        lambda: tgb.stft(tgb.ones(8), 4, window=tgb.ones(3), return_complex=True),
        lambda: tgb.stft(tgb.ones(8), 4, hop_length=0, return_complex=True),
        lambda: tgb.istft(tgb.ones(3, 2), 4),
        lambda: tgb.istft(tgb.ones(4, 2, dtype=tgb.complex64), 4, onesided=True),
        lambda: tgb.istft(
            tgb.ones(3, 2, dtype=tgb.complex64), 4, window=tgb.hann_window(4), center=False
        ),
    ],
)
def test_what_does_not_fit_is_a_runtime_error(run: Any) -> None:
    with pytest.raises(RuntimeError, match=r"\w"):
        run()


# ----------------------------------------------------------------- the short-time transform


@pytest.mark.parametrize("onesided", [True, False])
@pytest.mark.parametrize("normalized", [True, False])
def test_a_short_time_transform_is_undone(onesided: bool, normalized: bool) -> None:
    x, window = tgb.tensor(draw(2, 40)), tgb.hann_window(8, dtype=tgb.float64)
    options: dict[str, Any] = {
        "n_fft": 8, "window": window, "onesided": onesided, "normalized": normalized,
    }  # fmt: skip
    spectra = tgb.stft(x, return_complex=True, **options)
    assert spectra.shape == (2, 5 if onesided else 8, 21)
    assert tgb.allclose(tgb.istft(spectra, length=40, **options), x)
    assert tgb.istft(spectra, length=44, **options)[:, 40:].shape == (2, 4)
    one = tgb.stft(x[0], return_complex=True, **options)
    assert tgb.allclose(tgb.istft(one, length=40, **options), x[0])


def test_a_spectrogram_is_differentiable() -> None:
    window = tgb.hamming_window(6, dtype=tgb.float64)

    def loudness(x: Any) -> Any:
        return abs(tgb.stft(x, 6, 2, window=window, return_complex=True)) ** 2

    x = tgb.tensor(draw(14))
    assert gradcheck(loudness, x) and gradgradcheck(loudness, x, fast_mode=True)

    def back(x: Any) -> Any:
        return tgb.istft(tgb.view_as_complex(x), 4, 1, center=False)

    assert gradcheck(back, tgb.tensor(draw(3, 5, 2)))
