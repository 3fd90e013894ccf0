"""Discrete Fourier transforms, with the names of ``torch.fft``: on real and complex tensors.

>>> import tinygrad_bp as tgb
>>> tgb.fft.rfft(tgb.tensor([1.0, 0.0, 0.0, 0.0])).real
tensor([1., 1., 1.])

`rules.fourier` holds the transforms and their adjoints.
"""

from __future__ import annotations

from .helpers import fftfreq, fftshift, ifftshift, rfftfreq
from .transforms import (
    fft,
    fft2,
    fftn,
    hfft,
    hfft2,
    hfftn,
    ifft,
    ifft2,
    ifftn,
    ihfft,
    ihfft2,
    ihfftn,
    irfft,
    irfft2,
    irfftn,
    rfft,
    rfft2,
    rfftn,
)  # fmt: skip

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "hfft2", "hfftn", "ifft", "ifft2",
    "ifftn", "ifftshift", "ihfft", "ihfft2", "ihfftn", "irfft", "irfft2", "irfftn", "rfft",
    "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip
