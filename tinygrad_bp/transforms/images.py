"""Images: their layout, and what is done to each pixel by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtype import as_numpy, of_numpy
from .base import Array, Transform, precision, real

__all__ = ["GaussianNoise", "ImageTransform", "Normalize", "ToDtype", "filling"]

#: Grey; grey with alpha; red, green and blue; with alpha.
_MOST_CHANNELS = 4


class ImageTransform(Transform):
    """Base of the transforms of images.

    (H, W) and (C, H, W) with at most 4 channels are one image, (N, C, H, W) are a batch. A batch of
    grey images (N, H, W) is known as such by its targets, or by ``batched=True``; elsewhere it is
    refused, since it looks as an image of many channels does.
    """

    def plain(self, inputs: Any) -> Array:
        """Return the inputs as an array of pixels."""
        array = super().plain(inputs)
        if array.dtype.kind != "f" and array.dtype != np.uint8:
            raise TypeError(
                f"{self._name} takes images of uint8 (0 to 255) or of floating-point numbers, not "
                f"of dtype {array.dtype}"
            )
        # NaN goes through min and max, and a pixel that is none would spoil its neighbours.
        if array.dtype.kind == "f" and not np.isfinite([array.min(), array.max()]).all():
            raise ValueError(f"{self._name}: the images have pixels that are NaN or infinite")
        return array

    def looks_many(self, array: Array) -> bool:
        """Tell a batch by its axes."""
        if array.ndim == 3 and len(array) > _MOST_CHANNELS:
            hint = "x.transpose(2, 0, 1)" if array.shape[2] <= _MOST_CHANNELS else "x[:, None]"
            raise ValueError(
                f"{self._name}: {array.shape} is (channels, height, width) of one image, with more "
                f"than {_MOST_CHANNELS} channels. Did you mean {hint}? batched=True takes a batch "
                "of grey images, batched=False an image of so many channels"
            )
        return array.ndim > 3

    def run(self, array: Array, targets: Any, rng: np.random.Generator,
            many: bool) -> tuple[Array, Any]:  # fmt: skip
        """Transform inputs and targets."""
        batch = self.laid(array, many)
        out, targets = self.change_both(batch, targets, rng)
        return out.reshape(*array.shape[:-2], *out.shape[-2:]), targets

    def laid(self, array: Array, many: bool) -> Array:
        """Return images as (n, C, H, W)."""
        if array.ndim - many not in (2, 3):
            kind = "a batch of images is (n, channels, height, width) or (n, height, width)"
            one = "an image is (channels, height, width) or (height, width)"
            remedy = (
                ". Rows of pixels: Rows((height, width), ...)" if array.ndim - many == 1 else ""
            )
            raise ValueError(f"{self._name}: {kind if many else one}, not {array.shape}{remedy}")
        n = len(array) if many else 1
        channels = array.shape[-3] if array.ndim - many == 3 else 1
        return array.reshape(n, channels, *array.shape[-2:])

    def change_both(self, batch: Array, targets: Any,
                    rng: np.random.Generator) -> tuple[Array, Any]:  # fmt: skip
        """Transform images (n, C, H, W) and targets."""
        return self.change(batch, rng), targets


def filling(name: str, fill: Any, batch: Array) -> Array:
    """Return what fills, a number or one for each channel, as (1, C or 1, 1, 1)."""
    values = np.asarray(fill)
    if values.dtype.kind not in "biuf" or values.ndim > 1 or not np.isfinite(values).all():
        raise TypeError(f"{name} is a number, or a list of one for each channel; not {fill!r}")
    if values.size not in (1, batch.shape[1]):
        raise ValueError(
            f"{name} has {values.size} numbers, and the images have {batch.shape[1]} channels"
        )
    if batch.dtype == np.uint8 and not ((values >= 0) & (values <= 255)).all():
        raise ValueError(f"{name} is {fill!r}, and pixels of uint8 go from 0 to 255")
    return values.astype(batch.dtype).reshape(1, -1, 1, 1)


class Normalize(ImageTransform):
    """``(x − mean) / std`` of each channel.

    Parameters
    ----------
    mean, std : float or list of float
        One for all channels, or one for each.

    Examples
    --------
    >>> import numpy as np
    >>> Normalize(0.5, 0.25)(np.array([[0.5, 1.0]]))
    array([[0., 2.]])
    """

    def __init__(self, mean: Any, std: Any) -> None:
        self.mean, self.std = mean, std
        if not (np.asarray(std, float) > 0).all():
            raise ValueError(f"std is positive, not {std!r}")

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform images."""
        if batch.dtype == np.uint8:
            raise TypeError("Normalize gives fractions, and these pixels are uint8: put "
                            "ToDtype(tgb.float32, scale=True) before it")  # fmt: skip
        mean, std = (filling(n, v, batch) for n, v in (("mean", self.mean), ("std", self.std)))
        return np.asarray((batch - mean) / std)


class ToDtype(ImageTransform):
    """Change the dtype; with `scale`, uint8's 0 … 255 are the floats 0 … 1.

    Examples
    --------
    >>> import numpy as np
    >>> import tinygrad_bp as tgb
    >>> ToDtype(tgb.float32, scale=True)(np.array([[0, 255]], np.uint8))
    array([[0., 1.]], dtype=float32)
    """

    def __init__(self, dtype: Any, scale: bool = False) -> None:
        kind = as_numpy(dtype)
        if kind.kind != "f" and kind != np.uint8:
            raise TypeError(f"images are uint8 or floating-point numbers, not {dtype}")
        self.dtype, self.scale = of_numpy(kind), scale

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform images."""
        kind = as_numpy(self.dtype)
        if not self.scale or (kind == np.uint8) == (batch.dtype == np.uint8):
            return batch.astype(kind)
        if kind == np.uint8:
            return np.asarray(np.rint(np.clip(batch, 0, 1) * 255), np.uint8)
        return np.asarray(batch.astype(kind) / kind.type(255))


class GaussianNoise(ImageTransform):
    """Add normal noise to each pixel.

    Parameters
    ----------
    mean, sigma : float
        For pixels from 0 to 1; those of uint8 get 255 times as much.
    clip : bool
        Keep pixels between 0 and 1; or in the range that the image had, where that is wider.
        Normalised images are better left unclipped.

    Examples
    --------
    >>> import numpy as np
    >>> noisy = GaussianNoise(sigma=0.1)(np.full((8, 8), 0.5))
    >>> noisy.shape, bool((noisy != 0.5).all())
    ((8, 8), True)
    """

    def __init__(self, mean: float = 0.0, sigma: float = 0.1, clip: bool = True) -> None:
        self.mean, self.sigma, self.clip = real("mean", mean), real("sigma", sigma, 0), clip

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform images."""
        kind = precision(batch)
        top = 255 if batch.dtype == np.uint8 else 1
        out: Array = np.asarray(rng.standard_normal(batch.shape, kind))
        out *= kind(self.sigma * top)
        out += kind(self.mean * top)
        out += batch
        if self.clip or top == 255:
            low = np.minimum(batch.min((1, 2, 3), keepdims=True), 0)
            high = np.maximum(batch.max((1, 2, 3), keepdims=True), top)
            np.clip(out, low, high, out=out)
        return (np.rint(out) if top == 255 else out).astype(batch.dtype, copy=False)
