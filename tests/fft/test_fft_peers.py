"""Fourier transforms against PyTorch, where PyTorch's own samples (test_opinfo) do not reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tests.ops.case import Numbers

pytestmark = pytest.mark.peers
draw = Numbers(53)
X, LONG = draw(3, 4, 6), draw(2, 50)
Z = draw(3, 4, 6) + 1j * draw(3, 4, 6)
WINDOW, SPECTRA = np.hanning(9)[:8] + 0.1, draw(2, 5, 7) + 1j * draw(2, 5, 7)

CALLS: dict[str, tuple[Any, ...]] = {
    **{f"{name} of complex": (lambda m, z, f=name: getattr(m.fft, f)(z), Z)
       for name in ("fft", "ifft", "irfft", "hfft", "fft2", "ifftn", "irfftn", "hfftn")},
    **{f"{name} cut": (lambda m, x, f=name: getattr(m.fft, f)(x, n=4, dim=1, norm="ortho"), X)
       for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")},
    "rfftn sizes": (lambda m, x: m.fft.rfftn(x, s=(-1, 8), dim=(0, 2), norm="forward"), X),
    "irfftn sizes": (lambda m, z: m.fft.irfftn(z, s=(5, 7), norm="ortho"), Z),
    "hfftn axes": (lambda m, z: m.fft.hfftn(z, dim=(2, 0)), Z),
    "fftshift": (lambda m, x: m.fft.fftshift(x, dim=(0, 2)), X),
    "fftfreq": (lambda m, x: m.fft.fftfreq(5, 0.3) * x[0, 0, 0], X),
    "stft": (lambda m, x: m.stft(x, 8, return_complex=True), LONG),
    "stft pairs": (lambda m, x: m.stft(x, 8, return_complex=False), LONG),
    "stft window": (lambda m, x, w: m.stft(x, 16, 5, 8, w, pad_mode="constant",
                                           normalized=True, return_complex=True), LONG, WINDOW),
    "stft complex": (lambda m, z: m.stft(z[0], 4, return_complex=True), Z),
    "stft circular": (lambda m, x: m.stft(x, 8, pad_mode="circular", return_complex=True), LONG),
    "istft": (lambda m, s: m.istft(s, 8), SPECTRA),
    "istft window": (lambda m, s, w: m.istft(s, 8, 3, window=w, length=30), SPECTRA, WINDOW),
    "istft uncentered": (lambda m, s: m.istft(s, 8, 3, center=False, normalized=True), SPECTRA),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_call_equals_pytorch(name: str) -> None:
    import torch

    run, *arrays = CALLS[name]
    results = []
    for m in (torch, tgb):
        xs = [m.tensor(a.copy()).requires_grad_() for a in arrays]
        out = run(m, *xs)
        (abs(out) * m.arange(1, out.numel() + 1).reshape(out.shape)).sum().backward()
        found = [out.detach(), *(x.grad for x in xs)]
        results.append([np.asarray(x.resolve_conj()) for x in found])
    for theirs, ours in zip(*results, strict=True):
        assert theirs.dtype == ours.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-9)


def test_every_name_is_here() -> None:
    import torch

    for room in ("fft", "masked", "signal.windows"):
        theirs: Any = torch
        ours: Any = tgb
        for part in room.split("."):
            theirs, ours = getattr(theirs, part), getattr(ours, part)
        names = {n for n in getattr(theirs, "__all__", dir(theirs)) if n.islower() and n[0] != "_"}
        names = {n for n in names if callable(getattr(theirs, n)) and "tensor" not in n}
        assert not names - set(dir(ours)), room
