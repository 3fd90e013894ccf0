"""Logarithms with their limits: x log y, entropy, log-odds; and sin(πx) / πx."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..op import elementwise

logaddexp2 = elementwise(
    np.logaddexp2,
    promotion="float",
    quiet=True,
    x=lambda g, x, y: g / (1 + np.exp2(y - x)),
    y=lambda g, x, y: g / (1 + np.exp2(x - y)),
)


def _log_or_zero(g: Any, x: Any, y: Any) -> Any:
    # 0 log y is 0 for y ≤ 0 too, and has no slope there (PyTorch).
    flat = (x == 0) & (y <= 0)
    return g * np.log(np.where(flat, np.ones_like(g), y))


@elementwise(promotion="float", quiet=True, x=_log_or_zero, y=lambda g, x, y: g * x / y)
def xlogy(x: Any, y: Any) -> Any:
    """Give x log y, and 0 where x = 0; NaN stays NaN."""
    product = x * np.log(y, dtype=np.result_type(x, y))
    return np.where((x == 0) & ~np.isnan(y), np.zeros_like(product), product)


def _log1p_or_zero(g: Any, x: Any, y: Any) -> Any:
    flat = (x == 0) & (y <= -1)
    return g * np.log1p(np.where(flat, np.zeros_like(g), y))


@elementwise(promotion="float", quiet=True, x=_log1p_or_zero, y=lambda g, x, y: g * x / (y + 1))
def xlog1py(x: Any, y: Any) -> Any:
    """Give x log(1 + y), and 0 where x = 0; NaN stays NaN."""
    product = x * np.log1p(y, dtype=np.result_type(x, y))
    return np.where((x == 0) & ~np.isnan(y), np.zeros_like(product), product)


@elementwise(promotion="float", quiet=True, x=lambda g, x: g * (-1 - np.log(x)))
def entropy(x: Any) -> Any:
    """Give −x log x, 0 at 0, and −∞ below."""
    below = np.where(x == 0, np.zeros((), x.dtype), np.asarray(-np.inf, x.dtype))
    return np.where((x > 0) | np.isnan(x), -x * np.log(x), below)


def _logit_x(g: Any, x: Any, eps: float | None) -> Any:
    # Outside of the interval: NaN without `eps`, flat with it (PyTorch).
    low = 0.0 if eps is None else eps
    inside = (x >= low) & (x <= 1 - low)
    safe = np.where(inside, x, 0.5 * np.ones_like(x))
    outside = np.full_like(x, math.nan if eps is None else 0.0)
    return np.where(inside, g / (safe * (1 - safe)), outside)


@elementwise(promotion="float", quiet=True, x=lambda g, x, *, eps: _logit_x(g, x, eps))
def logit(x: Any, *, eps: float | None = None) -> Any:
    """Give log(x / (1 − x)), the inverse of the sigmoid; `eps` keeps x off 0 and 1."""
    if eps is not None:
        x = np.clip(x, eps, 1 - eps)
    return np.log(x / (1 - x))


def _sinc_x(g: Any, x: Any) -> Any:
    flat = x == 0
    z = np.where(flat, np.ones_like(x), x) * math.pi
    return g * np.where(flat, np.zeros_like(x), (np.cos(z) - np.sin(z) / z) * math.pi / z)


@elementwise(promotion="float", quiet=True, x=_sinc_x)
def sinc(x: Any) -> Any:
    """Give sin(πx) / (πx), and 1 at 0."""
    z = math.pi * np.where(x == 0, np.ones((), x.dtype), x)
    return np.where(x == 0, np.ones((), x.dtype), np.sin(z) / z)
