"""What moves the pixels of an image: turning, moving, scaling, shearing, flipping.

Each is a map from the places of the result to those of the image. Maps that follow each other are
put together first, and the pixels are looked up once: nothing is blurred twice, and what one map
moves out of the picture the next one may bring back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .base import Array, interval, probability, real
from .images import ImageTransform, filling
from .sampling import At, affine, sample

__all__ = [
    "Geometric", "RandomAffine", "RandomHorizontalFlip", "RandomResizedCrop", "RandomRotation",
    "RandomVerticalFlip", "together",
]  # fmt: skip


class Geometric(ImageTransform):
    """Base of what moves pixels: a subclass writes :meth:`places`."""

    interpolation = "bilinear"
    fill: Any = 0
    bends = False

    def places(self, n: int, size: tuple[int, int], rng: np.random.Generator) -> At:
        """Draw where the pixels of n images of (height, width) come from."""
        raise NotImplementedError(f"{self._name} has to define places()")

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform images."""
        fill = filling("fill", self.fill, batch)
        height, width = batch.shape[2:]
        return sample(batch, self.places(len(batch), (height, width), rng), fill,
                      self.interpolation)  # fmt: skip

    def _looks(self, interpolation: str, fill: Any) -> None:
        if interpolation not in ("bilinear", "nearest"):
            raise ValueError(f"interpolation is 'bilinear' or 'nearest', not {interpolation!r}")
        if np.asarray(fill).dtype.kind not in "biuf":
            raise TypeError(f"fill is a number, or one for each channel; not {fill!r}")
        self.interpolation, self.fill = interpolation, fill


class RandomAffine(Geometric):
    """Turn, move, scale and shear, each by a random amount, about the middle.

    Arguments are torchvision's. Its default interpolation, "nearest", tears small images; ours is
    "bilinear".

    Parameters
    ----------
    degrees : float or (float, float)
        Clockwise; one number d stands for (−d, d).
    translate : (float, float), optional
        The most that is moved to the sides, and up or down, as shares of width and height. By whole
        pixels, so that moving alone blurs nothing.
    scale : (float, float), optional
        How much larger.
    shear : float or sequence of 2 or 4 floats, optional
        Degrees along x: s for (−s, s), or (least, most); two more for those along y.
    interpolation : {"bilinear", "nearest"}
    fill : float or list of float
        What is seen outside of the image; one number, or one for each channel.
    center : (x, y), optional
        In pixels from the upper left corner; by default the middle.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(9.0).reshape(3, 3)
    >>> RandomAffine(degrees=(90, 90))(image)
    array([[6., 3., 0.],
           [7., 4., 1.],
           [8., 5., 2.]])
    >>> RandomAffine(degrees=15, translate=(0.1, 0.1), scale=(0.9, 1.1))(image).shape
    (3, 3)
    """

    def __init__(self, degrees: Any, translate: Any = None, scale: Any = None, shear: Any = None,
                 interpolation: str = "bilinear", fill: Any = 0,
                 center: Any = None) -> None:  # fmt: skip
        self.degrees = interval("degrees", degrees)
        self.translate: tuple[float, float] | None = None
        if translate is not None:
            _pair("translate", translate)
            self.translate = (real("translate", translate[0], 0, 1),
                              real("translate", translate[1], 0, 1))  # fmt: skip
        self.scale = None if scale is None else interval("scale", scale, 1e-3, 1e3, both=False)
        self.shear = None if shear is None else _shear(shear)
        self._looks(interpolation, fill)
        if center is not None:
            _pair("center", center)
        self.center = center

    def places(self, n: int, size: tuple[int, int], rng: np.random.Generator) -> At:
        """Draw where the pixels of n images of (height, width) come from."""
        angle = rng.uniform(*self.degrees, n)
        shift = np.zeros((n, 2))
        if self.translate is not None:
            most = np.array(self.translate) * (size[1], size[0])
            shift = np.rint(rng.uniform(-most, most, (n, 2)))
        scale = np.ones(n) if self.scale is None else rng.uniform(*self.scale, n)
        x_shear = y_shear = np.zeros(n)
        if self.shear is not None:
            x_shear, y_shear = (rng.uniform(a, b, n) for a, b in self.shear)
        A = _inverse(angle, scale, x_shear, y_shear)
        return At(affine(A, shift, size, size, self.center), size)


