"""The data sets of the demo, as columns, and whose they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import datasets


class Source(NamedTuple):
    """Who made a data set, and where it is found."""

    title: str
    authors: str
    link: str
    licence: str


SOURCES = {
    "digits": Source(
        "Optical Recognition of Handwritten Digits",
        "E. Alpaydin, C. Kaynak, UCI Machine Learning Repository, 1998",
        "https://doi.org/10.24432/C50P49",
        "CC BY 4.0",
    ),
    "mnist": Source(
        "The MNIST database of handwritten digits",
        "Y. LeCun, C. Cortes, C. J. C. Burges, 1998",
        "https://doi.org/10.1109/5.726791",
        "",
    ),
}


@dataclass(frozen=True, eq=False)
class Columns:
    """A data set in the notes' layout: one column a sample.

    Attributes
    ----------
    X_train, X_test : array (n_x, m)
        Pixels from 0 (paper) to 1 (ink), float64.
    y_train, y_test : array of int64 (m,)
        The digits.
    picture : tuple of int
        The shape that one column had.
    source : Source
    """

    X_train: npt.NDArray[np.float64]
    y_train: npt.NDArray[np.int64]
    X_test: npt.NDArray[np.float64]
    y_test: npt.NDArray[np.int64]
    picture: tuple[int, ...]
    source: Source


def load(name: str) -> Columns:
    """Load a data set by its name in `SOURCES`.

    Raises
    ------
    FileNotFoundError, ValueError
        MNIST is not on this machine, or is damaged; see :func:`tinygrad_bp.datasets.mnist`.
    ImportError
        MNIST has to be downloaded, and pooch is missing.

    Examples
    --------
    >>> load("digits").X_train.shape
    (64, 1438)
    """
    read: Any = datasets.digits if name == "digits" else datasets.mnist
    data = read(dtype=np.float64)
    # Transposed views: in memory a sample stays in one piece, so taking a batch of them is fast.
    return Columns(
        data.X_train.T,
        data.y_train,
        data.X_test.T,
        data.y_test,
        data.feature_shape,
        SOURCES[name],
    )
