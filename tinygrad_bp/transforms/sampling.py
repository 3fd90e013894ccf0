"""Pixels of images at places between the pixels: one gather for whatever moves them.

`at` says for each pixel of the result where it comes from: ``(u, v) = A (x, y) + t``, in pixels of
the source, with (0, 0) the middle of its first one; plus, for elastic maps, a displacement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import Array, precision

__all__ = ["At", "affine", "sample"]

#: Pixels that are worked on at once: what is computed of them stays in the cache.
_BLOCK = 1 << 16


@dataclass(frozen=True)
class At:
    """Where the pixels of n images come from.

    Attributes
    ----------
    matrix : array, (n, 2, 3)
        A and t of each image.
    size : (int, int)
        Height and width of the result.
    displacement : array, (n, 2, H, W), optional
        What is added, in pixels, before the matrix is applied.
    """

    matrix: Array
    size: tuple[int, int]
    displacement: Array | None = None

    def after(self, first: At) -> At:
        """Return the map of `first` and then this one."""
        A, t = first.matrix[:, :, :2], first.matrix[:, :, 2:]
        matrix = A @ self.matrix
        matrix[:, :, 2:] += t
        return At(matrix, self.size, self.displacement)


def affine(A: Array, shift: Array, source: tuple[int, int], size: tuple[int, int],
           centre: Any = None) -> Array:  # fmt: skip
    """Return (n, 2, 3): the places ``A (p − centre − shift) + centre``.

    Parameters
    ----------
    A : array, (n, 2, 2)
        The inverse of what is done to the image.
    shift : array, (n, 2)
        How far it is moved, in pixels.
    source, size : (height, width)
        Of the image, and of the result.
    centre : (x, y), optional
        Of what is turned and scaled; by default the middle.
    """
    middle = np.array([(source[1] - 1) / 2, (source[0] - 1) / 2])
    goal = np.array([(size[1] - 1) / 2, (size[0] - 1) / 2])
    if centre is not None:
        middle = goal = np.asarray(centre, float) - 0.5  # counted from the corner of the image
    t = middle - (A @ (goal + shift)[:, :, None])[:, :, 0]
    return np.concatenate([A, t[:, :, None]], 2)


def sample(batch: Array, at: At, fill: Array, interpolation: str) -> Array:
    """Return the pixels of images (n, C, H, W) at places; `fill`, (1, C or 1, 1, 1), outside.

    Bilinear: with a, b above and c, d below, ``(1 − q)((1 − p) a + p b) + q ((1 − p) c + p d)``.
    """
    n, channels, H, W = batch.shape
    height, width = at.size
    out = np.empty((n, channels, height, width), batch.dtype)
    kind = precision(batch)
    nearest = interpolation == "nearest"
    for part in _blocks(n, max(height * width, H * W)):
        # A ring of one pixel holds the filling: whatever is outside is clipped to it.
        framed = np.empty((channels, part.stop - part.start, H + 2, W + 2),
                          batch.dtype if nearest else kind)  # fmt: skip
        framed[...] = fill.reshape(-1, 1, 1, 1)
        framed[:, :, 1:-1, 1:-1] = batch[part].swapaxes(0, 1)
        u, v = _places(at, part, kind)
        for place, most in ((u, W), (v, H)):
            np.clip(place, -1, most, out=place)
            place += 1
        if nearest:
            _nearest(framed, u, v, out[part])
        else:
            _bilinear(framed, u, v, out[part])
    return out


def _blocks(n: int, pixels: int) -> Iterator[slice]:
    step = max(1, _BLOCK // pixels)
    for i in range(0, n, step):
        yield slice(i, min(i + step, n))


def _places(at: At, part: slice, kind: Any) -> tuple[Array, Array]:
    """Return u and v, (n, H, W) each."""
    height, width = at.size
    m = at.matrix[part].astype(kind)[:, :, :, None, None]
    x, y = np.arange(width, dtype=kind), np.arange(height, dtype=kind)[:, None]
    if at.displacement is None:
        u, v = (m[:, i, 0] * x + (m[:, i, 1] * y + m[:, i, 2]) for i in (0, 1))
        return u, v
    moved = at.displacement[part].astype(kind, copy=False)
    px, py = moved[:, 0] + x, moved[:, 1] + y
    u, v = (m[:, i, 0] * px + (m[:, i, 1] * py + m[:, i, 2]) for i in (0, 1))
    return u, v


def _index(rows: Array, columns: Array, height: int, width: int) -> Array:
    """Return the numbers of pixels in the images of one channel."""
    rows *= width
    rows += columns
    first = np.arange(len(rows), dtype=np.int64) * (height * width)
    return rows + first[:, None, None]


def _nearest(framed: Array, u: Array, v: Array, out: Array) -> None:
    where = _index(np.rint(v).astype(np.int32), np.rint(u).astype(np.int32), *framed.shape[2:])
    for c, plane in enumerate(framed):
        out[:, c] = plane.reshape(-1).take(where, mode="clip")


def _bilinear(framed: Array, u: Array, v: Array, out: Array) -> None:
    height, width = framed.shape[2:]
    columns, rows = u.astype(np.int32), v.astype(np.int32)
    np.minimum(columns, width - 2, out=columns)
    np.minimum(rows, height - 2, out=rows)
    u -= columns
    v -= rows
    where = _index(rows, columns, height, width)
    for c, plane in enumerate(framed):
        flat = plane.reshape(-1)
        # mode="clip" takes the way without checks; no index is outside.
        a, b, below, d = (
            flat[offset:].take(where, mode="clip") for offset in (0, 1, width, width + 1)
        )
        b -= a
        b *= u
        b += a
        d -= below
        d *= u
        d += below
        d -= b
        d *= v
        d += b
        if out.dtype == np.uint8:
            np.clip(np.rint(d, out=d), 0, 255, out=d)
        out[:, c] = d
