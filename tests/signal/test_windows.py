"""Windows: symmetric, periodic, and as they are defined."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb

W = tgb.signal.windows
NAMES = ("bartlett", "blackman", "cosine", "exponential", "gaussian", "hamming", "hann", "kaiser",
         "nuttall")  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_symmetric_and_periodic(name: str) -> None:
    make = getattr(W, name)
    for n in (2, 5, 8):
        x = make(n, dtype=tgb.float64)
        assert x.shape == (n,) and tgb.allclose(x, x.flip(0))
        # A periodic window is a symmetric one that lacks its last number.
        assert tgb.allclose(
            make(n, sym=False, dtype=tgb.float64), make(n + 1, dtype=tgb.float64)[:n]
        )
    assert make(0).shape == (0,)
    assert tgb.allclose(make(1), tgb.ones(1))
    assert make(3).dtype == tgb.float32 and make(3, requires_grad=True).requires_grad


def test_values() -> None:
    x = [0.5 - 0.5 * math.cos(2 * math.pi * k / 6) for k in range(6)]
    np.testing.assert_allclose(np.asarray(tgb.hann_window(6, dtype=tgb.float64)), x, atol=1e-15)
    x = [0.7 - 0.3 * math.cos(2 * math.pi * k / 5) for k in range(6)]
    made = tgb.hamming_window(6, False, 0.7, 0.3, dtype=tgb.float64)
    np.testing.assert_allclose(np.asarray(made), x, atol=1e-15)
    assert tgb.bartlett_window(4).tolist() == [0.0, 0.5, 1.0, 0.5]
    assert tgb.blackman_window(4)[2].item() == pytest.approx(1)
    assert tgb.kaiser_window(4, beta=0.0).tolist() == [1.0] * 4


@pytest.mark.parametrize(
    ("run", "error"),
    [
        (lambda: W.hann(-1), ValueError),
        (lambda: W.hann(3, dtype=tgb.int64), ValueError),
        (lambda: W.gaussian(3, std=0), ValueError),
        (lambda: W.exponential(3, tau=-1), ValueError),
        (lambda: W.exponential(3, center=1), ValueError),
        (lambda: W.kaiser(3, beta=-1), ValueError),
        (lambda: W.general_cosine(3, a=[]), ValueError),
        (lambda: W.general_cosine(3, a=3), TypeError),
    ],
)
def test_bad_arguments(run: Any, error: Any) -> None:
    with pytest.raises(error, match=r"\w"):
        run()
