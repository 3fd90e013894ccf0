"""Parts of images, and frames around them: whole pixels, nothing between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Array, whole
from .images import ImageTransform, filling

__all__ = ["CenterCrop", "Pad", "RandomCrop", "sides"]

_MODES = ("constant", "edge", "reflect", "symmetric")


def sides(name: str, value: Any) -> tuple[int, int]:
    """Return (height, width); one number stands for both."""
    values = (value, value) if np.ndim(value) == 0 else tuple(value)
    if len(values) == 1:
        values *= 2
    if len(values) != 2:
        raise ValueError(f"{name} is (height, width), or one number for both; not {value!r}")
    return whole(name, values[0], 1), whole(name, values[1], 1)


class Pad(ImageTransform):
    """Put a frame around images.

    Parameters
    ----------
    padding : int or sequence of 2 or 4 ints
        All sides; left and right, top and bottom; or left, top, right, bottom.
    fill : float or list of float
        The colour of the frame.
    padding_mode : {"constant", "edge", "reflect", "symmetric"}
        As in ``numpy.pad``.

    Examples
    --------
    >>> import numpy as np
    >>> Pad(1)(np.ones((1, 1)))
    array([[0., 0., 0.],
           [0., 1., 0.],
           [0., 0., 0.]])
    """

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        given = (padding,) if np.ndim(padding) == 0 else tuple(padding)
        if len(given) not in (1, 2, 4):
            raise ValueError(f"padding is one number, two or four; not {padding!r}")
        given = tuple(whole("padding", v) for v in given)
        self.padding = given * (4 // len(given))
        if padding_mode not in _MODES:
            raise ValueError(f"padding_mode is one of {', '.join(_MODES)}; not {padding_mode!r}")
        self.fill, self.padding_mode = fill, padding_mode

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform images."""
        left, top, right, bottom = self.padding
        if not any(self.padding):
            return batch
        n, channels, height, width = batch.shape
        if self.padding_mode != "constant":
            if (
                self.padding_mode == "reflect"
                and max(left - width, right - width, top - height, bottom - height) >= 0
            ):
                raise ValueError(f"padding={self.padding} mirrors more than images of "
                                 f"{height} x {width} have")  # fmt: skip
            frame = ((0, 0), (0, 0), (top, bottom), (left, right))
            return np.pad(batch, frame, self.padding_mode)  # type: ignore[call-overload, no-any-return]
        out = np.empty((n, channels, height + top + bottom, width + left + right), batch.dtype)
        out[...] = filling("fill", self.fill, batch)
        out[:, :, top : top + height, left : left + width] = batch
        return out


class CenterCrop(ImageTransform):
    """Cut out the middle.

    Parameters
    ----------
    size : int or (height, width)

    Examples
    --------
    >>> import numpy as np
    >>> CenterCrop(2)(np.arange(16.0).reshape(4, 4))
    array([[ 5.,  6.],
           [ 9., 10.]])
    """

    def __init__(self, size: Any) -> None:
        self.size = sides("size", size)

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform images."""
        height, width = self.size
        _fits(self._name, self.size, batch)
        top, left = (batch.shape[2] - height) // 2, (batch.shape[3] - width) // 2
        return batch[:, :, top : top + height, left : left + width].copy()


class RandomCrop(ImageTransform):
    """Cut out a part somewhere.

    Parameters
    ----------
    size : int or (height, width)
    padding : int or sequence of 2 or 4 ints, optional
        A frame that is put around the images first, see `Pad`: with ``RandomCrop(28, padding=2)``
        images of 28 x 28 are moved by up to two pixels.
    pad_if_needed : bool
        Frame images that are smaller than `size`.
    fill, padding_mode
        Of the frame.

    Examples
    --------
    >>> import numpy as np
    >>> RandomCrop(24)(np.ones((5, 1, 28, 28))).shape
    (5, 1, 24, 24)
    """

    def __init__(self, size: Any, padding: Any = None, pad_if_needed: bool = False, fill: Any = 0,
                 padding_mode: str = "constant") -> None:  # fmt: skip
        self.size, self.padding, self.pad_if_needed = sides("size", size), padding, pad_if_needed
        self.fill, self.padding_mode = fill, padding_mode
        self._frame = Pad(0 if padding is None else padding, fill, padding_mode)

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform images."""
        height, width = self.size
        batch = self._frame.change(batch, rng)
        if self.pad_if_needed:
            lacking = max(width - batch.shape[3], 0), max(height - batch.shape[2], 0)
            batch = Pad(lacking, self.fill, self.padding_mode).change(batch, rng)
        _fits(self._name, self.size, batch)
        n, _, rows, columns = batch.shape
        top = rng.integers(0, rows - height + 1, n)
        left = rng.integers(0, columns - width + 1, n)
        out = np.empty((*batch.shape[:2], height, width), batch.dtype)
        for i in range(n):
            out[i] = batch[i, :, top[i] : top[i] + height, left[i] : left[i] + width]
        return out


def _fits(name: str, size: tuple[int, int], batch: Array) -> None:
    if size[0] > batch.shape[2] or size[1] > batch.shape[3]:
        raise ValueError(
            f"{name}: {size[0]} x {size[1]} can't be cut out of images of {batch.shape[2]} x "
            f"{batch.shape[3]}. Frame them first: padding=…"
        )
