"""Transforms: examples changed at random, so that a network sees more of them; and tables prepared.

===============  ==================================================================
`base`           how they are called; where random numbers come from
`compose`        one after the other; with some probability; on rows of pixels
`images`         layout of images; `Normalize`, `ToDtype`, `GaussianNoise`
`geometry`       turning, moving, scaling, shearing, flipping; `elastic`: bending
`sampling`       the one look-up of pixels that all of these share
`cropping`       parts and frames; `erasing`: what is hidden
`mixing`         `MixUp` and `CutMix`
`fitted`         `StandardScaler`, `MinMaxScaler`; `columns`: one-hot, what is missing
`sequences`      tokens and measurements over time
`named`          ``shift:2,rotate:10``, as ``tinygrad-bp train --augment`` takes it
===============  ==================================================================

What images have is named as in torchvision.transforms.v2, what tables have as in scikit-learn: each
is what its readers know. Unlike torchvision's, a transform draws for each example of a batch anew.

>>> import numpy as np
>>> import tinygrad_bp as tgb
>>> from tinygrad_bp import transforms as T
>>> augment = T.Compose([T.RandomAffine(10, translate=(0.1, 0.1), scale=(0.9, 1.1)), T.Cutout(8)])
>>> augment(np.ones((64, 1, 28, 28), np.float32)).shape
(64, 1, 28, 28)
"""

from .base import Transform
from .columns import OneHotEncoder, SimpleImputer
from .compose import Compose, RandomApply, Rows
from .cropping import CenterCrop, Pad, RandomCrop
from .elastic import ElasticTransform
from .erasing import Cutout, RandomErasing
from .fitted import Fitted, MinMaxScaler, StandardScaler
from .geometry import (
    RandomAffine,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
)
from .images import GaussianNoise, Normalize, ToDtype
from .mixing import CutMix, MixUp
from .named import AUGMENTATIONS, augmentation
from .sequences import Jitter, PadSequence, RandomWindow, TimeShift, TokenDropout, TokenMask

__all__ = [
    "AUGMENTATIONS", "CenterCrop", "Compose", "CutMix", "Cutout", "ElasticTransform", "Fitted",
    "GaussianNoise", "Jitter", "MinMaxScaler", "MixUp", "Normalize", "OneHotEncoder", "Pad",
    "PadSequence", "RandomAffine", "RandomApply", "RandomCrop", "RandomErasing",
    "RandomHorizontalFlip", "RandomResizedCrop", "RandomRotation", "RandomVerticalFlip",
    "RandomWindow", "Rows", "SimpleImputer", "StandardScaler", "TimeShift", "ToDtype",
    "TokenDropout", "TokenMask", "Transform", "augmentation",
]  # fmt: skip
