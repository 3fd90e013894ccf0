"""Augmentation from a line of text."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_bp import transforms as T
from tinygrad_bp.transforms.named import parse

EACH = {
    "flip": "flip", "vflip": "vflip:0.3", "shift": "shift:2", "rotate": "rotate:10",
    "scale": "scale:0.1", "shear": "shear:8", "elastic": "elastic:1", "crop": "crop:2",
    "noise": "noise:0.05", "erase": "erase", "cutout": "cutout:4", "mixup": "mixup",
    "cutmix": "cutmix:0.5",
}  # fmt: skip


@pytest.mark.parametrize("name", T.AUGMENTATIONS)
def test_each_name_changes_images_and_keeps_their_shape(name: str) -> None:
    images = np.random.default_rng(0).random((16, 1, 12, 14)).astype(np.float32)
    change = T.augmentation(EACH[name], (1, 12, 14), classes=4)
    out, targets = change(images, np.arange(16) % 4, np.random.default_rng(1))
    assert out.shape == images.shape and out.dtype == np.float32
    assert not np.array_equal(out, images)
    assert targets.shape == ((16, 4) if name in ("mixup", "cutmix") else (16,))


def test_zero_does_nothing() -> None:
    images = np.random.default_rng(0).random((8, 1, 12, 14)).astype(np.float32)
    names = [name for name in T.AUGMENTATIONS if name not in ("mixup", "cutmix")]
    change = T.augmentation(",".join(f"{name}:0" for name in names), (1, 12, 14))
    assert np.array_equal(change(images, np.zeros(8))[0], images)


def test_the_order_is_fixed_and_an_affine_map_is_one() -> None:
    change = T.augmentation("cutout:2,rotate:5,flip,shift:1,scale:0.1", (1, 28, 28))
    assert isinstance(change, T.Compose)
    kinds = [type(step).__name__ for step in change.transforms]
    assert kinds == ["RandomHorizontalFlip", "RandomAffine", "Cutout"]
    assert parse(" rotate : 5 , shift:1") == {"shift": 1.0, "rotate": 5.0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("turn:3", "no augmentation 'turn': there are flip"),
        ("", "no augmentation ''"),
        ("shift", "shift:PIXELS takes a number from 0 on"),
        ("shift:-1", "not '-1'"),
        ("shift:nan", "not 'nan'"),
        ("shift:inf", "not 'inf'"),
        ("flip:1.5", "from 0 to 1"),
        ("cutout:2.5", "a whole number"),
        ("shift:1,shift:2", "given twice"),
        ("mixup,cutmix", "take one of them"),
        ("shift:15", "more than images of 12 x 14 have pixels"),
    ],
)
def test_bad_lines(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        T.augmentation(text, (1, 12, 14))


def test_rows_take_noise_on_numbers_and_mixing() -> None:
    rows = np.ones((6, 3), np.float32)
    change = T.augmentation("noise:0.1,mixup:0.5", (3,), classes=2, columns=[0, 2])
    out, targets = change(rows, np.zeros(6, int), np.random.default_rng(0))
    assert (out[:, 1] == 1).all() and (out[:, [0, 2]] != 1).all() and targets.shape == (6, 2)
    with pytest.raises(ValueError, match=r"rotate is for images.*noise and mixup"):
        T.augmentation("noise:0.1,rotate:5", (3,))
