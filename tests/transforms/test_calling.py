"""How transforms are called: arrays and Tensors, one and many, seeds; what they refuse."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import tinygrad_bp as tgb
from tinygrad_bp import transforms as T

IMAGES = [
    T.RandomAffine(20, (0.1, 0.1), (0.8, 1.2), 10),
    T.RandomRotation(30),
    T.RandomHorizontalFlip(),
    T.RandomVerticalFlip(),
    T.RandomResizedCrop(12),
    T.RandomCrop(12, padding=1),
    T.CenterCrop(8),
    T.Pad(2, padding_mode="edge"),
    T.ElasticTransform(30, 3),
    T.RandomErasing(p=1),
    T.Cutout(5),
    T.GaussianNoise(),
    T.RandomApply([T.RandomRotation(30), T.GaussianNoise()]),
    T.Compose([T.RandomHorizontalFlip(), T.RandomAffine(10), T.ElasticTransform(), T.Cutout(3)]),
]
STEPS = [
    T.RandomWindow(5),
    T.TimeShift(2),
    T.TokenMask(0.5, value=9),
    T.TokenDropout(0.5),
    T.PadSequence(14),
]
IDS = [type(t).__name__ for t in IMAGES]


def batch(n: int = 6, channels: int = 1, dtype: Any = np.float32) -> np.ndarray:
    pixels = np.random.default_rng(0).random((n, channels, 12, 14))
    return (pixels * 255).astype(dtype) if dtype == np.uint8 else pixels.astype(dtype)


@pytest.mark.parametrize("transform", IMAGES, ids=IDS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.uint8])
@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_a_batch_and_tensors(transform: Any, dtype: Any, channels: int) -> None:
    x = batch(6, channels, dtype)
    before = x.copy()
    tgb.manual_seed(3)
    out = transform(x)
    assert out.dtype == x.dtype and out.shape[:2] == x.shape[:2]
    assert np.array_equal(x, before), "changed in place"
    tgb.manual_seed(3)
    assert np.array_equal(out, transform(x))
    tgb.manual_seed(3)
    tensor = transform(tgb.tensor(x))
    assert isinstance(tensor, tgb.Tensor) and np.array_equal(tensor.numpy(), out)
    one = transform(x[0])
    assert one.shape == out.shape[1:] and one.dtype == x.dtype
    assert transform(x[0, 0]).shape == out.shape[2:]


@pytest.mark.parametrize("transform", IMAGES, ids=IDS)
def test_as_the_trainer_calls_it(transform: Any) -> None:
    x, y = batch(), np.arange(6)
    out, labels = transform(x, y, np.random.default_rng([0, 1]))
    grey, _ = transform(x[:, 0], y, np.random.default_rng([0, 1]))
    assert labels is y and np.array_equal(out[:, 0], grey)
    again = transform(x[:, 0], None, np.random.default_rng([0, 1]), batched=True)
    assert np.array_equal(again, grey)
    one, label = transform(x[0], 3, np.random.default_rng(0))
    assert label == 3 and one.shape == out.shape[1:]
    generator = tgb.Generator().manual_seed(4)
    first = transform(x, y, generator)[0]
    assert np.array_equal(first, transform(x, y, generator.manual_seed(4))[0])


@pytest.mark.parametrize("transform", IMAGES, ids=IDS)
def test_each_example_has_numbers_of_its_own(transform: Any) -> None:
    x = np.repeat(batch(1), 40, 0)
    fixed = isinstance(transform, (T.CenterCrop, T.Pad))
    different = {one.tobytes() for one in transform(x)}
    assert len(different) == 1 if fixed else len(different) > 1


@pytest.mark.parametrize("transform", IMAGES + STEPS, ids=lambda t: type(t).__name__)
def test_they_go_to_worker_processes(transform: Any) -> None:
    assert repr(pickle.loads(pickle.dumps(transform))) == repr(transform)
    assert " at 0x" not in repr(transform)


@pytest.mark.parametrize("transform", IMAGES, ids=IDS)
@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.ones((64, 28, 28)), r"x\[:, None\]"),
        (np.ones((28, 28, 3)), r"x.transpose\(2, 0, 1\)"),
        (np.ones((2, 2, 1, 12, 14)), "a batch of images is"),
        (np.ones(12), "an image is"),
        (np.ones((0, 1, 12, 14)), "nothing in an array"),
        (np.full((1, 12, 14), np.nan), "NaN or infinite"),
        (np.full((1, 12, 14), np.inf), "NaN or infinite"),
    ],
    ids=["many-channels", "channels-last", "five-axes", "row", "empty", "nan", "inf"],
)
def test_bad_images(transform: Any, given: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        transform(given)


@pytest.mark.parametrize("transform", IMAGES, ids=IDS)
@pytest.mark.parametrize(
    "given", [np.ones((1, 9, 9), int), np.ones((1, 9, 9), bool), np.array([["a"]]), {"x": 1}]
)
def test_what_is_no_image(transform: Any, given: Any) -> None:
    with pytest.raises(TypeError):
        transform(given)


def test_rows_and_targets_that_do_not_fit() -> None:
    turn = T.RandomRotation(5)
    with pytest.raises(ValueError, match=r"Rows\(\(height, width\)"):
        turn(np.ones((5, 784)), np.zeros(5))
    with pytest.raises(ValueError, match="don't go together"):
        turn(batch(), np.zeros(5))
    with pytest.raises(RuntimeError, match="requires a gradient"):
        turn(tgb.ones(1, 4, 4, requires_grad=True))
    with pytest.raises(TypeError, match="a tuple of inputs"):
        turn((batch(), batch()), np.zeros(6), np.random.default_rng(0))
    with pytest.raises(TypeError, match="generator is"):
        turn(batch(), None, 3)


@pytest.mark.parametrize("kind", [">f4", ">f8", "g"])
def test_other_floating_point_numbers(kind: str) -> None:
    x = batch(dtype=np.float64)
    turn = T.RandomRotation((20, 20))
    np.testing.assert_allclose(turn(x.astype(kind)), turn(x), atol=1e-6 if "4" in kind else 1e-12)
    assert turn(x[:, :, ::-1, ::2]).shape == (6, 1, 12, 7)


def test_rows_are_images_again() -> None:
    data = tgb.datasets.digits()
    turn = T.RandomRotation((90, 90))
    rows = T.Rows((8, 8), turn)(data.X_train[:5])
    assert np.array_equal(rows, turn(data.X_train[:5].reshape(5, 1, 8, 8)).reshape(5, 64))
    assert np.array_equal(T.Rows((8, 8), turn)(data.X_train[0]), rows[0])
    assert T.Rows((8, 8), turn)(data.X_train[:2], data.y_train[:2])[0].shape == (2, 64)
    with pytest.raises(ValueError, match="rows of 64 numbers"):
        T.Rows((8, 8), turn)(np.ones((2, 65)))


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: T.RandomAffine(-5), ValueError),
        (lambda: T.RandomAffine((5, -5)), ValueError),
        (lambda: T.RandomAffine("10"), TypeError),
        (lambda: T.RandomAffine(None), TypeError),
        (lambda: T.RandomAffine(0, scale=(1e-300, 1)), ValueError),
        (lambda: T.RandomAffine(float("nan")), ValueError),
        (lambda: T.RandomAffine(0, translate=(1.5, 0)), ValueError),
        (lambda: T.RandomAffine(0, translate=0.1), ValueError),
        (lambda: T.RandomAffine(0, scale=(0, 1)), ValueError),
        (lambda: T.RandomAffine(0, scale=0.1), TypeError),
        (lambda: T.RandomAffine(0, shear=90), ValueError),
        (lambda: T.RandomAffine(0, interpolation="cubic"), ValueError),
        (lambda: T.RandomAffine(0, fill="red"), TypeError),
        (lambda: T.RandomHorizontalFlip(1.5), ValueError),
        (lambda: T.RandomCrop(0), ValueError),
        (lambda: T.RandomCrop(2.5), TypeError),
        (lambda: T.Pad(1, padding_mode="wavy"), ValueError),
        (lambda: T.Pad((1, 2, 3)), ValueError),
        (lambda: T.GaussianNoise(sigma=-1), ValueError),
        (lambda: T.RandomErasing(value="grey"), ValueError),
        (lambda: T.MixUp(alpha=-1), ValueError),
        (lambda: T.MixUp(num_classes=1), ValueError),
        (lambda: T.Normalize(0, 0), ValueError),
        (lambda: T.ToDtype(int), TypeError),
        (lambda: T.Compose(T.CenterCrop(2)), TypeError),
        (lambda: T.Compose([3]), TypeError),
        (lambda: T.RandomApply([np.sin]), TypeError),
        (lambda: T.Rows((8,), T.CenterCrop(2)), ValueError),
        (lambda: T.Jitter(-1), ValueError),
        (lambda: T.TokenMask(2), ValueError),
        (lambda: T.PadSequence(0), ValueError),
    ],
    ids=range(31),
)
def test_parameters_out_of_range(make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make()
