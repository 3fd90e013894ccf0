"""Augmentation in a line of text: ``shift:2,rotate:10,mixup:0.2``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .base import Transform
from .compose import Compose
from .cropping import RandomCrop
from .elastic import ElasticTransform
from .erasing import Cutout, RandomErasing
from .geometry import RandomAffine, RandomHorizontalFlip, RandomVerticalFlip
from .images import GaussianNoise
from .mixing import CutMix, MixUp
from .sequences import Jitter

__all__ = ["AUGMENTATIONS", "Named", "augmentation", "parse"]


@dataclass(frozen=True)
class Named:
    """What a name of a line stands for.

    Attributes
    ----------
    unit : str
        What its number is.
    help : str
    default : float or None
        The number where none is given; None where one has to be.
    most : float
        The largest number that makes sense.
    whole : bool
        Whether it counts pixels that can't be divided.
    for_rows : bool
        Whether it is for tables as well as for images.
    """

    unit: str
    help: str
    default: float | None = None
    most: float = math.inf
    whole: bool = False
    for_rows: bool = False


#: name -> what it does. They are applied in this order, however they were given.
AUGMENTATIONS: dict[str, Named] = {
    "flip": Named("P", "swap left and right, with this probability", 0.5, 1),
    "vflip": Named("P", "swap top and bottom", 0.5, 1),
    "shift": Named("PIXELS", "move by up to so many, each way"),
    "rotate": Named("DEGREES", "turn by up to so many, each way", most=180),
    "scale": Named("SHARE", "make larger or smaller by up to this share", most=0.9),
    "shear": Named("DEGREES", "slant by up to so many", most=89),
    "elastic": Named("PIXELS", "bend: points move by about so many"),
    "crop": Named("PIXELS", "frame by so many, and cut out the old size", whole=True),
    "noise": Named("SIGMA", "add normal noise; pixels go from 0 to 1", for_rows=True),
    "erase": Named("P", "hide a random rectangle, with this probability", 0.5, 1),
    "cutout": Named("PIXELS", "hide a square with this side", whole=True),
    "mixup": Named("ALPHA", "mix examples, and their targets", 0.2, for_rows=True),
    "cutmix": Named("ALPHA", "put a part of one image into another", 1.0),
}


def parse(text: str) -> dict[str, float]:
    """Read names and numbers.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> parse("rotate:10,shift:2,flip")
    {'flip': 0.5, 'shift': 2.0, 'rotate': 10.0}
    """
    found: dict[str, float] = {}
    for word in text.split(","):
        name, colon, number = (part.strip() for part in word.partition(":"))
        kind = AUGMENTATIONS.get(name)
        if kind is None:
            listed = ", ".join(AUGMENTATIONS)
            raise ValueError(f"no augmentation {name!r}: there are {listed}")
        if name in found:
            raise ValueError(f"{name} is given twice")
        if not colon and kind.default is not None:
            found[name] = kind.default
            continue
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not (0 <= value <= kind.most and math.isfinite(value)) or (
            kind.whole and value != int(value)
        ):
            sort = "a whole number" if kind.whole else "a number"
            limits = "from 0 on" if kind.most == math.inf else f"from 0 to {kind.most:g}"
            raise ValueError(f"{name}:{kind.unit} takes {sort} {limits}, not {number!r}")
        found[name] = value
    if "mixup" in found and "cutmix" in found:
        raise ValueError("mixup and cutmix each mix all examples of a batch: take one of them")
    return {name: found[name] for name in AUGMENTATIONS if name in found}


def augmentation(text: str, shape: tuple[int, ...], classes: int | None = None,
                 columns: Any = None) -> Transform:  # fmt: skip
    """Return the transform that a line describes.

    Parameters
    ----------
    text : str
        Names of `AUGMENTATIONS`, each with ``:`` and a number, and commas between.
    shape : tuple of int
        Of one example: (channels, height, width) or (height, width) of images, (columns,) of rows.
    classes : int, optional
        How many, where the targets are labels.
    columns : list of int, optional
        Of rows: those that hold numbers, and get the noise.

    Raises
    ------
    ValueError
        For what there is not, or what does not go with such examples.

    Examples
    --------
    >>> augmentation("rotate:10,noise:0.05", (1, 28, 28))
    Compose(transforms=[RandomAffine(degrees=(-10.0, 10.0), translate=None, scale=None, shear=None,
    interpolation='bilinear', fill=0, center=None),
    GaussianNoise(mean=0.0, sigma=0.05, clip=True)])
    """
    given = parse(text)
    if len(shape) < 2:
        _only_rows(given, shape)
        steps: list[Any] = []
        if "noise" in given:
            steps.append(Jitter(given["noise"], columns))
    else:
        steps = _of_images(given, (shape[-2], shape[-1]))
    for name, kind in (("mixup", MixUp), ("cutmix", CutMix)):
        if name in given:
            steps.append(kind(alpha=given[name], num_classes=classes))
    return Compose(steps)


def _only_rows(given: dict[str, float], shape: tuple[int, ...]) -> None:
    wrong = [name for name in given if not AUGMENTATIONS[name].for_rows]
    if wrong:
        fit = " and ".join(name for name, kind in AUGMENTATIONS.items() if kind.for_rows)
        raise ValueError(f"{wrong[0]} is for images, and the examples are rows of "
                         f"{math.prod(shape)} numbers: they can have {fit}")  # fmt: skip


def _of_images(given: dict[str, float], size: tuple[int, int]) -> list[Any]:
    height, width = size
    for name in ("shift", "crop", "cutout", "elastic"):
        if given.get(name, 0) > max(size):
            raise ValueError(f"{name}:{given[name]:g} is more than images of {height} x {width} "
                             "have pixels")  # fmt: skip
    steps: list[Any] = []
    if "flip" in given:
        steps.append(RandomHorizontalFlip(given["flip"]))
    if "vflip" in given:
        steps.append(RandomVerticalFlip(given["vflip"]))
    if given.keys() & {"shift", "rotate", "scale", "shear"}:
        shift, scale = given.get("shift"), given.get("scale")
        translate = None if shift is None else (min(1, shift / width), min(1, shift / height))
        steps.append(RandomAffine(
            given.get("rotate", 0.0), translate,
            None if scale is None else (1 - scale, 1 + scale), given.get("shear"),
        ))  # fmt: skip
    if "elastic" in given:
        # A seventh of the side: a stroke of a digit bends as a whole.
        sigma = max(1.0, max(size) / 7)
        steps.append(ElasticTransform(given["elastic"] * sigma * _PIXELS, sigma))
    if "crop" in given:
        steps.append(RandomCrop(size, padding=int(given["crop"])))
    if "noise" in given:
        steps.append(GaussianNoise(sigma=given["noise"]))
    if "erase" in given:
        steps.append(RandomErasing(given["erase"]))
    if "cutout" in given:
        steps.append(Cutout(int(given["cutout"])))
    return steps


#: Smoothed by a Gaussian, evenly drawn noise has the deviation 1 / (√12 · 2 √π · sigma).
_PIXELS = math.sqrt(12) * 2 * math.sqrt(math.pi)
