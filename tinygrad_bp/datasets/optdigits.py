"""The 8 x 8 handwritten digits of the UCI repository, shipped beside this file."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_bp.datasets import arguments
from tinygrad_bp.datasets.dataset import Dataset

FILE = Path(__file__).with_name("digits.npz")
BRIGHTEST = 16  # on-pixels in a 4 x 4 block of the 32 x 32 bitmap


def digits(test_size: float = 0.2, seed: int = 0, *, dtype: npt.DTypeLike = np.float32) -> Dataset:
    """Load 1797 handwritten digits of 8 x 8 pixels: no network, ready in milliseconds.

    Each class c gives round(test_size · n_c) of its n_c samples to the test part, at least one and
    not all, so that both parts have the same share of each digit. By default that is 1438 and 359
    samples. A seed gives the same split, in the same shuffled order, with every version of NumPy.

    Parameters
    ----------
    test_size : float, default 0.2
        The share of the samples that go to the test part, between 0 and 1, exclusive.
    seed : int, default 0
        Which split.
    dtype : dtype, default float32
        The floating-point type of the pixels.

    Returns
    -------
    Dataset
        ``X``: (m, 64), pixels from 0 (paper) to 1 (ink), in steps of 1/16. ``y``: (m,) int64, 0..9.

    Raises
    ------
    ValueError
        `test_size`, `seed` or `dtype` is out of its range.

    Notes
    -----
    The parts share writers: the 1797 samples come from 13 people and do not say which. Accuracy on
    the test part is thus that on known hands, higher than on those of strangers.

    Examples
    --------
    >>> dataset = digits()
    >>> dataset.X_train.shape, dataset.X_test.shape
    ((1438, 64), (359, 64))
    >>> shades = " .:-=+*#@"
    >>> image = dataset.X_train[0].reshape(dataset.feature_shape)
    >>> for row in image:
    ...     print("".join(shades[int(8 * pixel)] for pixel in row))
       +#=
      *#+@:
      @-*@:
      =#*@:
         #:
         @:
     =@#=@:
      .+##.
    >>> int(dataset.y_train[0])
    9

    References
    ----------
    E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning
    Repository, 1998. https://doi.org/10.24432/C50P49. CC BY 4.0: see ``DIGITS-LICENSE.md``.
    """
    test_size = arguments.fraction("test_size", test_size)
    seed = arguments.integer("seed", seed, least=0)
    dtype = arguments.floating(dtype)
    with np.load(FILE, allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    X = images.reshape(len(images), -1).astype(dtype) / dtype.type(BRIGHTEST)
    y = labels.astype(np.int64)
    train, test = _stratified_split(y, test_size, seed)
    return Dataset(
        X_train=X[train],
        y_train=y[train],
        X_test=X[test],
        y_test=y[test],
        feature_shape=images.shape[1:],
        classes=tuple(str(digit) for digit in range(10)),
    )


def _stratified_split(
    labels: npt.NDArray[np.int64], test_size: float, seed: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the shuffled indices of the training and of the test samples."""
    # NumPy promises PCG64's raw numbers for ever, but not Generator.permutation's (NEP 19).
    keys: Any = np.random.PCG64(seed).random_raw(len(labels))
    order = np.argsort(keys, kind="stable")
    in_test = np.zeros(len(labels), dtype=bool)  # by position in `order`
    for label in np.unique(labels):
        members = np.flatnonzero(labels[order] == label)
        count = min(max(round(test_size * len(members)), 1), len(members) - 1)
        in_test[members[:count]] = True
    return order[~in_test], order[in_test]