class RandomRotation(Geometric):
    """Turn by a random angle, about the middle.

    Parameters
    ----------
    degrees : float or (float, float)
        Counter-clockwise (as torchvision's, whose `RandomAffine` turns clockwise); one number d
        stands for (−d, d).
    interpolation, fill, center
        See `RandomAffine`.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(9.0).reshape(3, 3)
    >>> np.array_equal(RandomRotation((90, 90))(image), np.rot90(image))
    True
    """

    def __init__(self, degrees: Any, interpolation: str = "bilinear", fill: Any = 0,
                 center: Any = None) -> None:  # fmt: skip
        self.degrees = interval("degrees", degrees)
        self._looks(interpolation, fill)
        if center is not None:
            _pair("center", center)
        self.center = center

    def places(self, n: int, size: tuple[int, int], rng: np.random.Generator) -> At:
        """Draw where the pixels of n images of (height, width) come from."""
        zero = np.zeros(n)
        A = _inverse(-rng.uniform(*self.degrees, n), zero + 1, zero, zero)
        return At(affine(A, np.zeros((n, 2)), size, size, self.center), size)


class _Flip(Geometric):
    """Mirror some of the images."""

    axis = 3

    def __init__(self, p: float = 0.5) -> None:
        self.p = probability("p", p)

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform images."""
        chosen = rng.random(len(batch)) < self.p
        out = batch.copy()
        out[chosen] = np.flip(batch[chosen], self.axis)
        return out

    def places(self, n: int, size: tuple[int, int], rng: np.random.Generator) -> At:
        """Draw where the pixels of n images of (height, width) come from."""
        A = np.tile(np.eye(2), (n, 1, 1))
        chosen = rng.random(n) < self.p
        A[chosen, 3 - self.axis, 3 - self.axis] = -1
        return At(affine(A, np.zeros((n, 2)), size, size), size)


class RandomHorizontalFlip(_Flip):
    """Swap left and right with probability `p`.

    Examples
    --------
    >>> import numpy as np
    >>> RandomHorizontalFlip(p=1)(np.array([[1.0, 2.0, 3.0]]))
    array([[3., 2., 1.]])
    """


class RandomVerticalFlip(_Flip):
    """Swap top and bottom with probability `p`.

    Examples
    --------
    >>> import numpy as np
    >>> RandomVerticalFlip(p=1)(np.array([[1.0], [2.0]]))
    array([[2.],
           [1.]])
    """

    axis = 2


class RandomResizedCrop(Geometric):
    """Cut out a rectangle of random size and shape, and make it as large as is wanted.

    Pixels are looked up between their neighbours; a picture that becomes much smaller is not
    averaged first.

    Parameters
    ----------
    size : int or (height, width)
    scale : (float, float)
        The share of the area that is cut out.
    ratio : (float, float)
        Width by height of what is cut out.
    interpolation : {"bilinear", "nearest"}

    Examples
    --------
    >>> import numpy as np
    >>> RandomResizedCrop(24)(np.ones((5, 3, 32, 32))).shape
    (5, 3, 24, 24)
    """

    def __init__(self, size: Any, scale: Any = (0.08, 1.0), ratio: Any = (3 / 4, 4 / 3),
                 interpolation: str = "bilinear") -> None:  # fmt: skip
        from .cropping import sides

        self.size = sides("size", size)
        self.scale = interval("scale", scale, 0, 1, both=False)
        self.ratio = interval("ratio", ratio, 1e-3, 1e3, both=False)
        self._looks(interpolation, 0)

    def places(self, n: int, size: tuple[int, int], rng: np.random.Generator) -> At:
        """Draw where the pixels of n images of (height, width) come from."""
        area = rng.uniform(*self.scale, n) * size[0] * size[1]
        least, most = (math.log(r) for r in self.ratio)
        ratio = np.exp(rng.uniform(least, most, n))
        # A side that would be too long is cut, as when no try of torchvision's fits.
        width = np.clip(np.rint(np.sqrt(area * ratio)), 1, size[1])
        height = np.clip(np.rint(np.sqrt(area / ratio)), 1, size[0])
        left = np.floor(rng.random(n) * (size[1] - width + 1))
        top = np.floor(rng.random(n) * (size[0] - height + 1))
        sx, sy = width / self.size[1], height / self.size[0]
        matrix = np.zeros((n, 2, 3))
        matrix[:, 0, 0], matrix[:, 1, 1] = sx, sy
        matrix[:, 0, 2] = left + sx / 2 - 0.5
        matrix[:, 1, 2] = top + sy / 2 - 0.5
        return At(matrix, self.size)

    def change(self, batch: Array, rng: np.random.Generator) -> Array:
        """Transform images; at their edges, the edge goes on."""
        at = self.places(len(batch), (batch.shape[2], batch.shape[3]), rng)
        edged = np.pad(batch, ((0, 0), (0, 0), (1, 1), (1, 1)), "edge")
        at.matrix[:, :, 2] += 1
        return sample(edged, at, filling("fill", 0, batch), self.interpolation)


class _Together(Geometric):
    """Maps that follow each other, with one look-up."""

    def __init__(self, steps: Sequence[Geometric]) -> None:
        self.steps = list(steps)
        # A flip fills nothing, and looks nothing up between pixels: it says nothing of either.
        first = next((s for s in steps if not isinstance(s, _Flip)), steps[0])
        self._looks(first.interpolation, first.fill)

    def places(self, n: int, size: tuple[int, int], rng: np.random.Generator) -> At:
        """Draw where the pixels of n images of (height, width) come from."""
        first, *others = self.steps
        at = first.places(n, size, rng)
        for step in others:
            at = step.places(n, at.size, rng).after(at)
        return at


def together(steps: Sequence[Any]) -> list[Any]:
    """Put maps that follow each other together, where they fill and look up in the same way.

    An elastic map ends a group: what comes after it would need its displacements between pixels.
    """
    groups: list[list[Any]] = []
    for step in steps:
        if groups and _follows(groups[-1], step):
            groups[-1].append(step)
        else:
            groups.append([step])
    return [one[0] if len(one) == 1 else _Together(one) for one in groups]


def _follows(group: list[Any], step: Any) -> bool:
    if not all(isinstance(s, Geometric) and not isinstance(s, RandomResizedCrop)
               for s in (*group, step)) or group[-1].bends:  # fmt: skip
        return False
    looks = [_filling(s) for s in (*group, step) if not isinstance(s, _Flip)]
    return all(one == looks[0] for one in looks)


def _filling(step: Any) -> Any:
    return step.interpolation, np.asarray(step.fill).tolist()


def _inverse(angle: Array, scale: Array, x_shear: Array, y_shear: Array) -> Array:
    """Return the inverses, (n, 2, 2), of turning clockwise (degrees), scaling and shearing."""
    a, sx, sy = (np.deg2rad(v) for v in (angle, x_shear, y_shear))
    cosine, sine = np.cos(a - sy) / np.cos(sy), np.sin(a - sy) / np.cos(sy)
    forward = np.array([[cosine, -cosine * np.tan(sx) - np.sin(a)],
                        [sine, -sine * np.tan(sx) + np.cos(a)]])  # fmt: skip
    # sin(π) is 1e-16 off: a quarter turn moves pixels exactly onto pixels.
    straight = (angle % 90 == 0) & (x_shear == 0) & (y_shear == 0)
    forward = np.where(straight, np.rint(forward), forward)
    (p, q), (r, s) = forward
    inverse = np.array([[s, -q], [-r, p]]) / scale
    return np.ascontiguousarray(inverse.transpose(2, 0, 1))


def _pair(name: str, value: Any) -> None:
    if np.shape(value) != (2,):
        raise ValueError(f"{name} is a pair (x, y), not {value!r}")


def _shear(value: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    most = 89.0  # at 90 degrees an image is a line
    if np.ndim(value) == 0:
        return interval("shear", value, -most, most), (0.0, 0.0)
    if len(value) not in (2, 4):
        raise ValueError(f"shear is one number, two, or four (x and y); not {value!r}")
    x = interval("shear", value[:2], -most, most)
    return x, interval("shear", value[2:], -most, most) if len(value) == 4 else (0.0, 0.0)
