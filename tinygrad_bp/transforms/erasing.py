"""Rectangles that hide a part of an image."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .base import Array, interval, probability, whole
from .images import ImageTransform, filling

__all__ = ["Cutout", "RandomErasing", "covered"]

_TRIES = 10


def covered(top: Array, left: Array, height: Array, width: Array,
            size: tuple[int, int]) -> Array:  # fmt: skip
    """Return where rectangles are, (n, 1, H, W): corners and sides are (n,) each."""
    y, x = np.arange(size[0]), np.arange(size[1])
    rows = (y >= top[:, None]) & (y < (top + height)[:, None])
    columns = (x >= left[:, None]) & (x < (left + width)[:, None])
    return rows[:, None, :, None] & columns[:, None, None, :]


class RandomErasing(ImageTransform):
    """Hide a rectangle of random place, size and shape.

    Parameters
    ----------
    p : float
        With which probability.
    scale : (float, float)
        Its share of the image's area.
    ratio : (float, float)
        Its height by its width.
    value : float, list of float, or "random"
        What is put there: a number, one for each channel, or noise.

    Examples
    --------
    >>> import numpy as np
    >>> hidden = RandomErasing(p=1)(np.ones((10, 1, 28, 28)))
    >>> bool((hidden.reshape(10, -1) == 0).any(1).all())
    True

    References
    ----------
    Z. Zhong et al., "Random erasing data augmentation", AAAI 2020.
    """

    def __init__(self, p: float = 0.5, scale: Any = (0.02, 0.33), ratio: Any = (0.3, 3.3),
                 value: Any = 0) -> None:  # fmt: skip
        self.p = probability("p", p)
        self.scale = interval("scale", scale, 0, 1, both=False)
        self.ratio = interval("ratio", ratio, 1e-3, 1e3, both=False)
        if isinstance(value, str) and value != "random":
            raise ValueError(f"value is a number, one for each channel or 'random'; not {value!r}")
        self.value = value

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform images."""
        n, _, H, W = batch.shape
        chosen = rng.random(n) < self.p
        area = rng.uniform(*self.scale, (n, _TRIES)) * H * W
        least, most = (math.log(r) for r in self.ratio)
        ratio = np.exp(rng.uniform(least, most, (n, _TRIES)))
        height, width = np.rint(np.sqrt(area * ratio)), np.rint(np.sqrt(area / ratio))
        fits = (height < H) & (width < W)
        first = fits.argmax(1)
        each = np.arange(n)
        height, width = height[each, first], width[each, first]
        top = np.floor(rng.random(n) * (H - height + 1))
        left = np.floor(rng.random(n) * (W - width + 1))
        hidden = covered(top, left, height, width, (H, W))
        hidden &= (chosen & fits.any(1))[:, None, None, None]
        return np.where(hidden, self._value(batch, rng), batch)

    def _value(self, batch: Array, rng: np.random.Generator) -> Array:
        if not isinstance(self.value, str):
            return filling("value", self.value, batch)
        if batch.dtype == np.uint8:
            return np.asarray(rng.integers(0, 256, batch.shape, np.uint8))
        return np.asarray(rng.standard_normal(batch.shape), batch.dtype)


class Cutout(ImageTransform):
    """Hide a square somewhere; at the edge, only a part of it is inside.

    Parameters
    ----------
    size : int
        Its side, in pixels.
    p : float
        With which probability.
    value : float or list of float
        What is put there.

    Examples
    --------
    >>> import numpy as np
    >>> hidden = Cutout(8)(np.ones((10, 1, 28, 28)))
    >>> bool(((hidden == 0).sum((1, 2, 3)) >= 16).all())
    True

    References
    ----------
    T. DeVries, G. W. Taylor, "Improved regularization of convolutional neural networks with
    cutout", 2017.
    """

    def __init__(self, size: int, p: float = 1.0, value: Any = 0) -> None:
        self.size, self.p, self.value = whole("size", size), probability("p", p), value

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform images."""
        n, _, H, W = batch.shape
        chosen = rng.random(n) < self.p
        top = rng.integers(0, H, n) - self.size // 2
        left = rng.integers(0, W, n) - self.size // 2
        side = np.full(n, self.size) * chosen
        hidden = covered(top, left, side, side, (H, W))
        return np.where(hidden, filling("value", self.value, batch), batch)
