"""What a loader with a training and a test part returns."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Features = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, repr=False)  # == of arrays is not a bool
class Dataset:
    """A classification set, split once into a training and a test part.

    Unpacks into its four arrays: ``X_train, y_train, X_test, y_test = dataset``.

    Attributes
    ----------
    X_train, X_test : ndarray of float, shape (m, n)
        One sample a row, flattened.
    y_train, y_test : ndarray of int64, shape (m,)
        The class of each row, an index into `classes`.
    feature_shape : tuple of int
        The shape that one row had, with product n: ``(28, 28)`` for a 28 x 28 image.
        ``X_train.reshape(-1, 1, *feature_shape)`` is what a convolution reads.
    classes : tuple of str
        The name of each class.

    Examples
    --------
    >>> from tinygrad_bp.datasets import digits
    >>> dataset = digits()
    >>> dataset
    Dataset(train=1438, test=359, feature_shape=(8, 8), classes=10)
    >>> X_train, y_train, X_test, y_test = dataset
    >>> X_train.shape, y_train.shape
    ((1438, 64), (1438,))
    """

    X_train: Features
    y_train: Labels
    X_test: Features
    y_test: Labels
    feature_shape: tuple[int, ...]
    classes: tuple[str, ...]

    def __iter__(self) -> Iterator[npt.NDArray[Any]]:
        yield from (self.X_train, self.y_train, self.X_test, self.y_test)

    def __repr__(self) -> str:
        return (
            f"Dataset(train={len(self.X_train)}, test={len(self.X_test)}, "
            f"feature_shape={self.feature_shape}, classes={len(self.classes)})"
        )
