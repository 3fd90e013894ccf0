"""Bending: every pixel is moved a little, and neighbours alike."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from .base import Array, real
from .geometry import Geometric
from .sampling import At

__all__ = ["ElasticTransform"]


class ElasticTransform(Geometric):
    """Bend images as if they were drawn on rubber.

    Displacements are uniform noise, smoothed by a Gaussian.

    Parameters
    ----------
    alpha : float or (float, float)
        How far: the noise goes from −alpha/2 to alpha/2 pixels before it is smoothed. For both
        directions, or for x and y. A pixel then moves by about 0.08 · alpha / sigma.
    sigma : float or (float, float)
        How smoothly: the deviation of the Gaussian, in pixels.
    interpolation, fill
        See `RandomAffine`.

    Examples
    --------
    >>> import numpy as np
    >>> ElasticTransform(alpha=40, sigma=4)(np.ones((2, 1, 28, 28))).shape
    (2, 1, 28, 28)

    References
    ----------
    P. Y. Simard, D. Steinkraus, J. C. Platt, "Best practices for convolutional neural networks
    applied to visual document analysis", ICDAR 2003. The units are torchvision's.
    """

    bends = True

    def __init__(self, alpha: Any = 50.0, sigma: Any = 5.0, interpolation: str = "bilinear",
                 fill: Any = 0) -> None:  # fmt: skip
        self.alpha = _both("alpha", alpha)
        self.sigma = _both("sigma", sigma)
        self._looks(interpolation, fill)

    def places(self, n: int, size: tuple[int, int], rng: np.random.Generator) -> At:
        """Draw where the pixels of n images of (height, width) come from."""
        noise = rng.random((n, 2, *size), np.float32)
        noise -= np.float32(0.5)
        moved = np.empty_like(noise)
        for i, (alpha, sigma) in enumerate(zip(self.alpha, self.sigma, strict=True)):
            down, across = _smoothing(size[0], sigma), _smoothing(size[1], sigma)
            np.matmul(down @ noise[:, i], across.T * np.float32(alpha), out=moved[:, i])
        return At(np.tile(np.eye(2, 3), (n, 1, 1)), size, moved)


@lru_cache(maxsize=16)
def _smoothing(n: int, sigma: float) -> Array:
    """Return the (n, n) matrix of a Gaussian whose ends are mirrored at the edges."""
    if sigma == 0:
        return np.eye(n, dtype=np.float32)
    reach = int(4 * sigma + 0.5)
    steps = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    weights /= weights.sum()
    period = max(1, 2 * (n - 1))
    columns = np.abs((np.arange(n)[:, None] + steps + n - 1) % period - (n - 1))
    if n == 1:
        columns = np.zeros_like(columns)
    matrix = np.zeros((n, n))
    np.add.at(matrix, (np.arange(n)[:, None], columns), np.broadcast_to(weights, columns.shape))
    return matrix.astype(np.float32)


def _both(name: str, value: Any) -> tuple[float, float]:
    values = (value, value) if np.ndim(value) == 0 else tuple(value)
    if len(values) != 2:
        raise ValueError(f"{name} is a number, or one for x and one for y; not {value!r}")
    return real(name, values[0], 0), real(name, values[1], 0)
