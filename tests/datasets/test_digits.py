import hashlib
from importlib.resources import files

import numpy as np
import pytest

from tinygrad_bp.datasets import Dataset, digits

# How often each digit occurs in UCI's optdigits.tes (its optdigits.names, "Class Distribution").
COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def rows(*arrays):
    return sorted(map(bytes, np.concatenate(arrays)))


def test_the_shipped_file_is_the_one_that_was_converted():
    with np.load(files("tinygrad_bp.datasets") / "digits.npz", allow_pickle=False) as archive:
        assert sorted(archive.files) == ["images", "labels"]
        images, labels = archive["images"], archive["labels"]
    assert (images.dtype, images.shape) == (np.uint8, (1797, 8, 8))
    assert (labels.dtype, labels.shape) == (np.uint8, (1797,))
    assert (images.min(), images.max()) == (0, 16)
    assert np.bincount(labels).tolist() == COUNTS
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    assert digest == "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def test_the_licence_is_shipped():
    text = (files("tinygrad_bp.datasets") / "DIGITS-LICENSE.md").read_text(encoding="utf-8")
    for word in ("Alpaydin", "Kaynak", "10.24432/C50P49", "CC BY 4.0", "What was changed"):
        assert word in text


def test_shapes_and_types():
    data = digits()
    assert isinstance(data, Dataset)
    assert data.X_train.shape == (1438, 64)
    assert data.X_test.shape == (359, 64)
    assert data.X_train.dtype == data.X_test.dtype == np.float32
    assert data.y_train.shape == (1438,)
    assert data.y_test.shape == (359,)
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    assert data.feature_shape == (8, 8)
    assert data.classes == tuple("0123456789")


def test_unpacks_into_its_four_arrays():
    data = digits()
    X_train, y_train, X_test, y_test = data
    assert X_train is data.X_train
    assert y_train is data.y_train
    assert X_test is data.X_test
    assert y_test is data.y_test
    assert repr(data) == "Dataset(train=1438, test=359, feature_shape=(8, 8), classes=10)"


def test_pixels_are_sixteenths_of_the_range_0_to_1():
    data = digits(dtype=np.float64)
    X = np.concatenate([data.X_train, data.X_test])
    assert (X.min(), X.max()) == (0, 1)
    np.testing.assert_array_equal(16 * X, np.round(16 * X))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, "float64"])
def test_dtype(dtype):
    data = digits(dtype=dtype)
    assert data.X_train.dtype == data.X_test.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(data.X_train, digits().X_train)


def test_parts_are_disjoint_and_hold_every_sample():
    data = digits()
    train, test = rows(data.X_train), rows(data.X_test)
    assert len(set(train) | set(test)) == 1797  # no two images are the same
    assert not set(train) & set(test)
    assert np.bincount(np.concatenate([data.y_train, data.y_test])).tolist() == COUNTS


@pytest.mark.parametrize("seed", [0, 7])
def test_images_keep_their_labels(seed):
    with np.load(files("tinygrad_bp.datasets") / "digits.npz", allow_pickle=False) as archive:
        label_of = dict(zip(map(bytes, archive["images"]), archive["labels"], strict=True))
    X_train, y_train, X_test, y_test = digits(seed=seed)
    X, y = np.concatenate([X_train, X_test]), np.concatenate([y_train, y_test])
    assert [label_of[bytes(image)] for image in (16 * X).astype(np.uint8)] == y.tolist()


@pytest.mark.parametrize("test_size", [0.1, 0.2, 0.5, 0.75])
@pytest.mark.parametrize("seed", [0, 1])
def test_split_is_stratified(test_size, seed):
    y_test = digits(test_size, seed).y_test
    assert np.bincount(y_test).tolist() == [round(test_size * count) for count in COUNTS]


@pytest.mark.parametrize(("test_size", "test"), [(1e-9, 10), (1 - 1e-9, 1787)])
def test_both_parts_hold_every_class_at_the_extremes(test_size, test):
    data = digits(test_size)
    assert len(data.X_test) == test
    assert set(data.y_train) == set(data.y_test) == set(range(10))


def test_a_seed_repeats_and_another_differs():
    for first, again in zip(digits(seed=5), digits(seed=5), strict=True):
        np.testing.assert_array_equal(first, again)
    assert not np.array_equal(digits(seed=5).X_test, digits(seed=6).X_test)


def test_the_split_of_seed_0_never_changes():
    # Results that were published with the default split must stay reproducible.
    data = digits()
    assert data.y_train[:12].tolist() == [9, 9, 9, 9, 9, 9, 2, 2, 9, 9, 2, 2]
    assert data.y_test[:12].tolist() == [0, 6, 3, 8, 1, 8, 4, 1, 5, 8, 9, 7]


def test_samples_are_shuffled():
    data = digits()
    for y in (data.y_train, data.y_test):
        assert 0.05 < np.mean(y[1:] == y[:-1]) < 0.2  # 0.1 by chance; 0 or 1 in an order


def test_each_call_returns_arrays_of_its_own():
    first = digits()
    first.X_train[:] = -1
    first.y_train[:] = -1
    again = digits()
    assert again.X_train.min() == 0
    assert again.y_train.min() == 0


@pytest.mark.parametrize("test_size", [0, 1, -0.1, 1.5, 359, float("nan"), "0.2", None])
def test_bad_test_size(test_size):
    with pytest.raises(ValueError, match="test_size"):
        digits(test_size)


@pytest.mark.parametrize("seed", [-1, 0.5, "0", None, True])
def test_bad_seed(seed):
    with pytest.raises(ValueError, match="seed"):
        digits(seed=seed)


@pytest.mark.parametrize("dtype", [np.uint8, "int64", complex, "no such type", None])
def test_bad_dtype(dtype):
    with pytest.raises(ValueError, match="dtype"):
        digits(dtype=dtype)
