"""MNIST itself, where TINYGRAD_BP_DATA leads to it."""

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from tinygrad_bp.datasets import mnist, mnist_idx, read_idx

TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = mnist_idx.FILES

# The published MD5 of the uncompressed files.
MD5 = {
    TRAIN_IMAGES: "6bbc9ace898e44ae57da46a324031adb",
    TRAIN_LABELS: "a25bea736e30d166cdddb491f175f624",
    TEST_IMAGES: "2646ac647ad5339dbf082846283269ea",
    TEST_LABELS: "27ae3e4e09519cfbb04c329615203637",
}

pytestmark = pytest.mark.skipif(
    not os.environ.get("TINYGRAD_BP_DATA"),
    reason="TINYGRAD_BP_DATA is not set: the folder that holds mnist/",
)


@pytest.fixture(scope="module")
def real():
    return mnist(download=False)


def test_shapes_and_types(real):
    assert real.X_train.shape == (60_000, 784)
    assert real.X_test.shape == (10_000, 784)
    assert real.X_train.dtype == real.X_test.dtype == np.float32
    assert real.y_train.shape == (60_000,)
    assert real.y_test.shape == (10_000,)
    assert real.y_train.dtype == real.y_test.dtype == np.int64
    assert repr(real) == "Dataset(train=60000, test=10000, feature_shape=(28, 28), classes=10)"
    assert real.classes == tuple("0123456789")


def test_the_known_facts(real):
    assert real.X_train.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
    assert real.X_train.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)
    assert (real.X_train.min(), real.X_train.max()) == (0, 1)
    assert real.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert real.y_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(real.y_train).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert np.bincount(real.y_test).tolist() == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
    ]  # fmt: skip


@pytest.mark.parametrize("name", MD5)
def test_the_checksums_in_the_code_are_those_of_the_published_files(name):
    path = mnist_idx._find(name, [Path(os.environ["TINYGRAD_BP_DATA"])])
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    assert hashlib.md5(data, usedforsecurity=False).hexdigest() == MD5[name]
    assert hashlib.sha256(data).hexdigest() == mnist_idx.FILES[name][1]


def test_one_changed_pixel_of_the_real_file_is_noticed(tmp_path, write_idx):
    images = read_idx(mnist_idx._find(TEST_IMAGES, [Path(os.environ["TINYGRAD_BP_DATA"])]))
    images[5000, 14, 14] ^= 1
    write_idx(tmp_path / TEST_IMAGES, images)
    with pytest.raises(ValueError, match=rf"{TEST_IMAGES}: not MNIST's .*checksum mismatch"):
        mnist(tmp_path)
